"""Figures to keep: of a fixed size on white, with words above them, alone or several on a sheet with a key."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any, TypeAlias

from bokeh.models import GridBox, Label, LayoutDOM, PlainText, Plot, Range1d, Title
from bokeh.plotting import figure

from strnn_viz.views import off_page

WIDTH, HEIGHT = 900, 520
_LETTERS = 135  # of a title that fit the width
_LINE = 26  # pixels that a line of text is high
_INK = "#1c2329"

#: What stands below a sheet: words, the colour of each, and its sign.
Key: TypeAlias = Sequence[tuple[str, str, str]]


def bokeh_figure(element: Any, width: int, height: int) -> Any:
    """A HoloViews element as a Bokeh figure of a fixed size on white."""
    plot = off_page(element).state
    plot.update(sizing_mode=None, width=width, height=height, frame_height=None)
    plot.update(background_fill_color="white", border_fill_color="white", min_border=16)
    return plot


def headed(plot: Any, lines: Sequence[tuple[str, ...]]) -> Any:
    """A figure with lines above it.

    Parameters
    ----------
    plot : Bokeh figure
    lines : sequence of (str, str, str) or of (str, str, str, str)
        Text, size, style and colour of each, from the top; long ones are wrapped.
    """
    for text, size, look, *colour in reversed(lines):  # the last one added stands on top
        wrapped = "\n".join(part for line in text.splitlines() for part in textwrap.wrap(line, _LETTERS) or [line])
        # Plain: a name with dollar signs is no formula.
        title = Title(text=PlainText(wrapped), text_font_size=size, text_font_style=look)
        title.text_color = colour[0] if colour else _INK
        plot.add_layout(title, "above")
    return plot


def as_svg(plot: LayoutDOM) -> LayoutDOM:
    """A figure, or several in a grid, drawn as SVG from now on."""
    for part in plot.select({"type": Plot}):
        part.output_backend = "svg"
    return plot


def sheet(head: Sequence[tuple[str, str, str]], plots: Sequence[Any], across: int, side: int, key: Key) -> LayoutDOM:
    """Plots of one size in rows, below lines of text and above a key.

    Parameters
    ----------
    head : sequence of (str, str, str)
        Text, size and style of each line, from the top.
    plots : sequence of Bokeh figures
    across : int
        Plots in a row.
    side : int
        Width of each, in pixels.
    key : sequence of (str, str, str)
        Words, the colour of each, and its sign.
    """
    wide = across * side
    lines = sum(len(text.splitlines()) for text, *_ in head)
    top, bottom = headed(_strip(wide, (1 + lines) * _LINE, []), head), _strip(wide, _LINE + 10, key)
    placed = [(plot, 1 + i // across, i % across) for i, plot in enumerate(plots)]
    last = 1 + -(-len(plots) // across)
    whole = [(top, 0, 0, 1, across), *placed, (bottom, last, 0, 1, across)]
    return GridBox(children=whole, width=wide, sizing_mode="fixed", styles={"background-color": "white"})


def _strip(width: int, height: int, key: Key) -> Any:
    """A figure of nothing but words in their colours; LayoutDOMs of text are left out where a browser exports."""
    plot = figure(width=width, height=height, toolbar_location=None, x_range=Range1d(0, 1), y_range=Range1d(0, 1),
                  outline_line_color=None, min_border=0)  # fmt: skip
    plot.axis.visible = plot.grid.visible = False
    plot.background_fill_color = plot.border_fill_color = "white"
    x = 16
    for word, colour, sign in key:
        words = f"{sign} {word}"
        plot.add_layout(Label(x=x, y=8, x_units="screen", y_units="screen", text=PlainText(words), text_color=colour,
                              text_font_size="13px", text_font_style="bold"))  # fmt: skip
        x += 28 + 8 * len(words)
    return plot
