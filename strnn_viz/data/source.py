"""What the package must know of a corpus to find it, read it and check it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

SPLITS = ("train", "valid", "test")

#: Told (done, total), in bytes or rows, while something long is read.
Progress = Callable[[int, int], None]


def silent(_done: int, _total: int) -> None:
    """The progress nobody looks at."""


@dataclass(frozen=True)
class CorpusSource:
    """One corpus for language modelling: a value, entered in the table of :mod:`strnn_viz.data.corpus`.

    Attributes
    ----------
    name, title, task, source, licence, how_to_get : str
        What it is called in a configuration, and what ``strnn-viz data`` says about it.
    embedded : bool
        Whether it is part of the package; then it takes no path.
    files : mapping
        The file of each split.
    minimum : int
        How often a word must be in the training split to be in the vocabulary.
    locate : callable
        From ``data.path`` to the directory of the corpus; raises `DataError`.
    read : callable
        From that directory and a split to its tokens, each sentence ended by ``<eos>``; raises `DataError`.
    check : callable
        From the directory, a split and its tokens to what is wrong with them, in one sentence; empty if nothing is.
    """

    name: str
    title: str
    task: str
    source: str
    licence: str
    how_to_get: str
    embedded: bool
    files: Mapping[str, str]
    minimum: int
    locate: Callable[[str], Path]
    read: Callable[[Path, str], list[str]]
    check: Callable[[Path, str, list[str]], str]


@dataclass(frozen=True)
class PassageSource:
    """One corpus for classification: a value, entered in the table of :mod:`strnn_viz.data.passages`.

    Attributes
    ----------
    name, title, source, licence, how_to_get : str
        What it is called in a configuration, and what ``strnn-viz data`` says about it.
    classes : tuple of str
        What a passage may be; a label is a place in it.
    files : tuple of str
        The files it is published in, or the patterns of their names.
    parts : tuple of str
        What is published: ``train`` and ``test``, all three splits, or ``all``, which is then split 80 to 20 here.
    expected : mapping
        Passages of each part as published; other numbers are reported, not refused.
    locate : callable
        From ``data.path`` to the directory of the corpus; raises `DataError`.
    read : callable
        From that directory, a part and a function to tell the progress to, the text and the label of every passage,
        in the file's order; raises `DataError`.
    split_words : callable
        From a text to its words.
    remark : callable
        From the directory to what a user should know of the files found there; empty if nothing.
    minimum : int
        How often a word must be in the training passages to be in the vocabulary. Two for a corpus with fewer words
        than are asked for: else every word of training would be known, and ``<unk>`` never trained.
    embedded : bool
        Whether it is part of the package; then it takes no path.
    large : bool
        Whether to count it takes longer than a list should.
    """

    name: str
    title: str
    source: str
    licence: str
    how_to_get: str
    classes: tuple[str, ...]
    files: tuple[str, ...]
    parts: tuple[str, ...]
    expected: Mapping[str, int]
    locate: Callable[[str], Path]
    read: Callable[[Path, str, Progress], Iterator[tuple[str, int]]]
    split_words: Callable[[str], list[str]]
    remark: Callable[[Path], str] = field(default=lambda _: "")
    minimum: int = 1
    embedded: bool = False
    large: bool = False
    task: str = "classification"
