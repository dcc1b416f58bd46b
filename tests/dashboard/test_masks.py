"""The card of the masks without a browser: what it draws, what it would send, and what it answers."""

import html
import time
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
import panel as pn
import pytest
from bokeh.events import DoubleTap, RangesUpdate

from strnn_viz import views
from strnn_viz.config import preset
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.masks import QUIET_SECONDS, MaskCard
from strnn_viz.dashboard.masks_menu import legend, nearer
from strnn_viz.dashboard.masks_plot import whole_or
from strnn_viz.dashboard.parts import Text
from strnn_viz.runs import files
from strnn_viz.views._mask_cells import Look, mask_info
from strnn_viz.views._strips import strips
from tests.dashboard.conftest import Clock, Ticking, wait_for
from tests.synthetic import make_run

MATRICES = ["lstm.0.weight_ih", "lstm.0.weight_hh"]


def card(hub: RunHub, run: str = "first", epoch: int = 4) -> MaskCard:
    made = MaskCard(hub, pn.Column(), Text())
    made.clock = Clock()
    made.clock.now = 100.0
    show(made, run, epoch)
    return made


def show(made: MaskCard, run: str, epoch: int) -> None:
    made.prepare(run, epoch, MATRICES, "LSTM layer 1")
    made.apply()


def fill(made: MaskCard) -> None:
    """Let time pass and the browser take what it gets, until it holds every epoch."""
    made.clock.now += 1

    def filled() -> bool:
        made.tick()
        for plot in made._masks:
            plot.film.box.tags = plot.film.box.data["batch"][:1]
        return all(plot.film.held == set(range(6)) for plot in made._masks)

    wait_for(filled)


def batches(made: MaskCard) -> list[dict]:
    """What each plot's browser was sent last."""
    return [plot.film.box.data for plot in made._masks]


def test_pictures_of_all_epochs_are_those_the_server_would_show(hub: RunHub) -> None:
    made, run = card(hub), hub.run("first")
    fill(made)
    for name, plot, data in zip(MATRICES, made._masks, batches(made), strict=True):
        assert set(data["scene"]) == {plot.scene} == set(plot._told.data["scene"])
        info = run.layers[name]
        for epoch, image, rows in zip(data["epoch"], data["image"], data["rows"], strict=True):
            shown = mask_info(run, epoch, info, max_rows=300, max_columns=300)
            np.testing.assert_array_equal(image, shown.codes)
            np.testing.assert_array_equal(rows, strips(run, epoch, info).beside(shown)[0])


def test_the_title_comes_with_the_pictures_of_the_first_plot(hub: RunHub) -> None:
    made = card(hub)
    fill(made)
    left, right = batches(made)
    for epoch, title in zip(left["epoch"], left["title"], strict=True):
        expected = views.mask_title(hub.run("first"), epoch, layer="LSTM layer 1")
        assert html.unescape(html.unescape(title)) == f"<h2>{expected}</h2>"
    assert set(right["title"]) == {""}


def test_viewers_share_the_pictures_they_are_sent(hub: RunHub) -> None:
    one, other = card(hub), card(hub)
    fill(one)
    fill(other)
    images = [dict(zip(b["epoch"], b["image"], strict=True)) for b in (batches(one)[0], batches(other)[0])]
    shared = images[0].keys() & images[1].keys()
    assert shared
    assert all(images[0][epoch] is images[1][epoch] for epoch in shared)


def test_nothing_is_sent_while_a_person_moves(hub: RunHub) -> None:
    made = card(hub)
    for epoch in (3, 2, 1):
        made.clock.now += QUIET_SECONDS / 2
        show(made, "first", epoch)
        made.tick()
    assert all(plot.film._work is None for plot in made._masks)
    made.clock.now += 2 * QUIET_SECONDS
    made.tick()
    assert all(plot.film._work is not None for plot in made._masks)


@pytest.mark.parametrize("change", ["run", "layer", "size", "zoom", "colours", "order", "lit"])
def test_whatever_changes_the_picture_makes_what_is_held_invalid(hub: RunHub, change: str) -> None:
    made = card(hub)
    before = [plot.scene for plot in made._masks]
    show(made, "first", 2)
    assert [plot.scene for plot in made._masks] == before  # another epoch is the same scene
    if change == "run":
        show(made, "second", 2)
    elif change == "layer":
        made.prepare("first", 2, ["lstm.1.weight_ih", "lstm.1.weight_hh"], "LSTM layer 2")
        made.apply()
    elif change == "size":
        for plot in made._masks:
            plot._resize(200, 120)
    elif change == "zoom":
        made.zoom([(0.1, 0.1, 0.5, 0.5)] * 2)
    elif change == "colours":
        made.menu.colouring.value = "age"
    elif change == "order":
        made.menu.order.value = "degree"
    else:
        made.lit = (0.0, 0.01)
        made.redraw()
    for plot, old in zip(made._masks, before, strict=True):
        assert plot.scene != old
        assert plot._told.data["scene"] == [plot.scene]
        assert plot.film.held == set()


def test_the_browser_is_told_which_epoch_and_figure_the_server_shows(hub: RunHub) -> None:
    made = card(hub)
    told = made._masks[0]._told.data
    figure = made._masks[0]._figure.pane.object
    assert (told["epoch"], told["figure"]) == ([4], [figure.id])
    assert told["source"][0] in {model.id for model in figure.references()}
    show(made, "second", 3)
    told = made._masks[0]._told.data
    assert (told["epoch"], told["figure"]) == ([3], [made._masks[0]._figure.pane.object.id])
    assert told["figure"] != [figure.id]


def test_while_the_card_waits_the_browser_shows_nothing_by_itself(hub: RunHub) -> None:
    made = card(hub)
    fill(made)
    made.wait("It will come.")
    assert "Connections" in made.title.object
    for plot in made._masks:
        assert (plot._told.data["source"], plot._told.data["scene"], plot._told.data["title"]) == ([""], [""], [""])
        assert not plot.film.to_do
    sent = batches(made)
    made.clock.now += 1
    made.tick()
    made._masks[0]._resize(200, 120)
    assert batches(made) == sent
    assert made._masks[0]._told.data["source"] == [""]
    show(made, "first", 4)
    assert all(plot._told.data["scene"] == [plot.scene] and plot.scene for plot in made._masks)
    fill(made)  # what it held, it gets anew


def wheel(made: MaskCard, *window: float) -> None:
    left, top, right, bottom = window
    figure = made._masks[1]._figure.pane.object
    made._masks[1]._moved(RangesUpdate(figure, x0=left, x1=right, y0=bottom, y1=top))


def test_a_turn_of_the_wheel_draws_what_is_seen_and_it_lasts(hub: RunHub) -> None:
    made = card(hub)
    wheel(made, 0.25, 0.5, 0.5, 0.75)
    assert made.windows == [None, (0.25, 0.5, 0.5, 0.75)]
    assert made._masks[1].info.bounds == (0.125, 14 / 32, 5 / 8, 26 / 32)
    assert not made.menu.whole.disabled
    show(made, "first", 1)
    assert made.windows[1] == (0.25, 0.5, 0.5, 0.75)
    show(made, "second", 1)  # in a figure made anew
    figure = made._masks[1]._figure.pane.object
    assert (figure.x_range.start, figure.x_range.end) == (0.25, 0.5)
    assert (figure.y_range.start, figure.y_range.end) == (0.75, 0.5)
    figure._trigger_event(DoubleTap(figure))
    assert made.windows == [None, None]
    assert (figure.x_range.start, figure.y_range.start) == (0, 1)
    assert made.menu.whole.disabled


def test_all_of_the_matrix_is_no_window(hub: RunHub) -> None:
    made = card(hub)
    wheel(made, 0, 0, 1, 1)
    assert made.windows == [None, None]
    assert whole_or((-0.2, -0.1, 1.5, 1)) is None
    assert whole_or((-0.2, 0.25, 0.5, 1.5)) == (0.0, 0.25, 0.5, 1.0)


def test_buttons_look_closer_and_back(hub: RunHub) -> None:
    made = card(hub)
    made.menu.closer.clicks += 1
    assert made.windows == [(0.125, 0.25, 0.875, 0.75), (0.125, 0.25, 0.875, 0.75)]  # of 8 units six stay in sight
    made.menu.farther.clicks += 1
    assert made.windows == [None, None]
    made.menu.closer.clicks += 1
    made.menu.whole.clicks += 1
    assert made.windows == [None, None]


def test_closer_stays_within_the_matrix() -> None:
    assert nearer((0.0, 0.0, 0.5, 0.5), 2, (0.01, 0.01)) == (0.125, 0.125, 0.375, 0.375)
    assert nearer((0.8, 0.0, 1.0, 0.2), 0.5, (0.01, 0.01)) == pytest.approx((0.6, 0.0, 1.0, 0.4))
    assert nearer((0.1, 0.1, 0.2, 0.2), 0, (0.01, 0.01)) is None


def test_the_pointer_is_answered_and_answered_anew_at_another_epoch(hub: RunHub) -> None:
    made = card(hub)
    probe = made._masks[1]._probe
    probe.tags = [1, 0.1, 0.1]
    first = probe.data
    assert (first["asked"][0], first["epoch"][0], first["line"][0]) == (1, 4, "Gate i")
    show(made, "first", 0)
    assert probe.data["epoch"][0] == 0
    probe.tags = []
    show(made, "first", 3)
    assert probe.data["epoch"][0] == 0  # it has left


def test_choices_are_drawn_and_kept_while_scrubbing(hub: RunHub) -> None:
    made = card(hub)
    made.menu.colouring.value = "age"
    made.menu.order.value = "frozen"
    for epoch in (4, 1):
        show(made, "first", epoch)
        assert [plot.look for plot in made._masks] == [Look(colouring="age", order=4)] * 2
        assert not made.trouble
    show(made, "second", 2)
    assert made._masks[0].look.order == 2  # frozen anew: that order was of another run
    assert "epochs old" in made.legend.object
    made.menu.colouring.value = "state"
    assert all(word in made.legend.object for word in ("survived", "born", "died"))


def test_a_legend_says_in_words_what_colours_mean() -> None:
    assert all(sign in legend("state", 5) for sign in "■▲▼□")
    assert "30 epochs old" in legend("age", 30)
    assert "not lit" in legend("age", 30, (0.01, 0.02))
    assert "not lit" not in legend("age", 30)


def test_the_menu_opens_and_closes_and_says_so(hub: RunHub) -> None:
    menu = card(hub).menu
    assert menu.view.css_classes == ["closed"]
    menu.button.clicks += 1
    assert menu.view.css_classes == []
    assert menu.button.description.startswith("Close")
    menu.button.clicks += 1
    assert menu.view.css_classes == ["closed"]


def test_workers_of_a_hub_are_one(hub: RunHub) -> None:
    for _ in range(2):
        made = card(hub)
        made.clock.now += 1
        made.tick()
    assert isinstance(hub.kept("workers", lambda: None), Executor)


def test_a_run_of_the_same_name_made_anew_is_another_scene(tmp_path: Path) -> None:
    make_run(tmp_path / "one", epochs=2, hidden=6)
    hub = RunHub(tmp_path, clock=time.monotonic)
    made = MaskCard(hub, pn.Column(), Text())
    show(made, "one", 1)
    before = made._masks[0].scene
    (tmp_path / "one" / "metrics.jsonl").rename(tmp_path / "one" / "old")
    (tmp_path / "one" / "metrics.jsonl").write_bytes((tmp_path / "one" / "old").read_bytes())
    hub._states.clear()
    show(made, "one", 1)
    assert made._masks[0].scene != before


@pytest.mark.parametrize("damaged", [(2,), (0, 1, 2)])
def test_a_mask_that_cannot_be_read_is_told_in_the_card(tmp_path: Path, damaged: tuple[int, ...]) -> None:
    make_run(tmp_path / "run", preset("demo", epochs=2), epochs=2, hidden=6)
    for epoch in damaged:
        path = files.epoch_file(tmp_path / "run" / files.SNAPSHOTS, epoch)
        arrays, header = files.read_arrays(path)
        arrays[f"{MATRICES[1]}/bits"] = arrays[f"{MATRICES[1]}/bits"][:-3]
        path.write_bytes(files.array_bytes(arrays, header))
    hub = RunHub(tmp_path, clock=Ticking())
    made = card(hub, "run", 2)
    assert "This view cannot show epoch 2" in made.trouble
    assert "the mask of lstm.0.weight_hh has 15 bytes, and one of a 24 × 6 matrix has 18" in made.over.object
    made.clock.now += 1
    made.tick()
    made.zoom([(0.25, 0.25, 0.75, 0.75)] * 2)
    if damaged == (2,):
        show(made, "run", 0)
        assert made.trouble == ""
        assert [plot.info is not None for plot in made._masks] == [True, True]
        show(made, "run", 2)
        assert "This view cannot show epoch 2" in made.trouble
