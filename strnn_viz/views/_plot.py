"""What all plots have in common: look, axes in epochs, lines, marks and direct labels.

HoloViews needs some 5 ms for every element it updates, 10 for one made of paths and 2 more for every look that differs
within an element, and a scrub updates five plots. So what looks alike is one element, and paths are avoided.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import holoviews as hv
import holoviews.plotting.bokeh  # registers the options of this backend
import numpy as np
from bokeh.core.property.vectorization import Field
from bokeh.models import Text
from numpy.typing import NDArray

from strnn_viz.runs import Run
from strnn_viz.views.palette import MUTED

SMALL = "11px"
WAITING = "appears with the first epoch"
_BARE = {
    "plot.background_fill_color": None,
    "plot.border_fill_color": None,
    "plot.outline_line_color": None,
    "plot.min_border": 4,
}
_LOOKS = {"text_color": "colour", "text_align": "align", "text_baseline": "baseline"}

#: Options of plots that stand above each other: their frames begin at one place.
ALIGNED = {**_BARE, "plot.min_border_left": 92}  # room for a perplexity of six digits


class Line(NamedTuple):
    """A straight line."""

    x0: float
    y0: float
    x1: float
    y1: float


class Series(NamedTuple):
    """A curve over epochs, left out where it is not finite."""

    x: Sequence[float] | NDArray[Any]
    y: Sequence[float] | NDArray[Any]
    name: str
    dash: str = "solid"

    @property
    def finite(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The points there are."""
        x, y = np.asarray(self.x, dtype=float), np.asarray(self.y, dtype=float)
        keep = np.isfinite(x) & np.isfinite(y)
        return x[keep], y[keep]


class Word(NamedTuple):
    """A direct label."""

    x: float
    y: float
    text: str
    colour: str = MUTED
    align: str = "left"
    baseline: str = "bottom"


def styled(element: Any, **options: Any) -> Any:
    """An element with options of the Bokeh backend, whichever backend is current."""
    return element.opts(**options, backend="bokeh")


def framed(
    elements: Sequence[Any], *, xlim: tuple[float, float], ylim: tuple[float, float], **options: Any
) -> hv.Overlay:
    """Elements as a plot as wide as its place, transparent, on given ranges.

    Among `options` is its height; where that is None the plot is as high as its place, too.
    """
    defaults: dict[str, Any] = {
        "responsive": True,
        "show_legend": False,
        "toolbar": None,
        "default_tools": [],
        "backend_opts": _BARE,
        "fontsize": {"labels": SMALL, "ticks": SMALL},
    }
    given = {key: value for key, value in options.items() if value is not None}
    return styled(hv.Overlay(list(elements)), xlim=xlim, ylim=ylim, **defaults | given)


def stepped(epoch: int) -> int:
    """Where an axis that grows by steps ends when `epoch` is the newest: 5, 10, 20, 30, 50, 100 and so on."""
    return next(step for k in range(12) for m in (5, 10, 20, 30) if (step := m * int(10**k)) >= epoch)


def last_epoch(run: Run) -> int:
    """The epoch time axes end at: the one the run is configured to reach, or has passed.

    Of a run that was not trained here nobody knows how far it will go; its axis grows by steps.
    """
    newest = max(run.epochs[-1:], default=0)
    return max(run.config.training.epochs, newest) if run.config else stepped(newest)


def epoch_axis(run: Run) -> dict[str, Any]:
    """Options of an x axis in epochs, the same for every plot of a run."""
    last = last_epoch(run)
    return {"xlim": (-0.02 * last, 1.02 * last), "xticks": whole_ticks(last), "xlabel": "epoch"}


def whole_ticks(last: int, most: int = 7) -> list[int]:
    """Whole numbers from 0 to `last`, at most `most` of them, in steps of 1, 2 or 5 times a power of ten."""
    steps = (m * 10**k for k in range(12) for m in (1, 2, 5))
    step = next(s for s in steps if last // s < most)
    return list(range(0, last + 1, step))


def cursor(run: Run, epoch: int | None, low: float, high: float) -> list[Line]:
    """A line at the epoch shown; none while nothing is shown."""
    return [Line(epoch, low, epoch, high)] if epoch is not None and run.epochs else []


def dashes(span: tuple[float, float], y: float, count: int = 40) -> list[Line]:
    """A dashed horizontal reference, as lines: they can then share an element with solid ones."""
    x0, step = span[0], (span[1] - span[0]) / count
    return [Line(x0 + i * step, y, x0 + (i + 0.5) * step, y) for i in range(count)]


def lines(rows: Iterable[Line], x: str, y: str, colour: str = MUTED, width: float = 1, **options: Any) -> Any:
    """Straight lines of one look as one element.

    With `framewise` the plot's ranges are sent with every update, so that they follow when they have grown a step.
    """
    columns, _ = _columns(rows, Line, 4)
    element = hv.Segments(tuple(columns), [x, y, f"{x}_end", f"{y}_end"])
    return styled(element, line_color=colour, line_width=width, **options)


def curves(series: Sequence[Series], x: str, y: str, colour: str, digits: str) -> list[Any]:
    """Curves over epochs: an element for each line, and one for the marks of all, which answer to a hover.

    `digits` is how Bokeh writes a value there, for example ``0.0%``.
    """
    drawn = [(s, *s.finite) for s in series]
    every = [
        styled(hv.Curve((xs, ys), x, y), line_color=colour, line_dash=s.dash, line_width=1.75) for s, xs, ys in drawn
    ]
    names = np.array([s.name for s, xs, _ in drawn for _ in xs], dtype=object)
    points = (np.concatenate([xs for _, xs, _ in drawn]), np.concatenate([ys for _, _, ys in drawn]), names)
    marks = styled(
        hv.Scatter(points, x, [y, "series"]),
        color=colour,
        size=4 if len(names) <= 150 else 2.5,
        tools=["hover"],
        hover_tooltips=[("", "@series"), (x, f"@{x}"), (y, f"@{y}{{{digits}}}")],
    )
    return [*every, marks]


def waiting(x: float, y: float, text: str = WAITING) -> list[Word]:
    """What stands in a plot of an empty run."""
    return [Word(x, y, text, align="center", baseline="middle")]


def words(rows: Iterable[Word], x: str, y: str) -> Any:
    """Direct labels as one element."""
    numbers, looks = _columns(rows, Word, 2)
    return styled(
        hv.Labels((*numbers, *looks), [x, y], ["text", "colour", "align", "baseline"]),
        **{look: hv.dim(column) for look, column in _LOOKS.items()},
        text_font_size=SMALL,
        hooks=[_look_by_look],
    )


def _look_by_look(plot: Any, labels: Any) -> None:
    """Keep every look of labels a column of their data.

    HoloViews makes a look that all labels have in common a value of the glyph, and a column of it once they differ. The
    browser paints in between, and finds as many looks as there were labels before.
    """
    source, renderer = plot.handles["source"], plot.handles["glyph_renderer"]
    # As arrays of NumPy's, and not of pandas, which keeps strings in arrays of its own.
    looks = {look: np.asarray(labels.dimension_values(column), dtype=object) for look, column in _LOOKS.items()}
    source.data = dict(source.data) | looks
    for name in ("glyph", "selection_glyph", "nonselection_glyph", "hover_glyph", "muted_glyph"):
        glyph = getattr(renderer, name)
        if isinstance(glyph, Text):
            glyph.update(**{look: Field(look) for look in _LOOKS})


def _columns(
    rows: Iterable[Any], kind: type[Any], numbers: int
) -> tuple[list[NDArray[np.float64]], list[NDArray[Any]]]:
    """Rows as columns of one dtype each, the first so many of them numbers, also where there are no rows."""
    columns = list(zip(*rows, strict=True)) or [()] * len(kind._fields)
    return [np.array(c, dtype=float) for c in columns[:numbers]], [np.array(c, dtype=object) for c in columns[numbers:]]


def signed(value: float, digits: str = "+.4g") -> str:
    """A number with a true minus."""
    return f"{value:{digits}}".replace("-", "\u2212")


def is_number(value: Any) -> bool:
    """Whether a recorded value is a finite number; null stands for one that was not."""
    return value is not None and math.isfinite(value)
