"""One plot of connections: scrubbed in the browser, zoomed with the wheel; it tells what is under the pointer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Sequence
from html import escape
from typing import Any

import panel as pn
from bokeh.events import DoubleTap, MouseLeave, MouseMove, RangesUpdate
from bokeh.models import ColumnDataSource, CustomJS, Range1d

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.masks_film import Film, Picture, plan
from strnn_viz.dashboard.masks_pointer import under_pointer
from strnn_viz.dashboard.player import EpochSlider, in_session
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.dashboard.theme import script
from strnn_viz.runs import Run
from strnn_viz.views import palette
from strnn_viz.views._cells import WHOLE, MaskInfo
from strnn_viz.views._mask_cells import Look, Window, mask_info
from strnn_viz.views._strips import strips
from strnn_viz.views.ages import span

STRIP = 22  # pixels of the strips beside the cells
GATHER_MS = 40  # time for more turns of a wheel to arrive before the part that is seen is drawn anew

_TOLD = {"scene": [""], "epoch": [-1], "source": [""], "figure": [""], "title": [""], "rows": [0], "columns": [0],
         "strip": [STRIP], "colours": [[palette.SURVIVED, palette.BORN, palette.DIED]]}  # fmt: skip


def room_for_strips(plot: Any, _: Any) -> None:
    """Leave the room that strips take, above the axes and at their right; a hook of HoloViews."""
    plot.state.min_border_top = plot.state.min_border_right = STRIP + 8


class MaskPlot(Plot):
    """A plot whose picture the browser changes by itself as the epoch slider moves.

    Parameters
    ----------
    hub, view, place
        As for :class:`Plot`.

    Attributes
    ----------
    film : Film
        The pictures of other epochs that the browser holds.
    title_id : str
        Identity of the model of the card's title, where this plot brings it.
    applied : callable
        Called when the figure was brought to what is to be seen, whoever asked for it.
    """

    def __init__(self, hub: RunHub, view: View, place: str) -> None:
        super().__init__(hub, view, place)
        self.film = Film()
        self._told = ColumnDataSource(data=dict(_TOLD))
        self._probe = ColumnDataSource(data={"asked": [0], "epoch": [-1], "line": [""]})
        self._probe.on_change("tags", self._asked)
        self._models = ("", "")
        self._ranges: tuple[Range1d, Range1d] | None = None
        self._due = False
        self._seen: Window | None = None
        self.title_id = ""
        self.applied: Callable[[], None] = lambda: None
        for what, model, attr in (
            ("announced", self._told, "data"),
            ("filled", self.film.box, "data"),
            ("answered", self._probe, "data"),
        ):
            model.js_on_change(attr, self.tell(what))

    def tell(self, what: str) -> CustomJS:
        """A call of the script in the browser."""
        return CustomJS(
            args={"film": self.film.box, "told": self._told, "probe": self._probe, "what": what}, code=script("masks")
        )

    def follow(self, slider: EpochSlider) -> None:
        """Show at once whatever epoch a slider points at, without asking the server."""
        slider.calls.append(self.tell("moved"))

    @property
    def look(self) -> Look:
        """How the matrix is looked at."""
        return Look(**self.options)  # type: ignore[arg-type]

    @property
    def info(self) -> MaskInfo | None:
        """The cells shown; None while there are none."""
        if self._shown is None:
            return None
        name, epoch, layer = self._shown
        run = self._hub.run(name)
        return mask_info(run, epoch, run.layers.get(layer or ""), look=self.look, **self._size)

    def depends(self, run: Run) -> tuple[Hashable, ...]:
        """Ages are coloured on a scale that grows with the run."""
        return (span(run),) if self.options.get("colouring") == "age" else ()

    @property
    def scene(self) -> str:
        """All that a picture depends on but its epoch."""
        if self._shown is None:
            return ""
        name, _, layer = self._shown
        run = self._hub.run(name)
        recorded = self._hub.state(name).version
        began = (recorded[0], recorded[2] and recorded[2][0]) if len(recorded) > 2 else recorded  # type: ignore[index]
        whole = repr((name, began, layer, self._size, sorted(self.options.items()), self.depends(run)))
        return hashlib.blake2b(whole.encode(), digest_size=8).hexdigest()

    def made(self, figure: Any) -> None:
        """Listen to a figure that has just been made."""
        source = next(m for m in figure.references() if isinstance(m, ColumnDataSource) and "image" in m.data)
        source.js_on_change("data", self.tell("brought"))
        figure.js_on_change("inner_width", self.tell("announced"))  # once it is laid out
        figure.js_on_event(MouseMove, self.tell("pointed"))
        figure.js_on_event(MouseLeave, self.tell("left"))
        figure.on_event(RangesUpdate, self._moved)
        figure.on_event(DoubleTap, lambda _: self.zoom(None))
        self._models = (source.id, figure.id)
        self._ranges = (figure.x_range, figure.y_range)

    def apply(self) -> None:
        """Bring the viewer's figure to what was prepared last, and tell the browser what that is."""
        before = self._models
        self._tell_scene()
        super().apply()
        if self._models != before:
            self._set_ranges(self.options.get("window"))  # type: ignore[arg-type]
            self._tell_scene()
        if self._probe.tags:
            self._asked("tags", None, self._probe.tags)
        self.applied()

    def rest(self) -> None:
        """Show nothing until the next draw: the browser forgets what it was brought, and paints no more by itself."""
        self._shown = None
        self.film.forget()
        if self._told.data["source"] != _TOLD["source"]:
            self._told.data = dict(_TOLD)

    def _tell_scene(self) -> None:
        shown = self.info
        if shown is None or self._shown is None or self.frame is None:
            return
        name, epoch, layer = self._shown
        rows, columns = self._strips(self._hub.run(name), epoch, layer, shown)
        told = {"scene": [self.scene], "epoch": [epoch], "source": [self._models[0]], "figure": [self._models[1]],
                "title": [self.title_id], "rows": [rows], "columns": [columns]}  # fmt: skip
        old = self._told.data
        if any(told[part] != old[part] for part in ("scene", "epoch", "source", "figure", "title")):
            self._told.data = _TOLD | told

    def _strips(self, run: Run, epoch: int, layer: str | None, shown: MaskInfo) -> tuple[Any, Any]:
        return strips(run, epoch, run.layers[layer or ""], self.look.order).beside(shown)

    # --- pictures of other epochs -----------------------------------------------------------------------------------

    def aim(self, epochs: Sequence[int], budget: int, words: Callable[[int], str] | None = None) -> None:
        """Have the browser hold pictures of these epochs.

        Parameters
        ----------
        epochs : sequence of int
        budget : int
            Bytes they may take.
        words : callable or None
            ``epoch -> str``: the title of the card at an epoch, as HTML; None where another plot brings it.
        """
        if self._shown is None or self.frame is None or not self._models[0]:
            return
        name, _, layer = self._shown
        run, look, size = self._hub.run(name), self.look, dict(self._size)
        info, began = run.layers[layer or ""], self.scene
        pixels = size["max_rows"] * size["max_columns"]
        fits = plan(len(epochs), pixels, budget)
        size = {side: max(1, pixels // fits.coarse) for side, pixels in size.items()}

        def make(epoch: int) -> Picture:
            shown = mask_info(run, epoch, info, look=look, **size)
            rows, columns = strips(run, epoch, info, look.order).beside(shown)
            return Picture(shown.codes, rows, columns, escape(words(epoch)) if words else "")

        def shared(epoch: int) -> Picture:
            return self._hub.derived((name, "film", began, fits.coarse, epoch, words is None), lambda: make(epoch))

        self.film.aim(began, epochs[:: -fits.every][::-1], shared, nbytes=pixels // fits.coarse**2,
                      in_order=look.colouring == "age")  # fmt: skip

    # --- zoom -------------------------------------------------------------------------------------------------------

    def zoom(self, window: Window | None) -> None:
        """See a part of the matrix (left, top, right, bottom, from 0 to 1), or with None all of it."""
        self._set_ranges(window)
        self._look_at(window)

    def _set_ranges(self, window: Window | None) -> None:
        if self._ranges is None:
            return
        left, top, right, bottom = window or WHOLE
        self._ranges[0].update(start=left, end=right)
        self._ranges[1].update(start=bottom, end=top)

    def _moved(self, event: RangesUpdate) -> None:
        """Note what is seen, and draw it once the wheel rests."""
        self._seen = (event.x0, min(event.y0, event.y1), event.x1, max(event.y0, event.y1))
        if not in_session():
            self._look_at(self._seen)
        elif not self._due:
            self._due = True
            pn.state.curdoc.add_timeout_callback(self._rested, GATHER_MS)

    def _rested(self) -> None:
        self._due = False
        self._look_at(self._seen)

    def _look_at(self, window: Window | None) -> None:
        seen = whole_or(window)
        if self._shown and seen != self.options.get("window"):
            self.options["window"] = seen
            with pn.io.hold():
                self.prepare(*self._shown)
                self.apply()

    # --- pointer ----------------------------------------------------------------------------------------------------

    def _asked(self, attr: str, old: Any, new: Any) -> None:  # noqa: ARG002 - what Bokeh calls it with
        """Tell what is under the pointer."""
        if len(new) != 3 or self._shown is None:
            return
        name, epoch, layer = self._shown
        shown = self.info
        if shown is not None:
            run = self._hub.run(name)
            lines = under_pointer(run, epoch, run.layers[layer or ""], shown, self.look.order, new[1], new[2])
            count = max(1, len(lines))
            self._probe.data = {"asked": [new[0]] * count, "epoch": [epoch] * count, "line": lines or [""]}


def whole_or(window: Window | None) -> Window | None:
    """A window within the matrix; None where that is all of it."""
    if window is None:
        return None
    left, top, right, bottom = (min(1.0, max(0.0, round(side, 6))) for side in window)
    return None if (left, top, right, bottom) == WHOLE or left >= right or top >= bottom else (left, top, right, bottom)
