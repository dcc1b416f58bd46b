"""The cards of the explorer, and what each shows of the run, the epoch and the layer under the cursor."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.brush import Brush, BrushedPlot
from strnn_viz.dashboard.cards import Card
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.explain import Explain
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.lens import LensCard
from strnn_viz.dashboard.link import Place
from strnn_viz.dashboard.masks import MaskCard
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.words import waiting
from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting.choices import Sheet, sheets
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.layers import matrix_role
from strnn_viz.views.learning import within_epochs

_NARROW, _WIDE = 160, 264  # pixels of the list of layers
_SHORT = 20  # letters that a narrow one has room for

CAPTIONS = {
    "input": "input → gates",
    "recurrent": "recurrent → gates",
    "embedding": "word → vector",
}


def caption(run: Run, info: LayerInfo) -> str:
    """What a matrix leads from and to; with its number where several of its layer have one role."""
    if info.role == "linear":
        return "hidden → word" if info.name.startswith("decoder") else "input → output"
    if info.role not in CAPTIONS:
        return info.name
    return CAPTIONS[info.role].replace(info.role, matrix_role(run, info), 1)


class Deck:
    """Masks, learning curves, magnitudes, and the distance or another lens; side by side, or one below the other.

    Parameters
    ----------
    hub : RunHub
    cursor : Cursor
    """

    def __init__(self, hub: RunHub, cursor: Cursor) -> None:
        self._hub = hub
        self._cursor = cursor
        self._sheets: dict[str, Sheet] = {}
        self.layer = pmui.Select(
            label="Layer", options=[], size="small", width=_NARROW, margin=(0, 0, 0, 12), disabled=True
        )
        self.layer.param.watch(self._picked, "value")

        self.active = Text(looks="caption")

        def plots(**wanted: View) -> list[Plot]:
            return [Plot(hub, view, place) for place, view in wanted.items()]

        self.masks = MaskCard(hub, self.layer, self.active)
        self.explain = Explain(hub, cursor)
        self.masks.view[0].append(self.explain.button)
        self.steps = pmui.Switch(
            label="Training within epochs too",
            size="small",
            margin=0,
            stylesheets=[style("switch")],
        )
        self.steps.param.watch(lambda _: self._curve(), "value")
        self.learning = Card(
            hub,
            "learning",
            plots(
                curves=View(views.learning_curves, kind=views.scale, opts={"xlabel": ""}),
                prune_rate=View(views.prune_rate, height=124),
            ),
            views.learning_title,
            "Learning",
            promise="Here the learning curves grow, epoch by epoch, above the share of weights replaced.",
            stacked=True,
            foot=self.steps,
            shown=["learning_curves", "prune_rate"],
        )
        histograms = BrushedPlot(hub, View(views.magnitudes), "magnitudes")
        self.brush = Brush(histograms, self._light)
        self.magnitudes = Card(
            hub,
            "magnitudes",
            [histograms],
            views.magnitudes_title,
            "Weight magnitudes",
            promise="Here the weights are counted by size, with the threshold they are pruned below.",
            shown=["magnitudes"],
            foot=self.brush.view,
        )
        self.distance = LensCard(hub, "distance", self._look_through)
        self.cards = [self.masks, self.learning, self.magnitudes, self.distance]
        self.announcer = Text(looks="unseen", attributes={"role": "status"})
        self.view = pn.Column(
            Text("<h1>The views of a run</h1>", looks="unseen"),
            *(card.view for card in self.cards),
            self.announcer,
            stylesheets=[style("deck")],
            sizing_mode="stretch_both",
            margin=0,
            min_height=0,
        )

    def regroup(self) -> None:
        """Offer the layers the run has, and keep the one shown if it is among them.

        A layer of more than two matrices is offered two of them at a time.
        """
        self._sheets = {sheet.label: sheet for sheet in sheets(self._hub.run(self._cursor.run))}
        names = list(self._sheets)
        label = self._named(self._cursor.sheet) or self._named(self._cursor.group) or self._usual()
        if names:
            width = _NARROW if max(map(len, names)) <= _SHORT else _WIDE
            self.layer.param.update(options=names, value=label, disabled=len(names) < 2, width=width)
            self._turn(label)

    def place(self, place: Place) -> Place:
        """What an address tells of the deck, added to a run and an epoch; the usual is not told."""
        menu, usual = self.masks.menu, self._usual()
        return replace(
            place,
            layer="" if self._cursor.sheet == usual else self._cursor.sheet,
            view=self.distance.picker.value if self.distance.place else "",
            colouring=menu.colouring.value if menu.colouring.value != "state" else "",
            order=menu.order.value if menu.order.value != "natural" else "",
            zoom=tuple(self.masks.windows) if any(self.masks.windows) else (),
        )

    def go(self, place: Place) -> list[str]:
        """Show the layer, the lens and the part of the masks that an address asks for.

        Returns
        -------
        list of str
            A sentence for each of these that there is not.
        """
        amiss, menu = [], self.masks.menu
        for what, asked, widget, known in (
            ("layer", self._named(place.layer) or place.layer, self.layer, list(self._sheets)),
            ("view", place.view, self.distance.picker, [lens.name for lens in self.distance.lenses]),
            ("colouring", place.colouring, menu.colouring, list(menu.colouring.options.values())),
            ("order", place.order, menu.order, list(menu.order.options.values())),
        ):
            if asked in known:
                widget.value = asked
            elif asked:
                amiss.append(f"The address asks for the {what} {asked!r}. There are: {', '.join(known)}.")
        if place.zoom:
            self.masks.zoom(place.zoom)
        return amiss

    def _usual(self) -> str:
        """The layer shown where nobody has chosen: the first with a recurrent matrix."""

        def recurrent(sheet: Sheet) -> bool:
            return any(info.role == "recurrent" for info in sheet.matrices)

        return next((label for label, s in self._sheets.items() if recurrent(s)), next(iter(self._sheets), ""))

    def _named(self, name: str) -> str:
        """What is offered under a name, or the first of the layer of that name; empty where there is none."""
        if name in self._sheets:
            return name
        return next((label for label, sheet in self._sheets.items() if sheet.layer == name), "")

    def _turn(self, label: str) -> None:
        """Show other matrices."""
        self._cursor.param.update(sheet=label, group=self._sheets[label].layer)

    def draw(self, state: RunState | None) -> None:
        """Bring every card to where the cursor is.

        Parameters
        ----------
        state : RunState or None
            How the run is doing; None while there is none, and no card is seen.
        """
        self.view.css_classes = [] if state else ["gone"]
        epoch, run, group = self._cursor.epoch, self._cursor.run, self._cursor.group or None
        if state is None:
            return
        if epoch is None:
            for card in self.cards:
                card.wait(waiting(state))
            return
        sheet = self._sheets.get(self._cursor.sheet)
        matrices = sheet.matrices if sheet else ()
        for plot, info in zip(self.masks.plots, matrices, strict=False):
            plot.caption.say(escape(caption(self._hub.run(run), info)))
        self.active.say(escape(self._active(run, epoch, state)))
        self.steps.visible = self._told_within(run, state)
        self.learning.plots[0].options["steps"] = self.steps.value and self.steps.visible
        self.masks.prepare(run, epoch, [info.name for info in matrices], group)
        self.learning.prepare(run, epoch, [None, None])
        self.magnitudes.prepare(run, epoch, [group])
        self.distance.prepare(run, epoch, [group])
        for card in self.cards:
            card.apply()

    def settle(self, *, now: bool = False) -> None:
        """Tell those who hear the page what is seen, once the cursor rests or `now`; one sentence of it aloud."""
        told = [card for card in self.cards if card.settle(now=now)]
        if self.masks in told:
            self.announcer.say(self.masks.title.object.replace("h2", "p"))

    def _active(self, run: str, epoch: int, state: RunState) -> str:
        """How many weights are active; nothing where it cannot be read, which the cards then tell."""
        try:
            key = (run, "active", state.version[0], epoch)
            return self._hub.derived(key, lambda: views.active_words(self._hub.run(run), epoch))
        except StrnnVizError:
            return ""

    def _told_within(self, run: str, state: RunState) -> bool:
        """Whether the run tells how training went within epochs."""
        return self._hub.derived((run, "within", state.version), lambda: bool(within_epochs(self._hub.run(run)).x))

    def _curve(self) -> None:
        """Draw the learning curves anew, with what went on within epochs or without."""
        if self.learning.plots[0].frame is not None:
            self.learning.plots[0].options["steps"] = self.steps.value
            self._redraw(self.learning, [None, None])

    def _light(self) -> None:
        """Light the range of magnitudes just chosen."""
        self.masks.lit = self.brush.lit
        self.masks.redraw()

    def _look_through(self) -> None:
        """Draw the lens just chosen."""
        self._redraw(self.distance, [self._cursor.group or None])

    def _redraw(self, card: Card, layers: list[str | None]) -> None:
        """Draw one card anew, each of its views of a layer, or of all."""
        if self._cursor.epoch is not None and self._cursor.run:
            with pn.io.hold():
                card.prepare(self._cursor.run, self._cursor.epoch, layers)
                card.apply()

    def _picked(self, event: Any) -> None:
        if event.new and event.new != self._cursor.sheet:
            self._turn(event.new)
