"""Two masks compared, by counting."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.topology.between import (
    BOTH,
    NEITHER,
    ONLY_A,
    ONLY_B,
    common_matrices,
    differing,
    misfit,
    nearest_epoch,
    shared,
    shared_between,
)
from tests.synthetic import make_run

A = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [0, 0, 1, 0]], dtype=bool)
B = np.array([[1, 0, 1, 0], [1, 0, 0, 0], [0, 1, 1, 1]], dtype=bool)


def count(a: np.ndarray, b: np.ndarray):
    return shared(np.packbits(a), np.packbits(b), a.size)


def test_connections_are_counted_by_who_has_them() -> None:
    found = count(A, B)
    assert (found.only_a, found.both, found.only_b, found.size) == (2, 3, 3, 12)
    assert (found.a, found.b) == (5, 6)
    assert found.jaccard == 3 / 8
    assert found.overlap == 3 / 5
    assert found.by_chance == 5 * 6 / 12
    assert found.chance_jaccard == 2.5 / (11 - 2.5)
    assert found.chance_overlap == 0.5
    # hypergeometric: n K/N (1 - K/N) (N - n)/(N - 1)
    assert found.variance == pytest.approx(6 * 5 / 12 * 7 / 12 * 6 / 11)


def test_what_chance_gives_is_what_random_masks_give() -> None:
    rng = np.random.default_rng(0)
    a = np.zeros(400, dtype=bool)
    a[:120] = True
    both = [count(a, rng.permutation(np.arange(400) < 90)).both for _ in range(4000)]
    found = count(a, np.arange(400) >= 310)
    assert found.by_chance == 27
    assert np.mean(both) == pytest.approx(27, abs=0.3)
    assert np.std(both) == pytest.approx(found.deviation, rel=0.05)


def test_empty_masks_are_alike_and_full_ones_share_all() -> None:
    none, all_ = np.zeros((2, 3), dtype=bool), np.ones((2, 3), dtype=bool)
    assert (count(none, none).jaccard, count(none, none).overlap, count(none, none).chance_jaccard) == (1.0, 1.0, 1.0)
    assert count(none, all_).jaccard == 0.0
    assert (count(all_, all_).by_chance, count(all_, all_).variance) == (6.0, 0.0)


def test_matrices_are_added_up_before_they_are_divided() -> None:
    total = count(A, B) + count(A, A)
    assert (total.only_a, total.both, total.only_b, total.size) == (2, 8, 3, 24)
    assert total.jaccard == 8 / 13
    assert total.by_chance == 30 / 12 + 25 / 12


def test_states_of_a_difference() -> None:
    expected = np.where(A & B, BOTH, np.where(A, ONLY_A, np.where(B, ONLY_B, NEITHER)))
    np.testing.assert_array_equal(differing(A, B), expected)


@pytest.mark.parametrize(
    ("epochs", "wanted", "nearest"),
    [([], 3, None), ([0, 1], None, None), ([0, 5, 10], 7, 5), ([0, 5, 10], 8, 10), ([0, 4, 8], 6, 4), ([2, 3], 9, 3)],
)
def test_the_nearest_epoch(epochs: list[int], wanted: int | None, nearest: int | None) -> None:
    assert nearest_epoch(epochs, wanted) == nearest


def test_runs_are_compared_matrix_by_matrix(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", preset("demo", epochs=2), epochs=2, hidden=6)
    b = make_run(tmp_path / "b", preset("demo", epochs=2), epochs=2, hidden=6, seed=1)
    names = ["lstm.0.weight_ih", "lstm.0.weight_hh"]
    found = shared_between(a, 1, b, 2, names)
    masks = [(a[1].mask(name), b[2].mask(name)) for name in names]
    assert found.both == sum(int((x & y).sum()) for x, y in masks)
    assert found.only_a == sum(int((x & ~y).sum()) for x, y in masks)
    assert found.only_b == sum(int((y & ~x).sum()) for x, y in masks)
    assert found.size == 2 * 24 * 6
    itself = shared_between(a, 1, a, 1, names)
    assert (itself.only_a, itself.only_b, itself.jaccard) == (0, 0, 1.0)
    assert misfit(a, b) == ""
    assert common_matrices(a, b) == list(a.layers.values())


def test_runs_of_different_shapes_are_told_apart_in_words(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", preset("demo", epochs=1), epochs=1, hidden=6)
    b = make_run(tmp_path / "b", preset("demo", epochs=1), epochs=1, hidden=8)
    assert misfit(a, b) == "embedding.weight is 120 × 6 in a and 120 × 8 in b."
    assert common_matrices(a, b) == []
