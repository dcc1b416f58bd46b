"""Corpora, vocabularies and batches.

:class:`~strnn_viz.data.batches.LanguageModelBatches` is imported from its own module, ``strnn_viz.data.batches``,
because it alone needs torch.
"""

from strnn_viz.data.catalogue import CorpusInfo, SplitCounts, catalogue
from strnn_viz.data.corpus import Corpus, load_corpus, unigram_perplexity
from strnn_viz.data.vocabulary import Vocabulary

__all__ = ["Corpus", "CorpusInfo", "SplitCounts", "Vocabulary", "catalogue", "load_corpus", "unigram_perplexity"]
