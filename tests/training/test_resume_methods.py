"""Every method, stopped at some step and resumed from its checkpoint, does bit for bit what it would have done."""

from pathlib import Path

import pytest

from strnn_viz.config import RunConfig
from strnn_viz.rules import METHODS
from strnn_viz.runs import Progress, Run, files
from strnn_viz.training import Recording
from strnn_viz.training.averaged_sgd import AveragedSGD
from tests.training.conftest import STEPS
from tests.training.conftest import small_config as config
from tests.training.test_recording import assert_same_run, record

pytestmark = pytest.mark.usefixtures("small_corpora")


def stopped_and_resumed(path: Path, config: RunConfig, stops) -> Run:
    for i, stop_at in enumerate(stops):
        recording = Recording(path, None if i else config, resume=i > 0)
        assert recording.trainer.task.steps == STEPS
        steps = 0
        for event in recording.events():
            steps += isinstance(event, Progress)
            recording.stop = steps >= stop_at
        assert Run(path).status == "stopped"
    return record(path, resume=True)


def compare(tmp_path, config, stops=(3, 6)):
    whole = record(tmp_path / "whole", config)
    parts = stopped_and_resumed(tmp_path / "parts", config, stops)  # in the first epoch, and in the second
    assert parts.status == "finished"
    assert_same_run(whole, parts)
    assert not (tmp_path / "parts" / files.CHECKPOINTS / files.WITHIN).exists()
    return whole


def rewired(run: Run) -> int:
    return sum(layer.churn.pruned for epoch in run.epochs for layer in run[epoch].layers.values())


@pytest.mark.parametrize("method", METHODS)
def test_every_method(tmp_path, method):
    run = compare(tmp_path, config(method=method, temperature=1e-4, l1=1e-3, group_lasso=1e-2))
    assert (rewired(run) > 0) == METHODS[method].rewires


@pytest.mark.parametrize(
    "changes",
    [
        # a sum of gradients, and a momentum, that are under way when training stops
        {"method": "rigl", "update_every": 4, "gradient_batches": 3},
        {"method": "snfs", "update_every": 4},
        {"method": "snfs", "update_every": 4, "clip": "dense", "clip_norm": 0.1},
        {"method": "dsr", "update_every": 2},
        {"method": "gmp", "update_every": 2, "granularity": "gate", "initialization": "erdos_renyi"},
        {"method": "iss", "update_every": 2, "group_lasso": 1e-2},
        {"method": "deepr", "update_every": 1, "temperature": 1e-3, "reactivate": False},
        {"method": "st-rnn", "regrow": "gradient", "redistribution": "momentum", "update_every": 3},
        # a period that does not divide the epoch: what was gathered at its end counts in the next
        {"method": "rigl", "update_every": 5, "gradient_batches": 4},
    ],
    ids=lambda c: f"{c['method']} every {c['update_every']}",
)
def test_in_the_middle_of_gathering(tmp_path, changes):
    assert rewired(compare(tmp_path, config(**changes), stops=(3, 7))) > 0


@pytest.mark.parametrize(
    "changes", [{}, {"method": "dsr", "algorithm": "adam", "lr": 0.01}, {"cell": "rhn", "depth": 2}],
    ids=["st-rnn", "dsr", "rhn"],
)  # fmt: skip
def test_sparse_execution(tmp_path, changes):
    compare(tmp_path, config(execution="sparse", **changes))


@pytest.mark.parametrize("method", ["rigl", "deepr", "iss"])
def test_right_at_the_end_of_an_epoch(tmp_path, method):
    compare(tmp_path, config(method=method), stops=(STEPS, STEPS - 1))


@pytest.mark.parametrize("method", ["st-rnn", "snfs", "deepr"])
def test_adam(tmp_path, method):
    compare(tmp_path, config(method=method, algorithm="adam", lr=0.01, temperature=1e-4))


@pytest.mark.parametrize("method", ["st-rnn", "rigl", "iss"])
@pytest.mark.parametrize("tied", [False, True])
def test_a_recurrent_highway_network(tmp_path, method, tied):
    compare(tmp_path, config(method=method, cell="rhn", depth=2, tied=tied, word_dropout=0.1, input_dropout=0.1,
                             hidden_dropout=0.1))  # fmt: skip


@pytest.mark.parametrize("method", ["st-rnn", "snfs", "deepr", "gmp"])
def test_classification_shuffles_alike(tmp_path, method):
    compare(tmp_path, config(method=method, corpus="sotu-era", passage=6, update_every=0, temperature=1e-4))


@pytest.mark.parametrize("method", ["selfish", "rigl", "gmp"])
def test_averaging_under_way(tmp_path, method, monkeypatch):
    """It begins as soon as there is a loss to compare with, so that it has begun before training stops again."""
    begun = []
    begin = AveragedSGD.begin_averaging

    def noted(self):
        begun.append(1)
        begin(self)

    monkeypatch.setattr(AveragedSGD, "begin_averaging", noted)
    compare(tmp_path, config(method=method, algorithm="asgd", patience=1, lr=8.0, lr_decay=1.0, epochs=6),
            stops=(3, 3 * STEPS, 2 * STEPS))  # fmt: skip
    assert begun
