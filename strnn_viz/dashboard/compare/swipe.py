"""Two masks over each other and a divider between them, moved in the browser alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.models import CustomJS

from strnn_viz.dashboard.compare.chart import FILLING, Chart
from strnn_viz.dashboard.compare.zoom import Zoom
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.theme import style

# The style sheet cuts the upper picture off where the divider is; the server has no part in it.
_MOVE = "box.styles = {...box.styles, '--swipe': `${cb_obj.value}%`}"

#: The slider lies over the pictures: its thumb is the divider, as high as they are.
_DIVIDER = {
    "height": "100%",
    "& .MuiFormLabel-root, & .MuiTypography-root": {"display": "none"},
    "& .MuiSlider-root": {"height": "100%", "padding": "0 !important", "margin": 0, "borderRadius": 0},
    "& .MuiSlider-rail, & .MuiSlider-track": {"opacity": 0, "border": "none"},
    "& .MuiSlider-thumb": {
        "width": "3px",
        "height": "100%",
        "borderRadius": 0,
        "backgroundColor": "text.primary",
        "boxShadow": "none !important",
        "cursor": "ew-resize",
    },
    "& .MuiSlider-thumb::before": {
        "width": "20px",
        "height": "28px",
        "borderRadius": "6px",
        "backgroundColor": "text.primary",
        "boxShadow": "0 0 0 2px rgba(128, 128, 128, 0.6)",
    },
    "& .MuiSlider-thumb::after": {"width": "32px"},
    "& .MuiSlider-thumb.Mui-focusVisible::before": {"boxShadow": "0 0 0 4px #E69F00"},
}


class Divider(pmui.IntSlider):  # type: ignore[misc]
    """A slider that tells the layout it is in where it stands, in the browser.

    Panel's ``jscallback`` would hold the layout, and with it the viewer, for ever.
    """

    def _get_model(self, doc: Any, root: Any = None, parent: Any = None, comm: Any = None) -> Any:
        model = super()._get_model(doc, root, parent, comm)
        if parent is not None:
            model.data.js_on_change("value", CustomJS(args={"box": parent}, code=_MOVE))
        return model


class Swipe:
    """The mask of one run at the left of a divider, that of another at its right.

    Parameters
    ----------
    hub : RunHub
    zoom : Zoom
        What part of the matrix all masks show.
    resized : callable
        Called when there is another number of pixels.
    """

    def __init__(self, hub: RunHub, zoom: Zoom, resized: Callable[[], None]) -> None:
        self.left, self.right = (
            Chart(hub, "swipe", wired=zoom.wire, resized=resized if first else None) for first in (True, False)
        )
        for chart, place in ((self.left, "below"), (self.right, "above")):
            chart.slot.css_classes = [place]
        self.divider = Divider(
            label="Divider between the two masks", start=0, end=100, step=1, value=50, show_value=False,
            tooltips=False, margin=0, sizing_mode="stretch_both", css_classes=["divider"], sx=_DIVIDER,
        )  # fmt: skip
        self.view = pn.Column(
            self.left.slot, self.right.slot, self.divider,
            stylesheets=[style("swipe")], styles={"--swipe": "50%"}, visible=False, **FILLING,
        )  # fmt: skip

    def name(self, left: str, right: str) -> None:
        """Say whose mask is at which side, also to a screen reader."""
        self.divider.label = f"Divider: {left} at its left, {right} at its right, percent of the width"
