"""What distances saturate at: the formula, its limits, and that independent masks meet it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from strnn_viz.topology import independent_distance, null
from strnn_viz.topology.network import network
from strnn_viz.topology.nnstd import nnstd
from strnn_viz.topology.null import expected_identity, expected_matched
from tests.topology.planted import LSTM, RHN, Masks, Model, recurrent


def expected(model: Model, a: Masks, b: Masks) -> dict[str, float]:
    return expected_identity(network(model.snapshot(a)), network(model.snapshot(b)))


@pytest.mark.parametrize("density", [0.05, 0.2, 0.33, 0.8])
def test_independent_masks_meet_the_null_value_within_its_standard_error(density: float) -> None:
    model, rng = recurrent(LSTM, 60), np.random.default_rng(0)
    values = []
    for _ in range(12):
        a, b = model.draw(rng, density), model.draw(rng, density)
        layer = nnstd(model.snapshot(a), model.snapshot(b)).layers[0]
        values.append(layer.identity)
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert error < 0.003
    assert abs(np.mean(values) - (1 - density / (2 - density))) < 2 * error
    assert expected(model, a, b)["layer 1"] == pytest.approx(independent_distance(density), abs=1e-4)


@pytest.mark.parametrize(("hidden", "density"), [(16, 0.3), (40, 0.1), (40, 0.5)])
@pytest.mark.parametrize("words", [0, 60])
def test_independent_masks_are_one_apart_when_normalized(hidden: int, density: float, words: int) -> None:
    model, rng = recurrent(LSTM, hidden, layers=2, words=words), np.random.default_rng(1)
    found = [
        nnstd(model.snapshot(model.draw(rng, density)), model.snapshot(model.draw(rng, density))) for _ in range(10)
    ]
    for layers in zip(*(distance.layers for distance in found), strict=True):
        values = [layer.normalized for layer in layers]
        error = np.std(values, ddof=1) / np.sqrt(len(values))
        assert abs(np.mean(values) - 1) < 3 * error + 0.003, layers[0].name  # the null value has an error of its own
        assert (np.mean([layer.raw for layer in layers]) < layers[0].expected * 1.01) or layers[0].permutation is None


def test_matching_makes_independent_masks_look_alike() -> None:
    model, rng = recurrent(RHN, 30, depth=3), np.random.default_rng(2)
    a, b = (network(model.snapshot(model.draw(rng, 0.2))) for _ in range(2))
    before, after = expected_identity(a, b)["layer 1"], expected_matched(a, b)["layer 1"]
    assert before == pytest.approx(independent_distance(0.2), abs=1e-6)
    assert 0.9 * before < after < 0.985 * before


def test_the_formula_is_exact_for_bernoulli_masks() -> None:
    """All masks of one unit with three slots, each with its probability."""
    p, q, total = 0.3, 0.6, 0.0
    for a, b in product(product((0, 1), repeat=3), repeat=2):
        weight = np.prod([p if x else 1 - p for x in a]) * np.prod([q if x else 1 - q for x in b])
        union = sum(x | y for x, y in zip(a, b, strict=True))
        total += weight * (sum(x ^ y for x, y in zip(a, b, strict=True)) / union if union else 0)
    ten = [np.zeros((10, 3), dtype=bool) for _ in range(2)]
    ten[0].ravel()[: round(30 * p)] = True
    ten[1].ravel()[: round(30 * q)] = True
    assert expected_identity(network([ten[0]]), network([ten[1]]))["layer 1"] == pytest.approx(total, abs=1e-12)


def test_it_is_computed_once_and_always_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rng = recurrent(LSTM, 12, words=20), np.random.default_rng(3)
    a, b = (network(model.snapshot(model.draw(rng, d))) for d in (0.2, 0.4))
    there = expected_matched(a, b)
    monkeypatch.setattr(null, "_gains", type(null._gains)(8))
    assert expected_matched(b, a) == there  # symmetric, and drawn anew with the same seed
    monkeypatch.setattr(null, "_simulate", lambda *_: pytest.fail("simulated again"))
    assert expected_matched(a, b) == there
    other = recurrent(LSTM, 12, words=20)
    renamed = network(other.snapshot(other.draw(np.random.default_rng(9), 0.2)))
    assert list(expected_matched(renamed, b)) == list(there)


def test_outputs_are_not_matched_so_nothing_is_gained() -> None:
    model, rng = recurrent(LSTM, 12, words=20), np.random.default_rng(4)
    a, b = (network(model.snapshot(model.draw(rng, 0.3))) for _ in range(2))
    assert expected_matched(a, b)["Decoder"] == expected_identity(a, b)["Decoder"]
    assert expected_matched(a, b)["Embedding"] < expected_identity(a, b)["Embedding"]
