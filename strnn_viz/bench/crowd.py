"""What many viewers cost: the training they watch, and the server once they have left."""

from __future__ import annotations

import contextlib
import gc
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn
from bokeh.document import Document

from strnn_viz.dashboard.address import usable_port, wait_until_up
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.notebook import Server
from strnn_viz.dashboard.serve import serve
from strnn_viz.errors import RunError
from strnn_viz.runs import Run

PATIENCE = 600.0  # seconds for a training to get on
LEAVE_SECONDS = 90.0  # for a server to let go of sessions
KEPT_SECONDS = 10.0  # that a server may keep a session that was left

Tell = Callable[[int, int], None]


@contextlib.contextmanager
def training(folder: Path, **values: str) -> Iterator[Run]:
    """The demo on one thread, from its second epoch on; it ends with the block."""
    launcher = Launcher(folder)
    launch = launcher.start("demo", {"training.threads": "1", "training.epochs": "1000", **values})
    try:
        _wait(lambda: launch.ready or not launch.alive)
        if not launch.ready:
            raise RunError(launch.problem() or f"Training {launch.name} ended before it began.")
        run = Run(launch.path)
        _boundary(run, at_least=2)
        yield run
    finally:
        launcher.stop_all()


def watched(run: Run, viewers: int, pairs: int, progress: Tell = lambda *_: None) -> dict[str, Any]:
    """Seconds an epoch takes with nobody watching and with viewers, in turn.

    The epoch within which viewers come or go is not counted.

    Parameters
    ----------
    run : Run
        One that trains.
    viewers : int
    pairs : int
        Epochs of each kind.

    Returns
    -------
    dict
        Seconds of each epoch ``alone`` and ``watched``, ``slowdown`` of the median, and ``server_share``, the part of
        one core that the server used while it was watched; None where the system does not tell.
    """
    times: dict[str, list[float]] = {"alone": [], "watched": []}
    shares: list[float] = []
    server = Server(run.path.parent).start()
    try:
        for pair in range(pairs):
            _boundary(run)
            times["alone"].append(_epoch(run))
            with _viewers(f"{server.url}explorer?run={run.name}", viewers):
                _boundary(run)
                begun, used = time.monotonic(), _processor(server)
                times["watched"].append(_epoch(run, begun))
                if used is not None:
                    shares.append(((_processor(server) or used) - used) / (time.monotonic() - begun))
            progress(pair + 1, pairs)
    finally:
        server.stop()
    alone, with_them = (float(np.median(times[kind])) for kind in ("alone", "watched"))
    return {
        "viewers": viewers,
        **times,
        "slowdown": with_them / alone - 1,
        "server_share": float(np.median(shares)) if shares else None,
    }


def visited(folder: Path, visits: int, warm: int) -> dict[str, Any]:
    """What is left in a server after sessions were opened and closed.

    Parameters
    ----------
    folder : Path
        A directory of runs.
    visits : int
    warm : int
        Sessions before those counted, for what a server makes once, and until it holds what visits at this rate take:
        a process keeps pages of memory in which anything is left.

    Returns
    -------
    dict
        ``documents`` and ``watchers`` left over, ``blocks`` of memory that Python uses more, and ``grown``, the bytes
        that the process takes more; None where the system does not tell.
    """
    port = usable_port(0)
    url = f"http://localhost:{port}/"
    server = serve(folder, port=port, show=False, threaded=True)
    try:
        wait_until_up(url)
        _visit(url, warm)
        before = _left()
        _visit(url, visits)
        after = _left()
    finally:
        server.stop()
    known = before["bytes"] is not None and after["bytes"] is not None
    return {
        "visits": visits,
        "documents": after["documents"] - before["documents"],
        "watchers": after["watchers"] - before["watchers"],
        "blocks": after["blocks"] - before["blocks"],
        "grown": after["bytes"] - before["bytes"] if known else None,
    }


@contextlib.contextmanager
def _viewers(url: str, count: int) -> Iterator[None]:
    """Viewers in a process of their own, from when all have the page until they have left."""
    command = [sys.executable, "-m", "strnn_viz.bench.viewers", "stay", url, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RunError(f"the {count} viewers of {url} could not all open it.")
        yield
        process.communicate("")


def _visit(url: str, count: int) -> None:
    command = [sys.executable, "-m", "strnn_viz.bench.viewers", "visit", f"{url}explorer", str(count)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _left() -> dict[str, Any]:
    """What there is once sessions have gone: when their number has not changed for longer than a server keeps them."""
    limit, since, found = time.monotonic() + LEAVE_SECONDS, time.monotonic(), -1
    while time.monotonic() < min(limit, since + KEPT_SECONDS):
        gc.collect()
        now = sum(type(thing) is Document and thing.session_context is not None for thing in gc.get_objects())
        if now != found:
            found, since = now, time.monotonic()
        time.sleep(0.5)
    watchers = sum(len(held) for kinds in pn.state.param.watchers.values() for held in kinds.values())
    return {"documents": found, "watchers": watchers, "blocks": sys.getallocatedblocks(), "bytes": _resident()}


def _resident() -> int | None:
    with contextlib.suppress(OSError, ValueError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return None


def _processor(server: Server) -> float | None:
    """Seconds of processor time the server has used."""
    if server.process is None:
        return None
    with contextlib.suppress(OSError, ValueError):
        told = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    return None


def _epoch(run: Run, begun: float | None = None) -> float:
    """Seconds until the next epoch is recorded; call when one has just been."""
    begun = time.monotonic() if begun is None else begun
    _boundary(run)
    return time.monotonic() - begun


def _boundary(run: Run, at_least: int = 0) -> None:
    """Wait for the next epoch to be recorded."""
    newest = max(max(run.epochs, default=-1) + 1, at_least)
    _wait(lambda: max(run.epochs, default=-1) >= newest or run.status not in ("training", "paused"))
    if max(run.epochs, default=-1) < newest:
        raise RunError(f"{run.name} ended while it was watched: it is {run.status}.")


def _wait(condition: Callable[[], bool]) -> None:
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise RunError(f"training did not get on within {PATIENCE:.0f} seconds.")
        time.sleep(0.02)
