"""Corpora, vocabularies and batches.

:class:`~strnn_viz.data.batches.LanguageModelBatches` is imported from its own module, ``strnn_viz.data.batches``,
because it alone needs torch.
"""

from strnn_viz.data.catalogue import CorpusInfo, PassageCounts, SplitCounts, catalogue, look
from strnn_viz.data.corpus import Corpus, load_corpus, unigram_perplexity
from strnn_viz.data.passages import Passages, PassageSplit, load_passages, majority_accuracy
from strnn_viz.data.vocabulary import Vocabulary

__all__ = [
    "Corpus",
    "CorpusInfo",
    "PassageCounts",
    "PassageSplit",
    "Passages",
    "SplitCounts",
    "Vocabulary",
    "catalogue",
    "load_corpus",
    "load_passages",
    "look",
    "majority_accuracy",
    "unigram_perplexity",
]
