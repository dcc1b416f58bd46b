"""A figure about several runs, drawn once for all viewers, and the card it stands in."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Sequence
from html import escape
from typing import Any

import panel as pn
from bokeh.models import Plot, Span

from strnn_viz.dashboard.about import About, Sentences, Stacked
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.stage import Figure, Frame, Stage
from strnn_viz.dashboard.theme import style
from strnn_viz.errors import StrnnVizError
from strnn_viz.views.palette import MUTED

log = logging.getLogger(__name__)

_STEP = 20  # pixels in which the size of a picture is told, so that viewers of nearly one size share what is drawn

FILLING = {"sizing_mode": "stretch_both", "margin": 0, "min_height": 0}


class Chart:
    """One figure of a card.

    Parameters
    ----------
    hub : RunHub
    place : str
        What it shows: charts of one place share what is drawn.
    wired : callable, optional
        Given every figure that is made, before it is shown.
    resized : callable, optional
        Called when there is another number of pixels; they are in :attr:`size`.
    over_epochs : bool
        Whether its axis is that of epochs, on which :meth:`point` shows where the cursor is: a line of this viewer's
        figure alone, so that nothing is drawn anew when it moves.
    """

    def __init__(
        self,
        hub: RunHub,
        place: str,
        *,
        wired: Callable[[Plot], None] | None = None,
        resized: Callable[[], None] | None = None,
        over_epochs: bool = False,
    ) -> None:
        self._hub = hub
        self._place = place
        self._wired = wired
        self._resized = resized
        self._key: tuple[Hashable, ...] = ()
        self._stage: Stage | None = None
        self._subject: Hashable = None
        self._figure: Figure | None = None
        self._cursor = (
            Span(dimension="height", location=None, line_color=MUTED, line_width=1.5) if over_epochs else None
        )
        self.size = (300, 300)
        self.frame: Frame | None = None
        self.caption = Text(looks="caption", visible=False)
        self.slot = pn.Column(self.caption, stylesheets=[style("slot")], **FILLING)

    def prepare(self, kind: Hashable, subject: Hashable, key: tuple[Hashable, ...], draw: Callable[[], Any]) -> None:
        """Draw on the stage, unless that is what is shown already; raises what `draw` raises.

        Parameters
        ----------
        kind : hashable
            What decides of which parts the figure is made: how many runs, which kind of axis.
        subject : hashable
            What it is about. Another subject gets a figure made anew, see :meth:`Figure.turn`.
        key : tuple of hashable
            Everything else the drawing depends on.
        draw : callable
            Makes the element.
        """
        place = ("compare", self._place, kind)
        stage: Stage = self._hub.kept(("stage", *place), Stage)
        full = (*place, subject, *key)
        if full != self._key or self.frame is None:
            self.frame = self._hub.derived((*full, stage.structure), lambda: stage.frame(draw()))
            self._stage, self._subject, self._key = stage, subject, full

    def apply(self) -> None:
        """Bring the viewer's figure to what was prepared last."""
        if self.frame is None or self._stage is None:
            return
        figure = self._figure or Figure(self._stage, self._measured, self._made)
        figure.turn(self._stage, repr(self._subject))
        figure.show(self.frame)
        if self._figure is None:
            self._figure = figure
            self.slot.append(figure.pane)

    def point(self, epoch: int | None) -> None:
        """Show where the cursor is."""
        if self._cursor is not None and self._cursor.location != epoch:
            self._cursor.location = epoch

    def _made(self, figure: Plot) -> None:
        """Complete a figure before it is in the page."""
        if self._cursor is not None:  # a part of one figure cannot become that of another
            self._cursor = Span(**self._cursor.properties_with_values(include_defaults=False))
            figure.add_layout(self._cursor)
        if self._wired:
            self._wired(figure)

    def _measured(self, width: int, height: int) -> None:
        size = (max(_STEP, height // _STEP * _STEP), max(_STEP, width // _STEP * _STEP))
        if size != self.size:
            self.size = size
            if self._resized:
                self._resized()


class Panel:
    """A titled card of the comparison.

    Parameters
    ----------
    area : str
        Its place in the page's grid.
    name : str
        What it is called while it has nothing to say.
    body : list of Panel objects
        Charts, a figure to a screen reader.
    tools : sequence of Panel objects
        Stand at the right of the title.
    below : bool
        Whether they stand below it instead, where there is not much room.
    foot : Panel object or None
        Stands below the charts.
    shown : sequence of str
        Names of the views that the charts draw: what they are is told behind a question mark.
    """

    def __init__(
        self,
        area: str,
        name: str,
        body: Sequence[Any],
        tools: Sequence[Any] = (),
        *,
        below: bool = False,
        foot: Any = None,
        shown: Sequence[str] = (),
    ) -> None:
        self._name = name
        self.trouble = ""
        self.title = Text(looks="title", attributes={"aria-live": "polite"}, sizing_mode="stretch_width")
        self.over = Text(looks="over", attributes={"role": "status"}, visible=False)
        self.telling = Sentences(f"told-{area}")
        lines = [[self.title], list(tools)] if below else [[self.title, *tools]]
        # At the right room for the question mark, above a second line for what its fields are called.
        margins = [(10 if i else 0, 28 if shown and i == 0 else 0, 0, 0) for i in range(len(lines))]
        head = [pn.Row(*line, sizing_mode="stretch_width", margin=m) for line, m in zip(lines, margins, strict=True)]
        figure = Stacked(*body, name=name, described=f"told-{area}", stylesheets=[style("pair")], **FILLING)
        about = [About(shown)] if shown else []
        parts = [*head, *about, figure, self.telling.text, *([foot] if foot else []), self.over]
        self.view = pn.Column(
            *parts, stylesheets=[style("card")], styles={"grid-area": area}, css_classes=["card", area], **FILLING
        )
        self.title.say(f"<h2>{escape(name)}</h2>")

    def fill(self, work: Callable[[], str]) -> None:
        """Say the title that `work` returns; what it raises is told in the card, and ends there."""
        try:
            title = work()
            self.title.say(f"<h2>{escape(title)}</h2>")
            self.over.say("")
            self.trouble = ""
        except Exception as error:
            words = f"This cannot be compared here: {str(error) or type(error).__name__}"
            # It is tried again at every look, and told once; an error on purpose says all there is to say of it.
            if words != self.trouble and not isinstance(error, StrnnVizError):
                log.exception("comparing, %s", self._name)
            self.trouble = words
            self.instead(f"⚠ {words}", kind="error")

    def instead(self, *words: str, kind: str = "") -> None:
        """Show no plot, but words."""
        self.telling.silence()
        self.title.say(f"<h2>{escape(self._name)}</h2>")
        self.over.say(f'<div class="over"><div>{paragraphs(*words, kind=kind)}</div></div>')
