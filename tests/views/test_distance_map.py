"""Distances of all epochs to all others, by their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import matrices, nnstd
from strnn_viz.views import distance_map, distance_map_title, distance_path
from strnn_viz.views._epoch_distances import distance_map_info, stable_layout
from strnn_viz.views._scale import codes
from tests.synthetic import make_run
from tests.views import brute


@pytest.mark.parametrize("layer", [None, "LSTM layer 1"])
def test_jaccard_distances_of_all_pairs(full: Run, layer: str | None) -> None:
    infos = matrices(full, layer)
    every = np.concatenate([brute.masks(full, i.name).reshape(7, -1) for i in infos], axis=1)
    expected = [[1 - (a & b).sum() / (a | b).sum() for b in every] for a in every]
    shown = distance_map_info(full, infos)
    np.testing.assert_allclose(shown.distances, expected, atol=1e-12)
    assert shown.epochs.tolist() == list(range(7))
    assert shown.top >= np.max(expected) > shown.top - 0.1


def test_nnstds_of_all_pairs(full: Run) -> None:
    shown = distance_map_info(full, matrices(full), metric="nnstd", most=4)
    assert shown.epochs.tolist() == [0, 2, 4, 6]
    for i, a in enumerate(shown.epochs):
        for j, b in enumerate(shown.epochs):
            assert shown.distances[i, j] == pytest.approx(nnstd(full[int(a)], full[int(b)]).normalized, abs=1e-12)


def test_points_are_as_far_apart_as_the_epochs(full: Run) -> None:
    shown = distance_map_info(full, matrices(full))
    apart = np.linalg.norm(shown.points[:, None] - shown.points[None], axis=2)
    stress = np.sqrt(((apart - shown.distances) ** 2).sum() / (shown.distances**2).sum())
    assert shown.stress == pytest.approx(stress)
    assert stress < 0.3


def test_one_more_epoch_moves_the_others_little(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=16, hidden=8)
    distances = distance_map_info(run, matrices(run)).distances
    assert len(distances) == 17
    before = stable_layout(distances[:13, :13]).points
    for n in range(14, 18):
        after = stable_layout(distances[:n, :n]).points
        assert np.linalg.norm(after[:13] - before, axis=1).max() < 0.3 * np.ptp(before)
        before = after[:13]


def test_the_matrix_is_drawn_from_the_first_epoch_on(full: Run, renderer: Any) -> None:
    shown = distance_map_info(full, matrices(full))
    figure = renderer.get_plot(distance_map(full, 4)).state
    image = figure.renderers[0].data_source.data
    (drawn,) = image["image"]
    assert drawn.shape == (9, 9)
    assert (drawn[:7, :7] == codes(shown.distances, 0, shown.top)).all()
    assert (drawn[7:] == 0).all()
    assert (drawn[:, 7:] == 0).all()
    assert (image["x"], image["y"], image["dw"], image["dh"]) == ([-0.5], [-0.5], [9], [9])
    crossing = brute.sources(figure)[2]
    assert sorted(zip(crossing["epoch"], crossing["epoch_end"], strict=True))[1] == (4, 4)
    assert sorted(zip(crossing["other_epoch"], crossing["other_epoch_end"], strict=True))[1] == (4, 4)


def test_the_path_goes_through_all_epochs_and_rings_the_one_shown(full: Run, renderer: Any) -> None:
    shown = distance_map_info(full, matrices(full))
    figure = renderer.get_plot(distance_path(full, 4, max_rows=200, max_columns=500)).state
    path, marks, ring, _ = brute.sources(figure)
    np.testing.assert_array_equal(np.column_stack([marks["plane_x"], marks["plane_y"]]), shown.points)
    np.testing.assert_array_equal(np.column_stack([path["plane_x_end"], path["plane_y_end"]]), shown.points[1:])
    assert [ring["plane_x"][0], ring["plane_y"][0]] == shown.points[4].tolist()
    across, down = (r.end - r.start for r in (figure.x_range, figure.y_range))
    assert across / down == pytest.approx(500 / 200)  # one scale along both axes
    assert np.abs(shown.points[:, 1]).max() < down / 2
    assert {"0", "4", "6"} >= set(brute.texts(figure))


def test_an_epoch_between_those_compared_is_marked_at_the_one_before(full: Run) -> None:
    shown = distance_map_info(full, matrices(full), most=4)
    assert [shown.place(e) for e in (None, 0, 1, 2, 5, 6)] == [None, 0, 0, 1, 2, 3]


def test_titles_say_how_far_and_how_true(full: Run) -> None:
    shown = distance_map_info(full, matrices(full))
    row = shown.distances[2]
    far = int(row.argmax())
    assert far not in (0, 2)
    assert distance_map_title(full, 2) == (
        f"All layers, epoch 2: Jaccard distance {row[0]:.3f} to epoch 0, at most {row[far]:.3f}, to epoch {far}; "
        f"the plane is true to within {shown.stress:.1%}"
    )
    assert "normalised NNSTD" in distance_map_title(full, 4, metric="nnstd", most=4)


def test_an_unknown_metric_is_refused(full: Run) -> None:
    with pytest.raises(UsageError, match=r"'cosine'.*jaccard or nnstd"):
        distance_map(full, 2, metric="cosine")  # type: ignore[arg-type]


def test_a_finished_run_is_compared_once(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = distance_map_info(full, matrices(full, "Decoder"))
    assert distance_map_info(Run(full.path), matrices(full, "Decoder")) is before
    monkeypatch.setattr(Run, "bits", None)
    distance_map(full, 3, layer="Decoder")
