"""What plots of several runs have in common: how each run is told from the others, and axes that hold them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.views._labels import Frame, above_or_below, in_columns, placed
from strnn_viz.views._plot import Line, Series, Word, last_epoch, lines, styled, whole_ticks
from strnn_viz.views.palette import RUNS

#: How many runs can be compared at once.
MOST_RUNS = 8

_DASHES = ("solid", "dashed", "dotdash", "dotted", "12 3", "10 3 2 3", "3 3", "2 6")
#: The named ones as lengths in pixels, of dash and gap; a solid line has none.
_LENGTHS = {"solid": "", "dashed": "6 4", "dotdash": "2 3 6 3", "dotted": "2 3"}
_MARKERS = ("circle", "square", "triangle", "diamond", "inverted_triangle", "hex", "star", "plus")


class Look(NamedTuple):
    """What a run looks like wherever it stands beside others: never by its colour alone.

    Attributes
    ----------
    letter : str
        Its short name, A for the first.
    colour : str
    dash : str
        Of its lines, as Bokeh names it or as lengths in pixels.
    marker : str
        Of its points, as Bokeh names it.
    """

    letter: str
    colour: str
    dash: str
    marker: str

    @property
    def lengths(self) -> str:
        """Its dash as SVG writes it, in pixels; empty for a solid line."""
        return _LENGTHS.get(self.dash, self.dash)


LOOKS = tuple(map(Look, "ABCDEFGH", RUNS, _DASHES, _MARKERS))
assert len(LOOKS) == MOST_RUNS


def shared_axis(runs: Sequence[Run]) -> dict[str, Any]:
    """Options of an x axis in epochs that holds all of some runs, with room for a letter at the end of each curve."""
    last = final_epoch(runs)
    return {"xlim": (-0.02 * last, 1.06 * last), "xticks": whole_ticks(last), "xlabel": "epoch"}


def final_epoch(runs: Sequence[Run]) -> int:
    """The epoch at which the longest of some runs ends or is to end."""
    return max(map(last_epoch, runs), default=5)


def look_curve(
    series: Series, look: Look, x: str, y: str, told: Callable[[float], str], *, faint: bool = False
) -> list[Any]:
    """A curve in the look of its run, and marks on it that answer to a hover: always two elements.

    `told` is how a value is written there.
    """
    xs, ys = series.finite
    every = max(1, -(-len(xs) // 24))  # so many marks that they can be told apart
    curve = styled(hv.Curve((xs, ys), x, y), line_color=look.colour, line_dash=look.dash,
                   line_width=1.25 if faint else 2)  # fmt: skip
    texts = np.array([told(float(value)) for value in ys[::every]], dtype=object)
    marks = styled(
        hv.Scatter((xs[::every], ys[::every], texts), x, [y, "told"]),
        color=look.colour,
        marker=look.marker,
        size=4 if faint else 6,
        tools=["hover"],
        hover_tooltips=[("", series.name), (x, f"@{x}"), (y, "@told")],
    )
    return [curve, marks]


def letters(series: Sequence[Series], frame: Frame) -> list[Word]:
    """The letters of runs at the ends of their curves, over no other letter and, where there is room, over no curve.

    Parameters
    ----------
    series : sequence of Series
        One for each run, in their order.
    frame : Frame
    """
    ends, around = [], []
    for s, look in zip(series, LOOKS, strict=False):
        xs, ys = s.finite
        if len(xs):
            x, y = float(xs[-1]), float(ys[-1])
            ends.append(Word(x, y, f"\u2002{look.letter}", look.colour, "left", "middle"))
            around.append(above_or_below(x, y, look.letter, look.colour, frame))
    # A curve that ends early has others where its letter would stand.
    beside_ends = {w.text.strip(): w for w in in_columns(ends, frame)}
    choices = [[beside_ends[w.text.strip()], *others] for w, others in zip(ends, around, strict=True)]
    return placed(choices, frame, series)


def listed(parts: Sequence[str], most: int = 3) -> str:
    """A few things in a row, and how many more there are."""
    rest = len(parts) - most
    return ", ".join(parts[:most]) + (f" and {rest} more" if rest > 0 else "")


def elsewhere(at: int | None, shown: int | None) -> str:
    """What follows the number of a run that does not stand at the epoch named: `` (epoch 6)``; else nothing."""
    return "" if at is None or at == shown else f" (epoch {at})"


def cursor_line(epoch: int | None, low: float, high: float, x: str, y: str, more: Sequence[Line] = ()) -> Any:
    """A line at the epoch shown, with other straight lines of its look."""
    return lines([*more, *([] if epoch is None else [Line(epoch, low, epoch, high)])], x, y, framewise=True)
