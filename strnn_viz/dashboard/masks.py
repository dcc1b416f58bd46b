"""The card of the masks: two matrices of a layer, scrubbed in the browser, zoomed, coloured and ordered at will.

Whatever the epoch slider points at is painted by the browser itself, where it holds that epoch already; pictures of
other epochs come in the background (:mod:`strnn_viz.dashboard.masks_film`). The element of each figure
(``.card.masks .bk-Figure``) carries ``data-epoch``: the epoch its canvas was last painted with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from html import escape
from typing import Any

import panel as pn

from strnn_viz import views
from strnn_viz.dashboard.cards import Card
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.masks_film import VIEWER_BYTES
from strnn_viz.dashboard.masks_menu import MaskMenu, legend, nearer
from strnn_viz.dashboard.masks_plot import MaskPlot, room_for_strips
from strnn_viz.dashboard.parts import Text, repeat
from strnn_viz.dashboard.player import EpochSlider, in_session
from strnn_viz.dashboard.plots import View
from strnn_viz.dashboard.theme import style
from strnn_viz.views._cells import WHOLE
from strnn_viz.views._mask_cells import Order
from strnn_viz.views.ages import span

TICK_MS = 120  # time between two looks whether the browser can take more pictures
QUIET_SECONDS = 0.3  # without a draw, after which pictures are sent


class MaskCard(Card):
    """The masks of one layer.

    Parameters
    ----------
    hub : RunHub
    layer : Panel object
        What chooses the layer; stands at the right of the title.
    active : Panel object
        A fact that stands at the right of the legend.

    Attributes
    ----------
    lit : tuple of float or None
        A range of magnitudes; weights within it are lit, others dimmed. Set it, then draw.
    """

    def __init__(self, hub: RunHub, layer: Any, active: Any) -> None:
        view = View(views.mask_evolution, history=False, pixels=True, opts={"hooks": [room_for_strips]})
        self._masks = [MaskPlot(hub, view, place) for place in ("left", "right")]
        self.menu = MaskMenu(self.redraw, self._scale)
        self.legend = Text(legend("state", 0), looks="legend", align="center")
        self.lit: tuple[float, float] | None = None
        self.clock: Callable[[], float] = time.monotonic
        self._asked: tuple[str, int, Sequence[str | None], str | None] | None = None
        self._frozen: tuple[str, int] | None = None
        self._drawn_at = 0.0
        self._ticking: Any = None
        active.align = "center"
        super().__init__(
            hub,
            "masks",
            self._masks,
            views.mask_title,
            "Connections",
            promise="Here every connection of a layer is drawn: those that survived, those that died, those just born.",
            tools=[layer],
            shown=["mask_evolution"],
            foot=pn.Row(
                pn.Row(self.menu.button, self.legend, margin=0),
                active,
                stylesheets=[style("foot")],
                sizing_mode="stretch_width",
                margin=0,
            ),
        )
        self.view.append(self.menu.view)
        for plot in self._masks:
            plot.applied = self._applied

    def follow(self, slider: EpochSlider) -> None:
        """Show at once, in the browser, whatever epoch a slider points at."""
        for plot in self._masks:
            plot.follow(slider)

    @property
    def windows(self) -> list[tuple[float, float, float, float] | None]:
        """The part of each plot that is seen: left, top, right, bottom from 0 to 1; None for all of it."""
        return [plot.options.get("window") for plot in self._masks]  # type: ignore[misc]

    def zoom(self, windows: Sequence[tuple[float, float, float, float] | None]) -> None:
        """See these parts; the inverse of :attr:`windows`."""
        for plot, window in zip(self._masks, windows, strict=False):
            plot.zoom(window)

    def wait(self, words: str) -> None:
        """Show no plot; see :meth:`Card.wait`. Nor does the browser, which would write over what is said here."""
        self._asked = None
        for plot in self._masks:
            plot.rest()
        super().wait(words)

    def prepare(self, run: str, epoch: int, layers: Sequence[str | None], whole: str | None = None) -> None:
        """Show an epoch in words, and draw it; see :meth:`Card.prepare`."""
        self._asked, self._drawn_at = (run, epoch, layers, whole), self.clock()
        for plot in self._masks:
            plot.options |= {"colouring": self.menu.colouring.value, "order": self._order(run, epoch), "lit": self.lit}
        self.legend.say(legend(self.menu.colouring.value, span(self._hub.run(run)), self.lit))
        super().prepare(run, epoch, layers, whole)

    def _order(self, run: str, epoch: int) -> Order:
        """The order chosen; a frozen one is that of the epoch shown when it was chosen, in that run only."""
        chosen = self.menu.order.value
        if chosen != "frozen":
            self._frozen = None
            return "degree" if chosen == "degree" else "natural"
        if self._frozen is None or self._frozen[0] != run or self._frozen[1] not in self._hub.state(run).epochs:
            self._frozen = (run, epoch)
        return self._frozen[1]

    def redraw(self) -> None:
        """Draw what is shown anew, after another choice."""
        if self._asked is not None:
            with pn.io.hold():
                self.prepare(*self._asked)
                self.apply()

    def apply(self) -> None:
        """Bring the figures to what was prepared."""
        found = [models[0].id for models in self.title._models.values()]
        self._masks[0].title_id = found[0] if found else ""
        super().apply()

    def tick(self) -> None:
        """Send the browser more pictures, once a person rests."""
        if self._asked is None or self.clock() - self._drawn_at < QUIET_SECONDS:
            return
        workers: Executor = self._hub.kept("workers", lambda: ThreadPoolExecutor(1, "film"))
        films = [plot.film for plot in self._masks if plot.slot.visible]
        for film in films:
            film.step(self._asked[1], workers)
        if self._ticking is not None and not any(film.to_do for film in films):
            self._ticking.stop()  # with many viewers, looks at nothing to do would cost more than all else

    def _aim(self) -> None:
        if self._asked is None or self.trouble:
            return
        run, _, layers, whole = self._asked
        epochs = self._hub.state(run).epochs
        seen = [plot for plot in self._masks if plot.slot.visible]
        layer = whole or next(iter(layers), None)

        def words(epoch: int) -> str:
            title = self._hub.derived(
                (run, self._hub.state(run).version, epoch, layer, self._title),
                lambda: self._title(self._hub.run(run), epoch, layer=layer),
            )
            return f"<h2>{escape(title)}</h2>"

        for plot in self._masks:
            if plot in seen:
                plot.aim(epochs, VIEWER_BYTES // len(seen), words if plot is seen[0] else None)
            else:
                plot.film.stop()

    def _scale(self, factor: float) -> None:
        for plot in self._masks:
            if plot.slot.visible and plot.info is not None:
                down, across = plot.info.shape
                least = min(1.0, 6 / across), min(1.0, 6 / down)
                plot.zoom(nearer(plot.look.window or WHOLE, factor, least))

    def _applied(self) -> None:
        self._drawn_at = self.clock()
        self.menu.zoomed(any(self.windows))
        self._aim()
        if in_session():
            if self._ticking is None:
                self._ticking = repeat(self.tick, TICK_MS)
            if not self._ticking.running:
                self._ticking.start()
