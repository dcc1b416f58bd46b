"""A dialog that explains one rewiring that took place, in four frames: what was there, pruned, due, and regrown."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.dialog import Dialog
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, key_words, paragraphs
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.dashboard.theme import style
from strnn_viz.errors import StrnnVizError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.layers import matrix_role

_HEIGHT = 300  # pixels of a plot, its axes included


class Explain:
    """A button for the rewiring that led to the epoch shown, and the dialog it opens.

    The dialog stays with the rewiring it was opened for, also when the run goes on meanwhile.

    Parameters
    ----------
    hub : RunHub
    cursor : Cursor

    Attributes
    ----------
    button : Panel object
        Opens the dialog.
    dialog : Dialog
        Belongs right into the page: figures in a dialog that stands in a layout are not laid out.
    """

    def __init__(self, hub: RunHub, cursor: Cursor) -> None:
        self._hub = hub
        self._cursor = cursor
        self._asked: tuple[str, int | None, str | None] = ("", None, None)
        self.plots: list[Plot] = []
        self.frame = 0  # the one a person has come to, counted from 0
        look: dict[str, Any] = {"size": "small", "variant": "outlined", "margin": 0}
        self.button = pmui.Button(
            label="Explain", description="Explain this rewiring", size="small", variant="outlined",
            margin=(2, 0, 0, 12), align="start", sx={"whiteSpace": "nowrap"},
        )  # fmt: skip
        self.button.on_click(lambda _: self.open())
        self.matrix = pmui.RadioButtonGroup(
            label="", options={"": ""}, value="", size="small", margin=0,
            sx={"flexWrap": "wrap", "& button": {"whiteSpace": "nowrap", "width": "auto"}},
        )  # fmt: skip
        self.matrix.param.watch(self._turned, "value")
        self.back = pmui.Button(label="Back", icon="chevron_left", **look)
        self.next = pmui.Button(label="Next", icon="chevron_right", **look)
        self.close = pmui.Button(label="Close", size="small", margin=(0, 0, 0, 16))
        self.back.on_click(lambda _: self.go(self.frame - 1))
        self.next.on_click(lambda _: self.go(self.frame + 1))
        self.close.on_click(lambda _: self.shut())
        self.standing = Text(attributes={"role": "status"}, align="center")
        self.instead = Text(visible=False, sizing_mode="stretch_width")
        self.key = Text(looks="legend")
        self.patch = Text(looks="caption", sizing_mode="stretch_width")
        self.heads = [Text(looks="explain_words", sizing_mode="stretch_width") for _ in views.FRAMES]
        self.frames = pn.Row(stylesheets=[style("explain")], sizing_mode="stretch_width", margin=0)
        self.foot = pn.Row(
            self.standing, pn.Spacer(width=16), self.back, self.next, pn.Spacer(sizing_mode="stretch_width"),
            self.close, sizing_mode="stretch_width", margin=(12, 0, 0, 0), align="center",
        )  # fmt: skip
        body = pn.Column(
            self.matrix, self.instead, self.frames, self.key, self.patch, self.foot,
            sizing_mode="stretch_width", margin=0,
        )  # fmt: skip
        self.dialog = Dialog(body, title="Explain this rewiring")
        self.dialog.param.watch(lambda _: self.draw(), "seen")

    def open(self) -> None:
        """Explain the rewiring that led to the epoch shown, of the layer shown."""
        run, epoch, group = self._cursor.run, self._cursor.epoch, self._cursor.group or None
        if not run:
            return
        with pn.io.hold():
            self._asked, self.frame = (run, epoch, group), 0
            self._offer_matrices(run, group)
            self._tell()
            self.dialog.open = True

    def shut(self) -> None:
        """Close the dialog; the keyboard is back at the button."""
        self.dialog.open = False

    def go(self, frame: int) -> None:
        """Turn to a frame, counted from 0; beyond the ends nothing happens."""
        if 0 <= frame < len(self.heads):
            self.frame = frame
            self._point()

    def _offer_matrices(self, name: str, group: str | None) -> None:
        """Let a person choose among the matrices of the layer; at first it is the one explained by itself."""
        run = self._hub.run(name)
        infos = views.layer_groups(run).get(group or "", [])
        first = views.explained_matrix(run, group)
        labels = {_label(run, info): info.name for info in infos} or {"": ""}
        self.matrix.visible = len(labels) > 1
        self.matrix.param.update(options=labels, value=first.name if first and first.name in labels.values() else "")

    def _turned(self, event: Any) -> None:
        name, epoch, layer = self._asked
        if event.new and event.new != layer and self.dialog.open:
            with pn.io.hold():
                self._asked = (name, epoch, event.new)
                self._tell()
            self.draw()

    def _tell(self) -> None:
        """Show what is asked for: four frames, or a sentence where there is no rewiring to show."""
        name = self._asked[0]
        told: tuple[str, ...] = ()
        try:
            run = self._hub.run(name)
            title, told = self._derived("title", run, views.rewiring_title), self._derived("words", run, _words)
            instead, where = self._derived("none", run, views.no_rewiring), self._derived("where", run, _where)
        except StrnnVizError as error:
            title, instead, where = "This rewiring cannot be explained", str(error), ""
        self.dialog.title = title
        self.instead.say(paragraphs(instead))
        for i, (head, called, words) in enumerate(zip(self.heads, views.FRAMES, told, strict=False)):
            head.say(f"<h3>{i + 1} · {escape(called)}</h3><p>{escape(words)}</p>")
        self.plots = [self._plot(i) for i in range(len(told))]
        self.frames.objects = [
            pn.Column(head, plot.slot, sizing_mode="stretch_width", stylesheets=[style("explain_frame")], margin=0)
            for head, plot in zip(self.heads, self.plots, strict=False)
        ]
        for part in (self.frames, self.back, self.next):
            part.visible = bool(told)
        self.key.say(f"<div>{key_words(views.REWIRING_LEGEND)}</div>" if told else "")
        self.patch.say(f"The patch: {escape(where)}" if told else "")
        self._point()

    def draw(self) -> None:
        """Draw the frames; called once the dialog is seen, so that its words need not wait for its pictures."""
        name, epoch, layer = self._asked
        if epoch is None:
            return
        with pn.io.hold():
            try:
                for plot in self.plots:
                    plot.prepare(name, epoch, self.matrix.value or layer)
                    plot.apply()
            except StrnnVizError as error:  # what was whole as it was opened may be gone by now
                self.instead.say(paragraphs(str(error)))

    def _derived(self, what: str, run: Run, words: Callable[..., Any]) -> Any:
        name, epoch, layer = self._asked
        layer = self.matrix.value or layer
        key = (name, "explain", what, self._hub.state(name).version, epoch, layer)
        return self._hub.derived(key, lambda: words(run, epoch, layer=layer))

    def _plot(self, index: int) -> Plot:
        """A frame in a figure of its own, made anew: in place its marks would change their number."""
        view = View(partial(views.rewiring_frame, frame=index + 1), history=False, height=_HEIGHT)
        return Plot(self._hub, view, f"rewiring-{index + 1}")

    def _point(self) -> None:
        """Mark the frame a person has come to; where there is room for one only, it is the one seen."""
        for i, column in enumerate(self.frames):
            column.css_classes = ["frame", "here"] if i == self.frame else ["frame"]
        count = len(self.frames)
        self.standing.say(f"Frame {self.frame + 1} of {count}: {escape(views.FRAMES[self.frame])}" if count else "")
        self.back.disabled, self.next.disabled = self.frame == 0, self.frame >= count - 1


def _words(run: Run, epoch: int | None, *, layer: str | None) -> tuple[str, ...]:
    return views.rewiring_words(run, epoch, layer=layer)


def _where(run: Run, epoch: int | None, *, layer: str | None) -> str:
    event = views.event_of(run, epoch, layer)
    return "" if event is None else views.patch_words(event)


def _label(run: Run, info: LayerInfo) -> str:
    return matrix_role(run, info) if info.group else info.name
