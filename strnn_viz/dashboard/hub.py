"""The only reader of a directory of runs: one a process, shared by every viewer.

Sessions ask it; nothing watches it. What many viewers would look up or draw alike is looked up and drawn once.
"""

from __future__ import annotations

import math
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any, TypeVar

import numpy as np

from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Progress, Run, files
from strnn_viz.runs.listing import run_directories

T = TypeVar("T")

SCAN_EVERY = 1.0  # seconds between two looks at the directory
LOOK_EVERY = 0.2  # seconds between two looks at one run
MOST_SECONDS = 1e9  # that an epoch may be said to take


@dataclass(frozen=True)
class RunState:
    """How a run is doing at one look. Two looks compare equal when nothing a person could see has changed.

    Attributes
    ----------
    name : str
    status : str
        As :attr:`strnn_viz.runs.Run.status`.
    message : str
        Why it failed, in the trainer's words; empty otherwise.
    epochs : tuple of int
        Epochs that can be read.
    total : int
        Epochs the run will have.
    progress : Progress or None
        How far the epoch under way is.
    problems : tuple of str
        What is damaged in the run's directory, a sentence each.
    version : tuple
        Changes whenever something new was recorded.
    seconds : float
        Recent mean seconds an epoch took, as recorded; nan while unknown.
    """

    name: str
    status: str
    message: str
    epochs: tuple[int, ...]
    total: int
    progress: Progress | None
    problems: tuple[str, ...]
    version: tuple[object, ...]
    seconds: float

    @property
    def newest(self) -> int | None:
        """The newest epoch that can be read."""
        return self.epochs[-1] if self.epochs else None

    @property
    def live(self) -> bool:
        """Whether a training process holds the run, so that epochs still arrive."""
        return self.status in ("training", "paused")

    @property
    def epoch_seconds(self) -> float:
        """Seconds one epoch takes: what was recorded, or else what the trainer expects; nan while unknown."""
        expected = self.progress.epoch_seconds if self.progress else math.nan
        return self.seconds if math.isfinite(self.seconds) else expected

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the run is done; nan while unknown."""
        if self.progress and math.isfinite(self.progress.remaining_seconds):
            return self.progress.remaining_seconds
        return self.epoch_seconds * (self.total - (self.newest or 0))


class RunHub:
    """Runs of one directory, looked at no more often than is useful, and what was derived from them.

    Parameters
    ----------
    folder : path-like
        The directory whose subdirectories are runs; it need not exist yet.
    cache_bytes : int
        Memory that derived elements may take together; the ones not asked for longest go first.
    clock : callable
        Seconds, monotonic; tests give their own.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        cache_bytes: int = 256 * 2**20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder = Path(folder)
        self._clock = clock
        self._mutex = RLock()
        self._runs: dict[str, Run] = {}
        self._problems: dict[str, str] = {}
        self._refused: dict[Path, tuple[object, str]] = {}
        self._scanned = -math.inf
        self._states: dict[str, tuple[float, RunState]] = {}
        self._derived: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._kept: dict[Hashable, Any] = {}
        self._cache_bytes = cache_bytes
        self._held_bytes = 0

    def names(self, *, now: bool = False) -> list[str]:
        """Names of the runs, newest first; with `now`, looked up even if the last look was a moment ago."""
        with self._mutex:
            if now or self._clock() - self._scanned >= SCAN_EVERY:
                self._scan()
                self._scanned = self._clock()
            return list(self._runs)

    def problems(self) -> dict[str, str]:
        """A sentence for each directory that looks like a run and cannot be read, by its name."""
        self.names()
        return dict(self._problems)

    def run(self, name: str) -> Run:
        """The run of that name.

        Raises
        ------
        UsageError
            If the directory holds no such run. Only names that were found there are known, so no name leads out.
        """
        with self._mutex:
            if name not in self._runs:
                self.names(now=True)
            if name not in self._runs:
                have = ", ".join(self._runs) or "none yet"
                raise UsageError(f"there is no run {name!r} in {self.folder}. Runs there: {have}.")
            return self._runs[name]

    def state(self, name: str) -> RunState:
        """How a run is doing, at most :data:`LOOK_EVERY` seconds old.

        Raises
        ------
        UsageError
            If there is no such run.
        RunError
            If it can no longer be read.
        """
        with self._mutex:
            held = self._states.get(name)
            if held and self._clock() - held[0] < LOOK_EVERY:
                return held[1]
            run = self.run(name)
            try:
                state = self._look(run, held[1] if held else None)
            except RunError:
                self._forget(name)
                raise
            self._states[name] = (self._clock(), state)
            return state

    def derived(self, key: Hashable, compute: Callable[[], T]) -> T:
        """What `compute` returns, computed once for every viewer that asks with the same key."""
        with self._mutex:
            if key in self._derived:
                self._derived.move_to_end(key)
                return self._derived[key][0]  # type: ignore[no-any-return]
        value = compute()
        with self._mutex:
            size = nbytes(value)
            self._held_bytes += size - self._derived.get(key, (None, 0))[1]
            self._derived[key] = (value, size)
            while self._held_bytes > self._cache_bytes and len(self._derived) > 1:
                self._held_bytes -= self._derived.popitem(last=False)[1][1]
        return value

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` returned the first time it was asked for with this key; held as long as the hub."""
        with self._mutex:
            if key not in self._kept:
                self._kept[key] = make()
            return self._kept[key]  # type: ignore[no-any-return]

    def _scan(self) -> None:
        found: dict[str, Run] = {}
        paths, self._problems = run_directories(self.folder)
        refused: dict[Path, tuple[object, str]] = {}
        for path in paths:
            stamp = _stamp(path / files.RUN)
            held = self._refused.get(path)
            if held is not None and held[0] == stamp:  # reading it again would take time, and end as before
                refused[path] = held
                continue
            try:
                # Not asked whether it is true: it is false without an epoch, which takes reading all that it recorded.
                known = self._runs.get(path.name)
                found[path.name] = Run(path) if known is None else known
                str(found[path.name].about["created"])
            except (RunError, KeyError) as error:
                found.pop(path.name, None)
                refused[path] = (stamp, str(error))
        self._refused = refused
        self._problems |= {path.name: sentence for path, (_, sentence) in refused.items()}
        for gone in set(self._runs) - set(found):
            self._forget(gone)
        newest = sorted(found.items(), key=lambda item: str(item[1].about["created"]), reverse=True)
        self._runs = dict(newest)

    def _forget(self, name: str) -> None:
        self._runs.pop(name, None)
        self._states.pop(name, None)
        for key in [k for k in self._derived if isinstance(k, tuple) and k and k[0] == name]:
            self._held_bytes -= self._derived.pop(key)[1]

    def _look(self, run: Run, before: RunState | None) -> RunState:
        """A fresh look; parts that did not change are the very objects of the look before."""
        version = (run.about.get("created"), *run.version)
        if before and before.version == version:
            epochs, problems, seconds = before.epochs, before.problems, before.seconds
        else:
            epochs, problems = tuple(run.epochs), tuple(run.problems)
            told = [(row["epoch"], row.get("seconds") or 0) for row in run.rows[-5:]]
            recent = [seconds for epoch, seconds in told if epoch and 0 < seconds < MOST_SECONDS]
            seconds = float(np.mean(recent)) if recent else math.nan
        progress = run.progress
        if before and repr(progress) == repr(before.progress):  # repr, since nan is not equal to itself
            progress = before.progress
        status = run.status
        return RunState(
            name=run.name,
            status=status,
            message=str(run.about.get("message", "")) if status == "failed" else "",
            epochs=epochs,
            total=max(run.config.training.epochs if run.config else 0, epochs[-1] if epochs else 0),
            progress=progress,
            problems=problems,
            version=version,
            seconds=seconds,
        )


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What changes whenever a file, or what one may do with it, does."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def nbytes(value: Any, seen: set[int] | None = None) -> int:
    """Roughly how much memory a value takes: its arrays, wherever it holds them.

    Parameters
    ----------
    value : object
        An array, or anything that holds arrays; it may hold itself.
    seen : set of int, optional
        Identities of what was counted already.
    """
    seen = set() if seen is None else seen
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    if isinstance(value, Mapping):
        return 64 + sum(nbytes(v, seen) for v in value.values())
    if isinstance(value, (list, tuple)):
        some = [nbytes(v, seen) for v in value[:64]]
        return 64 + (sum(some) if len(value) <= 64 else len(value) * max(some))
    return 32 + (nbytes(vars(value), seen) if hasattr(value, "__dict__") and not isinstance(value, type) else 0)
