"""Parts of a mask, in other orders, by age, and lit by magnitude: compared with what is drawn of the whole."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import degree_order
from strnn_viz.topology.pooling import CODES, LEVELS, MIXES
from strnn_viz.views import _cells, mask_evolution, palette
from strnn_viz.views._mask_cells import DIMMED, Look, mask_info, region
from strnn_viz.views.ages import AGE_COLOURS, AGES, age_info, span
from tests.synthetic import make_run

NAME = "lstm.0.weight_hh"
ROOM = {"max_rows": 200, "max_columns": 200}


def exact(run: Run, epoch: int, name: str = NAME, **look: object) -> np.ndarray:
    return mask_info(run, epoch, run.layers[name], **ROOM, look=Look(**look)).codes


def test_a_window_holds_exact_cells_and_a_margin_where_the_whole_is_pooled(full: Run) -> None:
    info = full.layers[NAME]
    pooled = mask_info(full, 3, info, max_rows=8, max_columns=6)
    part = mask_info(full, 3, info, max_rows=8, max_columns=6, look=Look(window=(0.25, 0.5, 0.5, 0.625)))
    assert (pooled.exact, part.exact) == (False, True)
    (top, bottom), (left, right) = region(Look(window=(0.25, 0.5, 0.5, 0.625)), info)
    assert (top, bottom, left, right) == (22, 32, 2, 7)  # a quarter of the window more at each side, whole cells
    np.testing.assert_array_equal(part.codes, exact(full, 3)[top:bottom, left:right])
    assert part.bounds == (2 / 12, 22 / 48, 7 / 12, 32 / 48)
    assert (part.rows[0], part.rows[-1], part.columns[0], part.columns[-1]) == (22, 32, 2, 7)


def test_a_window_of_words_lies_as_the_picture_does(full: Run) -> None:
    part = mask_info(full, 3, full.layers["decoder.weight"], **ROOM, look=Look(window=(0.5, 0.0, 0.6, 0.5)))
    whole = exact(full, 3, "decoder.weight")
    np.testing.assert_array_equal(part.codes, whole[0:8, 57:75])


def test_windows_beyond_the_matrix_are_cut_to_it(full: Run) -> None:
    info = full.layers[NAME]
    assert region(Look(window=(-1.0, -1.0, 2.0, 2.0)), info) == ((0, 48), (0, 12))
    assert region(Look(window=(1.0, 1.0, 1.0, 1.0)), info) == ((47, 48), (11, 12))


def test_units_by_degree_are_those_of_the_epoch_shown_and_frozen_ones_those_of_another(full: Run) -> None:
    info, plain = full.layers[NAME], exact(full, 5)
    for order, epoch in (("degree", 5), (2, 2)):
        rows, columns = degree_order(full[epoch].mask(NAME), info)
        np.testing.assert_array_equal(exact(full, 5, order=order), plain[rows][:, columns])
    label = mask_info(full, 5, info, **ROOM, look=Look(order=2)).column_label
    assert label == "previous hidden unit, by degree at epoch 2"


def test_ages_are_those_of_the_age_map(full: Run) -> None:
    info = full.layers[NAME]
    for room in (ROOM, {"max_rows": 9, "max_columns": 4}):
        aged = mask_info(full, 4, info, **room, look=Look(colouring="age")).codes
        np.testing.assert_array_equal(aged, age_info(full, 4, info, **room).codes)
    newest = exact(full, 4, colouring="age")[full[4].mask(NAME) & ~full[3].mask(NAME)]
    assert set(newest) == {1 + (LEVELS - 1) * AGES}
    assert span(full) >= 4


def test_weights_within_a_range_are_lit_and_the_others_dimmed(full: Run) -> None:
    weight, mask = np.abs(full[3].weight(NAME)), full[3].mask(NAME)
    low, high = np.quantile(weight[mask], [0.3, 0.6])
    codes, plain = exact(full, 3, lit=(float(low), float(high))), exact(full, 3)
    lit = mask & (weight >= low) & (weight <= high)
    assert 0 < lit.sum() < mask.sum()
    np.testing.assert_array_equal(codes[lit], plain[lit])
    assert set(codes[~lit & (plain > 0)]) == {CODES + len(DIMMED) - 1}  # what died is dimmed too
    assert not codes[plain == 0].any()
    aged = exact(full, 3, lit=(float(low), float(high)), colouring="age")
    np.testing.assert_array_equal(aged[lit], exact(full, 3, colouring="age")[lit])
    assert (aged[~lit & mask] >= CODES).all()


def test_what_is_lit_is_seen_however_little_of_a_block_it_is(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=2, hidden=40)
    values = np.sort(np.abs(run[2].layer(NAME).values))
    codes = mask_info(run, 2, run.layers[NAME], max_rows=4, max_columns=1,
                      look=Look(lit=(float(values[-1]), 1e9))).codes  # fmt: skip
    bright = codes[(codes > 0) & (codes < CODES)].astype(int)
    assert len(bright) == 1  # the block with the one largest weight
    assert (bright - 1) // len(MIXES) + 1 > LEVELS // 2


def test_every_look_has_its_colours(full: Run, renderer: object) -> None:
    assert Look().colours == palette.CODE_COLOURS
    assert Look(colouring="age").colours == AGE_COLOURS
    assert Look(lit=(0, 1)).colours == (*palette.CODE_COLOURS, *DIMMED)
    assert all(len(Look(lit=(0, 1), colouring=c).colours) == 256 for c in ("state", "age"))
    figure = renderer.get_plot(mask_evolution(full, 3, colouring="age", lit=(0.0, 0.1))).state
    mapper = figure.renderers[0].glyph.color_mapper
    assert tuple(mapper.palette) == Look(colouring="age", lit=(0, 1)).colours
    assert (mapper.low, mapper.high) == (-0.5, 255.5)


def test_a_window_is_drawn_in_its_place_and_the_axes_stay(full: Run, renderer: object) -> None:
    figure = renderer.get_plot(mask_evolution(full, 3, layer=NAME, window=(0.25, 0.5, 0.5, 0.625))).state
    data = figure.renderers[0].data_source.data
    assert (data["x"][0], data["dw"][0]) == pytest.approx((2 / 12, 5 / 12))
    assert (data["y"][0], data["dh"][0]) == pytest.approx((22 / 48, 10 / 48))
    assert (figure.x_range.start, figure.x_range.end, figure.y_range.start, figure.y_range.end) == (0, 1, 1, 0)
    assert figure.x_range.bounds == figure.y_range.bounds == (0, 1)
    assert figure.x_range.min_interval == 0.5  # six of twelve units
    assert list(figure.yaxis[0].major_label_overrides.values()) == ["g 0", "g 2", "g 4", "g 6"]
    assert list(figure.xaxis[0].major_label_overrides.values()) == ["3", "4", "5", "6"]
    tools = figure.toolbar.active_scroll, figure.toolbar.active_drag
    assert [type(tool).__name__ for tool in tools] == ["WheelZoomTool", "PanTool"]


@pytest.mark.parametrize("look", [{"colouring": "rainbow"}, {"order": "random"}])
def test_another_look_is_refused_with_its_name(look: dict[str, str]) -> None:
    with pytest.raises(UsageError, match=next(iter(look.values()))):
        Look(**look)


def test_two_gates_are_named_where_all_of_them_is_seen() -> None:
    shown = replace(_cells.NOTHING, shape=(128, 64), gates=("h", "t"))
    assert _cells._row_ticks(shown) == [(0.25, "h"), (0.75, "t")]
    part = _cells._row_ticks(replace(shown, window=(0.0, 0.1, 1.0, 1.0)))
    assert all(abs(a - b) > 0.05 for (a, _), (b, _) in itertools.pairwise(part))
    assert {"h 20", "t 0"} <= {text for _, text in part}
