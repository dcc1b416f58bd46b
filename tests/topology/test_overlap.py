"""Shared connections counted by both ways of counting, against NumPy's own products."""

from __future__ import annotations

import numpy as np
import pytest

from strnn_viz.topology import overlap
from strnn_viz.topology.overlap import Overlap, fan_in, neuron_distance, paired_distance


@pytest.mark.parametrize(("shape", "density"), [
    ((7, 1, 5), 0.5), ((1, 1, 1), 1.0), ((30, 4, 33), 0.3), ((65, 3, 64), 0.02), ((300, 1, 40), 0.2), ((5, 2, 9), 0.0),
])  # fmt: skip
def test_counts_are_those_of_a_matrix_product(shape: tuple[int, int, int], density: float) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.random(shape) < density for _ in range(2))
    order = rng.permutation(shape[2])
    for columns in (None, order):
        ours, theirs = (m.reshape(shape[0], -1).astype(int) for m in (a, b if columns is None else b[:, :, columns]))
        np.testing.assert_array_equal(Overlap(a, b).counts(columns), ours @ theirs.T)
    np.testing.assert_array_equal(fan_in(a), a.sum(axis=(1, 2)))


@pytest.mark.parametrize("threshold", [0.0, 2.0])
def test_both_ways_of_counting_agree(monkeypatch: pytest.MonkeyPatch, threshold: float) -> None:
    monkeypatch.setattr(overlap, "_SPARSE", threshold)
    monkeypatch.setattr(overlap, "_TILE", 64)  # many tiles, the last one smaller
    rng = np.random.default_rng(1)
    a, b = (rng.random((41, 4, 50)) < 0.1 for _ in range(2))
    columns = rng.permutation(50)
    expected = np.einsum("igm,jgm->ij", a.astype(int), b[:, :, columns].astype(int))
    np.testing.assert_array_equal(Overlap(a, b).counts(columns), expected)


def test_counts_beyond_sixteen_bits() -> None:
    full = np.ones((2, 1, 70_000), dtype=bool)
    np.testing.assert_array_equal(Overlap(full, full).counts(), np.full((2, 2), 70_000))


def test_neuron_distance() -> None:
    both, a, b = (np.array(x, dtype=float) for x in ([0, 0, 0, 2, 3], [0, 0, 2, 3, 3], [0, 4, 1, 4, 3]))
    np.testing.assert_array_equal(neuron_distance(both, a, b), [0, 1, 1, 3 / 5, 0])


def test_paired_distance_takes_matrices_together() -> None:
    one, other = np.array([[[1, 1, 0]]], dtype=bool), np.array([[[0, 1, 1]]], dtype=bool)
    assert paired_distance([(one, other)]) == pytest.approx([2 / 3])
    assert paired_distance([(one, other), (one, one)]) == pytest.approx([2 / 5])
