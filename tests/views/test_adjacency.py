"""Degree-ordered adjacency, by its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import states
from strnn_viz.topology.pooling import LEVELS, MIXES
from strnn_viz.views import adjacency, adjacency_title, palette
from strnn_viz.views.adjacency import adjacency_info

NAME = "lstm.0.weight_hh"
FULL = {i + 1: 1 + (LEVELS - 1) * len(MIXES) + MIXES.tolist().index(mix) for i, mix in
        enumerate([[5, 0, 0], [0, 5, 0], [0, 0, 5]])}  # fmt: skip


def ordered(run: Run, epoch: int, order_epoch: int) -> Any:
    """Codes of every position, rows by falling degree within their gate, the long way."""
    what = states(run[epoch].mask(NAME), run[epoch - 1].mask(NAME) if epoch else None)
    by = run[order_epoch].mask(NAME).astype(int)
    columns = sorted(range(12), key=lambda c: (-by[:, c].sum(), c))
    rows = [r for g in range(4) for r in sorted(range(12 * g, 12 * g + 12), key=lambda r: (-by[r].sum(), r))]
    return np.vectorize({0: 0, **FULL}.get)(what[np.ix_(rows, columns)])


@pytest.mark.parametrize("epoch", [0, 2, 5])
@pytest.mark.parametrize("order_epoch", [None, 0, 4])
def test_rows_and_columns_have_the_order_of_one_epoch(full: Run, epoch: int, order_epoch: int | None) -> None:
    shown = adjacency_info(full, epoch, full.layers[NAME], max_rows=99, max_columns=99, order_epoch=order_epoch)
    assert (shown.codes == ordered(full, epoch, order_epoch or 0)).all()
    assert shown.gates == ("i", "f", "g", "o")
    assert (shown.row_label, shown.column_label) == (
        "hidden unit, by degree",
        "previous hidden unit, by degree",
    )


def test_at_the_epoch_of_the_order_degrees_fall(full: Run) -> None:
    shown = adjacency_info(full, 4, full.layers[NAME], max_rows=99, max_columns=99, order_epoch=4)
    active = (shown.codes > 0) & (shown.codes != FULL[3])
    assert (np.diff(active.sum(axis=0)) <= 0).all()
    assert (np.diff(active.reshape(4, 12, 12).sum(axis=2), axis=1) <= 0).all()


def test_the_picture_is_in_the_colours_of_masks(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(adjacency(full, 3, layer=NAME, max_rows=100)).state
    image = figure.renderers[0]
    assert tuple(image.glyph.color_mapper.palette) == palette.CODE_COLOURS
    (codes,) = image.data_source.data["image"]
    assert (codes == ordered(full, 3, 0)).all()
    assert (figure.y_range.start, figure.y_range.end) == (1, 0)


def test_words_run_across(full: Run) -> None:
    shown = adjacency_info(full, 3, full.layers["decoder.weight"], max_rows=100, max_columns=500)
    assert shown.codes.shape == shown.shape == (12, 120)
    assert (shown.row_label, shown.column_label) == ("hidden unit, by degree", "word, by degree")


def test_titles_follow_the_busiest_units(full: Run) -> None:
    first, now = (full[e].mask(NAME).sum(axis=0) for e in (0, 5))
    top = int(first.argmax())
    assert adjacency_title(full, 5, layer=NAME) == (
        f"LSTM layer 1, recurrent, epoch 5: the 1 busiest of 12 columns at epoch 0 had "
        f"{first[top] / first.sum():.1%} of the connections, and have {now[top] / now.sum():.1%}"
    )
    assert adjacency_title(full, 5, layer=NAME, order_epoch=5).endswith(
        f"at epoch 5 have {now.max() / now.sum():.1%} of the connections"
    )


def test_the_epoch_of_the_order_must_be_there(full: Run) -> None:
    with pytest.raises(UsageError, match="no epoch 40"):
        adjacency(full, 3, order_epoch=40)
