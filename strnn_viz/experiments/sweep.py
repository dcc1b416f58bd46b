"""Sweeps: lists of runs of which the missing ones are trained, the interrupted ones resumed, the finished ones kept."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strnn_viz.config import RunConfig, knobs
from strnn_viz.errors import RunError, StrnnVizError, UsageError
from strnn_viz.runs import Run, check_name, files

_LOOK_SECONDS = 0.1  # between two looks at the token


@dataclass(frozen=True)
class Planned:
    """One run of a sweep.

    Attributes
    ----------
    name : str
        Name of its directory within that of the sweep.
    config : RunConfig
    """

    name: str
    config: RunConfig


@dataclass
class Outcome:
    """How a sweep ended.

    Attributes
    ----------
    finished : list of str
        Runs that have all of their epochs.
    failed : dict of str to str
        Runs that ended in an error, with its sentence.
    stopped : list of str
        Runs that were stopped, or never begun, because somebody wanted an end; the same sweep goes on with them.
    """

    finished: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)


def outstanding(planned: Sequence[Planned], folder: str | os.PathLike[str]) -> list[Planned]:
    """Runs of a sweep that are not finished.

    Raises
    ------
    UsageError
        If two runs share a name, or a name cannot be one.
    RunError
        If a run of the same name has another configuration; what differs is named.
    """
    names = [check_name(run.name) for run in planned]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"two runs of the sweep are called {twice[0]}. Every run needs a name of its own.")
    return [run for run in planned if not is_finished(run, folder)]


def is_finished(planned: Planned, folder: str | os.PathLike[str]) -> bool:
    """Whether a run is there with all of its epochs.

    Raises
    ------
    RunError
        If it is there with another configuration.
    """
    path = Path(folder) / planned.name
    if not (path / files.RUN).exists():
        return False
    run = Run(path)
    if run.config != planned.config:
        raise RunError(
            f"{path} is another run: {_difference(run.config, planned.config)}. Choose another --runs directory, or "
            "move that run away."
        )
    return run.status == "finished" and bool(run.epochs) and run.epochs[-1] >= planned.config.training.epochs


def execute(folder: str, planned: Planned, token: str) -> str:
    """Train one run to its end, from where it is; what a worker does.

    Parameters
    ----------
    folder : str
        Directory of the runs, which every worker must see under this very path.
    planned : Planned
    token : str
        Name of a file in `folder` that is there as long as the sweep is to go on.

    Returns
    -------
    str
        ``"finished"``; ``"stopped"``, with a checkpoint; or ``"unseen"``, where the token was not there to begin with.

    Raises
    ------
    StrnnVizError
        Why it failed.
    """
    going_on = Path(folder) / token
    if not going_on.exists():
        return "unseen"
    if is_finished(planned, folder):
        return "finished"
    from strnn_viz.training import Recording

    path = Path(folder) / planned.name
    recording = Recording(path, resume=True) if (path / files.RUN).exists() else Recording(path, planned.config)
    looked = time.monotonic()
    for _ in recording.events():
        if time.monotonic() - looked >= _LOOK_SECONDS:
            recording.stop = recording.stop or not going_on.exists()
            looked = time.monotonic()
    return "finished" if recording.trainer.done else "stopped"


@contextlib.contextmanager
def going_on(folder: Path) -> Iterator[tuple[str, threading.Event]]:
    """Keep a token in `folder` until the end, or until Ctrl-C or a polite kill; a second Ctrl-C ends at once.

    Yields
    ------
    token : str
        For :func:`execute`.
    wanted : Event
        Set once an end is wanted.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file, wanted = folder / f".sweep-{uuid.uuid4().hex}", threading.Event()
    file.touch()

    def stop(number: int, _: object) -> None:
        if wanted.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        wanted.set()
        file.unlink(missing_ok=True)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield file.name, wanted
    finally:
        file.unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def note(outcome: Outcome, name: str, result: Callable[[], str]) -> None:
    """Note how one run ended; that it failed, for whatever reason, does not keep the others from being trained."""
    try:
        ended = result()
    except StrnnVizError as error:
        outcome.failed[name] = str(error)
    except Exception as error:
        outcome.failed[name] = f"{type(error).__name__}: {error}"
    else:
        (outcome.finished if ended == "finished" else outcome.stopped).append(name)


def share_done(run: Planned, folder: Path) -> tuple[float, str]:
    """How much of a run is done, as a fraction, and a few words if it is being trained."""
    path = folder / run.name
    try:
        recorded = Run(path)
        epochs, status, progress = recorded.epochs, recorded.status, recorded.progress
    except RunError:
        return 0.0, ""
    done = float(epochs[-1]) if epochs else 0.0
    if progress is not None and progress.epoch == done + 1:
        done += progress.step / max(1, progress.steps)
    total = run.config.training.epochs
    words = f"{run.name} {int(done)}/{total}" if status in ("training", "paused") else ""
    return min(1.0, done / total), words


def _difference(there: RunConfig | None, here: RunConfig) -> str:
    if there is None:
        return "it was recorded elsewhere and has no configuration"
    differs = [f"its {k} is {there.get(k)}, not {here.get(k)}" for k in knobs() if there.get(k) != here.get(k)]
    return "; ".join(differs)
