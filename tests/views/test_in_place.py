"""Every view renders without a complaint, and updates the models it once made."""

from __future__ import annotations

import inspect
from itertools import pairwise
from pathlib import Path
from typing import Any

import holoviews as hv
import numpy as np
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import HoverTool

from strnn_viz import views
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import snapshots

VIEWS = ["mask_evolution", "magnitudes", "connectivity_distance", "learning_curves", "prune_rate"]
TITLES = ["mask_title", "magnitudes_title", "distance_title", "learning_title"]


def skeleton(element: Any) -> list[tuple[Any, ...]]:
    """What has to stay the same for HoloViews to update in place."""
    return [(key, type(el).__name__, el.kdims, el.vdims) for key, el in element.data.items()]


def content(figure: Any) -> list[dict[str, Any]]:
    return [{k: np.array(v, dtype=object).tolist() for k, v in r.data_source.data.items()} for r in figure.renderers]


@pytest.mark.parametrize("name", VIEWS + TITLES)
def test_all_share_one_signature(name: str) -> None:
    parameters = inspect.signature(getattr(views, name)).parameters
    assert list(parameters)[:3] == ["run", "epoch", "layer"]
    assert parameters["layer"].kind is inspect.Parameter.KEYWORD_ONLY
    assert parameters["layer"].default is None


@pytest.mark.parametrize("name", VIEWS)
def test_the_structure_is_the_same_for_every_epoch_run_and_layer(name: str, full: Run, empty: Run) -> None:
    view = getattr(views, name)
    expected = skeleton(view(empty, None))
    for layer in (None, "lstm.0.weight_ih", "embedding.weight"):
        for epoch in (0, 1, 6):
            assert skeleton(view(full, epoch, layer=layer)) == expected
    assert skeleton(view(empty, 3, layer="lstm.0.weight_hh")) == expected


@pytest.mark.parametrize("name", VIEWS)
def test_a_dynamic_map_updates_data_and_never_rebuilds(
    name: str, full: Run, empty: Run, renderer: Any, complaints: list[str]
) -> None:
    stream = hv.streams.Stream.define("Shown", run=empty, epoch=None, layer=None)()
    view = getattr(views, name)
    # a stream cannot fill a keyword-only argument, so a plain function stands between
    dynamic = hv.DynamicMap(lambda run, epoch, layer: view(run, epoch, layer=layer), streams=[stream])
    figure = renderer.get_plot(dynamic).state
    document = Document()
    document.add_root(figure)
    models = {model.id for model in figure.references()}
    before = content(figure)
    seen = []
    for epoch in (0, 3, 6, 2):
        stream.event(run=full, epoch=epoch)
        assert {model.id for model in figure.references()} == models
        seen.append(content(figure))
        assert all(r.visible for r in figure.renderers)
    assert seen[0] != before
    assert all(a != b for a, b in pairwise(seen))
    stream.event(run=full, epoch=6, layer="embedding.weight")
    assert {model.id for model in figure.references()} == models
    assert len(figure.select({"type": HoverTool})) <= 1
    check_integrity(document.models)
    assert complaints == []


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_is_deterministic(name: str, full: Run, renderer: Any) -> None:
    view = getattr(views, name)
    first, second = (content(renderer.get_plot(view(full, 4)).state) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", VIEWS)
def test_figures_leave_colours_to_the_theme(name: str, full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(getattr(views, name)(full, 4)).state
    assert figure.background_fill_color is None
    assert figure.border_fill_color is None
    assert figure.sizing_mode == "stretch_width"
    free = renderer.get_plot(getattr(views, name)(full, 4, height=None)).state
    assert (free.sizing_mode, free.height, free.frame_height) == ("stretch_both", None, None)
    assert not figure.title.text
    assert figure.toolbar_location is None
    text = [str(c) for r in figure.renderers for c in r.data_source.data.get("text_color", [])]
    assert not {"black", "#000000", "white", "#ffffff"} & set(text)


@pytest.mark.parametrize("name", ["mask_evolution", "magnitudes", *TITLES])
def test_a_damaged_epoch_is_an_error_of_its_own(name: str, damaged: Run) -> None:
    show = getattr(views, name)
    show(damaged, 3)
    with pytest.raises(RunError, match="000002"):
        show(damaged, 2)
    with pytest.raises(UsageError, match="no epoch 40"):
        show(damaged, 40)


@pytest.mark.parametrize("name", ["mask_evolution", "magnitudes", "connectivity_distance", *TITLES[:3]])
def test_an_unknown_layer_is_an_error_that_names_the_known(name: str, full: Run) -> None:
    with pytest.raises(UsageError, match=r"'lstm\.9\.weight_hh'.*LSTM layer 2"):
        getattr(views, name)(full, 3, layer="lstm.9.weight_hh")


@pytest.mark.parametrize("name", TITLES)
def test_titles_of_an_empty_run_say_what_will_appear(name: str, empty: Run) -> None:
    assert getattr(views, name)(empty, None).endswith("with the first epoch")
    assert getattr(views, name)(empty, 0) == getattr(views, name)(empty, None)


@pytest.mark.parametrize("name", VIEWS)
def test_a_run_recorded_from_elsewhere_is_shown_too(name: str, tmp_path: Path, renderer: Any) -> None:
    """It has no configuration: nobody knows how far it will go, so axes in epochs grow by steps."""
    ends = []
    with RunWriter(tmp_path / "run", None) as writer:
        run = Run(tmp_path / "run")
        renderer.get_plot(getattr(views, name)(run, None))
        for snapshot in snapshots(epochs=7, hidden=6):
            writer.append(snapshot)
            figure = renderer.get_plot(getattr(views, name)(run, snapshot.epoch)).state
            ends.append((figure.x_range.end, figure.y_range.start if name == "magnitudes" else None))
    assert len(set(ends[:6])) == 1
    assert len(set(ends[6:])) == 1
    assert (ends[5] != ends[6]) is (name != "mask_evolution")
