"""A card of the page: a sentence, a plot or two that are updated in place, and words where there is no plot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import panel as pn

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.stage import Figure, Frame, Stage
from strnn_viz.dashboard.theme import style
from strnn_viz.runs import Run

log = logging.getLogger(__name__)

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
    """

    def __init__(self, hub: RunHub, view: View, place: str) -> None:
        self._hub = hub
        self._view = view
        self._place = place
        self._stage: Stage | None = None
        self._key: tuple[Any, ...] = ()
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
        self._shown = (name, epoch, layer)
        view, size, version = self._view, self._size, self._hub.state(name).version
        run = self._hub.run(name)
        kind = view.kind(run)
        stage: Stage = self._hub.kept(("stage", self._place, kind), Stage)
        key = (name, self._place, kind, version if view.history else version[0], epoch, layer, *size.values())
        if key != self._key:
            self.frame = self._hub.derived(
                (*key, stage.structure), lambda: stage.frame(view.element(run, epoch, layer, **size))
            )
            self._stage, self._key = stage, key

    def apply(self) -> None:
        """Bring the viewer's figure to what was prepared last."""
        if self.frame is None or self._stage is None:
            return
        figure = self._figure or Figure(self._stage, self._resize if self._view.pixels else None)
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


class Card:
    """A titled card around one or two plots that stand side by side.

    Parameters
    ----------
    area : str
        Its place in the page's grid.
    plots : sequence of Plot
    title : callable
        ``(run, epoch, *, layer) -> str``.
    name : str
        What it is called where it has no numbers to tell yet.
    promise : str
        What will be here, for as long as nothing is.
    tools : sequence of Panel objects
        Stand at the right of the title.
    foot : Panel object or None
        Stands below the plots: a legend.
    stacked : bool
        Whether the plots stand one above the other.
    """

    def __init__(
        self,
        hub: RunHub,
        area: str,
        plots: Sequence[Plot],
        title: Callable[..., str],
        name: str,
        *,
        promise: str = "",
        tools: Sequence[Any] = (),
        foot: Any = None,
        stacked: bool = False,
    ) -> None:
        self._hub = hub
        self._title = title
        self._name = name
        self._promise = promise
        self.trouble = ""
        self.plots = list(plots)
        self.title = Text(looks="title", attributes={"aria-live": "polite"}, sizing_mode="stretch_width")
        self.over = Text(looks="over", attributes={"role": "status"}, visible=False)
        head = pn.Row(self.title, *tools, sizing_mode="stretch_width", margin=0)
        filling = {"sizing_mode": "stretch_both", "margin": 0, "min_height": 0}
        across = pn.Column if stacked else pn.Row
        body = across(*(plot.slot for plot in plots), stylesheets=[style("pair")], **filling)
        self.view = pn.Column(
            head,
            body,
            *([foot] if foot else []),
            self.over,
            stylesheets=[style("card")],
            styles={"grid-area": area},
            css_classes=["card", area],
            **filling,
        )
        self.wait("")

    def wait(self, words: str) -> None:
        """Show no plot, but what will be here, and in `words` when; nothing at all without `words`."""
        self.title.say(f"<h2>{escape(self._name)}</h2>")
        self.over.say(_over(paragraphs(self._promise) + paragraphs(words, kind="muted")) if words else "")

    def prepare(self, run: str, epoch: int, layers: Sequence[str | None], whole: str | None = None) -> None:
        """Show an epoch in words, and draw it; an error of a view is told in the card, and ends there.

        Call :meth:`apply` when all cards are prepared. A word that changes its height moves the layout, BokehJS then
        paints at once, and must not find a figure that has half of its new data.

        Parameters
        ----------
        run : str
        epoch : int
        layers : sequence of str or None
            The layer each plot shows; a plot without one is not seen.
        whole : str or None
            The layer the title is about, where it is not that of the first plot.
        """
        layer = whole or next(iter(layers), None)
        try:
            title = self._hub.derived(
                (run, self._hub.state(run).version, epoch, layer, self._title),
                lambda: self._title(self._hub.run(run), epoch, layer=layer),
            )
            seen = self.seen(layers)
            for index, plot in enumerate(self.plots):
                plot.slot.visible = index in seen
                if index in seen:
                    plot.prepare(run, epoch, seen[index])
            self.title.say(f"<h2>{escape(title)}</h2>")
            self.over.say("")
            self.trouble = ""
        except Exception as error:
            words = f"This view cannot show epoch {epoch}: {str(error) or type(error).__name__}"
            if words != self.trouble:  # it is tried again at every look, and told once
                log.exception("%s, run %s, epoch %s", self._name, run, epoch)
            self.trouble = words
            self.title.say(f"<h2>{escape(self._name)}</h2>")
            self.over.say(_over(paragraphs(f"⚠ {words}", kind="error")))

    def seen(self, layers: Sequence[str | None]) -> dict[int, str | None]:
        """Which plots are seen, by their place, and the layer each shows: as many as there are layers."""
        return dict(enumerate(layers))

    def apply(self) -> None:
        """Bring the figures to what was prepared."""
        for plot in self.plots:
            if plot.slot.visible:
                plot.apply()


def _over(html: str) -> str:
    return f'<div class="over"><div>{html}</div></div>' if html else ""
