"""The cards of the explorer, and what each shows of the run, the epoch and the layer under the cursor."""

from __future__ import annotations

from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.cards import Card, Plot, View
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.lens import LensCard
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.words import waiting
from strnn_viz.errors import StrnnVizError
from strnn_viz.runs import LayerInfo

CAPTIONS = {
    "input": "input → gates",
    "recurrent": "recurrent → gates",
    "embedding": "word → vector",
}


def caption(info: LayerInfo) -> str:
    """What a matrix leads from and to."""
    if info.role == "linear":
        return "hidden → word" if info.name.startswith("decoder") else "input → output"
    return CAPTIONS.get(info.role, info.name)


def _align(plot: Any, _: Any) -> None:
    """Give a plot the left border that its neighbour above or below has, whatever their tick labels."""
    plot.state.min_border_left = 84


ALIGNED = {"hooks": [_align]}


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
        self._groups: dict[str, list[LayerInfo]] = {}
        self.layer = pmui.Select(
            label="Layer", options=[], size="small", width=160, margin=(0, 0, 0, 12), disabled=True
        )
        self.layer.param.watch(self._picked, "value")

        self.active = Text(looks="caption")

        def plots(**wanted: View) -> list[Plot]:
            return [Plot(hub, view, place) for place, view in wanted.items()]

        mask = View(views.mask_evolution, history=False, pixels=True)
        self.masks = Card(
            hub,
            "masks",
            plots(left=mask, right=mask),
            views.mask_title,
            "Connections",
            promise="Here every connection of a layer is drawn: those that survived, those that died, those just born.",
            tools=[self.layer],
            foot=pn.Row(_legend(), self.active, stylesheets=[style("foot")], sizing_mode="stretch_width", margin=0),
        )
        self.learning = Card(
            hub,
            "learning",
            plots(
                curves=View(views.learning_curves, kind=views.scale, opts={"xlabel": "", **ALIGNED}),
                prune_rate=View(views.prune_rate, height=124, opts=ALIGNED),
            ),
            views.learning_title,
            "Learning",
            promise="Here the learning curves grow, epoch by epoch, above the share of weights replaced.",
            stacked=True,
        )
        self.magnitudes = Card(
            hub,
            "magnitudes",
            plots(magnitudes=View(views.magnitudes)),
            views.magnitudes_title,
            "Weight magnitudes",
            promise="Here the weights are counted by size, with the threshold they are pruned below.",
        )
        self.distance = LensCard(hub, "distance", self._look_through)
        self.cards = [self.masks, self.learning, self.magnitudes, self.distance]
        self.view = pn.Column(
            *(card.view for card in self.cards),
            stylesheets=[style("deck")],
            sizing_mode="stretch_both",
            margin=0,
            min_height=0,
        )

    def regroup(self) -> None:
        """Offer the layers the run has, and keep the one shown if it is among them."""
        self._groups = dict(views.layer_groups(self._hub.run(self._cursor.run)))
        names = list(self._groups)
        recurrent = [n for n, infos in self._groups.items() if any(info.role == "recurrent" for info in infos)]
        group = self._cursor.group if self._cursor.group in names else next(iter(recurrent or names), "")
        if names:
            self.layer.param.update(options=names, value=group, disabled=len(names) < 2)
            self._cursor.group = group

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
        matrices = self._groups.get(self._cursor.group, [])
        for plot, info in zip(self.masks.plots, matrices, strict=False):
            plot.caption.say(escape(caption(info)))
        self.active.say(escape(self._active(run, epoch, state)))
        self.masks.prepare(run, epoch, [info.name for info in matrices], group)
        self.learning.prepare(run, epoch, [None, None])
        self.magnitudes.prepare(run, epoch, [group])
        self.distance.prepare(run, epoch, [group])
        for card in self.cards:
            card.apply()

    def _active(self, run: str, epoch: int, state: RunState) -> str:
        """How many weights are active; nothing where it cannot be read, which the cards then tell."""
        try:
            key = (run, "active", state.version[0], epoch)
            return self._hub.derived(key, lambda: views.active_words(self._hub.run(run), epoch))
        except StrnnVizError:
            return ""

    def _look_through(self) -> None:
        """Draw the lens just chosen."""
        if self._cursor.epoch is not None and self._cursor.run:
            with pn.io.hold():
                self.distance.prepare(self._cursor.run, self._cursor.epoch, [self._cursor.group or None])
                self.distance.apply()

    def _picked(self, event: Any) -> None:
        if event.new and event.new != self._cursor.group:
            self._cursor.group = event.new


def _legend() -> Text:
    """What the colours of a mask mean, in words and shapes too."""
    words = [f'<span><b style="color:{colour}">{sign}</b> {escape(word)}</span>' for word, colour, sign in views.LEGEND]
    return Text(f"<div>{''.join(words)}<span><b>□</b> empty</span></div>", looks="legend")
