"""A plot of the page: a view in a figure that is made once, and told what differs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import panel as pn

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.stage import Figure, Frame, Stage
from strnn_viz.dashboard.theme import style
from strnn_viz.runs import Run

#: The pixels of a figure are taken in steps, so that viewers with windows of nearly one size share what is derived.
PIXEL_STEP = 20


@dataclass(frozen=True)
class View:
    """One plot and what it depends on.

    Attributes
    ----------
    draw : callable
        ``(run, epoch, *, layer, **options) -> element``: pure, and always of the same structure.
    history : bool
        Whether it shows all epochs recorded so far, and so changes when another is recorded.
    pixels : bool
        Whether it takes ``max_rows`` and ``max_columns``, the pixels there are, to draw no more cells than that.
    opts : mapping
        Options of the element to change.
    height : int or None
        Pixels the figure takes; None for all that its card has left.
    kind : callable
        ``run -> str``: which of several figures it draws, where their axes differ in kind, which no update can change.
    """

    draw: Callable[..., Any]
    history: bool = True
    pixels: bool = False
    opts: Mapping[str, Any] = field(default_factory=dict)
    height: int | None = None
    kind: Callable[[Run], str] = lambda _: ""

    def element(self, run: Run, epoch: int | None, layer: str | None, **options: Any) -> Any:
        """What is drawn of an epoch."""
        drawn = self.draw(run, epoch, layer=layer, height=None, **options)
        return drawn.opts(**self.opts) if self.opts else drawn


class Plot:
    """A view in a figure that is made once; from then on only what differs is replaced.

    Parameters
    ----------
    hub : RunHub
    view : View
    place : str
        Where on the page it stands; the same place shares its stage and its frames with other viewers.

    Attributes
    ----------
    options : dict
        What this viewer has chosen, given to the view as it is drawn next; hashable values. Viewers who have chosen
        alike share what is drawn.
    """

    def __init__(self, hub: RunHub, view: View, place: str) -> None:
        self._hub = hub
        self._view = view
        self._place = place
        self._stage: Stage | None = None
        self._key: tuple[Any, ...] = ()
        self.options: dict[str, Hashable] = {}
        self._shown: tuple[str, int, str | None] | None = None
        self._size: dict[str, int] = {"max_rows": 300, "max_columns": 300} if view.pixels else {}
        self._figure: Figure | None = None
        self.frame: Frame | None = None
        self.caption = Text(looks="caption", visible=False)
        room = (
            {"height": view.height, "sizing_mode": "stretch_width"} if view.height else {"sizing_mode": "stretch_both"}
        )
        self.slot = pn.Column(self.caption, margin=0, min_height=0, stylesheets=[style("slot")], **room)

    def prepare(self, name: str, epoch: int, layer: str | None) -> None:
        """Draw an epoch on the stage, unless it is what is shown already; raises what the view raises."""
        view, size, version = self._view, self._size, self._hub.state(name).version
        run, chosen = self._hub.run(name), dict(self.options)
        kind = view.kind(run)
        stage: Stage = self._hub.kept(("stage", self._place, kind), Stage)
        since = version if view.history else version[0]
        key = (name, self._place, kind, since, epoch, layer, *size.values(), *chosen.items(), *self.depends(run))
        if key != self._key:
            self.frame = self._hub.derived(
                (*key, stage.structure), lambda: stage.frame(view.element(run, epoch, layer, **size, **chosen))
            )
            self._stage, self._key = stage, key
        self._shown = (name, epoch, layer)  # not what could not be drawn, which nothing could be asked about

    def depends(self, run: Run) -> tuple[Hashable, ...]:  # noqa: ARG002 - for plots that do
        """What else the picture depends on, besides epoch, layer, size and options."""
        return ()

    def made(self, figure: Any) -> None:
        """Called with the viewer's figure whenever it is made anew."""

    def apply(self) -> None:
        """Bring the viewer's figure to what was prepared last."""
        if self.frame is None or self._stage is None:
            return
        figure = self._figure or Figure(self._stage, self._resize if self._view.pixels else None, self.made)
        figure.turn(self._stage, self._key[0])
        figure.show(self.frame)
        if self._figure is None:
            self._figure = figure
            self.slot.append(figure.pane)

    def _resize(self, width: int, height: int) -> None:
        """Draw as many cells as there are pixels, once it is known how many those are."""
        rows, columns = (max(PIXEL_STEP, side // PIXEL_STEP * PIXEL_STEP) for side in (height, width))
        if self._shown and self._size != {"max_rows": rows, "max_columns": columns}:
            self._size = {"max_rows": rows, "max_columns": columns}
            self.prepare(*self._shown)
            self.apply()
