"""What a terminal is told of an epoch."""

from __future__ import annotations

import pytest

from strnn_viz.config import preset
from strnn_viz.progress import begins, line, so_far
from strnn_viz.runs import Progress
from tests.synthetic import snapshots


def test_a_language_model_tells_perplexity_and_births() -> None:
    first, *_, last = snapshots(epochs=3, hidden=6)
    assert line(first, 3) == "epoch 0 of 3: validation 1,020"
    born = sum(layer.churn.born for layer in last.layers.values())
    assert born > 0
    assert line(last, 3) == f"epoch 3 of 3: train 289, validation 321, {born:,} connections born"


def test_a_classifier_tells_accuracy() -> None:
    *_, last = snapshots(epochs=3, hidden=6, accuracy=True)
    assert line(last, 9, "static") == "epoch 3 of 9: train 76.6%, validation 71.6%"


def test_a_method_that_begins_dense_tells_what_is_left() -> None:
    first, *_, last = snapshots(epochs=3, hidden=6, begins_dense=True)
    assert "left" not in line(first, 3, "gmp")
    assert line(last, 3, "gmp").endswith(f"validation 321, {last.density:.1%} of the weights left")
    assert last.density == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("rigl", "RigL, uniform initialization"),
        ("dense", "Dense"),
        ("gmp", "GMP"),
        ("static", "Static sparse, uniform"),
    ],
)
def test_what_begins(method: str, words: str) -> None:
    assert begins(preset("demo", method=method).sparsity).startswith(words)


def test_progress_within_an_epoch() -> None:
    told = Progress(1, 3, 5, 10, train_loss=4.0)
    assert so_far(told, "language modelling") == "perplexity 54.6"
    assert so_far(told, "classification") == "loss 4.000"
