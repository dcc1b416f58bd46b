"""The bar at the bottom: the one epoch cursor, with buttons, a track, and where one stands against the newest."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.events import DocumentReady
from bokeh.models import ColumnDataSource, CustomJS

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunState
from strnn_viz.dashboard.parts import Pace, Text, repeat
from strnn_viz.dashboard.theme import script, style
from strnn_viz.dashboard.track import Course, Lane, Span, lanes_html, track_end, track_svg
from strnn_viz.dashboard.words import follow_line

FRAME_MS = 400  # time an epoch is shown for while playing, at speed 1
SPEEDS = {"0.5×": 0.5, "1×": 1.0, "2×": 2.0, "4×": 4.0, "8×": 8.0}
_MOST_LEFT_OUT = 4  # epochs stepped at once while playing
REST_SECONDS = 0.4  # without a move, after which a person rests

_NONE = -1  # of the slider's value_throttled: nobody has let go since
_THUMB = 12  # pixels the slider's thumb is wide; its track is inset by half of that at both ends
_PLACE = {"position": "absolute", "left": f"{-_THUMB // 2}px", "top": "20px"}
_WIDE = f":host {{ width: calc(100% + {_THUMB}px) !important; }}"  # else the width is that of the track

# The number beside the buttons follows the slider at once; a late word of the server's does not take it back.
_NUMBER = """
const page = (globalThis.strnnPage ??= {})
const number = page.epoch?.toLocaleString("en-US")
const told = position.text.replace(/(&lt;b&gt;)[\\d,]+(&lt;)/, (_, before, after) => before + number + after)
if (number && told != position.text) position.setv({text: told}, {sync: false})
"""
# The number is found by its name: Panel would hold whatever a call is given, and with it the page, for ever.
_FOLLOW = (
    """
(globalThis.strnnPage ??= {}).epoch = cb_obj.value
const position = cb_obj.document?.get_model_by_name("epoch-number")
if (!position) return
"""
    + _NUMBER
)


class EpochSlider(pmui.IntSlider):  # type: ignore[misc]
    """A slider whose every move reaches the server at once; Panel's own waits 50 ms to gather moves.

    Attributes
    ----------
    calls : list of CustomJS
        What the browser does at every move, by itself. ``jscallback`` would hold what they lead to for ever.
    """

    _debounce = 1

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self.calls: list[CustomJS] = []

    def _get_model(self, *args: Any, **kwargs: Any) -> Any:
        model = super()._get_model(*args, **kwargs)
        for call in self.calls:
            model.data.js_on_change("value", call)
        return model


class Player:
    """Moves the cursor, and shows where it is.

    Parameters
    ----------
    cursor : Cursor
    """

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.playing = False
        self._pace = Pace(rest=1)
        self._live = False
        self._insisting = False
        self._moved_at: float | None = None
        self.slider = EpochSlider(
            label="Epoch", show_value=False, size="small", tooltips=False, disabled=True, start=0, end=1, value=0,
            value_throttled=_NONE,
            margin=0, sizing_mode="stretch_width", stylesheets=[_WIDE],
            sx={"& .MuiFormLabel-root": {"display": "none"}},
        )  # fmt: skip
        self._span = Span(0, 0, 1)
        self.sparkline = Text(looks="track", attributes={"aria-hidden": "true"})
        self.branches = Text(looks="branches")
        self.position = Text(looks="position", width=128, align="center", called="epoch-number")
        self.standing = Text(attributes={"role": "status"}, align="center")
        self.first = self._button("first_page", "First epoch", cursor.first)
        self.back = self._button("chevron_left", "Previous epoch", lambda: cursor.step(-1))
        self.play = self._button("play_arrow", "Play the epochs", self.toggle)
        self.on = self._button("chevron_right", "Next epoch", lambda: cursor.step(1))
        self.last = self._button("last_page", "Newest epoch", cursor.go_live)
        self.live = pmui.Button(
            label="Follow live", icon="sensors", size="small", variant="outlined", visible=False, margin=0,
            sx={"&.MuiButton-root": {"padding": "1px 8px"}},
        )  # fmt: skip
        self.live.on_click(lambda _: self._act(cursor.go_live))
        self.speed = pmui.Select(label="Speed", options=SPEEDS, value=1.0, size="small", width=84, margin=0,
                                 align="center")  # fmt: skip
        self.speed.param.watch(lambda _: self._run_clock(), "value")
        self.slider.param.watch(self._scrub, ["value", "value_throttled"])
        self._wire = ColumnDataSource(data={"asked": [0]})
        self._wire.on_change("tags", self._told)
        self._wire.js_on_change("data", self._script("asked"))
        self._questions = 0
        self.slider.calls.append(CustomJS(code=_FOLLOW))
        self.position.jscallback(text="const position = source\n" + _NUMBER)
        # As a part of a call the wire is in the page, and so heard by both sides.
        self.slider.calls.append(CustomJS(args={"wire": self._wire}, code="void wire"))
        self._clock: Any = None
        self._beat_at = 0.0
        self._aside = pn.Row(
            self.standing,
            self.live,
            stylesheets=[style("standing")],
            margin=0,
            align="center",
            css_classes=["standing"],
        )
        self._bar = pn.Row(
            stylesheets=[style("player")], sizing_mode="stretch_width", margin=0, css_classes=["player"]
        )  # fmt: skip

    def view(self) -> pn.viewable.Viewable:
        """The bar as a Panel object; the page's keys move it from then on."""
        if pn.state.curdoc is not None:
            pn.state.curdoc.js_on_event(DocumentReady, self._script("ready"))
        buttons = pn.Row(self.first, self.back, self.play, self.on, self.last, margin=0, align="center")
        track = pn.Column(self.sparkline, self.branches, self.slider, css_classes=["rail"], margin=0, align="center")
        self._bar.objects = [buttons, self.speed, self.position, track, self._aside]
        return self._bar

    def update(self, state: RunState | None, course: Course) -> None:
        """Show where the cursor is.

        Parameters
        ----------
        state : RunState or None
            How the run is doing; None while there is none.
        course : Course
            What the track shows of it.
        """
        cursor, epochs = self.cursor, self.cursor.epochs
        self._live = bool(state and state.live)
        total = state.total if state else 1
        newest = cursor.newest or 0
        horizon = track_end(newest, total)
        first = epochs[0] if epochs else 0
        end = max(newest, first + 1)
        self._span = Span(first, newest, horizon)
        share = 100 * self._span.share(end)
        self.slider.param.update(
            start=first,
            end=end,
            value=first if cursor.epoch is None else cursor.epoch,
            disabled=len(epochs) < 2,
            styles=_PLACE | {"max-width": f"calc({share:.4f}% + {_THUMB}px)"},
        )
        self.sparkline.say(track_svg(course, self._span))
        if cursor.epoch is None:
            self.position.say('<div class="muted">no epoch yet</div>')
        else:
            words = f'<span class="muted">epoch</span><b>{cursor.epoch:,}</b><span class="muted">of {total:,}</span>'
            self.position.say(f"<div>{words}</div>")
        self.position.width = 128 + 21 * max(0, len(f"{total:,}") - 3)  # for the same number of digits twice
        follows = cursor.follow and cursor.behind == 0
        line = follow_line(cursor.epoch, cursor.newest, live=self._live, follow=follows, total=total)
        sign = "●" if self._live and follows else ""
        self.standing.say(f"{sign} {line}".strip() if state and cursor.epoch is not None else "")
        self._aside.styles = {"--standing": self._room_for_words(first, newest, total)}
        self.live.visible = self._live and not follows and cursor.epoch is not None
        at_first, at_last = cursor.epoch == first, cursor.behind == 0
        none = cursor.epoch is None
        self.first.disabled = self.back.disabled = none or at_first
        self.on.disabled = none or at_last
        self.last.disabled = none or (at_last and (follows or not self._live))
        self.play.disabled = none or len(epochs) < 2

    def _room_for_words(self, first: int, newest: int, total: int) -> str:
        """The width that where one stands takes at most, the same at every epoch; all else is for the track."""
        if self.cursor.epoch is None:
            return "0px"
        lines = [follow_line(at, newest, live=self._live, follow=False, total=total) for at in (first, newest)]
        button = "128px" if self._live else "0px"
        return f"max({0.9 * max(map(len, lines)):.1f}ch, {button})"  # letters are narrower than digits

    def mark(self, origin: Lane | None, forks: Sequence[Lane], *, linked: bool = True) -> None:
        """Show below the track where a fork came from, and the forks of the run; arguments as :func:`lanes_html`."""
        html, room = lanes_html(origin, forks, self._span, linked=linked)
        self.branches.say(html)
        self._bar.styles = {"--forks": f"{room}px"} if room else {}

    def toggle(self) -> None:
        """Play from the epoch shown (from the first, at the end), or stop playing."""
        if self.playing or len(self.cursor.epochs) < 2:
            self.halt()
            return
        if self.cursor.behind == 0:
            self.cursor.first()
        self.playing = True
        self.play.param.update(icon="pause", description="Stop playing")
        self._run_clock()

    def _run_clock(self) -> None:
        """Let the clock go at the speed chosen, if it is to go."""
        if self._clock is not None:
            self._clock.stop()
            self._clock = None
        if self.playing and in_session():
            self._beat_at = time.monotonic()
            self._clock = repeat(lambda: self._pace.run(self._beat), self.frame_ms)
            self._clock.start()

    @property
    def frame_ms(self) -> int:
        """Milliseconds an epoch is shown for."""
        return round(FRAME_MS / float(self.speed.value))

    def _beat(self) -> None:
        """Show the epoch that is due: where drawing takes longer than an epoch is shown for, some are left out."""
        passed = time.monotonic() - self._beat_at
        due = min(_MOST_LEFT_OUT, max(1, round(1000 * passed / self.frame_ms)))
        self._beat_at = time.monotonic()
        self.tick(due)

    def tick(self, by: int = 1) -> None:
        """Show the next epoch, or one some epochs on; at the newest, stop, and follow a run that goes on."""
        self.cursor.step(by)
        if self.cursor.behind == 0:
            self.halt()
            if self._live:
                self.cursor.go_live()

    def halt(self) -> None:
        """Stop playing."""
        self.playing = False
        self.play.param.update(icon="play_arrow", description="Play the epochs")
        if self._clock is not None:
            self._clock.stop()
            self._clock = None

    def _script(self, what: str) -> CustomJS:
        return CustomJS(args={"id": self._wire.id, "what": what}, code=script("keys"))

    def _button(self, icon: str, words: str, action: Callable[[], None]) -> pmui.IconButton:
        button = pmui.IconButton(icon=icon, description=words, size="small", margin=0, icon_size="20px")
        button.on_click(lambda _: self._act(action))
        return button

    def _act(self, action: Callable[[], None]) -> None:
        if self.playing and action != self.toggle:
            self.halt()
        action()

    def settle(self) -> None:
        """Once a person rests, ask the browser where the slider is; called at every look.

        While a run is followed or played, the server moves the slider too. Its word may cross a person's on the way and
        be the last the browser hears, so that the slider would stand where the page is not. The answer comes after all
        moves that are still on their way, so that a person who goes on is not pulled back.
        """
        if self._moved_at is None or time.monotonic() - self._moved_at < REST_SECONDS:
            return
        self._moved_at = None
        self._questions += 1
        self._wire.data = {"asked": [self._questions]}

    def _told(self, attr: str, old: Any, new: Any) -> None:  # noqa: ARG002 - what Bokeh calls it with
        """Hear a press of the space bar, or where the browser's slider is."""
        if new and new[0] == "play":
            self._act(self.toggle)
        elif len(new) == 3 and new[1] == self._questions and self._moved_at is None and new[2] != self.slider.value:
            self._insist()

    def _insist(self) -> None:
        """Tell the browser again where the slider is."""
        value = self.slider.value
        self._insisting = True
        try:
            with pn.io.hold(), param.edit_constant(self.slider):
                self.slider.value = value + 1 if value < self.slider.end else value - 1
                self.slider.value = value
                self.slider.value_throttled = _NONE
        finally:
            self._insisting = False

    def _scrub(self, *events: Any) -> None:
        """Go where the slider was moved to.

        `value` is also set by the server, which may overwrite a person's before it is heard; `value_throttled` is only
        ever set by a person who has let go. Heard together, `value` is the later one: a key that is held lets go at
        every step.
        """
        told = {event.name: event.new for event in events}
        released = told.get("value_throttled", _NONE)
        epoch = told.get("value", released if released != _NONE else self.cursor.epoch)
        if self._insisting or not self.cursor.epochs or (released == _NONE and epoch == self.cursor.epoch):
            return
        if epoch not in self.cursor.epochs and abs(epoch - (self.cursor.epoch or 0)) == 1:
            # a key to an epoch that is not recorded leads to the next that is
            self.cursor.step(epoch - (self.cursor.epoch or 0))
            epoch = self.cursor.epoch
        if self.playing:
            self.halt()
        self.cursor.scrub(epoch)
        self._moved_at = time.monotonic()


def in_session() -> bool:
    """Whether a browser is at the other end; in a test there is none."""
    return pn.state.curdoc is not None and pn.state.curdoc.session_context is not None
