"""Runs to export: a language model, a classifier, one that begins dense, one that has no epoch; read, never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from strnn_viz.config import RunConfig, preset
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import make_run


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("exported")
    make_run(path / "language", preset("demo", epochs=8), epochs=5, hidden=8)
    make_run(path / "classifier", preset("era", epochs=4), epochs=3, hidden=8, accuracy=True)
    make_run(path / "dense", RunConfig().replace({"epochs": 8, "method": "gmp"}), epochs=4, hidden=8, begins_dense=True)
    RunWriter(path / "empty", RunConfig()).close()
    return path


@pytest.fixture
def language(exported: Path) -> Run:
    return Run(exported / "language")


@pytest.fixture
def classifier(exported: Path) -> Run:
    return Run(exported / "classifier")


@pytest.fixture
def dense(exported: Path) -> Run:
    return Run(exported / "dense")


@pytest.fixture
def empty(exported: Path) -> Run:
    return Run(exported / "empty")
