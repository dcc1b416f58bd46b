"""Turnover and exploration, by their numbers."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import Run
from strnn_viz.topology import matrices
from strnn_viz.views import turnover, turnover_title
from strnn_viz.views._labels import Frame, _box
from strnn_viz.views._plot import Series
from strnn_viz.views.turnover import _words, turnover_info
from tests.views import brute


@pytest.mark.parametrize("layer", [None, "LSTM layer 1", "decoder.weight"])
def test_turnover_and_the_union_of_masks(full: Run, layer: str | None) -> None:
    infos = matrices(full, layer)
    every = np.concatenate([brute.masks(full, i.name).reshape(7, -1) for i in infos], axis=1)
    found = turnover_info(full, infos)
    np.testing.assert_allclose(found.exploration, np.logical_or.accumulate(every).mean(axis=1))
    changed, held = (every[1:] ^ every[:-1]).sum(axis=1), every[1:].sum(axis=1) + every[:-1].sum(axis=1)
    assert np.isnan(found.turnover[0])
    np.testing.assert_allclose(found.turnover[1:], changed / held)
    assert found.density == every[0].mean()


def test_curves_cursor_and_reference(full: Run, renderer: Any) -> None:
    found = turnover_info(full, matrices(full))
    figure = renderer.get_plot(turnover(full, 2)).state
    straight, turned, explored, marks, _ = brute.sources(figure)
    np.testing.assert_array_equal(explored["share"], found.exploration)
    np.testing.assert_array_equal(turned["share"], found.turnover[1:])
    assert len(marks["epoch"]) == 13
    y = np.array(straight["share"])
    upright = y != np.array(straight["share_end"])
    assert np.array(straight["epoch"])[upright].tolist() == [2]
    assert set(y[~upright]) == {found.density}
    assert set(brute.texts(figure)) == {"static mask", "ever explored (Rₛ)", "turned over"}


@pytest.mark.parametrize(("end", "density"), [(0.0, 0.15), (0.0, 0.5), (0.3, 0.4), (0.3, 0.2), (0.02, 0.05)])
def test_no_name_lies_over_another_or_beyond_the_axes(end: float, density: float) -> None:
    turned = Series(np.arange(6), np.array([np.nan, 0.5, 0.35, 0.25, 0.2, end]), "turned over")
    explored, frame = Series(np.arange(6), np.linspace(density, 0.9, 6), "ever explored"), Frame(-0.1, 5.1, 0, 1.05)
    boxes = [_box(word, frame) for word in _words(density, explored, turned, 5, frame)]
    assert len(boxes) == 3
    assert not any(a.touches(b) for a, b in itertools.combinations(boxes, 2))
    assert not any(box.outside for box in boxes)


def test_titles_give_both(full: Run) -> None:
    found = turnover_info(full, matrices(full, "Decoder"))
    assert turnover_title(full, 4, layer="Decoder") == (
        f"Decoder, epoch 4: {found.turnover[4]:.1%} turned over, {found.exploration[4]:.1%} of all positions explored "
        f"so far (Rₛ), {found.density:.1%} of them from the start"
    )
    assert turnover_title(full, 0).endswith("explored so far (Rₛ); turnover begins with the next epoch")


def test_a_finished_run_is_read_once(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = turnover_info(full, matrices(full))
    monkeypatch.setattr(Run, "bits", None)
    assert turnover_info(Run(full.path), matrices(full)).exploration.tolist() == first.exploration.tolist()
