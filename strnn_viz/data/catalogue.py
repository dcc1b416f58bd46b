"""Which corpora there are, which of them are here, and how to get the others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.ptb import VARIABLE
from strnn_viz.data.source import SPLITS, CorpusSource
from strnn_viz.errors import StrnnVizError


@dataclass(frozen=True)
class SplitCounts:
    """How large a split is.

    Attributes
    ----------
    tokens : int
        Words, each sentence ended by ``<eos>``.
    types : int
        Different words among them, before any vocabulary is applied.
    """

    tokens: int
    types: int


@dataclass(frozen=True)
class CorpusInfo:
    """What ``strnn-viz data`` says about one corpus.

    Attributes
    ----------
    name, title, task, source, licence, how_to_get : str
        What it is, where it is from, on what terms, and what to do to have it.
    found : bool
        Whether a run can train on it now.
    path : str
        Where it is, or empty.
    files : tuple of str
        The files it is expected to have.
    splits : mapping
        The size of each split that could be read.
    problem : str
        Why it cannot be used although a place was named for it; empty if there is nothing to say.
    """

    name: str
    title: str
    task: str
    source: str
    licence: str
    how_to_get: str
    found: bool
    path: str
    files: tuple[str, ...]
    splits: Mapping[str, SplitCounts]
    problem: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "files": list(self.files)}


def catalogue(path: str = "") -> list[CorpusInfo]:
    """Every corpus, looked for and counted; never raises for what it finds.

    Parameters
    ----------
    path : str
        As ``data.path``: where to look for a corpus that is not embedded. Empty: ``$STRNN_VIZ_DATA``.
    """
    return [_look(source, "" if source.embedded else path) for source in SOURCES.values()]


def _look(source: CorpusSource, path: str) -> CorpusInfo:
    place, problem = "", ""
    splits: dict[str, SplitCounts] = {}
    try:
        directory = source.locate(path)
    except StrnnVizError as error:
        # Nobody named a place: the corpus is merely not here, and how_to_get says what to do.
        problem = str(error) if path or os.environ.get(VARIABLE) else ""
        found = False
    else:
        place = str(directory)
        for split in SPLITS:
            try:
                tokens = source.read(directory, split)
            except StrnnVizError as error:
                problem = problem or str(error)
                continue
            splits[split] = SplitCounts(len(tokens), len(set(tokens)))
            problem = problem or source.check(directory, split, tokens)
        found = not problem
    return CorpusInfo(
        name=source.name,
        title=source.title,
        task=source.task,
        source=source.source,
        licence=source.licence,
        how_to_get=source.how_to_get,
        found=found,
        path=place,
        files=tuple(dict.fromkeys(source.files.values())),
        splits=splits,
        problem=problem,
    )
