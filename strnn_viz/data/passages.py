"""Passages with a label, as a classifier reads them: rows of word ids, and the vocabulary that gave them."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strnn_viz.config import DataConfig
from strnn_viz.data.amazon import AMAZON
from strnn_viz.data.era import ERA
from strnn_viz.data.imdb import IMDB
from strnn_viz.data.source import PassageSource, Progress, silent
from strnn_viz.data.twitter import TWITTER
from strnn_viz.data.vocabulary import Vocabulary
from strnn_viz.data.yelp import YELP
from strnn_viz.data.zhang import AG_NEWS, YELP_POLARITY
from strnn_viz.errors import ConfigError, DataError

#: Every corpus that ``data.corpus`` may name for classification.
PASSAGES: dict[str, PassageSource] = {
    source.name: source for source in (ERA, TWITTER, IMDB, YELP, AG_NEWS, AMAZON, YELP_POLARITY)
}

# The splits are part of the task, so runs of every seed share them.
_TEST_SEED, _VALIDATION_SEED = 568_454, 25_000


@dataclass(frozen=True, eq=False)
class PassageSplit:
    """The passages of one split.

    Attributes
    ----------
    words : array, (n, passage) int32, read-only
        Word ids: the last `passage` words of each text; a shorter one has ``vocabulary.eos`` before it, so that what
        the classifier reads last is always text.
    labels : array, (n,) int64, read-only
        The class of each passage, a place in :attr:`Passages.classes`.
    """

    words: NDArray[np.int32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, eq=False)
class Passages:
    """A corpus for classification, in three splits.

    Attributes
    ----------
    name, title : str
        What the configuration calls it, and what people do.
    vocabulary : Vocabulary
        The words behind the ids.
    classes : tuple of str
        The classes behind the labels.
    train, valid, test : PassageSplit
        The passages, the training ones in an order that has nothing to do with their labels.
    source, licence : str
        Where it is from and on what terms.
    remark : str
        In what the files found are not the corpus published; empty if in nothing.
    """

    name: str
    title: str
    vocabulary: Vocabulary
    classes: tuple[str, ...]
    train: PassageSplit
    valid: PassageSplit
    test: PassageSplit
    source: str
    licence: str
    remark: str = ""


def load_passages(config: DataConfig, progress: Progress = silent) -> Passages:
    """The corpus for classification that a configuration names.

    Where a corpus has no published test split a fifth of it is the test split, as in the paper's Table 1; where it
    has no validation split a share of the training passages (``data.validation``) is held out. Both choices are
    random and the same for every run, whatever its seed. The vocabulary is that of the training passages left.

    Parameters
    ----------
    config : DataConfig
        Its name, where it is, how many words to keep, how long a passage is, and the share held out.
    progress : callable
        Told (done, total) of each file read.

    Raises
    ------
    ConfigError
        If no corpus for classification has that name, or a path is given for the embedded one.
    DataError
        If a file is missing or cannot be read, or there are too few passages.
    UsageError
        If the vocabulary is too small to hold a word.
    """
    if config.corpus not in PASSAGES:
        raise ConfigError(f"data.corpus = {config.corpus!r} is not one of {', '.join(PASSAGES)}. Choose one of these.")
    source = PASSAGES[config.corpus]
    directory = source.locate(config.path)
    texts = _Texts(source)
    bounds: dict[str, tuple[int, int]] = {}
    for part in source.parts:
        first = len(texts.labels)
        for text, label in source.read(directory, part, progress):
            texts.append(text, label)
        bounds[part] = first, len(texts.labels)
        if bounds[part][0] == bounds[part][1]:
            raise DataError(f"no passage of {source.name!r} ({part}) is in {directory}. {source.how_to_get}")
    rows = {part: np.arange(*ends) for part, ends in bounds.items()}
    if "all" in rows:
        rows["train"], rows["test"] = split_test(rows.pop("all"))
    if "valid" not in rows:
        rows["train"], rows["valid"] = hold_out(rows["train"], config.validation, _VALIDATION_SEED)
    for split in ("train", "valid", "test"):
        if not rows[split].size:
            raise DataError(
                f"{directory} has {len(texts.labels):,} passages of {source.name!r}, too few for training, validation "
                f"and test: the split {split} would be empty. {source.how_to_get}"
            )
    vocabulary, ids = texts.vocabulary(rows["train"], config.vocabulary)
    return Passages(
        name=source.name,
        title=source.title,
        vocabulary=vocabulary,
        classes=source.classes,
        source=source.source,
        licence=source.licence,
        remark=remarks(source, directory, {part: last - first for part, (first, last) in bounds.items()}),
        **{split: texts.cut(rows[split], config.passage, ids, vocabulary.eos) for split in ("train", "valid", "test")},
    )


def majority_accuracy(passages: Passages) -> float:
    """Test accuracy, from 0 to 1, of always answering the most frequent class of the training split."""
    counts = np.bincount(passages.train.labels, minlength=len(passages.classes))
    return float(np.mean(passages.test.labels == counts.argmax()))


def remarks(source: PassageSource, directory: Path, counts: Mapping[str, int]) -> str:
    """What to know of the files found in a directory, given the passages of the parts that were counted."""
    told = [source.remark(directory)]
    for part, count in counts.items():
        if count != source.expected[part]:
            told.append(f"{count:,} passages ({part}) are in {directory}; {source.expected[part]:,} were published.")
    return " ".join(filter(None, told))


def split_test(rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The training and the test rows of a corpus published whole: 80 to 20, as in the paper's Table 1."""
    return hold_out(rows, 0.2, _TEST_SEED)


def hold_out(rows: NDArray[np.int64], share: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows kept and the rows held out, ``round(share * n)`` of them and one at least, both in random order."""
    order = np.random.default_rng(seed).permutation(rows)
    size = max(1, round(share * len(rows)))
    return order[size:], order[:size]


class _Texts:
    """Every text read so far, as numbers: a word's number is how many different words came before it.

    A corpus of half a million reviews has 80 million words; as numbers they take 4 bytes each.
    """

    def __init__(self, source: PassageSource) -> None:
        self.labels: list[int] = []
        self._split_words, self._minimum = source.split_words, source.minimum
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        self._stream = array("i")
        self._ends = array("q", [0])

    def append(self, text: str, label: int) -> None:
        self._stream.extend(map(self._numbers.__getitem__, self._split_words(text)))
        self._ends.append(len(self._stream))
        self.labels.append(label)

    def vocabulary(self, rows: NDArray[np.int64], size: int) -> tuple[Vocabulary, NDArray[np.int32]]:
        """The vocabulary of these rows, and the id of each number."""
        lengths = np.diff(np.asarray(self._ends))
        counted = np.zeros(len(lengths), dtype=bool)
        counted[rows] = True
        stream = np.asarray(self._stream)[np.repeat(counted, lengths)]
        counts = np.bincount(stream, minlength=len(self._numbers)).tolist()
        seen = {word: counts[number] for word, number in self._numbers.items() if counts[number]}
        if not seen:
            raise DataError("the training passages hold no word at all. Check that the files are those published.")
        vocabulary = Vocabulary.from_counts(seen, size, self._minimum)
        return vocabulary, vocabulary.encode(self._numbers)

    def cut(self, rows: NDArray[np.int64], passage: int, ids: NDArray[np.int32], eos: int) -> PassageSplit:
        """The last words of these rows."""
        stream, ends = np.asarray(self._stream), np.asarray(self._ends)
        words = np.full((len(rows), passage), eos, dtype=np.int32)
        for place, row in enumerate(rows.tolist()):
            start, end = max(ends[row], ends[row + 1] - passage), ends[row + 1]
            if end > start:
                words[place, passage - (end - start) :] = ids[stream[start:end]]
        labels = np.array(self.labels, dtype=np.int64)[rows]
        words.flags.writeable = labels.flags.writeable = False
        return PassageSplit(words, labels)
