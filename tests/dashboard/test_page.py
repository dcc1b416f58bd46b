import gc
import weakref
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import panel as pn
import pytest

from strnn_viz import views
from strnn_viz.config import preset
from strnn_viz.dashboard.cards import Card
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.page import Explorer
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.runs import LayerInfo, Parent, RunWriter
from strnn_viz.views._mask_cells import mask_info
from tests import synthetic
from tests.synthetic import make_run, snapshots


def explorer(hub: RunHub, run: str | None = None) -> Explorer:
    """A viewer's page whose every look looks; its clock does not run."""
    page = Explorer(hub, Launcher(hub.folder), run)
    page._pace.clock = lambda: 0.0
    page.look()
    return page


def ticking(folder: Path) -> RunHub:
    """A hub that looks anew whenever it is asked."""
    ticks = iter(range(1_000_000))
    return RunHub(folder, clock=lambda: 10.0 * next(ticks))


def pixels(plot: Plot) -> np.ndarray:
    found = [values["data"]["image"][0] for values in plot.frame.values.values() if "image" in values.get("data", {})]
    assert len(found) == 1
    return np.asarray(found[0])


def titles(page: Explorer) -> list[str]:
    return [card.title.object for card in page.deck.cards]


def test_a_run_is_shown_at_its_newest_epoch_with_its_numbers(hub: RunHub) -> None:
    page = explorer(hub, "first")
    run = hub.run("first")
    assert (page.cursor.run, page.cursor.epoch, page.cursor.group) == ("first", 5, "LSTM layer 1")
    assert views.mask_title(run, 5, layer="LSTM layer 1") in page.deck.masks.title.object
    assert views.learning_title(run, 5) in page.deck.learning.title.object
    assert "finished · 5 epochs" in page.status.object
    assert not page.welcome.visible
    assert not page.notice.visible


def test_one_cursor_drives_every_view(hub: RunHub) -> None:
    page = explorer(hub, "first")
    before, masks = titles(page), pixels(page.deck.masks.plots[0])
    page.player.slider.value = 2
    assert all("poch 2" in title for title in titles(page))
    assert not set(before) & set(titles(page))
    assert not np.array_equal(pixels(page.deck.masks.plots[0]), masks)
    page.player.slider.value = 5
    assert titles(page) == before
    np.testing.assert_array_equal(pixels(page.deck.masks.plots[0]), masks)


def test_the_two_matrices_of_a_layer_stand_side_by_side(hub: RunHub) -> None:
    page = explorer(hub, "first")
    left, right = page.deck.masks.plots
    assert (left.caption.object, right.caption.object) == ("input → gates", "recurrent → gates")
    assert not np.array_equal(pixels(left), pixels(right))


def test_another_layer_is_shown_in_all_views_that_have_layers(hub: RunHub) -> None:
    page = explorer(hub, "first")
    assert page.deck.layer.options == ["Embedding", "LSTM layer 1", "LSTM layer 2", "Decoder"]
    before = titles(page)
    page.deck.layer.value = "Decoder"
    masks, learning, magnitudes, distance = titles(page)
    assert all("Decoder" in title for title in (masks, magnitudes, distance))
    assert learning == before[1]
    assert [plot.slot.visible for plot in page.deck.masks.plots] == [True, False]
    page.picker.value = "second"
    assert page.cursor.group == "Decoder"  # kept, since the other run has it too
    page.deck.layer.value = "LSTM layer 2"
    assert [plot.slot.visible for plot in page.deck.masks.plots] == [True, True]


def test_a_layer_of_many_matrices_is_seen_two_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = ("input", "recurrent", "recurrent", "recurrent", "recurrent")
    infos = [LayerInfo(f"rhn.{i}", (16, 8), role, "RHN layer 1", ("h", "t")) for i, role in enumerate(roles)]
    monkeypatch.setattr(synthetic, "layer_infos", lambda hidden: [*infos, LayerInfo("decoder", (9, 8), "linear", "D")])
    run = make_run(tmp_path / "rhn", preset("demo", epochs=2), epochs=2, hidden=8)
    page = explorer(ticking(tmp_path))
    left, right = page.deck.masks.plots
    names = [
        "RHN layer 1, input and recurrent 1",
        "RHN layer 1, recurrent 2 and recurrent 3",
        "RHN layer 1, recurrent 4",
    ]
    assert page.deck.layer.options == [*names, "D"]
    assert (page.cursor.group, page.cursor.sheet) == ("RHN layer 1", names[0])
    assert (left.caption.object, right.caption.object) == ("input → gates", "recurrent 1 → gates")
    before = titles(page)
    page.deck.layer.value = names[1]
    assert (left.caption.object, right.caption.object) == ("recurrent 2 → gates", "recurrent 3 → gates")
    for plot, name in ((left, "rhn.2"), (right, "rhn.3")):
        shown = mask_info(run, 2, run.layers[name], max_rows=300, max_columns=300)
        np.testing.assert_array_equal(pixels(plot), shown.codes)
    assert titles(page) == before  # they are about the layer
    assert page.place.layer == names[1]
    page.deck.layer.value = names[2]
    assert left.caption.object == "recurrent 4 → gates"
    assert [plot.slot.visible for plot in page.deck.masks.plots] == [True, False]
    page.look()
    assert page.cursor.sheet == names[2]
    other = arrive(ticking(tmp_path), monkeypatch, f"layer={names[1]}")
    assert other.deck.masks.plots[0].caption.object == "recurrent 2 → gates"
    whole = arrive(ticking(tmp_path), monkeypatch, "layer=RHN layer 1")
    assert (whole.cursor.sheet, whole.notice.visible) == (names[0], False)


def test_another_run_is_chosen_with_the_picker(hub: RunHub) -> None:
    page = explorer(hub, "first")
    page.player.slider.value = 2
    page.picker.value = "second"
    assert (page.cursor.run, page.cursor.epoch) == ("second", 3)
    assert "finished · 3 epochs" in page.status.object
    assert views.mask_title(hub.run("second"), 3, layer="LSTM layer 1") in page.deck.masks.title.object


def test_without_any_run_the_page_says_how_to_begin(tmp_path: Path) -> None:
    hub = ticking(tmp_path)
    page = explorer(hub)
    assert "No run yet" in page.welcome.object
    assert page.welcome.visible
    assert page.deck.view.css_classes == ["gone"]
    assert page.picker.disabled
    make_run(tmp_path / "now", preset("demo", epochs=1), epochs=1, hidden=4)
    page.look()
    assert not page.welcome.visible
    assert page.deck.view.css_classes == []
    assert page.cursor.run == "now"


def test_a_run_without_an_epoch_says_what_will_appear_and_when(
    tmp_path: Path, growing: tuple[RunWriter, Iterator]
) -> None:
    writer, steps = growing
    hub = ticking(writer.path.parent)
    page = explorer(hub)
    assert "training · no epoch yet" in page.status.object
    for card in page.deck.cards:
        assert "Here " in card.over.object
        assert "within seconds" in card.over.object
    writer.append(next(steps))
    page.look()
    assert not any(card.over.visible for card in page.deck.cards)
    assert all(plot.frame is not None for card in page.deck.cards for plot in card.plots if plot.slot.visible)


def test_new_epochs_are_followed_until_a_person_scrubs(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    writer.append(next(steps))
    page = explorer(ticking(writer.path.parent))
    for epoch in (1, 2, 3):
        writer.append(next(steps))
        page.look()
        assert page.cursor.epoch == page.player.slider.value == epoch
    page.player.slider.value = 1
    masks = pixels(page.deck.masks.plots[0])
    writer.append(next(steps))
    page.look()
    assert (page.cursor.epoch, page.player.slider.end) == (1, 4)
    assert page.player.standing.object == "behind by 3 epochs"
    assert "epoch 4 of 6" in page.status.object
    np.testing.assert_array_equal(pixels(page.deck.masks.plots[0]), masks)
    page.player.live.clicks += 1
    assert page.cursor.epoch == 4


def test_views_over_time_grow_while_a_person_looks_at_an_early_epoch(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    for _ in range(2):
        writer.append(next(steps))
    page = explorer(ticking(writer.path.parent))
    page.player.slider.value = 0
    curves, masks = page.deck.learning.plots[0], page.deck.masks.plots[0]
    before = curves.frame, masks.frame
    writer.append(next(steps))
    page.look()
    assert curves.frame is not before[0]
    assert masks.frame is before[1]


def test_an_error_in_one_view_is_told_in_its_card_and_ends_there(
    hub: RunHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    page = explorer(hub, "first")
    plot = page.deck.distance.plots[0]

    def broken(run: object, epoch: int, layer: str | None = None, height: int | None = None) -> None:
        raise ZeroDivisionError(f"no distance <b>in</b> epoch {epoch}")

    monkeypatch.setattr(plot, "_view", View(broken))
    monkeypatch.setattr(plot, "_place", "broken")
    page.player.slider.value = 3
    assert page.deck.distance.over.visible
    assert "cannot show epoch 3: no distance &lt;b&gt;in&lt;/b&gt; epoch 3" in page.deck.distance.over.object
    assert "poch 3" in page.deck.masks.title.object
    assert "ZeroDivisionError" in caplog.text
    caplog.clear()
    page.draw()
    assert caplog.text == ""  # told once, not at every look
    monkeypatch.undo()
    page.player.slider.value = 4
    assert not page.deck.distance.over.visible


def test_a_failed_run_says_why(tmp_path: Path, growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    writer.append(next(steps))
    writer.status("failed", "the loss is <nan>")
    page = explorer(ticking(writer.path.parent))
    assert "the loss is &lt;nan&gt;" in page.notice.html
    assert 'class="error"' in page.notice.html
    assert "failed" in page.status.object


def test_a_damaged_epoch_is_named_and_left_out(tmp_path: Path) -> None:
    run = make_run(tmp_path / "damaged", preset("demo", epochs=3), epochs=3, hidden=4)
    (run.path / "snapshots" / "000002.safetensors").write_bytes(b"broken")
    page = explorer(RunHub(tmp_path))
    assert page.cursor.epochs == (0, 1, 3)
    assert "000002.safetensors" in page.notice.own.object
    page.player.back.clicks += 1
    assert page.cursor.epoch == 1


def test_a_run_that_is_deleted_gives_way_to_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        make_run(tmp_path / name, preset("demo", epochs=1), epochs=1, hidden=4)
    hub = ticking(tmp_path)
    page = explorer(hub, "one")
    (tmp_path / "one" / "run.json").unlink()
    page.look()
    page.look()
    assert page.cursor.run == "two"
    assert page.picker.options == {"two": "two"}


def test_a_run_that_was_started_is_opened(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    writer.append(next(steps))
    make_run(writer.path.parent / "older", preset("demo", epochs=1), epochs=1, hidden=4)
    page = explorer(ticking(writer.path.parent), "older")
    page.open("live")
    assert page.cursor.run == page.picker.value == "live"


def test_the_run_that_trains_is_shown_first(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    writer.append(next(steps))
    make_run(writer.path.parent / "newer", preset("demo", epochs=1), epochs=1, hidden=4)
    assert explorer(ticking(writer.path.parent)).cursor.run == "live"


def test_viewers_share_what_is_drawn_and_not_where_they_are(hub: RunHub) -> None:
    one, other = explorer(hub, "first"), explorer(hub, "first")
    one.player.slider.value = 1
    assert other.cursor.epoch == 5
    other.player.slider.value = 1
    for a, b in zip(one.deck.cards, other.deck.cards, strict=True):
        assert [plot.frame for plot in a.plots] == [plot.frame for plot in b.plots]


def test_cells_are_as_many_as_there_are_pixels(hub: RunHub) -> None:
    page = explorer(hub, "first")
    plot = page.deck.masks.plots[0]
    plot._figure._measured("inner_width", None, 300)
    plot._figure._measured("inner_height", None, 25)
    assert pixels(plot).shape[0] <= 20  # 32 rows of 4 gates have no room in 25 pixels
    plot._figure._measured("inner_height", 25, 400)
    assert pixels(plot).shape == (32, 8)


def test_a_long_look_leaves_time_to_hear_a_person(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    page = explorer(ticking(writer.path.parent))
    seconds = iter([1.0, 1.5, 2.4, 2.5, 2.6])  # begins and ends; 2.4 is within the rest
    page._pace.clock = lambda: next(seconds)
    writer.append(next(steps))
    page.look()
    assert page.cursor.epoch == 0
    writer.append(next(steps))
    page.look()
    assert page.cursor.epoch == 0
    page.look()
    assert page.cursor.epoch == 1


def test_a_view_that_is_not_seen_is_not_drawn(hub: RunHub) -> None:
    page = explorer(hub, "first")
    page.deck.layer.value = "Embedding"
    hidden = page.deck.masks.plots[1]
    before = hidden.frame
    page.player.slider.value = 2
    assert hidden.frame is before


def test_one_place_is_announced_and_not_every_title(hub: RunHub) -> None:
    page = explorer(hub, "first")
    assert all(card.title._get_properties(None)["html_attributes"] == {} for card in page.deck.cards)
    assert page.deck.announcer._get_properties(None)["html_attributes"] == {"role": "status"}
    assert page.status._get_properties(None)["html_attributes"] == {"role": "status"}


def test_what_comes_from_a_run_is_escaped(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "evil", preset("demo")) as writer:
        writer.status("failed", "<script>alert(1)</script>")
    page = explorer(RunHub(tmp_path))
    assert "<script>" not in page.notice.html


def test_a_viewer_that_left_is_forgotten(hub: RunHub) -> None:
    page = explorer(hub, "first")
    page.player.slider.value = 2
    left = weakref.ref(page)
    del page
    gc.collect()
    assert left() is None


def test_an_empty_card_takes_no_words(hub: RunHub) -> None:
    card = Card(hub, "somewhere", [], lambda run, epoch, layer=None: "title", "Name")
    assert card.title.object == "<h2>Name</h2>"
    assert not card.over.visible


def test_a_classifier_after_a_language_model_has_an_axis_of_its_own(tmp_path: Path) -> None:
    make_run(tmp_path / "words", preset("demo", epochs=3), epochs=3, hidden=8)
    make_run(tmp_path / "classes", preset("era", epochs=4), epochs=4, hidden=8, accuracy=True)
    page = explorer(RunHub(tmp_path), "words")
    plot = page.deck.learning.plots[0]
    scales = [type(plot._figure.pane.object.y_scale).__name__]
    for name in ("classes", "words"):
        page.picker.value = name
        page.look()
        scales.append(type(plot._figure.pane.object.y_scale).__name__)
    assert scales == ["LogScale", "LinearScale", "LogScale"]
    assert len(plot.slot) == 2  # a caption and one figure, whatever was shown before
    page.picker.value = "classes"
    page.look()
    assert "validation accuracy" in page.deck.learning.title.object
    assert page._course()[0][0] == (0, pytest.approx(0.25))
    assert not page._course()[1]
    assert "polyline" in page.player.sparkline.object


def test_active_weights_of_the_epoch_shown_are_told(tmp_path: Path) -> None:
    make_run(tmp_path / "gmp", preset("demo", method="gmp", epochs=4), epochs=4, hidden=8, begins_dense=True)
    page = explorer(RunHub(tmp_path))
    at_last = page.deck.active.object
    page.player.slider.value = 0
    assert page.deck.active.object.endswith("(100.0%)")
    assert page.deck.active.object != at_last
    assert at_last == views.active_words(page.hub.run("gmp"), 4)


def test_a_fork_and_its_parent_tell_of_each_other(tmp_path: Path) -> None:
    config = preset("demo", epochs=5)
    make_run(tmp_path / "demo", config, epochs=5, hidden=8)
    with RunWriter(tmp_path / "demo-e2", config.replace({"prune_rate": 0.2}), parent=Parent("demo", 2)) as writer:
        for snapshot in snapshots(epochs=5, hidden=8):
            if snapshot.epoch >= 2:
                writer.append(snapshot)
    page = explorer(ticking(tmp_path), "demo")
    assert page.picker.options == {"demo": "demo", "↳ demo-e2 · prune rate 0.2": "demo-e2"}
    assert "At epoch 2 demo-e2 branches off: prune rate 0.2." in page.fork.family.object
    assert "demo-e2 branches off at epoch 2: prune rate 0.2; recorded to epoch 5" in page.player.branches.object
    page.picker.value = "demo-e2"
    assert page.cursor.epoch == 5
    assert "Fork of demo at epoch 2: prune rate 0.2." in page.fork.family.object
    assert "run=demo&amp;epoch=2" in page.player.branches.object
    assert "branches off" not in page.player.branches.object
    (tmp_path / "demo" / "run.json").unlink()
    page.look()
    assert page.picker.options == {"demo-e2": "demo-e2"}
    assert "Fork of demo at epoch 2." in page.fork.family.object
    assert "<a " not in page.player.branches.object  # there is nowhere to go


def test_the_lane_of_a_fork_grows_while_its_parent_is_looked_at(tmp_path: Path) -> None:
    config = preset("demo", epochs=5)
    make_run(tmp_path / "demo", config, epochs=5, hidden=8)
    with RunWriter(tmp_path / "demo-e2", config.replace({"seed": 2}), parent=Parent("demo", 2)) as writer:
        steps = [snapshot for snapshot in snapshots(epochs=5, hidden=8) if snapshot.epoch >= 2]
        writer.append(steps[0])
        page = explorer(ticking(tmp_path), "demo")
        assert "no epoch of its own yet" in page.player.branches.object
        writer.append(steps[1])
        page.look()
        assert "recorded to epoch 3" in page.player.branches.object


def test_the_epoch_to_fork_from_follows_the_cursor(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "one", preset("demo", epochs=3)) as writer:
        for snapshot in snapshots(epochs=3, hidden=4):
            writer.append(snapshot)
            writer.checkpoint(snapshot.epoch, {}, {})
    page = explorer(RunHub(tmp_path))
    assert page.fork.unfold.disabled  # nothing is left to train
    page.player.slider.value = 1
    assert page.fork.unfold.label == "Fork from epoch 1"
    assert not page.fork.unfold.disabled


def arrive(hub: RunHub, monkeypatch: pytest.MonkeyPatch, query: str) -> Explorer:
    """A page opened by an address."""
    arguments = {name: [value.encode() for value in values] for name, values in parse_qs(query).items()}
    monkeypatch.setattr(type(pn.state), "session_args", property(lambda _: arguments))
    page = Explorer(hub, Launcher(hub.folder))
    page.view()
    page._pace.clock = lambda: 0.0
    return page


def test_an_address_brings_back_what_was_seen(hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    page = arrive(hub, monkeypatch, "run=second")
    page.look()
    assert page.share.courier.address == ""  # nobody has gone anywhere yet
    page.player.slider.value = 2
    page.deck.layer.value = "Decoder"
    page.deck.distance.picker.value = "Turnover"
    page.deck.masks.menu.colouring.value = "age"
    page.deck.masks.zoom([(0.25, 0.0, 0.75, 0.5), None])
    page.look()
    query = page.share.courier.address
    assert query == "run=second&epoch=2&layer=Decoder&view=Turnover&colouring=age&zoom=0.25,0,0.75,0.5;"
    other = arrive(hub, monkeypatch, query)
    assert other.place == page.place
    assert titles(other) == titles(page)
    assert not other.notice.visible
    np.testing.assert_array_equal(pixels(other.deck.masks.plots[0]), pixels(page.deck.masks.plots[0]))


def test_an_address_freezes_the_order_at_the_epoch_it_asks_for(hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Explorer, "_draw_soon", lambda _: None)  # in a session, a move is drawn later
    page = arrive(hub, monkeypatch, "run=first&epoch=2&order=frozen")
    assert [plot.look.order for plot in page.deck.masks.plots] == [2, 2]
    page.cursor.scrub(4)
    page.draw()
    assert [plot.look.order for plot in page.deck.masks.plots] == [2, 2]


def test_an_address_that_leads_nowhere_is_told_and_the_rest_of_it_holds(
    hub: RunHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = arrive(hub, monkeypatch, "run=first&epoch=77&layer=Nothing&view=Gates&zoom=3")
    assert (page.cursor.run, page.cursor.epoch) == ("first", 5)
    assert page.deck.distance.picker.value == "Gates"
    told = page.notice.html
    assert "epoch 77, which is not recorded; the nearest is shown" in told
    assert "asks for the layer &#x27;Nothing&#x27;. There are: Embedding, LSTM layer 1" in told
    assert "four numbers from 0 to 1" in told
    page.notice.close.clicks += 1
    page.look()
    assert not page.notice.visible
    lost = arrive(hub, monkeypatch, "run=%3Cb%3E&epoch=2")
    assert "there is none of that name here" in lost.notice.html
    assert "<b>" not in lost.notice.html
    assert lost.cursor.follow
    lost.picker.value = "second" if lost.cursor.run == "first" else "first"  # either may be the newest
    assert not lost.notice.visible
