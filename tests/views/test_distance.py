"""Connectivity distance, by its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.runs import Run
from strnn_viz.topology import distance_curves, independent_distance, matrices
from strnn_viz.views import connectivity_distance, distance_title, nnstd_title
from tests.synthetic import make_run


def sources(figure: Any) -> list[dict[str, Any]]:
    return [r.data_source.data for r in figure.renderers]


def words(figure: Any) -> dict[str, tuple[float, float]]:
    data = sources(figure)[-1]
    return {t.strip(): (x, y) for t, x, y in zip(data["text"], data["epoch"], data["distance"], strict=True)}


@pytest.mark.parametrize("layer", [None, "LSTM layer 1", "decoder.weight"])
def test_curves_are_the_distances(full: Run, renderer: Any, layer: str | None) -> None:
    expected = distance_curves(full, matrices(full, layer))
    _, previous, first, marks, _ = sources(renderer.get_plot(connectivity_distance(full, 2, layer=layer)).state)
    np.testing.assert_array_equal(first["distance"], expected.to_first)
    np.testing.assert_array_equal(first["epoch"], range(7))
    np.testing.assert_array_equal(previous["distance"], expected.to_previous[1:])
    np.testing.assert_array_equal(previous["epoch"], range(1, 7))
    assert len(marks["epoch"]) == 13


def test_cursor_and_reference_are_where_they_should_be(full: Run, renderer: Any) -> None:
    lines = sources(renderer.get_plot(connectivity_distance(full, 2)).state)[0]
    y = np.array(lines["distance"])
    upright = y != np.array(lines["distance_end"])
    assert np.array(lines["epoch"])[upright].tolist() == [2]
    assert set(y[~upright]) == {distance_curves(full, matrices(full)).independent}
    assert y[~upright][0] == pytest.approx(independent_distance(0.2), abs=5e-3)


def test_axes_are_those_of_the_whole_run_from_the_start(full: Run, empty: Run, renderer: Any) -> None:
    ranges = []
    for run, epoch in ((empty, None), (full, 0), (full, 6)):
        figure = renderer.get_plot(connectivity_distance(run, epoch)).state
        ranges.append((figure.x_range.start, figure.x_range.end, figure.y_range.start, figure.y_range.end))
    assert len(set(ranges)) == 1
    assert ranges[0] == pytest.approx((-0.16, 8.16, 0, 1.05))


def test_names_stand_where_their_curves_leave_room(full: Run, empty: Run, renderer: Any) -> None:
    curves = distance_curves(full, matrices(full))
    named = words(renderer.get_plot(connectivity_distance(full, 2)).state)
    assert named["independent masks"] == (8, pytest.approx(curves.independent, abs=0.02))
    for name, curve in (("to first", curves.to_first), ("to previous", curves.to_previous)):
        x, y = named[name]
        assert y == pytest.approx(curve[int(x)], abs=0.02)
    named = words(renderer.get_plot(connectivity_distance(empty, None)).state)
    assert named == {"appears with the first epoch": (4, 0.5)}


def test_titles_give_both_distances_and_the_reference(full: Run) -> None:
    curves = distance_curves(full, matrices(full))
    assert distance_title(full, 4) == (
        f"Epoch 4: Jaccard distance {curves.to_first[4]:.3f} to the first topology, {curves.to_previous[4]:.3f} to the "
        f"previous (independent masks: {curves.independent:.3f})"
    )
    assert distance_title(full, 4, layer="LSTM layer 2").startswith("LSTM layer 2, epoch 4: Jaccard distance ")
    assert distance_title(full, 1) == "Epoch 1: still the first topology; distances begin with the first rewiring"


def test_of_a_run_that_never_rewires_none_is_promised(tmp_path: Path) -> None:
    run = make_run(tmp_path / "static", RunConfig().replace({"method": "static"}), epochs=2, hidden=6, rate=0.0)
    assert distance_title(run, 2) == "Epoch 2: still the first topology; this run never rewires"
    assert nnstd_title(run, 2) == "All layers, epoch 2: still the first topology; this run never rewires"
