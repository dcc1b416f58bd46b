"""How connections are drawn: what their colours tell, in which order units lie, and how close one looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.parts import Text, key_words
from strnn_viz.dashboard.theme import style
from strnn_viz.views import palette
from strnn_viz.views._scale import sequential
from strnn_viz.views.masks import LEGEND

COLOURINGS = {"Born, survived, died": "state", "Age": "age"}
ORDERS = {"By number": "natural", "By degree": "degree", "By degree, frozen at this epoch": "frozen"}

_AGES = 7  # colours of the key


class MaskMenu:
    """What a viewer chooses for the masks; a button opens it, and it stays open until the button is pressed again.

    Parameters
    ----------
    changed : callable
        Called when something else was chosen.
    scale : callable
        Called with a factor to look closer (above 1) or from farther away, and with 0 to see all.
    """

    def __init__(self, changed: Callable[[], None], scale: Callable[[float], None]) -> None:
        look = {"size": "small", "margin": 0, "icon_size": "20px"}
        self.button = pmui.IconButton(icon="tune", description="How connections are drawn", align="center", **look)
        self.colouring = pmui.Select(
            label="Colours", options=COLOURINGS, value="state", size="small", margin=0, width=216
        )
        self.order = pmui.Select(
            label="Order of units", options=ORDERS, value="natural", size="small", margin=0, width=216
        )
        self.closer = pmui.IconButton(icon="zoom_in", description="Look closer", **look)
        self.farther = pmui.IconButton(icon="zoom_out", description="Look from farther away", disabled=True, **look)
        self.whole = pmui.IconButton(icon="zoom_out_map", description="See the whole matrix", disabled=True, **look)
        for button, factor in ((self.closer, 2.0), (self.farther, 0.5), (self.whole, 0.0)):
            button.on_click(lambda _, factor=factor: scale(factor))
        self.button.on_click(lambda _: self.toggle())
        self.view = pn.Column(
            self.colouring,
            self.order,
            pn.Row(self.closer, self.farther, self.whole, margin=0),
            Text(
                '<div class="muted">The wheel works too, with Ctrl or ⌘ where the page scrolls. Drag to move; a double '
                "click shows all.</div>"
            ),
            stylesheets=[style("menu")],
            css_classes=["closed"],
            margin=0,
        )
        for choice in (self.colouring, self.order):
            choice.param.watch(lambda _: changed(), "value")

    def toggle(self) -> None:
        """Open or close it."""
        opened = bool(self.view.css_classes)
        self.view.css_classes = [] if opened else ["closed"]
        self.button.description = "Close: how connections are drawn" if opened else "How connections are drawn"

    def zoomed(self, zoomed: bool) -> None:
        """Say whether a part is seen, from which one can go back."""
        self.farther.disabled = self.whole.disabled = not zoomed


def legend(colouring: str, oldest: int, lit: tuple[float, float] | None = None) -> str:
    """What the colours mean, as HTML, in words and shapes too.

    Parameters
    ----------
    colouring : {"state", "age"}
    oldest : int
        The age in epochs at which the scale ends.
    lit : tuple of float or None
        The range of magnitudes that is lit.
    """
    if colouring == "age":
        bar = ", ".join(sequential(_AGES, reverse=True))
        key = f'<i style="background: linear-gradient(to right, {bar})"></i>'
        words = f"<span>▲ born now {key} {oldest:,} epochs old</span>"
    else:
        words = key_words(LEGEND)
    if lit is not None:
        words += key_words([("not lit", palette.SURVIVED, "▒")])
    return f"<div>{words}<span><b>□</b> empty</span></div>"


def nearer(window: tuple[float, float, float, float], factor: float, least: tuple[float, float]) -> Any:
    """A window seen closer by a factor, around its middle, within the matrix; None for all of it.

    Parameters
    ----------
    window : tuple of float
        Left, top, right and bottom.
    factor : float
        0 for all.
    least : tuple of float
        Shares across and down that are not looked closer at.
    """
    if factor <= 0:
        return None
    sides = []
    for low, high, smallest in ((window[0], window[2], least[0]), (window[1], window[3], least[1])):
        width = min(1.0, max(smallest, (high - low) / factor))
        start = min(max(0.0, (low + high - width) / 2), 1 - width)
        sides.append((start, start + width))
    (left, right), (top, bottom) = sides
    return None if right - left >= 1 and bottom - top >= 1 else (left, top, right, bottom)
