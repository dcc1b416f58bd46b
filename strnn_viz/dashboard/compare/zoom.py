"""One part of the matrix for all masks that are compared: zoomed in one, they are zoomed in all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.events import RangesUpdate
from bokeh.models import Plot, Range1d

from strnn_viz.dashboard.player import in_session
from strnn_viz.dashboard.sharing import later
from strnn_viz.views.compared_masks import WHOLE, Window

_GATHER_MS = 80  # time for turns of the wheel to arrive before cells are drawn anew
_LEAST = 0.004  # share of a matrix below which nothing is zoomed
_STEPS = 1024  # shares that a window is rounded to, so that viewers share what is drawn
_ROOM = 0.25  # drawn beyond each edge, so that moving a little shows no blank


class Zoom:
    """The ranges that figures share.

    Parameters
    ----------
    changed : callable
        Called when other cells are to be drawn.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._due = False
        self.seen = WHOLE
        limits: dict[str, Any] = {"bounds": (0, 1), "min_interval": _LEAST}
        self.across, self.down = Range1d(start=0, end=1, **limits), Range1d(start=1, end=0, **limits)
        look = {"size": "small", "margin": 0, "icon_size": "20px"}
        self.closer = pmui.IconButton(icon="zoom_in", description="Zoom in", **look)
        self.farther = pmui.IconButton(icon="zoom_out", description="Zoom out", disabled=True, **look)
        self.whole = pmui.IconButton(icon="zoom_out_map", description="Whole matrix", disabled=True, **look)
        self.closer.on_click(lambda _: self.scale(0.5))
        self.farther.on_click(lambda _: self.scale(2.0))
        self.whole.on_click(lambda _: self.show(WHOLE))

    def view(self) -> pn.viewable.Viewable:
        """The buttons as a Panel object."""
        return pn.Row(self.closer, self.farther, self.whole, margin=0, align="start")

    @property
    def drawn(self) -> Window:
        """The part of the matrix to draw: what is seen and a little more; the whole while nothing is zoomed."""
        if self.seen == WHOLE:
            return WHOLE
        left, right = _wider(self.seen.left, self.seen.right)
        top, bottom = _wider(self.seen.top, self.seen.bottom)
        return Window(left, right, top, bottom)

    def wire(self, figure: Plot) -> None:
        """Let a figure share the ranges of the others."""
        figure.x_range, figure.y_range = self.across, self.down
        figure.on_event(RangesUpdate, self._moved)

    def scale(self, by: float) -> None:
        """Zoom about the middle of what is seen."""
        seen = self.seen
        spans = [_about((a + b) / 2, (b - a) * by) for a, b in ((seen.left, seen.right), (seen.top, seen.bottom))]
        self.show(Window(*spans[0], *spans[1]))

    def show(self, window: Window) -> None:
        """Turn all figures to a part of the matrix."""

        def turn() -> None:
            self.across.update(start=window.left, end=window.right)
            self.down.update(start=window.bottom, end=window.top)

        # In the page's own turn: a press of a button is heard in between where another change is on its way.
        later(pn.state.curdoc, turn)
        self._see(window)

    def _moved(self, event: Any) -> None:
        """What a person did with the wheel or by dragging."""
        across, down = sorted((event.x0, event.x1)), sorted((event.y0, event.y1))
        self._see(Window(*(min(1.0, max(0.0, v)) for v in (*across, *down))))

    def _see(self, window: Window) -> None:
        if window == self.seen:
            return
        self.seen = window
        self.farther.disabled = self.whole.disabled = window == WHOLE
        if not in_session():
            self._changed()
        elif not self._due:
            self._due = True
            pn.state.curdoc.add_timeout_callback(self._settled, _GATHER_MS)

    def _settled(self) -> None:
        self._due = False
        self._changed()


def _wider(start: float, end: float) -> tuple[float, float]:
    room = _ROOM * (end - start)
    first, last = math.floor((start - room) * _STEPS), math.ceil((end + room) * _STEPS)
    return max(0, first) / _STEPS, min(_STEPS, last) / _STEPS


def _about(middle: float, span: float) -> tuple[float, float]:
    span = min(1.0, max(_LEAST, span))
    start = min(max(0.0, middle - span / 2), 1.0 - span)
    return start, start + span
