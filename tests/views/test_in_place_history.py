"""The views of a topology's history render without a complaint, and update the models they once made."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import holoviews as hv
import pytest
from bokeh.core.validation import check_integrity
from bokeh.document import Document
from bokeh.models import HoverTool

from strnn_viz import views
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import snapshots
from tests.views.test_in_place import content, skeleton

VIEWS = [
    "adjacency",
    "age_map",
    "age_pyramid",
    "degree_distribution",
    "distance_map",
    "distance_path",
    "ego_network",
    "gate_density_strip",
    "nnstd_distance",
    "survival_curves",
    "turnover",
]
TITLES = [
    "adjacency_title",
    "ages_title",
    "degree_title",
    "distance_map_title",
    "ego_title",
    "gate_density_title",
    "nnstd_title",
    "survival_title",
    "turnover_title",
]
PLACES = (None, "lstm.0.weight_ih", "Decoder")


def columns(figure: Any) -> list[dict[str, Any]]:
    """What is drawn, without looks that HoloViews keeps in a column only where they differ within an element."""
    return [{k: v for k, v in data.items() if not k.startswith("text_")} for data in content(figure)]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[tuple[Run, RunWriter]]:
    """A run recorded from elsewhere, and what appends to it."""
    with RunWriter(tmp_path / "run", None) as writer:
        yield Run(tmp_path / "run"), writer


@pytest.fixture(scope="module")
def thirds(tmp_path_factory: pytest.TempPathFactory) -> Run:
    path = tmp_path_factory.mktemp("thirds") / "run"
    with RunWriter(path, None) as writer:
        for snapshot in snapshots(epochs=9, hidden=6):
            if snapshot.epoch % 3 == 0:
                writer.append(snapshot)
    return Run(path)


@pytest.mark.parametrize("name", VIEWS + TITLES)
def test_all_share_one_signature(name: str) -> None:
    parameters = inspect.signature(getattr(views, name)).parameters
    assert list(parameters)[:3] == ["run", "epoch", "layer"]
    assert all(p.kind is inspect.Parameter.KEYWORD_ONLY for p in list(parameters.values())[2:])
    assert all(p.default is not inspect.Parameter.empty for p in list(parameters.values())[2:])
    assert ("height" in parameters) is (name in VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_the_structure_is_the_same_for_every_epoch_run_and_layer(name: str, full: Run, empty: Run) -> None:
    view = getattr(views, name)
    expected = skeleton(view(empty, None))
    for layer in PLACES:
        for epoch in (1, 6):
            assert skeleton(view(full, epoch, layer=layer)) == expected
    assert skeleton(view(empty, 3, layer="lstm.0.weight_hh")) == expected


@pytest.mark.parametrize("name", VIEWS)
def test_a_dynamic_map_updates_data_and_never_rebuilds(
    name: str, full: Run, empty: Run, renderer: Any, complaints: list[str]
) -> None:
    stream = hv.streams.Stream.define("Shown", run=empty, epoch=None, layer=None)()
    view = getattr(views, name)
    dynamic = hv.DynamicMap(lambda run, epoch, layer: view(run, epoch, layer=layer), streams=[stream])
    figure = renderer.get_plot(dynamic).state
    document = Document()
    document.add_root(figure)
    models = {model.id for model in figure.references()}
    before = content(figure)
    seen, ranges = [], set()
    for epoch in (0, 6, 2):
        stream.event(run=full, epoch=epoch)
        assert {model.id for model in figure.references()} == models
        seen.append(content(figure))
        ranges.add((figure.x_range.start, figure.x_range.end, figure.y_range.start, figure.y_range.end))
        assert all(r.visible for r in figure.renderers)
    assert seen[0] != before
    assert all(a != b for a, b in pairwise(seen))
    assert len(ranges) == 1  # scrubbing moves no axis
    stream.event(run=full, epoch=6, layer="embedding.weight")
    assert {model.id for model in figure.references()} == models
    assert columns(figure) == columns(renderer.get_plot(view(Run(full.path), 6, layer="embedding.weight")).state)
    assert len(figure.select({"type": HoverTool})) <= 1
    check_integrity(document.models)
    assert complaints == []


@pytest.mark.parametrize("name", VIEWS)
def test_ranges_follow_in_place(name: str, live: tuple[Run, RunWriter], renderer: Any) -> None:
    """What an update leaves behind is what a new figure would be."""
    run, writer = live
    stream = hv.streams.Stream.define("Shown", epoch=None)()
    view = getattr(views, name)
    figure = renderer.get_plot(hv.DynamicMap(lambda epoch: view(run, epoch), streams=[stream])).state
    for snapshot in snapshots(epochs=7, hidden=6):
        if snapshot.epoch not in (1, 5, 6):
            continue
        writer.append(snapshot)
        stream.event(epoch=snapshot.epoch)
        fresh = renderer.get_plot(view(run, snapshot.epoch)).state
        for side in ("x_range", "y_range"):
            a, b = getattr(figure, side), getattr(fresh, side)
            assert (a.start, a.end) == (b.start, b.end)
        assert columns(figure) == columns(fresh)


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
    assert figure.output_backend == "canvas"
    text = [str(c) for r in figure.renderers for c in r.data_source.data.get("text_color", [])]
    assert not {"black", "#000000", "white", "#ffffff"} & set(text)


@pytest.mark.parametrize("name", VIEWS + TITLES)
def test_a_damaged_epoch_is_an_error_of_its_own(name: str, damaged: Run) -> None:
    show = getattr(views, name)
    show(damaged, 3)
    with pytest.raises(RunError, match="000002"):
        show(damaged, 2)
    with pytest.raises(UsageError, match="no epoch 40"):
        show(damaged, 40)


@pytest.mark.parametrize("name", VIEWS + TITLES)
def test_an_unknown_layer_is_an_error_that_names_the_known(name: str, full: Run) -> None:
    with pytest.raises(UsageError, match=r"'lstm\.9\.weight_hh'.*LSTM layer 2"):
        getattr(views, name)(full, 3, layer="lstm.9.weight_hh")


@pytest.mark.parametrize("name", TITLES)
def test_titles_of_an_empty_run_say_what_will_appear(name: str, empty: Run) -> None:
    assert getattr(views, name)(empty, None).endswith("with the first epoch")
    assert getattr(views, name)(empty, 0) == getattr(views, name)(empty, None)


@pytest.mark.parametrize("name", VIEWS)
def test_a_run_of_one_epoch_is_shown_too(name: str, live: tuple[Run, RunWriter], renderer: Any) -> None:
    run, writer = live
    writer.append(next(iter(snapshots(epochs=1, hidden=6))))
    figure = renderer.get_plot(getattr(views, name)(run, 0)).state
    texts = [t for r in figure.renderers for t in r.data_source.data.get("text", [])]
    assert "appears with the first epoch" not in texts


@pytest.mark.parametrize("name", [n for n in VIEWS if n not in ("adjacency", "ego_network")])
def test_a_run_recorded_every_third_epoch_is_shown_too(name: str, thirds: Run, renderer: Any) -> None:
    figures = [renderer.get_plot(getattr(views, name)(thirds, epoch)).state for epoch in (6, 9)]
    assert content(figures[0]) != content(figures[1])
