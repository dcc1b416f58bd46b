"""Runs to look at: an empty one, a recorded one, one with a damaged epoch; and how views are drawn."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import holoviews as hv
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import make_run


@pytest.fixture(scope="session")
def _recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs")
    make_run(path / "full", RunConfig().replace({"epochs": 8}), epochs=6, hidden=12)
    make_run(path / "damaged", RunConfig().replace({"epochs": 8}), epochs=4, hidden=12)
    broken = path / "damaged" / "snapshots" / "000002.safetensors"
    broken.write_bytes(broken.read_bytes()[:-64])
    RunWriter(path / "empty", RunConfig().replace({"epochs": 8})).close()
    return path


@pytest.fixture
def full(_recorded: Path) -> Run:
    return Run(_recorded / "full")


@pytest.fixture
def damaged(_recorded: Path) -> Run:
    return Run(_recorded / "damaged")


@pytest.fixture
def empty(_recorded: Path) -> Run:
    return Run(_recorded / "empty")


@pytest.fixture(scope="session")
def renderer() -> hv.plotting.Renderer:
    made = hv.renderer("bokeh")
    made.webgl = False
    return made


class Said(logging.Handler):
    """What libraries complain about without raising."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.words: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.words.append(record.getMessage())


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    said = Said()
    loggers = [logging.getLogger(name) for name in ("bokeh", "param")]
    for logger in loggers:
        logger.addHandler(said)
    yield said.words
    for logger in loggers:
        logger.removeHandler(said)
