"""What plots of several runs have in common: how each run is told from the others, and axes that hold them all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import holoviews as hv

from strnn_viz.runs import Run
from strnn_viz.views._plot import Line, Series, Word, last_epoch, lines, styled, whole_ticks
from strnn_viz.views.palette import RUNS

#: How many runs can be compared at once.
MOST_RUNS = 8

#: Of more runs than colours they repeat, with other dashes.
_COLOURS = RUNS
_DASHES = ("solid", "dashed", "dotdash", "dotted", "12 3", "10 3 2 3", "3 3", "2 6")
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


LOOKS = tuple(
    Look("ABCDEFGH"[i], RUNS[i % len(RUNS)], _DASHES[i], _MARKERS[i]) for i in range(MOST_RUNS)
)  # fmt: skip


def shared_axis(runs: Sequence[Run]) -> dict[str, Any]:
    """Options of an x axis in epochs that holds all of some runs."""
    last = final_epoch(runs)
    return {"xlim": (-0.02 * last, 1.02 * last), "xticks": whole_ticks(last), "xlabel": "epoch"}


def final_epoch(runs: Sequence[Run]) -> int:
    """The epoch at which the longest of some runs ends or is to end."""
    return max(map(last_epoch, runs), default=5)


def look_curve(series: Series, look: Look, x: str, y: str, digits: str, *, faint: bool = False) -> list[Any]:
    """A curve in the look of its run, and marks on it that answer to a hover: always two elements."""
    xs, ys = series.finite
    every = max(1, -(-len(xs) // 24))  # so many marks that they can be told apart
    curve = styled(hv.Curve((xs, ys), x, y), line_color=look.colour, line_dash=look.dash,
                   line_width=1.25 if faint else 2)  # fmt: skip
    marks = styled(
        hv.Scatter((xs[::every], ys[::every]), x, y),
        color=look.colour,
        marker=look.marker,
        size=4 if faint else 6,
        tools=["hover"],
        hover_tooltips=[("", series.name), (x, f"@{x}"), (y, f"@{y}{{{digits}}}")],
    )
    return [curve, marks]


def letters(series: Sequence[Series], low: float, high: float, last: int, *, log: bool = False) -> list[Word]:
    """The letters of runs at the ends of their curves, moved apart where they would lie over each other.

    Parameters
    ----------
    series : sequence of Series
        One for each run, in their order.
    low, high : float
        Ends of the axis they are drawn on.
    last : int
        Where the axis of epochs ends.
    log : bool
        Whether the axis is logarithmic.
    """
    found = []
    for s, look in zip(series, LOOKS, strict=False):
        xs, ys = s.finite
        if len(xs):
            found.append(Word(float(xs[-1]), float(ys[-1]), f"\u2002{look.letter}", look.colour, "left", "middle"))
    return spread(found, low, high, 0.04 * last, log=log)


def spread(
    words: Sequence[Word], low: float, high: float, reach: float, *, log: bool = False, room: float = 0.07
) -> list[Word]:
    """Labels moved up, and down again where the axis ends, so that those near each other do not lie over each other.

    Parameters
    ----------
    words : sequence of Word
    low, high : float
        Ends of the axis.
    reach : float
        Labels farther apart than this along the other axis cannot touch.
    log : bool
        Whether the axis is logarithmic.
    room : float
        What a label needs, as a share of the axis.
    """

    def share(y: float) -> float:
        if not log:
            return (y - low) / (high - low)
        return math.log(max(y, low) / low) / math.log(high / low)

    placed: list[Word] = []
    for word in sorted(words, key=lambda w: w.y):
        place = max(room / 2, min(share(word.y), 1 - room / 2))
        for other in placed:
            if abs(other.x - word.x) < reach and place < other.y + room:
                place = other.y + room
        placed.append(word._replace(y=place))
    beyond = max(0.0, max((w.y for w in placed), default=0.0) - 1 + room / 2)
    tops = [w.y for w in placed]
    moved = [w._replace(y=max(0.0, w.y - (beyond if y > 0.5 else 0))) for w, y in zip(placed, tops, strict=True)]
    return [w._replace(y=low * (high / low) ** w.y if log else low + w.y * (high - low)) for w in moved]


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
