"""Degree and churn beside a mask, counted from the masks."""

import numpy as np
import pytest

from strnn_viz.runs import Run
from strnn_viz.topology import degree_order
from strnn_viz.views._mask_cells import Look, mask_info
from strnn_viz.views._strips import strips

NAME = "lstm.0.weight_hh"


def test_rows_and_columns_are_counted_by_what_became_of_their_connections(full: Run) -> None:
    now, before = full[3].mask(NAME), full[2].mask(NAME)
    found = strips(full, 3, full.layers[NAME])
    for axis, counts in ((1, found.rows), (0, found.columns)):
        expected = [(now & before).sum(axis), (now & ~before).sum(axis), (before & ~now).sum(axis)]
        np.testing.assert_array_equal(counts, expected)


def test_in_the_first_topology_nothing_is_new(full: Run) -> None:
    found = strips(full, 0, full.layers[NAME])
    assert found.rows[1:].sum() == found.columns[1:].sum() == 0
    np.testing.assert_array_equal(found.rows[0], full[0].mask(NAME).sum(axis=1))


def test_strips_lie_as_the_cells_do(full: Run) -> None:
    info = full.layers[NAME]
    rows, columns = degree_order(full[3].mask(NAME), info)
    plain, ordered = strips(full, 3, info), strips(full, 3, info, "degree")
    np.testing.assert_array_equal(ordered.rows, plain.rows[:, rows])
    np.testing.assert_array_equal(ordered.columns, plain.columns[:, columns])
    words = full.layers["decoder.weight"]
    assert strips(full, 3, words).rows.shape == (3, 12)  # words run across
    assert strips(full, 3, words).columns.shape == (3, 120)


@pytest.mark.parametrize("window", [None, (0.3, 0.4, 0.6, 0.5)])
def test_a_strip_has_a_mean_for_every_row_and_column_of_cells(full: Run, window: object) -> None:
    info = full.layers[NAME]
    cells = mask_info(full, 3, info, max_rows=10, max_columns=5, look=Look(window=window))
    found = strips(full, 3, info)
    rows, columns = found.beside(cells)
    assert (rows.shape, columns.shape) == ((3 * cells.codes.shape[0],), (3 * cells.codes.shape[1],))
    first = found.rows[0, cells.rows[0] : cells.rows[1]].mean()
    assert rows[0] == round(min(255, 255 * first / found.full[0]))
    assert found.full[0] == pytest.approx(2.5 * 12 * full[0].layer(NAME).density)
