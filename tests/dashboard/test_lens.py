from __future__ import annotations

from pathlib import Path

import pytest

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.deck import Deck
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.lens import LENSES, LensCard
from strnn_viz.views.degrees import degree_info
from tests.synthetic import make_run


@pytest.fixture
def deck(tmp_path: Path) -> Deck:
    make_run(tmp_path / "a", epochs=4)
    hub, cursor = RunHub(tmp_path), Cursor()
    deck = Deck(hub, cursor)
    hub.names(now=True)
    cursor.select("a")
    state = hub.state("a")
    cursor.see(state.epochs)
    deck.regroup()
    deck.draw(state)
    return deck


@pytest.mark.parametrize("place", range(len(LENSES)), ids=lambda place: LENSES[place].name)
def test_every_lens_shows_itself_and_its_own_sentence(deck: Deck, place: int) -> None:
    card, lens = deck.distance, LENSES[place]
    card.picker.value = lens.name
    assert card.trouble == ""
    assert [plot.slot.visible for plot in card.plots] == [i == place for i in range(len(LENSES))]
    assert card.plots[place].frame is not None
    assert "epoch 4" in card.title.object
    if place:
        assert card.plots[place]._figure is not None


def test_a_lens_that_is_not_chosen_does_no_work(deck: Deck) -> None:
    assert [plot.frame is not None for plot in deck.distance.plots] == [True] + [False] * (len(LENSES) - 1)


def test_the_topology_distance_of_a_large_layer_is_left_to_the_terminal(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("strnn_viz.dashboard.lens._MOST_UNITS", 10)
    make_run(tmp_path / "a", epochs=1)
    nnstd = next(lens for lens in LENSES if lens.name == "NNSTD")
    with pytest.raises(ValueError, match="strnn-viz distance a@0 a@1"):
        nnstd.view.element(RunHub(tmp_path).run("a"), 1, None)


def test_a_unit_is_singled_out_where_a_view_can(hub: RunHub) -> None:
    run, drawn = hub.run("first"), []
    card = LensCard(hub, "distance", lambda: drawn.append(card.unit.value))
    card.prepare("first", 5, ["LSTM layer 1"])
    assert not card.unit.visible
    card.picker.value = "One unit"
    card.prepare("first", 5, ["LSTM layer 1"])
    assert card.unit.visible
    card.unit.value = " 3 "
    card.prepare("first", 5, ["LSTM layer 1"])
    assert drawn == ["", " 3 "]
    assert "LSTM layer 1, unit 3, epoch 5" in card.title.object
    card.picker.value = "Degrees"
    card.prepare("first", 5, ["LSTM layer 1"])
    (side, other) = degree_info(run, 5, "LSTM layer 1").sides
    assert f"unit 3 has {side.degrees[3]:,} in, {other.degrees[3]:,} out" in card.title.object


@pytest.mark.parametrize("lens", ["Degrees", "One unit"])
@pytest.mark.parametrize("typed", ["8", "99", "-1", "4x", "²"])
def test_a_unit_there_is_not_is_told_at_its_field_and_the_lens_is_drawn_without(
    hub: RunHub, caplog: pytest.LogCaptureFixture, lens: str, typed: str
) -> None:
    card = LensCard(hub, "distance", lambda: None)
    card.picker.value = lens
    card.prepare("first", 5, ["LSTM layer 1"])
    without = card.title.object
    card.unit.value = typed
    card.prepare("first", 5, ["LSTM layer 1"])
    assert (card.unit.error_state, card.unit.helper_text) == (True, f"There is no unit {typed}. Units: 0 to 7.")
    assert (card.title.object, card.trouble, caplog.text) == (without, "", "")
    card.unit.value = "7"
    card.prepare("first", 5, ["LSTM layer 1"])
    assert (card.unit.error_state, card.unit.helper_text) == (False, "")
    assert "unit 7" in card.title.object


def test_a_lens_that_cannot_be_drawn_keeps_its_name_and_leaves_no_trace_in_the_log(
    hub: RunHub, caplog: pytest.LogCaptureFixture
) -> None:
    card = LensCard(hub, "distance", lambda: None)
    card.picker.value = "Degrees"
    card.unit.value = "3"
    card.prepare("first", 77, ["LSTM layer 1"])
    assert card.title.object == "<h2>Degrees</h2>"
    assert "cannot show epoch 77" in card.over.object
    assert caplog.text == ""
