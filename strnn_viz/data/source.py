"""What the package must know of a corpus to find it, read it and check it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True)
class CorpusSource:
    """One corpus: a value, entered in the table of :mod:`strnn_viz.data.corpus`.

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
