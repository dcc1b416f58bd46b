"""A card of the page: a sentence, a plot or two that are updated in place, and words where there is no plot."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import panel as pn

from strnn_viz.dashboard.about import About, Beside, Stacked, Telling
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.plots import Plot
from strnn_viz.dashboard.theme import style
from strnn_viz.errors import StrnnVizError

log = logging.getLogger(__name__)


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
    shown : sequence of str
        Names of the views that the plots draw, in their order; one where all draw the same.
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
        shown: Sequence[str] = (),
    ) -> None:
        self._hub = hub
        self._title = title
        self._name = name
        self._promise = promise
        self.trouble = ""
        self.plots = list(plots)
        self._shown = tuple(shown)
        self.title = Text(looks="title", sizing_mode="stretch_width")
        self.over = Text(looks="over", attributes={"role": "status"}, visible=False)
        self.about = About(self._shown[:1] if len(plots) > len(self._shown) else self._shown)
        self.telling = Telling(hub, f"told-{area}")
        head = pn.Row(self.title, *tools, sizing_mode="stretch_width", margin=(0, 28, 0, 0))
        filling = {"sizing_mode": "stretch_both", "margin": 0, "min_height": 0}
        body = (Stacked if stacked else Beside)(
            *(plot.slot for plot in plots),
            name=name,
            described=f"told-{area}",
            stylesheets=[style("pair")],
            **filling,
        )
        self.view = pn.Column(
            head,
            *([self.about] if self._shown else []),
            body,
            self.telling.text,
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
        self.telling.silence()

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
            self.telling.want(run, epoch, [(self._drawn(index), seen[index]) for index in seen if self._shown])
        except Exception as error:
            words = f"This view cannot show epoch {epoch}: {str(error) or type(error).__name__}"
            # It is tried again at every look, and told once; an error on purpose says all there is to say of it.
            if words != self.trouble and not isinstance(error, StrnnVizError):
                log.exception("%s, run %s, epoch %s", self.shows, run, epoch)
            self.trouble = words
            self.title.say(f"<h2>{escape(self.shows)}</h2>")
            self.over.say(_over(paragraphs(f"⚠ {words}", kind="error")))
            self.telling.silence()

    @property
    def shows(self) -> str:
        """What is to be seen now, in a word or two."""
        return self._name

    def seen(self, layers: Sequence[str | None]) -> dict[int, str | None]:
        """Which plots are seen, by their place, and the layer each shows: as many as there are layers."""
        return dict(enumerate(layers))

    def settle(self, *, now: bool = False) -> bool:
        """Tell in sentences what is seen, once a person rests; see :meth:`Telling.settle`."""
        return self.telling.settle(now=now)

    def apply(self) -> None:
        """Bring the figures to what was prepared."""
        for plot in self.plots:
            if plot.slot.visible:
                plot.apply()

    def _drawn(self, index: int) -> str:
        """Name of the view that a plot draws."""
        return self._shown[min(index, len(self._shown) - 1)]


def _over(html: str) -> str:
    return f'<div class="over"><div>{html}</div></div>' if html else ""
