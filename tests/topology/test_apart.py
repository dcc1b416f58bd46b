"""Distances between runs, by their numbers."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.topology import nnstd
from strnn_viz.topology.apart import apart, epochs_apart, matched_units
from tests.synthetic import make_run


def test_distances_are_those_of_the_masks(tmp_path: Path) -> None:
    a = make_run(tmp_path / "a", preset("demo", epochs=2), epochs=2, hidden=6)
    b = make_run(tmp_path / "b", preset("demo", epochs=2), epochs=2, hidden=6, seed=1)
    x, y = (np.concatenate([run[1].mask(name).ravel() for name in run.layers]) for run in (a, b))
    found = apart(a, b, 1, units=True)
    assert found.jaccard == pytest.approx(1 - (x & y).sum() / (x | y).sum())
    assert found.nnstd == nnstd(a[1], b[1]).normalized
    chance = sum(int(a[1].mask(name).sum()) * int(b[1].mask(name).sum()) / info.size for name, info in a.layers.items())
    assert found.chance == pytest.approx(1 - chance / (int(x.sum()) + int(y.sum()) - chance))
    assert math.isnan(apart(a, b, 1).nnstd)
    itself = apart(a, a, 1, units=True)
    assert (itself.jaccard, itself.nnstd) == (0, 0)
    assert matched_units(a) == 6


@pytest.mark.parametrize(
    ("a", "b", "most", "chosen"),
    [
        (range(5), range(3), 9, [0, 1, 2]),
        (range(0, 20, 2), range(20), 4, [0, 6, 12, 18]),
        (range(12), range(12), 4, [0, 4, 8, 11]),
        ([0, 1], [5, 6], 4, []),
    ],
)
def test_epochs_both_have_evenly(a, b, most: int, chosen: list[int]) -> None:
    assert epochs_apart(list(a), list(b), most) == chosen
