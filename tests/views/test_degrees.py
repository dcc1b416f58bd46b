"""Degree distributions, by their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import unit_degrees
from strnn_viz.views import degree_distribution, degree_title, summary
from strnn_viz.views._degrees import chance
from strnn_viz.views.degrees import degree_info
from tests.synthetic import make_run
from tests.views import brute


@pytest.mark.parametrize("layer", ["LSTM layer 1", "LSTM layer 2", "Decoder"])
def test_degrees_of_a_layer_are_those_of_all_its_matrices(full: Run, layer: str) -> None:
    expected = unit_degrees(full, layer, epoch=4)
    sides = {side.name: side for side in degree_info(full, 4, layer).sides}
    assert sides["in"].degrees.tolist() == expected.degree("in").tolist()
    assert ("out" in sides) is (layer != "Decoder")
    if "out" in sides:
        assert sides["out"].degrees.tolist() == expected.degree("out").tolist()
    assert (layer == "LSTM layer 1") is (degree_info(full, 4).sides[0].degrees.tolist() == sides["in"].degrees.tolist())


def test_degrees_in_one_matrix_are_its_rows_and_columns(full: Run) -> None:
    mask = full[4].mask("lstm.0.weight_ih")
    into, out = degree_info(full, 4, "lstm.0.weight_ih").sides
    assert into.degrees.tolist() == mask.reshape(4, 12, 12).sum(axis=(0, 2)).tolist()
    assert out.degrees.tolist() == mask.sum(axis=0).tolist()
    assert (into.units, out.units) == ("LSTM layer 1", "Embedding")


def test_chance_is_hypergeometric() -> None:
    """Of 20 connections at 100 positions, 30 of which are this unit's; and of two such matrices together."""
    one = stats.hypergeom(100, 20, 30).pmf(np.arange(21))
    np.testing.assert_allclose(chance([(20, 100, 30)]), one, atol=1e-12)
    np.testing.assert_allclose(chance([(20, 100, 30), (20, 100, 30)]), np.convolve(one, one), atol=1e-12)
    assert chance([(100, 100, 30)]).tolist() == [*[0.0] * 30, 1.0]  # a dense matrix leaves nothing to chance
    assert chance([(0, 100, 30)]).tolist() == [1.0]


def test_chance_has_the_mean_of_what_is_there(full: Run) -> None:
    for side in degree_info(full, 4, "LSTM layer 2").sides:
        k = np.arange(len(side.chance))
        assert (side.chance * k).sum() == pytest.approx(side.mean)
        sizes = [(i.size, full[4].layers[n].nnz) for n, i in full.layers.items() if n.startswith("lstm.1")]
        variance = sum(stats.hypergeom(size, nnz, size // 12).var() for size, nnz in sizes)
        if side.name == "in":
            assert side.chance_sd == pytest.approx(variance**0.5)


def test_bars_are_shares_of_units_in_whole_degrees(full: Run, renderer: Any) -> None:
    shown = degree_info(full, 4, "LSTM layer 2")
    bars, outline, _, _ = brute.sources(renderer.get_plot(degree_distribution(full, 4, layer="LSTM layer 2")).state)
    tall = np.array(bars["top"]) - np.array(bars["bottom"])
    up = np.array(bars["top"]) > 0
    assert tall[up].sum() == pytest.approx(1)
    assert tall[~up].sum() == pytest.approx(1)
    assert sum(bars["units"]) == 24
    for side, bottom in zip(shown.sides, (True, False), strict=True):
        edges, found, expected = shown.bins(side)
        assert expected.sum() == pytest.approx(1)
        assert found.tolist() == (np.histogram(side.degrees, edges)[0] / 12).tolist()
        x = np.sort(np.array(bars["left"])[up == bottom]) * side.mean
        np.testing.assert_allclose(x, edges[:-1][found > 0])
    assert max(outline["share_of_units"]) == pytest.approx(max(shown.bins(shown.sides[0])[2]))


def test_titles_compare_the_spread_with_that_of_chance(full: Run) -> None:
    into, out = degree_info(full, 4, "LSTM layer 1").sides
    assert degree_title(full, 4, layer="LSTM layer 1") == (
        f"LSTM layer 1, epoch 4: spread of degrees {into.sd / into.chance_sd:.1f} (in) and "
        f"{out.sd / out.chance_sd:.1f} (out) times that of chance"
    )
    assert summary("degree_distribution", full, 4, layer="LSTM layer 1").startswith(
        degree_title(full, 4, layer="LSTM layer 1")
        + f". In-degrees are {into.mean:,.1f} ± {into.sd:,.1f} (at random ± {into.chance_sd:,.1f}) and go from "
        f"{into.degrees.min()} to {into.degrees.max()}, "
    )
    dead = int((full[4].mask("decoder.weight").sum(axis=1) == 0).sum())
    assert dead > 0
    assert degree_title(full, 4, layer="Decoder").endswith(f"that of chance; {dead} without any in")
    assert degree_title(full, 4, layer="lstm.0.weight_hh").startswith("LSTM layer 1, recurrent, epoch 4: spread")


def test_titles_are_short_enough_for_a_small_card(full: Run, tmp_path: Path) -> None:
    assert len(degree_title(full, 4, layer="LSTM layer 1", unit=2)) < 120
    dense = make_run(tmp_path / "dense", epochs=1, hidden=6, density=1.0)
    assert degree_title(dense, 1, layer="LSTM layer 1") == "LSTM layer 1, epoch 1: every unit has 48 in and 48 out"


def test_a_dense_beginning_does_not_flatten_what_follows(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=4, hidden=24, begins_dense=True)
    assert degree_info(run, 0, "LSTM layer 1").top == 1.0
    sparse = degree_info(run, 3, "LSTM layer 1")
    assert sparse.top < 1.0
    assert sparse.top >= max(float(part.max()) for side in sparse.sides for part in sparse.bins(side)[1:])


def test_degrees_are_counted_once(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = degree_info(full, 5, "LSTM layer 2")
    monkeypatch.setattr(Run, "bits", None)
    after = degree_info(Run(full.path), 5, "LSTM layer 2")
    assert after.sides[0].degrees.tolist() == before.sides[0].degrees.tolist()


def test_the_degrees_of_a_unit_are_marked_in_both_directions(full: Run, renderer: Any) -> None:
    shown = degree_info(full, 4, "LSTM layer 1")
    plain, marked = (degree_distribution(full, 4, layer="LSTM layer 1", unit=unit) for unit in (None, 2))
    assert [type(part) for part in plain] == [type(part) for part in marked]
    lines = renderer.get_plot(marked).state.renderers[2].data_source.data
    means = [side.degrees[2] / side.mean for side in shown.sides]
    assert lines["degree_over_mean"].tolist() == pytest.approx(means)
    assert lines["share_of_units_end"].tolist() == pytest.approx([shown.top, -shown.top])
    assert len(renderer.get_plot(plain).state.renderers[2].data_source.data["degree_over_mean"]) == 0
    with pytest.raises(UsageError, match="there is no unit 77"):
        degree_distribution(full, 4, layer="LSTM layer 1", unit=77)
