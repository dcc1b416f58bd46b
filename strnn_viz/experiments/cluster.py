"""Runs of a sweep on a Dask cluster: one that is there, or a local one of as many workers as this machine carries."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from strnn_viz.errors import RunError, UsageError
from strnn_viz.experiments.cost import matrices
from strnn_viz.experiments.sweep import Outcome, Planned, execute, going_on, note

if TYPE_CHECKING:
    from distributed import Client

_PROCESS_BYTES = 6e8  # Python, PyTorch and a corpus
_COPIES = 12  # of all weights and of the logits of a step: gradient, optimizer, masks, a checkpoint being written
_POLL_SECONDS = 0.25

# Ctrl-C in a terminal reaches every process of its group: only the one that steers the sweep is to heed it.
_PRELOAD = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


def run_on_cluster(
    planned: Sequence[Planned], folder: Path, tell: Callable[[], None], *, scheduler: str = "", workers: int = 0
) -> Outcome:
    """Train runs on a cluster, each in one worker at a time.

    The run of a worker that is lost goes on, from its last checkpoint, in another: the dead process let go of it.

    Parameters
    ----------
    planned : sequence of Planned
    folder : Path
        Directory of the runs; the workers see it under the same path.
    tell : callable
        Called a few times a second.
    scheduler : str
        Address of a scheduler; empty: start workers here.
    workers : int
        How many to start here; 0: as many as fit.

    Raises
    ------
    UsageError
        If the extra ``distributed`` is not installed, or there is no scheduler at the address.
    """
    try:
        from distributed import wait
    except ModuleNotFoundError as error:
        raise UsageError(
            f"training several runs at once needs {error.name}, which is not installed. Install it with: pip install "
            "'strnn-viz[distributed]', or use --workers 1 to train one after another."
        ) from error
    outcome = Outcome()
    place = str(folder.resolve())
    with going_on(folder) as (token, wanted), _client(scheduler, workers or fitting(planned)) as client:
        futures = {client.submit(execute, place, run, token, key=f"{run.name}{token}"): run for run in planned}
        waiting = set(futures)
        while waiting:
            with contextlib.suppress(TimeoutError):
                wait(waiting, timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
            for future in [f for f in waiting if f.done()]:
                waiting.remove(future)

                def result(future: object = future) -> str:
                    ended = str(future.result())  # type: ignore[attr-defined]
                    if ended == "unseen" and not wanted.is_set():
                        raise RunError(f"a worker does not see {place}. Workers must share the file system of --runs.")
                    return ended

                note(outcome, futures[future].name, result)
            tell()
    return outcome


def fitting(planned: Sequence[Planned]) -> int:
    """How many of these runs this machine carries at once: one a core, as memory allows; one where there is a GPU."""
    import torch
    from dask.system import CPU_COUNT
    from distributed.system import MEMORY_LIMIT

    if torch.cuda.is_available() and any(run.config.training.device != "cpu" for run in planned):
        return 1
    largest = max((_bytes(run) for run in planned), default=_PROCESS_BYTES)
    return int(max(1, min(len(planned), CPU_COUNT, MEMORY_LIMIT // largest)))


def _bytes(run: Planned) -> float:
    """Memory one run takes at most, roughly."""
    config = run.config
    tokens = config.training.batch_size * config.training.bptt
    logits = tokens * config.data.vocabulary if config.task == "language modelling" else 0
    return _PROCESS_BYTES + 4 * (_COPIES * sum(info.size for info in matrices(config)) + 3 * logits)


@contextlib.contextmanager
def _client(scheduler: str, workers: int) -> Iterator[Client]:
    from distributed import Client, LocalCluster

    if not scheduler:
        # Without a dashboard its scheduler serves HTTP all the same, on a port that a second sweep would find taken.
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, memory_limit=0, dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"}, silence_logs=logging.CRITICAL, preload=[_PRELOAD],
        ) as cluster, Client(cluster) as client:  # fmt: skip
            yield client
        return
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise UsageError(
            f"no Dask scheduler answers at {scheduler!r}: {error}. Start one with: dask scheduler, and workers with: "
            "dask worker ADDRESS --nthreads 1."
        ) from error
    with client:
        yield client
