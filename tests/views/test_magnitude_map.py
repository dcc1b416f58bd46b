"""The heat map of magnitudes, by its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import LOG10_EDGES, Run
from strnn_viz.topology import magnitudes, matrices
from strnn_viz.views import magnitude_map
from strnn_viz.views.magnitude_map import magnitude_map_info


def sources(element: Any, renderer: Any) -> list[dict[str, Any]]:
    return [r.data_source.data for r in renderer.get_plot(element).state.renderers]


def test_every_epoch_has_a_column_of_shares(full: Run) -> None:
    layers = matrices(full, "LSTM layer 1")
    shown = magnitude_map_info(full, layers)
    assert shown.epochs.tolist() == full.epochs
    np.testing.assert_allclose(shown.shares.sum(axis=1) + shown.zeros, 1)
    found = magnitudes(full, 3, layers)
    inside = (LOG10_EDGES[:-1] > shown.low + 1e-6) & (LOG10_EDGES[1:] < shown.high - 1e-6)
    np.testing.assert_allclose(shown.shares[3][1:-1], found.total[inside] / found.nnz)
    assert 0 < shown.shares.max() <= shown.peak <= shown.shares.max() + 0.02


def test_thresholds_stand_at_the_epochs_that_were_pruned(full: Run) -> None:
    name = "lstm.0.weight_hh"
    shown = magnitude_map_info(full, matrices(full, name))
    told = {row["epoch"]: row["layers"][name].get("threshold") for row in full.rows}
    assert dict(shown.marks) == pytest.approx({e: np.log10(t) for e, t in told.items() if t})


def test_zeros_are_a_row_of_their_own_below_a_gap(full: Run, renderer: Any) -> None:
    image = sources(magnitude_map(full, 2, layer="Decoder"), renderer)[0]["image"][0]
    shown = magnitude_map_info(full, matrices(full, "Decoder"))
    drawn = image[:, : len(shown.epochs)]
    codes = 1 + np.round(253 * np.sqrt(np.clip(shown.zeros / shown.peak, 0, 1)))
    assert (drawn[0] == np.where(shown.zeros > 0, codes, 0)).all()
    assert (drawn[6:] == 0).sum() >= (shown.shares == 0).sum() > 0  # and where there is no weight
    assert (drawn[1:5] == 0).all()
    assert (image[:, len(shown.epochs) :] == 0).all()  # epochs to come


def test_scrubbing_moves_the_cursor_only(full: Run, renderer: Any) -> None:
    one, other = (sources(magnitude_map(full, epoch), renderer) for epoch in (1, 5))
    np.testing.assert_array_equal(one[0]["image"][0], other[0]["image"][0])
    assert (one[3]["epoch"][0], other[3]["epoch"][0]) == (1, 5)


def test_an_empty_run_has_the_same_elements(empty: Run, full: Run) -> None:
    assert [type(e) for e in magnitude_map(empty, None)] == [type(e) for e in magnitude_map(full, 3)]
