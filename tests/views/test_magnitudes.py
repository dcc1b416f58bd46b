"""The ridgeline, by its numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError
from strnn_viz.runs import LOG10_EDGES, LayerInfo, Run, RunWriter, Snapshot, capture
from strnn_viz.topology import matrices
from strnn_viz.views import magnitude_map, magnitudes, magnitudes_title, palette
from strnn_viz.views.magnitudes import ridge_info
from tests.synthetic import make_run

NAME = "lstm.0.weight_hh"


def one_matrix(path: Path, values: list[np.ndarray], epochs: int = 8) -> Run:
    """A run of one dense matrix whose weights are given for every epoch."""
    info = LayerInfo("w", (1, len(values[0])))
    with RunWriter(path, RunConfig().replace({"epochs": epochs})) as writer:
        bits = None
        for epoch, row in enumerate(values):
            layer = capture(info, np.ones(info.shape, bool), np.asarray(row, np.float32), bits, bits)
            bits = layer.bits
            writer.append(Snapshot(epoch, epoch, {}, {"w": layer}))
    return Run(path)


def long_run(path: Path, newest: int, epochs: int) -> Run:
    return one_matrix(path, [np.full(4, 0.1)] * (newest + 1), epochs)


def test_ridges_are_the_recorded_epochs_and_the_shown_is_in_front(full: Run) -> None:
    info = ridge_info(full, 4, matrices(full, NAME))
    assert [m.epoch for m in info.ridges] == [0, 1, 2, 3, 5, 6]
    assert info.shown is not None
    assert info.shown.epoch == info.drawn[-1].epoch == 4
    assert (info.span, info.stride) == (8, 1)


@pytest.mark.parametrize(
    ("newest", "epochs", "span", "stride", "ridges"),
    [
        (0, 30, 5, 1, [0]),
        (5, 30, 5, 1, [0, 1, 2, 3, 4, 5]),
        (6, 30, 10, 1, list(range(7))),
        (11, 30, 20, 2, [0, 2, 4, 6, 8, 10, 11]),
        (25, 30, 30, 3, [0, 3, 6, 9, 12, 15, 18, 21, 24, 25]),
        (3, 3, 3, 1, [0, 1, 2, 3]),
    ],
)
def test_ridges_stay_where_they_are_while_the_axis_grows_in_steps(
    tmp_path: Path, newest: int, epochs: int, span: int, stride: int, ridges: list[int]
) -> None:
    run = long_run(tmp_path / "run", newest, epochs)
    info = ridge_info(run, None, matrices(run))
    assert (info.span, info.stride, [m.epoch for m in info.ridges]) == (span, stride, ridges)
    assert len(info.ridges) <= 12


def test_the_range_grows_by_half_decades_and_what_is_beyond_counts_at_its_end(tmp_path: Path, renderer: Any) -> None:
    usual = np.full(1000, 0.1)
    wide = usual.copy()
    wide[:6], wide[6:9] = 2e-5, 2.0
    wide[9] = 90.0
    small = one_matrix(tmp_path / "small", [usual])
    large = one_matrix(tmp_path / "large", [wide])
    info = ridge_info(small, 0, matrices(small))
    assert (info.low, info.high) == (-4.0, 0.0)
    info = ridge_info(large, 0, matrices(large))
    assert (info.low, info.high) == (-5.0, 0.5)
    area = renderer.get_plot(magnitudes(large, 0)).state.renderers[1].data_source.data
    assert max(area["x"]) == 0.5
    heights = (0 - np.array(area["y"])) / (2.0 / info.peak)  # epoch 0, two strides high at the peak
    # each bin once, and nothing twice: the foot of the area lies at the epoch
    assert heights.sum() == pytest.approx(1.0)
    last = LOG10_EDGES[np.searchsorted(LOG10_EDGES, 0.5) - 1 :][:2].mean()
    assert heights[np.isclose(area["x"], last)].max() == pytest.approx(0.001)  # the 90.0


def test_what_was_born_stands_on_what_survived(full: Run, renderer: Any) -> None:
    info = ridge_info(full, 3, matrices(full, NAME))
    figure = renderer.get_plot(magnitudes(full, 3, layer=NAME)).state
    survived, born = (r.data_source.data for r in figure.renderers[1:3])
    assert figure.renderers[1].glyph.fill_color == palette.SURVIVED
    assert figure.renderers[2].glyph.fill_color == palette.BORN
    half = len(survived["x"]) // 2
    to_share = info.peak / 2.0 / info.stride
    layer = full[3].layer(NAME)
    top = np.array(survived["y"])
    assert (3 - top).sum() * to_share == pytest.approx(layer.survived_histogram.sum() / layer.nnz)
    area = sum((3 - np.array(d["y"])[part]).sum() for d, part in ((born, slice(None, half)), (born, slice(half, None))))
    # the born area's outline runs along its top and back along the survivors
    assert area * to_share == pytest.approx((layer.nnz + layer.survived_histogram.sum()) / layer.nnz)


def test_no_ridge_is_higher_than_two_strides(full: Run) -> None:
    for layer in (None, NAME):
        info = ridge_info(full, 2, matrices(full, layer))
        top = max(m.total.max() / m.nnz for m in info.drawn)
        assert info.peak - 0.02 < top <= info.peak


def test_every_ridge_carries_its_threshold(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(magnitudes(full, 3, layer=NAME)).state
    marks = figure.renderers[4]
    assert marks.glyph.line_color == palette.THRESHOLD
    found = dict(zip(marks.data_source.data["epoch"], marks.data_source.data["log10_w"], strict=True))
    recorded = {r["epoch"]: r["layers"][NAME]["threshold"] for r in full.rows}
    assert found == {e: pytest.approx(np.log10(t)) for e, t in recorded.items() if t is not None}
    assert set(found) == {1, 2, 3, 4, 5}
    pruned = np.abs(full[3].layer(NAME).values) <= recorded[3]
    assert pruned.sum() == full.rows[3]["layers"][NAME]["pruned"]


def test_exact_zeros_are_bars_in_a_column_of_their_own(tmp_path: Path, renderer: Any) -> None:
    values = [np.full(8, 0.1), np.array([0, 0] + [0.1] * 6)]
    run = one_matrix(tmp_path / "run", values)
    view = magnitudes(run, 1)
    figure = renderer.get_plot(view).state
    bars = figure.renderers[3].data_source.data
    assert len(bars["epoch"]) == 1
    length = bars["log10_w_end"][0] - bars["log10_w"][0]
    assert length == pytest.approx(0.25 * 0.9)  # a quarter of a column 0.9 decades wide
    assert bars["log10_w_end"][0] < -4  # left of every magnitude
    assert figure.xaxis[0].major_label_overrides[-4.75] == "0"
    assert "2 exactly zero" in magnitudes_title(run, 1)
    assert "zero" not in magnitudes_title(run, 0)


@pytest.mark.parametrize(
    ("threshold", "place", "said"),
    [
        (0.0, -4.75, "the 3 smallest (all exactly zero) are pruned"),  # where the column of zeros has its tick
        (1e-9, -4.0, "the 3 smallest (|w| up to 1e-09) are pruned"),
        (0.05, np.log10(0.05), "the 3 smallest (|w| up to 0.05) are pruned"),
    ],
)
def test_a_threshold_of_zero_stands_at_the_zeros(
    tmp_path: Path, renderer: Any, threshold: float, place: float, said: str
) -> None:
    info = LayerInfo("w", (1, 8))
    with RunWriter(tmp_path / "run", RunConfig().replace({"epochs": 3})) as writer:
        values = np.array([0, 0, 0] + [0.1] * 5, np.float32)
        layer = capture(info, np.ones(info.shape, bool), values, None, None)
        layer = replace(layer, churn=replace(layer.churn, pruned=3, threshold=threshold))
        writer.append(Snapshot(0, 0, {}, {"w": layer}))
    run = Run(tmp_path / "run")
    figure = renderer.get_plot(magnitudes(run, 0)).state
    assert figure.renderers[4].data_source.data["log10_w"].tolist() == pytest.approx([place])
    assert "❙ pruned below" in figure.renderers[5].data_source.data["text"]
    assert magnitudes_title(run, 0).endswith(said)
    columns = renderer.get_plot(magnitude_map(run, 0)).state
    (low,) = [y for y, text in columns.yaxis[0].major_label_overrides.items() if text == "0"]
    mark = columns.renderers[2].data_source.data["log10_w"].tolist()
    assert mark == pytest.approx([place if threshold else low])


def test_without_any_threshold_the_legend_says_so(tmp_path: Path, renderer: Any) -> None:
    run = one_matrix(tmp_path / "run", [np.full(8, 0.1)] * 2)
    words = renderer.get_plot(magnitudes(run, 1)).state.renderers[5].data_source.data["text"]
    assert "no threshold" in words
    assert not any("❙" in word for word in words)


def test_ticks_are_magnitudes_and_the_shown_epoch_is_among_the_epochs(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(magnitudes(full, 3, layer=NAME)).state
    assert figure.xaxis[0].major_label_overrides[-2.0] == "0.01"
    assert figure.xaxis[0].major_label_overrides[-4.0] == "10⁻⁴"
    assert 3 in figure.yaxis[0].ticker.ticks
    assert figure.y_range.start > figure.y_range.end  # time runs down, the newest in front


def test_titles_give_the_median_and_what_is_pruned(full: Run) -> None:
    row = full.rows[3]["layers"][NAME]
    median = np.median(np.abs(full[3].layer(NAME).values))
    title = magnitudes_title(full, 3, layer=NAME)
    assert title.startswith("LSTM layer 1, recurrent, epoch 3: median |w| ")
    assert float(title.split("|w| ")[1].split(";")[0]) == pytest.approx(median, rel=0.25)  # a bin is 21% wide
    assert title.endswith(f"the {row['pruned']:,} smallest (|w| up to {row['threshold']:.2g}) are pruned")
    assert magnitudes_title(full, 6, layer=NAME).endswith("nothing is pruned")
    thresholds = [layer["threshold"] for layer in full.rows[3]["layers"].values()]
    assert f"(|w| up to {min(thresholds):.2g}–{max(thresholds):.2g}) are pruned" in magnitudes_title(full, 3)


def test_scrubbing_moves_no_axis(tmp_path: Path) -> None:
    """Epoch 5 of 20 is not among the ridges that always stand; its own weights must not set the scales."""
    values = [np.full(100, 0.1)] * 5 + [np.full(100, 40.0)] + [np.full(100, 0.1)] * 10
    run = one_matrix(tmp_path / "run", values, epochs=30)
    found = {
        (i.span, i.stride, i.low, i.high, i.peak)
        for i in (ridge_info(run, e, matrices(run)) for e in (None, 0, 5, 6, 15))
    }
    assert len(found) == 1


def test_a_file_that_goes_bad_costs_its_own_ridge(tmp_path: Path) -> None:
    run = long_run(tmp_path / "run", 4, 8)
    assert run.epochs == [0, 1, 2, 3, 4]
    (tmp_path / "run" / "snapshots" / "000002.safetensors").write_bytes(b"rot")
    info = ridge_info(run, 4, matrices(run))
    assert [m.epoch for m in info.drawn] == [0, 1, 3, 4]
    with pytest.raises(RunError, match="000002"):
        magnitudes(run, 2)


@pytest.mark.parametrize(
    ("method", "prune", "said"),
    [
        ("st-rnn", "auto", "the {} smallest (|w| up to"),
        ("set", "auto", "; {} (|w| up to"),
        ("set", "magnitude", "the {} smallest (|w| up to"),
        ("rigl", "signed", "; {} (|w| up to"),
        ("deepr", "auto", "; {} (|w| up to"),
    ],
)
def test_only_methods_that_prune_the_smallest_say_so(tmp_path: Path, method: str, prune: str, said: str) -> None:
    config = RunConfig().replace({"method": method, "sparsity.prune": prune})
    run = make_run(tmp_path / "run", config, epochs=3, hidden=6)
    pruned = sum(layer["pruned"] for layer in run.rows[1]["layers"].values())
    assert said.format(f"{pruned:,}") in magnitudes_title(run, 1)
    marks = magnitudes(run, 1).data
    words = next(el for el in marks.values() if type(el).__name__ == "Labels")
    smallest = "smallest" in said
    assert ("❙ pruned below" in words["text"]) == smallest
    assert ("❙ largest pruned" in words["text"]) != smallest
