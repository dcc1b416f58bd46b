import logging
import socket
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.runs import RunWriter
from tests.synthetic import make_run, snapshots

# Panel notes every tick of every session, and the reason of a failure would be lost among them.
logging.getLogger("panel").setLevel("WARNING")

TRAINER = (sys.executable, str(Path(__file__).parent / "fast_trainer.py"))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two finished runs that no test changes."""
    path = tmp_path_factory.mktemp("runs")
    make_run(path / "first", preset("demo", epochs=5), epochs=5, hidden=8)
    make_run(path / "second", preset("demo", epochs=3, initialization="erdos_renyi"), epochs=3, hidden=12, seed=3)
    return path


@pytest.fixture(scope="session")
def hub(folder: Path) -> RunHub:
    """One hub for all tests that only read, as one serves all viewers."""
    return RunHub(folder)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Launcher]]:
    """Make a launcher of the stand-in trainer, with the options given; whatever it started is ended."""
    made = []

    def launcher(*options: str) -> Launcher:
        made.append(Launcher(tmp_path / "runs", command=[*TRAINER, *options]))
        return made[-1]

    yield launcher
    for one in made:
        one.stop_all(patience=5)


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[tuple[RunWriter, Iterator]]:
    """A run that trains while the test says so: its writer, and the snapshots to append."""
    with RunWriter(tmp_path / "runs" / "live", preset("demo", epochs=6)) as writer:
        yield writer, snapshots(epochs=6, hidden=8)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until something is so, and fail if it does not become so."""
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def any_port() -> int:
    """A port no one listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


class Clock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Ticking(Clock):
    """Every look is long after the one before."""

    def __call__(self) -> float:
        self.now += 10
        return self.now
