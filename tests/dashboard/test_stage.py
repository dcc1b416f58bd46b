from pathlib import Path

import holoviews as hv
import numpy as np
import pytest
from bokeh.document import Document
from bokeh.io.doc import patch_curdoc
from bokeh.models import ColumnDataSource, GlyphRenderer, LinearColorMapper

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.stage import Figure, Frame, Stage, same
from strnn_viz.runs import Run
from strnn_viz.views import distance_path, learning_curves, magnitudes, mask_evolution


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return Run(folder / "first")


@pytest.fixture(scope="module")
def masks(run: Run) -> tuple[Stage, dict[int, Frame]]:
    stage = Stage()
    return stage, {e: stage.frame(mask_evolution(run, e, layer="lstm.0.weight_hh")) for e in range(5)}


def image(figure: Figure) -> np.ndarray:
    sources = [m for m in figure.pane.object.references() if isinstance(m, ColumnDataSource) and "image" in m.data]
    assert len(sources) == 1
    return np.asarray(sources[0].data["image"][0])


def directly(element: object) -> np.ndarray:
    figure = hv.render(element, backend="bokeh")
    data = [r.data_source.data for r in figure.renderers if isinstance(r, GlyphRenderer)]
    return np.asarray(next(d["image"][0] for d in data if "image" in d))


def test_a_frame_shows_what_holoviews_would_draw(run: Run, masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    figure = Figure(stage)
    for epoch in (0, 4, 2):
        figure.show(frames[epoch])
        expected = directly(mask_evolution(run, epoch, layer="lstm.0.weight_hh"))
        np.testing.assert_array_equal(image(figure), expected)


def test_frames_can_be_shown_in_any_order(masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    there_and_back, once = Figure(stage), Figure(stage)
    for epoch in (1, 4, 0, 3):
        there_and_back.show(frames[epoch])
    once.show(frames[3])

    def told(figure: Figure) -> dict[str, dict]:
        assert set(figure.models.values()) == set(figure.pane.object.references())
        values = {name: m.properties_with_values(include_defaults=False) for name, m in figure.models.items()}
        return {name: {k: v for k, v in values[name].items() if k in frames[3].values[name]} for name in values}

    assert same(told(there_and_back), told(once))


def test_a_figure_is_made_once_and_only_its_data_is_replaced(masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    figure = Figure(stage)
    figure.show(frames[1])
    model = figure.pane.object
    changed = []
    for part in model.references():
        if isinstance(part, ColumnDataSource):
            part.on_change("data", lambda attr, old, new: changed.append(attr))
    figure.show(frames[2])
    assert figure.pane.object is model
    assert changed == ["data"]  # the image alone: lines between the gates stay
    figure.show(frames[2])
    assert changed == ["data"]


def test_viewers_share_frames_but_no_figure(masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    one, other = Figure(stage), Figure(stage)
    one.show(frames[1])
    other.show(frames[4])
    assert not np.array_equal(image(one), image(other))
    assert image(one) is image(one)
    assert not set(one.pane.object.references()) & set(other.pane.object.references())


@pytest.mark.parametrize("view", [learning_curves, magnitudes])
def test_views_of_a_growing_run_keep_their_structure(view: object, run: Run) -> None:
    stage = Stage()
    frames = [stage.frame(view(run, epoch)) for epoch in (None, 0, 3, 5)]
    assert {frame.structure for frame in frames} == {0}


def test_another_structure_makes_the_figure_anew(run: Run) -> None:
    stage = Stage()
    plain = stage.frame(hv.Overlay([hv.Curve([1, 2, 3])]))
    figure = Figure(stage)
    figure.show(plain)
    model = figure.pane.object
    labelled = stage.frame(hv.Overlay([hv.Curve([1, 2, 3])]).opts(hv.opts.Curve(tools=["hover"])))
    assert labelled.structure in (0, 1)
    if labelled.structure:
        figure.show(labelled)
        assert figure.pane.object is not model


def test_the_size_inside_the_axes_is_told_once_both_sides_are_known(masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    told = []
    figure = Figure(stage, lambda width, height: told.append((width, height)))
    figure.show(frames[0])
    figure._measured("inner_width", None, 300)
    assert told == []
    figure._measured("inner_height", None, 200)
    assert told == [(300, 200)]


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1, True),
        (np.zeros(2), np.zeros(2), True),
        (np.zeros(2), np.zeros(2, dtype=int), False),
        (np.zeros(2), [0, 0], False),
        ({"x": [np.ones(2)]}, {"x": [np.ones(2)]}, True),
        ({"x": 1}, {"y": 1}, False),
        ([1, 2], [1, 2, 3], False),
        ("a", None, False),
    ],
)
def test_values_are_compared_whatever_they_hold(a: object, b: object, equal: bool) -> None:
    assert same(a, b) is equal


def test_the_hub_keeps_one_stage_a_place(hub: RunHub) -> None:
    assert hub.kept(("stage", "here"), Stage) is hub.kept(("stage", "here"), Stage)
    assert hub.kept(("stage", "here"), Stage) is not hub.kept(("stage", "there"), Stage)


def test_colours_that_follow_a_column_stay_with_each_viewers_own_figure(run: Run) -> None:
    """The map such a colour goes through belongs to the stage; a viewer's figure has a copy of its own."""
    stage = Stage()
    for _ in range(2):
        figure = Figure(stage)
        figure.show(stage.frame(distance_path(run, 2)))
        Document().add_root(figure.pane.object)
        mappers = [m for m in figure.pane.object.references() if isinstance(m, LinearColorMapper)]
        assert mappers
        assert all(m.low == 0 and m.high == 5 for m in mappers)


def test_a_stage_leaves_alone_what_is_the_current_document(run: Run) -> None:
    session, before = Document(), Document()
    with patch_curdoc(session):
        Stage().frame(mask_evolution(run, 0, layer="lstm.0.weight_hh"))
    # On a server it may be the page of another viewer, who is not being served, and may not be changed now.
    assert session.theme is before.theme
    assert not session.models
    assert session.callbacks.session_destroyed_callbacks == before.callbacks.session_destroyed_callbacks


def test_a_stage_outlives_the_session_that_asked_for_it_first(run: Run) -> None:
    stage, session = Stage(), Document()
    with patch_curdoc(session):
        first = stage.frame(mask_evolution(run, 0, layer="lstm.0.weight_hh"))
    for ended in list(session.callbacks.session_destroyed_callbacks):
        ended(None)
    figure = Figure(stage)
    figure.show(first)
    figure.show(stage.frame(mask_evolution(run, 4, layer="lstm.0.weight_hh")))
    np.testing.assert_array_equal(image(figure), directly(mask_evolution(run, 4, layer="lstm.0.weight_hh")))


def test_two_copies_of_a_figure_share_no_identity(run: Run, masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    one, other = Figure(stage), Figure(stage)
    one.show(frames[0])
    other.show(frames[0])
    assert not {m.id for m in one.pane.object.references()} & {m.id for m in other.pane.object.references()}


def test_a_figure_is_complete_before_it_is_in_the_page(masks: tuple[Stage, dict[int, Frame]]) -> None:
    stage, frames = masks
    figure, put = Figure(stage), []
    figure.pane.param.watch(lambda event: put.append(image(figure).copy()), "object")
    figure.show(frames[4])
    np.testing.assert_array_equal(put[0], image(figure))
