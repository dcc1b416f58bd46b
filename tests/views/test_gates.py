"""Density by gate, by its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import matrices
from strnn_viz.views import degree_title, gate_density_strip, gate_density_title
from strnn_viz.views._scale import STEPS, code_colours, codes, on_grid
from strnn_viz.views.gates import gate_info
from tests.synthetic import make_run
from tests.views import brute

LAYER = "LSTM layer 1"


def test_every_gate_has_its_density(full: Run) -> None:
    shown = gate_info(full, matrices(full, LAYER))
    expected = np.concatenate(
        [brute.masks(full, f"lstm.0.weight_{m}").reshape(7, 4, -1).mean(axis=2) for m in ("ih", "hh")], axis=1
    )
    np.testing.assert_allclose(shown.density, expected)
    assert shown.names == tuple(f"{role} {gate}" for role in ("input", "recurrent") for gate in "ifgo")
    assert shown.breaks == (0, 4)
    assert shown.low <= expected.min()
    assert shown.high >= expected.max()


def test_names_are_as_long_as_needed(full: Run) -> None:
    def names(layer: str | None) -> tuple[str, ...]:
        return gate_info(full, matrices(full, layer)).names

    assert names("lstm.0.weight_hh") == ("i", "f", "g", "o")
    assert names("Decoder") == ("linear",)
    assert names(None)[:2] == ("Embedding", "LSTM layer 1 input i")


def test_the_recurrent_matrices_of_a_highway_network_are_numbered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roles = ("input", "recurrent", "recurrent")
    infos = [LayerInfo(f"m{i}", (16, 8), role, "RHN layer 1", ("h", "t")) for i, role in enumerate(roles)]
    monkeypatch.setattr("tests.synthetic.layer_infos", lambda hidden: infos)
    run = make_run(tmp_path / "rhn", epochs=1, hidden=8)
    expected = ("input h", "input t", "recurrent 1 h", "recurrent 1 t", "recurrent 2 h", "recurrent 2 t")
    assert gate_info(run, matrices(run, "RHN layer 1")).names == expected
    assert degree_title(run, 1, layer="m2").startswith("RHN layer 1, recurrent 2, epoch 1: ")


def test_strips_lie_from_the_top_in_the_colours_of_their_densities(full: Run, renderer: Any) -> None:
    shown = gate_info(full, matrices(full, LAYER))
    figure = renderer.get_plot(gate_density_strip(full, 3, layer=LAYER)).state
    image = figure.renderers[0]
    (drawn,) = image.data_source.data["image"]
    assert drawn.shape == (8, 9)  # epochs 0 to 8, of which 7 and 8 are awaited
    assert (drawn[:, 7:] == 0).all()
    # Bokeh draws the first row at the lower coordinate, which a downward axis has at the top
    assert (drawn[:, :7] == codes(shown.density.T, shown.low, shown.high)).all()
    assert (image.data_source.data["x"], image.data_source.data["dw"]) == ([-0.5], [9])
    assert (figure.y_range.start, figure.y_range.end) == (1, 0)
    places = {round(8 * y - 0.5): name for y, name in figure.yaxis[0].major_label_overrides.items()}
    assert places == dict(enumerate(shown.names))
    assert image.glyph.color_mapper.palette == code_colours()


def test_many_strips_are_named_by_their_matrices(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(gate_density_strip(full, 3)).state
    roles = ("input", "recurrent")
    expected = [f"LSTM layer {layer} {role}" for layer in (1, 2) for role in roles]
    assert figure.yaxis[0].major_label_overrides == dict(zip((0.125, 0.375, 0.625, 0.875), expected, strict=True))
    assert len(brute.texts(figure)) == 2  # the ends of the scale


def test_densities_of_the_epoch_shown_stand_beside_their_strips(full: Run, renderer: Any) -> None:
    shown = gate_info(full, matrices(full, LAYER))
    words = brute.sources(renderer.get_plot(gate_density_strip(full, 3, layer=LAYER)).state)[-1]
    found = dict(zip(words["gate"], words["text"], strict=True))
    for i in range(8):
        assert found[(i + 0.5) / 8].strip() == f"{shown.density[3, i]:.1%}"


def test_codes_cover_the_scale() -> None:
    values = np.array([np.nan, 0.0, 0.1, 0.2, 0.3, 0.5])
    assert codes(values, 0.1, 0.3).tolist() == [0, 1, 1, 128, STEPS, STEPS]
    assert codes(np.array([0.5]), 0.5, 0.5).tolist() == [1]


def test_epochs_lie_on_a_grid_of_their_smallest_step() -> None:
    rows = np.arange(6.0).reshape(3, 2)
    grid, bounds = on_grid(np.array([2, 5, 11]), rows, 14)
    assert bounds == (0.5, 0.0, 15.5, 1.0)
    np.testing.assert_array_equal(grid, [[0, 1], [2, 3], [np.nan] * 2, [4, 5], [np.nan] * 2])
    grid, bounds = on_grid(np.zeros(0, dtype=np.int64), np.zeros((0, 0)), 4)
    assert np.isnan(grid).all()
    assert bounds == (-0.5, 0.0, 4.5, 1.0)


def test_titles_name_the_densest_and_the_sparsest(full: Run) -> None:
    shown = gate_info(full, matrices(full, LAYER))
    row = shown.density[5]
    assert gate_density_title(full, 5, layer=LAYER) == (
        f"LSTM layer 1, epoch 5: {shown.names[row.argmax()]} is densest with {row.max():.1%}, "
        f"{shown.names[row.argmin()]} is sparsest with {row.min():.1%}"
    )
    assert gate_density_title(full, 5, layer="Decoder") == "Decoder, epoch 5: 20.0% of all positions are connected"


def test_gates_are_counted_once(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    before = gate_info(full, matrices(full)).density
    monkeypatch.setattr(Run, "bits", None)
    assert gate_info(Run(full.path), matrices(full)).density.tolist() == before.tolist()


@pytest.mark.parametrize(("density", "begins_dense"), [(1.0, False), (0.2, True)])
def test_no_scale_goes_beyond_a_full_matrix(tmp_path: Path, density: float, begins_dense: bool) -> None:
    run = make_run(tmp_path / "run", epochs=3, hidden=6, density=density, begins_dense=begins_dense)
    shown = gate_info(run, matrices(run, LAYER))
    assert shown.density[0].tolist() == [1.0] * 8
    assert 0 <= shown.low < shown.high == 1.0
    title = f"{LAYER}, epoch 0: 100.0% of the positions of every gate are connected"
    assert gate_density_title(run, 0, layer=LAYER) == title
