"""A corpus as a model reads it: three streams of word ids and the vocabulary that gave them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.config import DataConfig
from strnn_viz.data.ptb import PTB
from strnn_viz.data.sotu import SOTU
from strnn_viz.data.source import SPLITS, CorpusSource
from strnn_viz.data.vocabulary import Vocabulary
from strnn_viz.data.wikitext import WIKITEXT
from strnn_viz.errors import ConfigError, DataError

#: Every corpus that ``data.corpus`` may name for language modelling.
SOURCES: dict[str, CorpusSource] = {source.name: source for source in (SOTU, PTB, WIKITEXT)}


@dataclass(frozen=True, eq=False)
class Corpus:
    """A text for language modelling, in three splits.

    Attributes
    ----------
    name, title : str
        What the configuration calls it, and what people do.
    vocabulary : Vocabulary
        The words behind the ids.
    train, valid, test : array, (tokens,) int32, read-only
        Word ids in reading order, each sentence ended by ``vocabulary.eos``.
    source, licence : str
        Where it is from and on what terms.
    """

    name: str
    title: str
    vocabulary: Vocabulary
    train: NDArray[np.int32]
    valid: NDArray[np.int32]
    test: NDArray[np.int32]
    source: str
    licence: str


def load_corpus(config: DataConfig) -> Corpus:
    """The corpus a configuration names, checked against its known token counts.

    Parameters
    ----------
    config : DataConfig
        Its name, where it is (for a corpus that is not embedded) and how many words to keep.

    Raises
    ------
    ConfigError
        If no corpus has that name, or a path is given for the embedded one.
    DataError
        If a file is missing, cannot be read, or does not have the tokens it should.
    UsageError
        If the vocabulary is too small to hold a word.
    """
    if config.corpus not in SOURCES:
        raise ConfigError(f"data.corpus = {config.corpus!r} is not one of {', '.join(SOURCES)}. Choose one of these.")
    source = SOURCES[config.corpus]
    directory = source.locate(config.path)
    tokens = {split: source.read(directory, split) for split in SPLITS}
    for split in SPLITS:
        problem = source.check(directory, split, tokens[split])
        if problem:
            raise DataError(problem)
    vocabulary = Vocabulary.from_counts(Counter(tokens["train"]), config.vocabulary, source.minimum)
    streams = {split: vocabulary.encode(tokens[split]) for split in SPLITS}
    for stream in streams.values():
        stream.flags.writeable = False
    return Corpus(
        name=source.name,
        title=source.title,
        vocabulary=vocabulary,
        source=source.source,
        licence=source.licence,
        **streams,
    )


def unigram_perplexity(corpus: Corpus) -> float:
    """Validation perplexity of the unigram model: what knowing only how frequent each word is would give.

    The model is that of the training split with add-one (Laplace) smoothing, :math:`p(w) = (c_w + 1) / (n + V)` with
    :math:`c_w` the count of word :math:`w`, :math:`n` the training tokens and :math:`V` the vocabulary's size; without
    it one unseen word would make the perplexity infinite. ``<unk>`` and ``<eos>`` count as words.
    """
    size = len(corpus.vocabulary)
    counts = np.bincount(corpus.train, minlength=size)
    log_probability = np.log((counts + 1) / (corpus.train.size + size))
    return float(np.exp(-log_probability[corpus.valid].mean()))
