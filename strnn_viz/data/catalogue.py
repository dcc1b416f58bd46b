"""Which corpora there are, which of them are here, and how to get the others."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.passages import PASSAGES, remarks, split_test
from strnn_viz.data.places import VARIABLE
from strnn_viz.data.source import SPLITS, CorpusSource, PassageSource, Progress, silent
from strnn_viz.errors import StrnnVizError, UsageError


@dataclass(frozen=True)
class SplitCounts:
    """How large a split is, in language modelling.

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
class PassageCounts:
    """How large a split is, in classification.

    Attributes
    ----------
    passages : int
        Passages of all classes. Those of ``train`` are counted before any is held out for validation.
    classes : mapping
        Passages of each class.
    """

    passages: int
    classes: Mapping[str, int]


@dataclass(frozen=True)
class CorpusInfo:
    """What ``strnn-viz data`` says about one corpus.

    Attributes
    ----------
    name, title, task, source, licence, how_to_get : str
        What it is, where it is from, on what terms, and what to do to have it.
    found : bool
        Whether a run can train on it now, as far as was looked.
    path : str
        Where it is, or empty.
    files : tuple of str
        The files it is expected to have.
    splits : mapping
        The size of each split that could be read; empty where a large one was not counted.
    problem : str
        Why it cannot be used although a place was named for it; empty if there is nothing to say.
    remark : str
        What to know of it that does not keep a run from using it: that it is not the whole corpus, for example.
    complete : bool
        Whether every part that was counted has as many passages as were published.
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
    splits: Mapping[str, SplitCounts | PassageCounts]
    problem: str
    remark: str = ""
    complete: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return {**asdict(self), "files": list(self.files)}


def catalogue(path: str = "", progress: Progress = silent) -> list[CorpusInfo]:
    """Every corpus, looked for, and counted unless it is large; never raises for what it finds.

    Parameters
    ----------
    path : str
        As ``data.path``: where to look for a corpus that is not embedded. Empty: ``$STRNN_VIZ_DATA``.
    progress : callable
        Told (done, total) of each file read.
    """
    found = [_look(source, path, progress) for source in SOURCES.values()]
    return found + [_look_passages(source, path, progress, not source.large) for source in PASSAGES.values()]


def look(name: str, path: str = "", progress: Progress = silent) -> CorpusInfo:
    """One corpus, looked for and counted, however large it is; never raises for what it finds.

    Raises
    ------
    UsageError
        If no corpus has that name.
    """
    if check_name(name) in SOURCES:
        return _look(SOURCES[name], path, progress)
    return _look_passages(PASSAGES[name], path, progress, True)


def check_name(name: str) -> str:
    """`name`, if it is that of a corpus.

    Raises
    ------
    UsageError
        If it is not.
    """
    known = [*SOURCES, *PASSAGES]
    if name in known:
        return name
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"no corpus is called {name!r}.{hint} Corpora: {', '.join(known)}.")


def _place(source: CorpusSource | PassageSource, path: str) -> tuple[Path | None, str]:
    """Where a corpus is, or why it is not there."""
    try:
        return source.locate("" if source.embedded else path), ""
    except StrnnVizError as error:
        # Nobody named a place: the corpus is merely not here, and how_to_get says what to do.
        return None, str(error) if path or os.environ.get(VARIABLE) else ""


def _look(source: CorpusSource, path: str, progress: Progress) -> CorpusInfo:
    directory, problem = _place(source, path)
    splits: dict[str, SplitCounts] = {}
    for number, split in enumerate(SPLITS if directory else (), 1):
        assert directory
        try:
            tokens = source.read(directory, split)
        except StrnnVizError as error:
            problem = problem or str(error)
            continue
        splits[split] = SplitCounts(len(tokens), len(set(tokens)))
        problem = problem or source.check(directory, split, tokens)
        progress(number, len(SPLITS))
    return _info(source, directory, tuple(dict.fromkeys(source.files.values())), splits, problem, "")


def _look_passages(source: PassageSource, path: str, progress: Progress, count: bool) -> CorpusInfo:
    directory, problem = _place(source, path)
    labels: dict[str, list[int]] = {}
    for part in source.parts if directory and count else ():
        assert directory
        try:
            labels[part] = [label for _, label in source.read(directory, part, progress)]
        except StrnnVizError as error:
            problem = problem or str(error)
            continue
        if not labels[part]:
            problem = problem or f"no passage ({part}) is in {directory}. {source.how_to_get}"
    counts = {part: len(found) for part, found in labels.items()}
    remark = remarks(source, directory, counts) if directory else ""
    info = _info(source, directory, source.files, _counts(source, labels), problem, remark)
    return replace(info, complete=all(size == source.expected[part] for part, size in counts.items()))


def _counts(source: PassageSource, labels: Mapping[str, list[int]]) -> dict[str, PassageCounts]:
    rows = {part: np.array(found, dtype=np.int64) for part, found in labels.items()}
    if "all" in rows:
        whole = rows.pop("all")
        parts = split_test(np.arange(len(whole)))
        rows = dict(zip(("train", "test"), (whole[part] for part in parts), strict=True))
    counts = {}
    for part, found in rows.items():
        number = Counter(found.tolist())
        counts[part] = PassageCounts(len(found), {name: number[label] for label, name in enumerate(source.classes)})
    return counts


def _info(
    source: CorpusSource | PassageSource,
    directory: Path | None,
    files: tuple[str, ...],
    splits: Mapping[str, SplitCounts | PassageCounts],
    problem: str,
    remark: str,
) -> CorpusInfo:
    return CorpusInfo(
        name=source.name,
        title=source.title,
        task=source.task,
        source=source.source,
        licence=source.licence,
        how_to_get=source.how_to_get,
        found=directory is not None and not problem,
        path=str(directory or ""),
        files=files,
        splits=splits,
        problem=problem,
        remark=remark,
    )
