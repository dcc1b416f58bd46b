"""A range of weight magnitudes that is lit in the masks: dragged over the histograms, or set with a slider."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import panel as pn
import panel_material_ui as pmui
from bokeh.events import SelectionGeometry
from bokeh.models import BoxAnnotation, BoxSelectTool

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.dashboard.theme import style
from strnn_viz.runs import LOG10_EDGES
from strnn_viz.views import palette

Range: TypeAlias = tuple[float, float]

LOW, HIGH = float(LOG10_EDGES[0]), float(LOG10_EDGES[-1])
_STEP = 0.1


class BrushedPlot(Plot):
    """Histograms of magnitudes over which a range can be dragged.

    Parameters
    ----------
    hub, view, place
        As for :class:`Plot`.

    Attributes
    ----------
    dragged : callable
        Called with the ends of the range, as log10 of the magnitude.
    box : BoxAnnotation or None
        Marks the range that is lit in the figure; None while there is no figure.
    """

    def __init__(self, hub: RunHub, view: View, place: str) -> None:
        super().__init__(hub, view, place)
        self.dragged: Callable[[float, float], None] = lambda _low, _high: None
        self._lit: Range | None = None
        self.box: BoxAnnotation | None = None

    def made(self, figure: Any) -> None:
        """Let a range be dragged over a figure that has just been made, and show the one that is lit."""
        self.box = BoxAnnotation(fill_color=palette.THRESHOLD, fill_alpha=0.15, line_color=palette.THRESHOLD)
        figure.add_layout(self.box)
        tool = BoxSelectTool(dimensions="width", renderers=[])  # nothing is selected: the histograms stay as they are
        figure.add_tools(tool)
        figure.toolbar.active_drag = tool
        figure.on_event(SelectionGeometry, self._selected)
        self.light(self._lit)

    def light(self, lit: Range | None) -> None:
        """Show a range, its ends as log10 of the magnitude; or none."""
        self._lit = lit
        if self.box is not None:
            low, high = lit or (0.0, 0.0)
            self.box.update(left=low, right=high, visible=lit is not None)

    def _selected(self, event: SelectionGeometry) -> None:
        if event.final and event.geometry.get("type") == "rect":
            self.dragged(event.geometry["x0"], event.geometry["x1"])


class Brush:
    """The range of magnitudes that is lit, wherever it was set.

    Parameters
    ----------
    plot : BrushedPlot
    changed : callable
        Called when another range is lit, or none.

    Attributes
    ----------
    lit : tuple of float or None
        The smallest and the largest magnitude that is lit; None while all are.
    view : Panel object
        A slider for both ends, which the keyboard reaches too.
    """

    def __init__(self, plot: BrushedPlot, changed: Callable[[], None]) -> None:
        self._plot = plot
        self._changed = changed
        self._setting = False
        self.lit: Range | None = None
        self.slider = pmui.RangeSlider(
            label="Light the weights from … to … (log₁₀ |w|)", start=LOW, end=HIGH, value=(LOW, HIGH), step=_STEP,
            show_value=False, tooltips=False, size="small", margin=(0, 12, 0, 0), sizing_mode="stretch_width",
            sx={"& .MuiFormLabel-root": {"fontSize": "12px"}},
        )  # fmt: skip
        self.words = Text(looks="caption", align="center", attributes={"role": "status"})
        self.clear = pmui.IconButton(
            icon="light_off", description="Light all weights", size="small", icon_size="18px", margin=0, visible=False
        )
        self.view = pn.Row(
            self.slider, self.words, self.clear, stylesheets=[style("foot")], sizing_mode="stretch_width", margin=0
        )
        plot.dragged = lambda low, high: self.set(low, high)
        self.slider.param.watch(lambda event: self.set(*event.new), "value_throttled")
        self.slider.param.watch(self._moved, "value")
        self.clear.on_click(lambda _: self.set(LOW, HIGH))

    def set(self, low: float, high: float) -> None:
        """Light the magnitudes between two powers of ten; the whole scale, or nothing of it, lights all alike."""
        low, high = sorted((min(HIGH, max(LOW, low)), min(HIGH, max(LOW, high))))
        whole = high - low < _STEP / 2 or (low, high) == (LOW, HIGH)
        lit = None if whole else (10.0**low, 10.0**high)
        self._setting = True
        self.slider.value = (LOW, HIGH) if whole else (_stepped(low), _stepped(high))
        self._setting = False
        if lit == self.lit:
            return
        self.lit = lit
        self._plot.light(None if whole else (low, high))
        self.words.say("" if lit is None else f"<span>lit: |w| from {lit[0]:.2g} to {lit[1]:.2g}</span>")
        self.clear.visible = lit is not None
        self._changed()

    def _moved(self, event: Any) -> None:
        """Where a slider tells no end of a move, each step of it counts."""
        if not self._setting and pn.state.curdoc is None:
            self.set(*event.new)


def _stepped(value: float) -> float:
    return round(math.floor(value / _STEP + 0.5) * _STEP, 6)
