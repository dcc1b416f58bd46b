import param
import pytest

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.player import EpochSlider, Player
from strnn_viz.dashboard.track import Course, Lane
from tests.dashboard.test_words import state


def player(epochs: int = 13, status: str = "training") -> Player:
    player = Player(Cursor(run="r"))
    player.cursor.see(range(epochs))
    refresh(player, status)
    return player


def refresh(player: Player, status: str = "training") -> None:
    player.update(state(status, len(player.cursor.epochs)), Course())


def test_moves_of_the_slider_reach_the_server_at_once() -> None:
    assert EpochSlider._debounce == 1


def test_the_slider_ends_at_the_newest_epoch_and_takes_its_share_of_the_track() -> None:
    bar = player(13)
    assert (bar.slider.start, bar.slider.end, bar.slider.value) == (0, 12, 12)
    assert bar.slider.styles["max-width"] == "calc(40.0000% + 12px)"  # 12 of 30 epochs
    bar.cursor.see(range(16))
    refresh(bar)
    assert (bar.slider.end, bar.slider.value) == (15, 15)
    assert bar.slider.styles["max-width"] == "calc(50.0000% + 12px)"


def test_dragging_the_slider_stops_following_and_says_so() -> None:
    bar = player(13)
    assert "following live" in bar.standing.object
    assert not bar.live.visible
    bar.slider.value = 10
    refresh(bar)
    assert (bar.cursor.epoch, bar.cursor.follow) == (10, False)
    assert bar.standing.object == "behind by 2 epochs"
    assert bar.live.visible
    assert "<b>10</b>" in bar.position.object


def test_following_is_taken_up_by_a_button() -> None:
    bar = player(13)
    bar.slider.value = 3
    bar.live.clicks += 1
    refresh(bar)
    assert (bar.cursor.epoch, bar.cursor.follow) == (12, True)
    assert "following live" in bar.standing.object


def test_a_new_epoch_does_not_look_like_a_move_of_the_person() -> None:
    bar = player(13)
    for newest in (14, 15, 16):
        bar.cursor.see(range(newest))
        refresh(bar)
    assert bar.cursor.follow
    assert bar.slider.value == 15


def test_buttons_move_by_one_epoch_and_to_both_ends() -> None:
    bar = player(5, "finished")
    seen = []
    for button in (bar.back, bar.back, bar.first, bar.on, bar.last):
        button.clicks += 1
        refresh(bar, "finished")
        seen.append(bar.cursor.epoch)
    assert seen == [3, 2, 0, 1, 4]


@pytest.mark.parametrize(
    ("epoch", "disabled"), [(0, ["first", "back"]), (2, []), (4, ["on", "last"])], ids=["first", "middle", "last"]
)
def test_a_button_that_leads_nowhere_is_disabled(epoch: int, disabled: list[str]) -> None:
    bar = player(5, "finished")
    bar.cursor.scrub(epoch)
    refresh(bar, "finished")
    buttons = ["first", "back", "play", "on", "last"]
    assert [name for name in buttons if getattr(bar, name).disabled] == disabled


def test_before_the_first_epoch_nothing_can_be_moved() -> None:
    bar = player(0)
    assert "no epoch yet" in bar.position.object
    assert bar.slider.disabled
    assert all(b.disabled for b in (bar.first, bar.back, bar.play, bar.on, bar.last))
    bar.update(None, Course())
    assert bar.slider.disabled


def test_playing_goes_from_the_first_epoch_to_the_last_and_stops() -> None:
    bar = player(4, "finished")
    bar.play.clicks += 1
    assert bar.playing
    assert bar.play.icon == "pause"
    seen = [bar.cursor.epoch]
    while bar.playing:
        bar.tick()
        seen.append(bar.cursor.epoch)
    assert seen == [0, 1, 2, 3]
    assert bar.play.icon == "play_arrow"


def test_playing_a_run_that_trains_ends_in_following_it() -> None:
    bar = player(4)
    bar.cursor.scrub(1)
    bar.toggle()
    bar.tick()
    bar.tick()
    assert (bar.playing, bar.cursor.follow, bar.cursor.epoch) == (False, True, 3)


def test_a_person_who_scrubs_stops_the_playing() -> None:
    bar = player(8, "finished")
    bar.toggle()
    bar.slider.value = 5
    assert not bar.playing
    assert bar.cursor.epoch == 5


def test_after_a_move_the_browser_is_asked_where_the_slider_is(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = player(13)
    told = []
    bar.slider.param.watch(lambda event: told.append(event.new), "value")
    bar.settle()
    assert bar._wire.data["asked"] == [0]
    bar.slider.value = 3
    bar.settle()
    assert bar._wire.data["asked"] == [0]  # the person may still be moving it
    now[0] += 1
    bar.settle()
    assert bar._wire.data["asked"] == [1]
    bar._wire.tags = ["at", 1, 3]
    assert told == [3]  # it stands where the page is
    bar._wire.tags = ["at", 1, 12]
    assert told == [3, 4, 3]  # a word of the server's came last: the browser is told again
    assert (bar.cursor.epoch, bar.cursor.follow) == (3, False)
    bar.settle()
    assert bar._wire.data["asked"] == [1]


def test_a_person_who_went_on_is_not_pulled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = player(13)
    bar.slider.value = 3
    now[0] += 1
    bar.settle()
    bar.slider.value = 5
    bar._wire.tags = ["at", 1, 3]
    assert (bar.slider.value, bar.cursor.epoch) == (5, 5)


def test_of_two_words_heard_together_the_position_is_the_later() -> None:
    """A key that is held lets go at every step; the server once went back to where it was let go last."""
    bar = player(13)
    with param.edit_constant(bar.slider):
        bar.slider.param.update(value=6, value_throttled=7)
    assert (bar.cursor.epoch, bar.slider.value) == (6, 6)


def test_space_plays_and_stops() -> None:
    bar = player(8, "finished")
    bar._wire.tags = ["play", 1.0]
    assert bar.playing
    bar._wire.tags = ["play", 2.0]
    assert not bar.playing
    alone = player(1, "finished")
    alone._wire.tags = ["play", 3.0]
    assert not alone.playing


@pytest.mark.parametrize(("speed", "milliseconds"), [(0.5, 800), (1.0, 400), (2.0, 200), (4.0, 100), (8.0, 50)])
def test_speeds_are_times_an_epoch_is_shown_for(speed: float, milliseconds: int) -> None:
    bar = player(8)
    assert bar.frame_ms == 400
    bar.speed.value = speed
    assert bar.frame_ms == milliseconds
    assert bar.speed.label == "Speed"


def test_where_drawing_is_slow_epochs_are_left_out_and_the_speed_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    bar = player(30, "finished")
    bar.toggle()
    bar._run_clock()
    bar._beat_at = now[0]
    seen = []
    for passed in (0.4, 0.85, 9.0):
        now[0] += passed
        bar._beat()
        seen.append(bar.cursor.epoch)
    assert seen == [1, 3, 7]  # at most four at once


def test_a_key_to_an_epoch_that_is_not_recorded_leads_to_the_next_that_is() -> None:
    bar = Player(Cursor(run="r"))
    bar.cursor.see([0, 1, 3, 4])
    bar.cursor.scrub(1)
    refresh(bar, "finished")
    bar.slider.value = 2
    assert bar.cursor.epoch == 3
    refresh(bar, "finished")
    bar.slider.value = 2
    assert bar.cursor.epoch == 1


def test_the_slider_is_as_wide_as_its_share_and_a_thumb() -> None:
    """Its thumb then stands over the end of the track at the last epoch."""
    bar = player(13, "finished")
    assert bar.slider.styles["left"] == "-6px"
    assert "width: calc(100% + 12px) !important" in bar.slider.stylesheets[0]


def test_letting_go_of_the_slider_counts_even_where_the_server_has_moved_it() -> None:
    bar = player(13)
    with param.edit_constant(bar.slider):
        bar.slider.value_throttled = 12  # where it is, since an epoch arrived as the person let go
    assert not bar.cursor.follow
    bar.cursor.see(range(20))
    assert bar.cursor.epoch == 12
    with param.edit_constant(bar.slider):
        bar.slider.value_throttled = 0
    assert bar.cursor.epoch == 0


def test_branches_take_room_only_while_there_are_some() -> None:
    bar = player(13)
    bar.mark(None, [])
    assert not bar.branches.visible
    assert bar._bar.styles == {}
    bar.mark(Lane("parent", 0, 0), [Lane("fork", 6, 9)])
    assert bar.branches.object.count("<a ") == 2
    assert bar._bar.styles == {"--forks": "12px"}
    bar.mark(None, [Lane("fork", 40, 41)])  # which is not there
    assert (bar.branches.visible, bar._bar.styles) == (False, {})


def test_the_room_for_where_one_stands_is_the_same_at_every_epoch() -> None:
    bar = player(13, "stopped")
    assert bar.standing.object == "at the newest recorded"
    assert bar._aside.styles == {"--standing": "max(19.8ch, 0px)"}
    bar.slider.value = 2
    refresh(bar, "stopped")
    assert bar._aside.styles == {"--standing": "max(19.8ch, 0px)"}
    refresh(bar, "training")
    assert bar._aside.styles == {"--standing": "max(17.1ch, 128px)"}  # with the button, which comes and goes
    nothing = player(0, "stopped")
    assert nothing._aside.styles == {"--standing": "0px"}
