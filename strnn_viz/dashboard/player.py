"""The bar at the bottom: the one epoch cursor, with buttons, a track, and where one stands against the newest."""

from __future__ import annotations

import math
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
        self._span = (0, 0, 1)
        self.sparkline = Text(looks="track", attributes={"aria-hidden": "true"})
        self.branches = Text(looks="branches", attributes={"aria-hidden": "true"})  # told in words beside Fork
        self.position = Text(looks="position", width=128, align="center", called="epoch-number")
        self.standing = Text(attributes={"role": "status"}, align="center")
        self.first = self._button("first_page", "First epoch", cursor.first)
        self.back = self._button("chevron_left", "Previous epoch", lambda: cursor.step(-1))
        self.play = self._button("play_arrow", "Play the epochs", self.toggle)
        self.on = self._button("chevron_right", "Next epoch", lambda: cursor.step(1))
        self.last = self._button("last_page", "Newest epoch", cursor.go_live)
        self.live = pmui.Button(label="Follow live", icon="sensors", size="small", variant="outlined", visible=False,
                                margin=0)  # fmt: skip
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

    def view(self) -> pn.viewable.Viewable:
        """The bar as a Panel object; the page's keys move it from then on."""
        if pn.state.curdoc is not None:
            pn.state.curdoc.js_on_event(DocumentReady, self._script("ready"))
        buttons = pn.Row(self.first, self.back, self.play, self.on, self.last, margin=0, align="center")
        track = pn.Column(self.sparkline, self.branches, self.slider, css_classes=["rail"], margin=0, align="center")
        standing = pn.Row(self.standing, self.live, margin=0, align="center", css_classes=["standing"])
        return pn.Row(
            buttons, self.speed, self.position, track, standing,
            stylesheets=[style("player")], sizing_mode="stretch_width", margin=0, css_classes=["player"],
        )  # fmt: skip

    def update(self, state: RunState | None, values: Sequence[tuple[int, float]], log: bool = True) -> None:
        """Show where the cursor is.

        Parameters
        ----------
        state : RunState or None
            How the run is doing; None while there is none.
        values : sequence of (int, float)
            Validation perplexity or accuracy by epoch, drawn faintly along the track.
        log : bool
            Whether on a log scale.
        """
        cursor, epochs = self.cursor, self.cursor.epochs
        self._live = bool(state and state.live)
        total = state.total if state else 1
        newest = cursor.newest or 0
        horizon = track_end(newest, total)
        first = epochs[0] if epochs else 0
        end = max(newest, first + 1)
        share = 100 * (end - first) / max(1, horizon - first)
        self._span = (first, newest, horizon)
        self.slider.param.update(
            start=first,
            end=end,
            value=first if cursor.epoch is None else cursor.epoch,
            disabled=len(epochs) < 2,
            styles=_PLACE | {"max-width": f"calc({share:.4f}% + {_THUMB}px)"},
        )
        self.sparkline.say(track_svg(values, first, newest, horizon, log))
        if cursor.epoch is None:
            self.position.say('<div class="muted">no epoch yet</div>')
        else:
            words = f'<span class="muted">epoch</span><b>{cursor.epoch:,}</b><span class="muted">of {total:,}</span>'
            self.position.say(f"<div>{words}</div>")
        follows = cursor.follow and cursor.behind == 0
        line = follow_line(cursor.epoch, cursor.newest, live=self._live, follow=follows, total=total)
        sign = "●" if self._live and follows else ""
        self.standing.say(f"{sign} {line}".strip() if state and cursor.epoch is not None else "")
        self.live.visible = self._live and not follows and cursor.epoch is not None
        at_first, at_last = cursor.epoch == first, cursor.behind == 0
        none = cursor.epoch is None
        self.first.disabled = self.back.disabled = none or at_first
        self.on.disabled = none or at_last
        self.last.disabled = none or (at_last and (follows or not self._live))
        self.play.disabled = none or len(epochs) < 2

    def mark(self, origin: int | None, forks: Sequence[int]) -> None:
        """Mark on the track where a fork came from, and where forks of the run branch off.

        Parameters
        ----------
        origin : int or None
            The epoch a fork began at; None for a run that began by itself.
        forks : sequence of int
            Epochs; those that are not shown are left out.
        """
        self.branches.say(branch_marks(origin, forks, *self._span))

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


def track_end(newest: int, total: int) -> int:
    """The last epoch the track has room for: all of a short run; of a long one a stretch that grows by doubling."""
    room = 60
    while room < total and newest > 0.9 * room:
        room *= 2
    return max(1, newest, min(room, total))


def track_svg(values: Sequence[tuple[int, float]], first: int, newest: int, horizon: int, log: bool = True) -> str:
    """The track behind the slider: what is recorded, what is to come as dots, and a faint curve of what is learned.

    Parameters
    ----------
    values : sequence of (int, float)
        A number by epoch, low at the bottom.
    first, newest, horizon : int
        Where the track begins, is recorded to, and ends.
    log : bool
        Whether it is drawn on a log scale, which leaves out what is not positive.
    """
    span = max(1, horizon - first)
    known = [(e, v) for e, v in values if math.isfinite(v) and (v > 0 or not log)]
    points = [(100 * (e - first) / span, math.log(v) if log else v) for e, v in known]
    parts = []
    if len(points) > 1:
        low, high = min(y for _, y in points), max(y for _, y in points)
        scale = 18 / (high - low) if high > low else 0
        line = " ".join(f"{x:.3f},{21 - (y - low) * scale:.2f}" for x, y in points)
        parts.append(f'<polyline points="{line}" />')
    if horizon > newest:
        parts.append(f'<line class="ahead" x1="{100 * (newest - first) / span:.3f}" x2="100" y1="33" y2="33" />')
    if span <= 120:
        ticks = "".join(f"M{100 * i / span:.3f} 37v4" for i in range(newest - first + 1))
        parts.append(f'<path d="{ticks}" />')
    return f'<svg viewBox="0 0 100 44" preserveAspectRatio="none">{"".join(parts)}</svg>'


#: Marks in a box of 12 by 12, whose middle stands over the epoch: a twig that leaves, and one that arrives.
_LEAVES, _ARRIVES = "M6 12V1M6 8C6 4 8 3 12 3", "M0 3C4 3 6 4 6 8V12"


def branch_marks(origin: int | None, forks: Sequence[int], first: int, newest: int, horizon: int) -> str:
    """The marks of branches over the track; arguments as :meth:`Player.mark` and :func:`track_svg`."""
    marks = [] if origin is None else [("arrives", _ARRIVES, origin)]
    marks += [("leaves", _LEAVES, epoch) for epoch in sorted(set(forks))]
    return "".join(
        f'<svg class="{kind}" viewBox="0 0 12 12" style="left:{100 * (epoch - first) / max(1, horizon - first):.3f}%">'
        f'<path d="{path}" /></svg>'
        for kind, path, epoch in marks
        if first <= epoch <= newest
    )
