"""A sweep from its plan to its end: here or on a cluster, told in a terminal with a bar over all runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from strnn_viz.errors import UsageError
from strnn_viz.experiments.cluster import run_on_cluster
from strnn_viz.experiments.sweep import Outcome, Planned, execute, going_on, note, outstanding, share_done

_POLL_SECONDS = 0.25


def run_sweep(
    planned: Sequence[Planned],
    folder: str | os.PathLike[str],
    *,
    scheduler: str = "",
    workers: int = 0,
    console: Console | None = None,
) -> Outcome:
    """Train what is missing of a sweep, go on with what was interrupted, and keep what is finished.

    Every run computes on one thread if its configuration says so, wherever it is trained, so its numbers do not depend
    on how many are trained at once. Ctrl-C stops all of them with a checkpoint; the same call goes on with them.

    Parameters
    ----------
    planned : sequence of Planned
    folder : path-like
        Directory of the runs; each has one of its own in it.
    scheduler : str
        Address of a Dask scheduler; empty: workers of this machine.
    workers : int
        How many workers to start here; 0: as many as fit; 1: train one after another in this process, without Dask.
    console : rich Console, optional
        Where to tell of it; the standard error by default.

    Returns
    -------
    Outcome
        It names every run of the sweep once.

    Raises
    ------
    RunError
        If a run of the same name has another configuration; nothing is trained then.
    UsageError
        If names repeat, or Dask is needed and not there.
    """
    if scheduler and workers:
        raise UsageError("--workers counts workers of this machine; a cluster at --scheduler has its own. Give one.")
    place = Path(folder)
    todo = outstanding(planned, place)
    kept = [run.name for run in planned if run not in todo]
    if not todo:
        return Outcome(finished=kept)
    with _bar(planned, place, console or Console(stderr=True, highlight=False)) as tell:
        if workers == 1:
            outcome = _run_here(todo, place, tell)
        else:
            outcome = run_on_cluster(todo, place, tell, scheduler=scheduler, workers=workers)
    for name in list(outcome.finished):
        if name in {run.name for run in outstanding([r for r in todo if r.name == name], place)}:
            outcome.finished.remove(name)
            outcome.failed[name] = f"a worker trained it, but it is not in {place}: workers must share its file system."
    outcome.finished[:0] = kept
    return outcome


def _run_here(planned: Sequence[Planned], folder: Path, tell: Callable[[], None]) -> Outcome:
    """Train one after another in this process; a thread trains, so that the bar moves and signals are heard."""
    outcome = Outcome()
    with going_on(folder) as (token, _), ThreadPoolExecutor(1) as pool:
        for run in planned:
            future = pool.submit(execute, str(folder), run, token)
            while not wait_for([future], timeout=_POLL_SECONDS).done:
                tell()
            note(outcome, run.name, future.result)
            tell()
    return outcome


@contextlib.contextmanager
def _bar(planned: Sequence[Planned], folder: Path, console: Console) -> Iterator[Callable[[], None]]:
    """Give a function that looks at the runs and moves the bar; without a terminal, a line for each run that ends."""
    left = TimeRemainingColumn(elapsed_when_finished=True)
    now = TextColumn("{task.fields[now]}")
    columns = (TextColumn("Runs"), BarColumn(bar_width=24), MofNCompleteColumn(), left, now)
    ended: set[str] = set()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(planned), now="starting")

        def tell() -> None:
            shares = {run.name: share_done(run, folder) for run in planned if run.name not in ended}
            fresh = [name for name, (share, words) in shares.items() if share >= 1.0 and not words]
            ended.update(fresh)
            for name in fresh if not console.is_terminal else []:
                console.print(f"{escape(name)} is finished: {len(ended)} of {len(planned)}", soft_wrap=True)
            done = len(ended) + sum(share for name, (share, _) in shares.items() if name not in ended)
            bar.update(task, completed=done, now=escape(" · ".join(words for _, words in shares.values() if words)))

        yield tell
