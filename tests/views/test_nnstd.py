"""NNSTD over epochs, by its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import Run
from strnn_viz.topology import matrices, nnstd
from strnn_viz.views import _pairs, nnstd_distance, nnstd_title
from strnn_viz.views.nnstd import nnstd_info
from tests.synthetic import make_run
from tests.views import brute


@pytest.mark.parametrize("layer", [None, "LSTM layer 2", "lstm.1.weight_hh"])
def test_distances_are_those_of_snapshots(full: Run, layer: str | None) -> None:
    found = nnstd_info(full, 3, matrices(full, layer))
    assert found.epochs.tolist() == list(range(7))
    for epoch in range(7):
        for table, other in ((found.to_first, 0), (found.to_previous, epoch - 1)):
            if other < 0:
                assert np.isnan(table[epoch]).all()
                continue
            distance = nnstd(full[epoch], full[other])
            of = distance if layer is None else next(la for la in distance.layers if la.name == "LSTM layer 2")
            np.testing.assert_allclose(table[epoch], [of.raw, of.normalized], atol=1e-12)


def test_curves_are_the_distances(full: Run, renderer: Any) -> None:
    found = nnstd_info(full, 2, matrices(full))
    figure = renderer.get_plot(nnstd_distance(full, 2)).state
    straight, raw_previous, raw_first, previous, first, marks, _ = brute.sources(figure)
    np.testing.assert_array_equal(first["distance"], found.to_first[:, 1])
    np.testing.assert_array_equal(raw_first["distance"], found.to_first[:, 0])
    np.testing.assert_array_equal(previous["distance"], found.to_previous[1:, 1])
    np.testing.assert_array_equal(raw_previous["distance"], found.to_previous[1:, 0])
    assert len(marks["epoch"]) == 26
    y = np.array(straight["distance"])
    upright = y != np.array(straight["distance_end"])
    assert np.array(straight["epoch"])[upright].tolist() == [2]
    assert set(y[~upright]) == {1.0}


def test_only_epochs_asked_for_are_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run(tmp_path / "run", epochs=12, hidden=6)
    pairs: list[Any] = []
    real = _pairs.distance

    def counted(a: Any, b: Any) -> Any:
        pairs.append((a, b))
        return real(a, b)

    monkeypatch.setattr(_pairs, "distance", counted)
    found = nnstd_info(run, 5, matrices(run), most=3)
    assert found.epochs.tolist() == [0, 5, 7]  # the axis goes to 20: a stride of seven, and the one shown
    assert len(pairs) == 5  # of 0 to itself; of 5 and 7 to the first and to the one before
    nnstd_info(Run(run.path), 5, matrices(run), most=3)
    nnstd_info(run, None, matrices(run, "Decoder"), most=3)
    assert len(pairs) == 5
    assert nnstd_info(run, 6, matrices(run), most=3).epochs.tolist() == [0, 6, 7]
    assert len(pairs) == 5 + 2  # to the first, and to epoch 5


def test_epochs_that_stand_do_not_move_when_others_are_added() -> None:
    assert _pairs.standing(list(range(31)), 12, 30) == list(range(0, 31, 3))
    assert _pairs.standing(list(range(8)), 12, 30) == [0, 3, 6]
    assert _pairs.standing([1, 2, 3], 60, 5) == [1, 2, 3]


def test_large_runs_are_computed_at_few_epochs(full: Run) -> None:
    assert _pairs.most_epochs(full) == 60
    sizes = (128, 129, 512, 1024, 1500)
    found = [next((m for s, m in _pairs._MOST_BY_UNITS if n <= s), _pairs._MOST_LARGE) for n in sizes]
    assert found == [60, 30, 12, 6, 4]


def test_titles_give_raw_and_normalised(full: Run) -> None:
    first, previous = nnstd(full[4], full[0]), nnstd(full[4], full[3])
    assert nnstd_title(full, 4) == (
        f"All layers, epoch 4: NNSTD {first.raw:.3f} to the first topology, {first.normalized:.1%} of that of "
        f"independent masks; {previous.raw:.3f} to the previous, {previous.normalized:.1%}"
    )
    for epoch in (0, 1):
        assert nnstd_title(full, epoch, layer="Decoder") == (
            f"Decoder, epoch {epoch}: still the first topology; distances begin with the first rewiring"
        )
