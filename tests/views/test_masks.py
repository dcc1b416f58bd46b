"""Mask evolution, by its numbers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, capture
from strnn_viz.topology import pool, states
from strnn_viz.topology.pooling import LEVELS, MIXES
from strnn_viz.views import LEGEND, active_words, mask_evolution, mask_title, palette
from strnn_viz.views._cells import first_density
from strnn_viz.views.masks import mask_info
from tests.synthetic import make_run

FULL = {
    s: 1 + (LEVELS - 1) * len(MIXES) + MIXES.tolist().index(m)
    for s, m in ((1, [5, 0, 0]), (2, [0, 5, 0]), (3, [0, 0, 5]))
}


def what(run: Run, epoch: int, name: str) -> np.ndarray:
    return states(run[epoch].mask(name), run[epoch - 1].mask(name) if epoch else None)


@pytest.mark.parametrize("epoch", [0, 3])
def test_where_there_is_room_every_position_is_its_state(full: Run, epoch: int) -> None:
    info = full.layers["lstm.0.weight_hh"]
    shown = mask_info(full, epoch, info, max_rows=100, max_columns=100)
    states_ = what(full, epoch, info.name)
    assert shown.shape == shown.codes.shape == info.shape == (48, 12)
    assert (shown.codes == np.vectorize({0: 0, **FULL}.get)(states_)).all()
    assert shown.gates == ("i", "f", "g", "o")


def test_a_large_matrix_is_pooled_gate_by_gate(full: Run) -> None:
    info = full.layers["lstm.0.weight_hh"]
    shown = mask_info(full, 2, info, max_rows=20, max_columns=6)
    density = full[2].layer(info.name).density
    expected = pool(what(full, 2, info.name), 20, 6, breaks=(12, 24, 36), density=density)
    assert (shown.codes == expected.codes).all()
    assert shown.codes.shape == (16, 6)


@pytest.mark.parametrize(
    ("name", "rows", "columns"),
    [("embedding.weight", "embedding unit", "word"), ("decoder.weight", "hidden unit", "word")],
)
def test_words_run_across(full: Run, name: str, rows: str, columns: str) -> None:
    shown = mask_info(full, 2, full.layers[name], max_rows=100, max_columns=500)
    assert shown.shape == shown.codes.shape == (12, 120)
    assert (shown.codes == np.vectorize({0: 0, **FULL}.get)(what(full, 2, name).T)).all()
    assert (shown.row_label, shown.gates) == (rows, ())
    assert shown.column_label.startswith(columns)
    assert mask_info(full, 2, full.layers[name], max_rows=5, max_columns=50).codes.shape == (4, 40)


def test_cells_are_computed_once_for_all_viewers(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    info = full.layers["lstm.1.weight_hh"]
    first = mask_info(full, 5, info, max_rows=30, max_columns=30)
    monkeypatch.setattr(Run, "layer", None)
    assert mask_info(Run(full.path), 5, info, max_rows=30, max_columns=30) is first


def test_row_zero_is_drawn_at_the_top(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(mask_evolution(full, 3, layer="lstm.0.weight_hh", max_rows=100)).state
    source = figure.renderers[0].data_source.data
    (image,) = source["image"]
    assert image.dtype == np.uint8
    assert (image == mask_info(full, 3, full.layers["lstm.0.weight_hh"], max_rows=100).codes).all()
    # the glyph's first row lies at the lower coordinate, and the axis points down
    assert (source["y"][0], source["dh"][0]) == (0, 1)
    assert (figure.y_range.start, figure.y_range.end) == (1, 0)
    assert (figure.x_range.start, figure.x_range.end) == (0, 1)


def test_codes_meet_their_colours(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(mask_evolution(full, 3)).state
    mapper = figure.renderers[0].glyph.color_mapper
    assert tuple(mapper.palette) == palette.CODE_COLOURS
    width = (mapper.high - mapper.low) / len(mapper.palette)
    assert [int((code - mapper.low) // width) for code in range(253)] == list(range(253))


def test_gates_are_named_at_the_middle_of_their_rows_and_parted_by_lines(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(mask_evolution(full, 3)).state
    axis = figure.yaxis[0]
    assert axis.major_label_overrides == {0.125: "i", 0.375: "f", 0.625: "g", 0.875: "o"}
    assert axis.ticker.ticks == [0.125, 0.375, 0.625, 0.875]
    assert axis.axis_label == "hidden unit of each gate"
    assert figure.xaxis[0].axis_label == "previous hidden unit"
    assert figure.renderers[1].data_source.data["row"].tolist() == [0.25, 0.5, 0.75]


def test_ticks_count_units(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(mask_evolution(full, 3, layer="decoder.weight")).state
    overrides = figure.xaxis[0].major_label_overrides
    assert {round(place * 120): text for place, text in overrides.items()} == {0: "0", 50: "50", 100: "100"}


def test_the_picture_is_as_high_as_asked_and_has_a_row_of_cells_a_pixel(full: Run, renderer: Any) -> None:
    view = mask_evolution(full, 3, layer="lstm.0.weight_ih", height=24)
    figure = renderer.get_plot(view).state
    assert figure.frame_height == 24
    assert figure.renderers[0].data_source.data["image"][0].shape == (24, 12)


def test_titles_count_what_is_seen(full: Run) -> None:
    group = [what(full, 3, f"lstm.0.weight_{m}") for m in ("ih", "hh")]
    survived, born, died = (sum(int((s == state).sum()) for s in group) for state in (1, 2, 3))
    share = born / (born + survived)
    assert mask_title(full, 3, layer="LSTM layer 1") == (
        f"LSTM layer 1, epoch 3: {born:,} born, {died:,} died, {survived:,} survived ({share:.1%} rewired)"
    )
    assert mask_title(full, 3).startswith("All layers, epoch 3: ")
    assert mask_title(full, 3, layer="lstm.0.weight_hh").startswith("LSTM layer 1, recurrent, epoch 3: ")


def test_titles_of_the_quiet_epochs(full: Run) -> None:
    nnz = full[0].nnz
    assert (
        mask_title(full, 0) == f"All layers, epoch 0: {nnz:,} connections, the first topology, nothing is rewired yet"
    )
    assert mask_title(full, 1) == f"All layers, epoch 1: all {nnz:,} connections survived"
    assert re.search(r"\d,\d{3} connections", mask_title(full, 0)) or nnz < 1000


def test_titles_say_what_they_compare_with_where_an_epoch_is_damaged(damaged: Run) -> None:
    now, before = damaged[3].mask("decoder.weight"), damaged[1].mask("decoder.weight")
    survived = int((now & before).sum())
    assert f"{survived:,} survived since epoch 1 (" in mask_title(damaged, 3, layer="Decoder")


def test_any_matrix_can_be_looked_at(full: Run, tmp_path: Any) -> None:
    """A model of the user's own: no gates, no group, wider than high."""
    info = LayerInfo("fc.weight", (3, 7))
    layer = capture(info, np.eye(3, 7, dtype=bool), np.ones(3, np.float32))
    with RunWriter(tmp_path / "run", full.config) as writer:
        writer.append(Snapshot(0, 0, {}, {"fc.weight": layer}))
    run = Run(tmp_path / "run")
    shown = mask_info(run, 0, info, max_rows=10, max_columns=10)
    assert (shown.shape, shown.row_label, shown.column_label) == ((3, 7), "output unit", "input unit")
    assert mask_title(run, 0).startswith("All layers, epoch 0: 3 connections")
    assert mask_title(run, 0, layer="fc.weight").startswith("fc.weight, epoch 0: 3 connections")


def test_the_legend_has_a_word_a_colour_and_a_shape_for_each_state() -> None:
    words, colours, shapes = zip(*LEGEND, strict=True)
    assert words == ("survived", "born", "died")
    assert colours == (palette.SURVIVED, palette.BORN, palette.DIED)
    assert len(set(shapes)) == 3


@pytest.fixture
def shrinking(tmp_path: Path) -> Run:
    """A run that begins dense: 4,896 weights, of which 20% are left at epoch 4."""
    return make_run(tmp_path / "shrinking", epochs=5, hidden=12, begins_dense=True)


def test_a_topology_that_shrinks_fades_on_one_scale(shrinking: Run) -> None:
    info = shrinking.layers["lstm.0.weight_hh"]
    assert first_density(shrinking, info) == 1.0
    levels = []
    for epoch in (0, 3, 5):  # what has just died is drawn too: 1, 0.54 and 0.21 of all positions
        codes = mask_info(shrinking, epoch, info, max_rows=4, max_columns=1).codes.astype(int)
        levels.append(int(((codes - 1) // len(MIXES) + 1).max()))
    assert levels[0] == LEVELS
    assert levels[1:] == [pytest.approx(LEVELS * 0.54**0.5, abs=1), pytest.approx(LEVELS * 0.21**0.5, abs=2)]


def test_titles_of_a_topology_that_shrinks_tell_its_density(shrinking: Run) -> None:
    info, layer = shrinking.layers["lstm.0.weight_hh"], shrinking[2].layer("lstm.0.weight_hh")
    now, died = layer.nnz, layer.churn.died
    assert died > 0
    assert mask_title(shrinking, 2, layer=info.name) == (
        f"LSTM layer 1, recurrent, epoch 2: {died:,} died, {now:,} survived (density {now / info.size:.1%})"
    )


def test_titles_tell_the_density_where_matrices_share_what_is_regrown(tmp_path: Path) -> None:
    info = LayerInfo("w", (4, 5), "linear", "Layer")
    masks = [np.arange(20).reshape(4, 5) < 8, np.arange(20).reshape(4, 5) >= 10]
    with RunWriter(tmp_path / "run", RunConfig()) as writer:
        before = None
        for epoch, mask in enumerate(masks):
            layer = capture(info, mask, np.ones(int(mask.sum()), np.float32), before)
            writer.append(Snapshot(epoch, epoch, {}, {"w": layer}))
            before = layer.bits
    title = mask_title(Run(tmp_path / "run"), 1)
    assert title.endswith("10 born, 8 died, 0 survived (100.0% rewired, density 50.0%)")


def test_active_weights_in_words(full: Run, shrinking: Run, empty: Run) -> None:
    size = sum(info.size for info in shrinking.layers.values())
    nnz = sum(layer.nnz for layer in shrinking[5].layers.values())
    assert active_words(shrinking, 0) == f"{size:,} of {size:,} weights active in all layers (100.0%)"
    assert active_words(shrinking, 5) == f"{nnz:,} of {size:,} weights active in all layers ({nnz / size:.1%})"
    assert nnz / size == pytest.approx(0.2, abs=0.005)
    assert active_words(full, 0).endswith("(20.0%)")
    assert active_words(empty, None) == ""
