"""Measured once, kept, and nothing of the run touched."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from strnn_viz.nn.sparse import using
from strnn_viz.training import Trainer, measuring
from strnn_viz.training.making import make
from strnn_viz.training.measuring import Times
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.tasks import make_task
from tests.training.conftest import small_config

BY = "PyTorch's CSR matrices"
pytestmark = pytest.mark.usefixtures("small_corpora")
CPU = torch.device("cpu")


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "strnn-viz" / "execution.json"


def silent(done, total):
    assert 0 <= done <= total


def times(config):
    return measuring.times(config, make_task(config, Ranks()), CPU, (1, 2), silent)


@pytest.fixture
def counted(monkeypatch):
    """Measurements take no time, and give other numbers every time."""
    made = []

    def measure(*_):
        made.append(1)
        return Times(2.0 * len(made), 3.0, BY)

    monkeypatch.setattr(measuring, "measure", measure)
    return made


def test_a_machine_is_measured_once_for_each_shape_density_and_batch(file, counted):
    config = small_config()
    assert times(config) == times(config) == Times(2.0, 3.0, BY)
    assert times(config.replace({"seed": 9, "lr": 0.1, "epochs": 9})) == Times(2.0, 3.0, BY)
    others = [{"density": 0.1}, {"hidden": 7}, {"batch_size": 4}, {"bptt": 3}, {"initialization": "erdos_renyi"}]
    assert [times(config.replace(other)).masked for other in others] == [4.0, 6.0, 8.0, 10.0, 12.0]
    assert times(config) == Times(2.0, 3.0, BY)
    entries = json.loads(file.read_text())["measured"]
    assert len(entries) == len(others) + 1
    about = next(iter(entries.values()))["about"]
    assert about["matrices"][0] == ["embedding.weight", 40, 6]
    assert about["machine"]["processor"]
    assert about["batch"] == [8, 4]


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"format": 1, "measured": []}', b'{"format": 2, "measured": {}}',
     b'{"format": 1, "measured": {"%s": {"masked_ms": "fast", "sparse_ms": 1, "by": ""}}}',
     b'{"format": 1, "measured": {"%s": {"masked_ms": NaN, "sparse_ms": 1, "by": ""}}}',
     b'{"format": 1, "measured": {"%s": {"masked_ms": 1' + b'0' * 400 + b', "sparse_ms": 1, "by": ""}}}',
     b'{"format": 1, "measured": {"%s": 7}}'],
)  # fmt: skip
def test_a_file_that_says_nothing_is_measured_anew_and_mended(file, counted, content):
    config = small_config()
    times(config)
    (key,) = json.loads(file.read_text())["measured"]
    file.write_bytes(content.replace(b"%s", key.encode()))
    assert times(config) == times(config) == Times(4.0, 3.0, BY)


def test_where_nothing_can_be_kept_it_is_measured_again(file, counted):
    file.parent.write_text("a file where a directory should be")
    assert times(small_config()).masked == 2.0
    assert times(small_config()).masked == 4.0


def test_the_forms_take_turns_and_the_median_counts_without_the_first_step():
    config = small_config(dropout=0.5)
    task = make_task(config, Ranks())
    # Two readings a step, so that the steps of each form take: masked 90, 1, 1, 5 and sparse 80, 2, 9, 2 seconds.
    readings = iter(np.cumsum([0, 90, 0, 80, 0, 1, 0, 2, 0, 1, 0, 9, 0, 5, 0, 2]).tolist())
    state = torch.get_rng_state()
    told = []
    with using("torch"):
        found = measuring.measure(
            config, task, CPU, (1, 2), lambda done, all_: told.append((done, all_)), lambda: next(readings)
        )
    assert told == [(done, 10) for done in range(1, 11)]
    assert found == Times(1000.0, 2000.0, BY)
    assert torch.equal(torch.get_rng_state(), state)
    assert next(readings, None) is None  # three rounds were enough: they took longer than half a second


def test_measuring_changes_nothing_of_the_run(file, monkeypatch):
    with using("torch"):
        chosen = Trainer(small_config(execution="auto"))
        form = chosen.execution.form
        known = Trainer(small_config(execution=form))
        assert file.exists()
        for a, b in zip(chosen.events(), known.events(), strict=True):
            assert (a.step, getattr(a, "loss", 0)) == (b.step, getattr(b, "loss", 0))
    assert torch.equal(chosen.sparse.generator.get_state(), known.sparse.generator.get_state())
    assert torch.equal(chosen.randomness.states[0], known.randomness.states[0])


def test_gradients_are_collected_no_more_than_in_most_steps_of_a_run(monkeypatch):
    made = []
    monkeypatch.setattr(measuring, "make", lambda *args: made.append(make(*args)) or made[-1])
    config = small_config(method="rigl")
    with using("torch"):
        measuring.measure(config, make_task(config, Ranks()), CPU, (1, 2), silent)
    assert [matrix.signals for arm in made for matrix in arm.sparse.matrices.values()] == [{}] * 2 * len(
        made[0].sparse.matrices
    )
