"""How many connections lead into and out of each unit, beside what chance alone would give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import holoviews as hv
import numpy as np

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import layer_label, matrices
from strnn_viz.views._degrees import Counts, Shares, Side, shown_layer, sides
from strnn_viz.views._history import seen
from strnn_viz.views._pairs import standing
from strnn_viz.views._plot import Line, Word, framed, last_epoch, lines, stepped, styled, waiting, words
from strnn_viz.views.palette import RUNS, THRESHOLD

_X, _Y = "degree_over_mean", "share_of_units"
_BINS = 40  # about as many, each a whole number of connections wide
_WIDTHS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0)
_TOPS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
_LOOKED_AT = 12  # epochs that axes are made for besides the one shown
_NO_SPREAD = 1e-6  # a standard deviation of chance that is none
_SD = 4.0  # standard deviations of chance that the axis holds at least


@dataclass(frozen=True, eq=False)
class DegreeInfo:
    """What the degree distributions show.

    Attributes
    ----------
    sides : tuple of Side
        In, then out; a direction in which no recorded matrix leads is left out, and an empty run has none.
    width : float
        The axis goes so far to either side of the mean, as a share of it; grows by steps.
    top : float
        Share of the units that the axis goes up to; grows by steps.
    """

    sides: tuple[Side, ...]
    width: float
    top: float

    def bins(self, side: Side) -> tuple[Counts, Shares, Shares]:
        """Where bins begin, in connections, and the share of units in each, seen and by chance.

        The first and the last bin hold what is beyond the axis.
        """
        step = max(1, round(2 * self.width * side.mean / _BINS))
        low = max(0, int(np.floor((1 - self.width) * side.mean / step))) * step
        end = max((1 + self.width) * side.mean, low + 1)
        edges = np.arange(low, int(np.ceil(end)) + step, step)
        count = len(edges) - 1
        place = np.clip(np.searchsorted(edges, side.degrees, side="right") - 1, 0, count - 1)
        expected = np.clip(np.searchsorted(edges, np.arange(len(side.chance)), side="right") - 1, 0, count - 1)
        seen_share = np.bincount(place, minlength=count) / max(1, len(side.degrees))
        chance_share = np.zeros(count)
        np.add.at(chance_share, expected, side.chance)
        return edges, np.asarray(seen_share, dtype=np.float64), chance_share


def degree_info(run: Run, epoch: int | None, layer: str | None = None) -> DegreeInfo:
    """Degrees of an epoch, on axes that also hold those of a dozen epochs evenly over the run, and of the newest.

    Parameters
    ----------
    run : Run
    epoch : int or None
    layer : str or None
        Name of a group, for the units of that layer and all their connections; of a matrix, for those in this matrix
        alone; None for the layer of the first recurrent matrix.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded, or the run has no such layer.
    """
    name = shown_layer(run, layer)
    if name is None or epoch is None or not seen(run, epoch):
        return DegreeInfo((), 1.0, 0.2)
    shown = sides(run, epoch, name)
    epochs = run.epochs
    ends = standing(epochs, _LOOKED_AT, min(last_epoch(run), stepped(epochs[-1])))
    others = [s for e in {*ends, epochs[-1]} - {epoch} for s in sides(run, e, name)]
    far = max((_reach(s) for s in [*shown, *others]), default=0.0)
    info = DegreeInfo(shown, next((w for w in _WIDTHS if w >= far), far), 1.0)
    # Where a dense beginning leaves nothing to chance all units are alike: on its axis all others would be low.
    drawn = [*shown, *(s for s in others if s.chance_sd > _NO_SPREAD)]
    tops = [float(part.max(initial=0)) for s in drawn for part in info.bins(s)[1:]]
    highest = max(tops, default=0.0)
    return DegreeInfo(shown, info.width, next(t for t in _TOPS if t >= min(1.0, highest)))


def _reach(side: Side) -> float:
    """How far degrees go from their mean, as a share of it."""
    if not side.mean:
        return 0.0
    seen_far = np.abs(side.degrees / side.mean - 1).max(initial=0)
    return max(float(seen_far), _SD * side.chance_sd / side.mean)


def degree_distribution(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240, unit: int | None = None
) -> hv.Overlay:
    """Distribution of the in-degrees of a layer's units upward and of their out-degrees downward.

    Both are shown as multiples of their mean, since they may differ a lot; the outline is what chance would give.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        As for :func:`degree_info`.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    unit : int or None
        A unit whose degrees are marked; None for no one.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        As for :func:`degree_info`, or if there is no such unit.
    """
    shown = degree_info(run, epoch, layer)
    rows, outline = [], []
    for side in shown.sides:
        bars, chance_line = _drawn(shown, side)
        rows += bars
        outline += chance_line
    columns = list(zip(*rows, strict=True)) or [()] * 7
    data = [np.array(c, dtype=object if i == 4 else float) for i, c in enumerate(columns)]
    bars = hv.Rectangles(tuple(data), [_X, _Y, f"{_X}1", f"{_Y}1"], ["degree", "units", "share"])
    tips = [("", "@degree"), ("units", "@units"), ("", "@share{0.0%}")]
    low, high = max(0.0, 1 - shown.width), 1 + shown.width
    ticks = [t * shown.top for t in (-1, -0.5, 0, 0.5, 1)]
    return framed(
        [
            styled(bars, color=RUNS[0], fill_alpha=0.6, line_alpha=0, tools=["hover"], hover_tooltips=tips),
            lines([Line(low, 0, high, 0), *outline], _X, _Y, width=1.5, framewise=True),
            lines(_unit_lines(shown, unit, low, high), _X, _Y, THRESHOLD, 2.5),
            words(_words(shown, low, high) + _unit_words(shown, unit, low, high), _X, _Y),
        ],
        height=height,
        xlim=(low, high),
        ylim=(-1.15 * shown.top, 1.15 * shown.top),
        yticks=[(t, f"{abs(t):.1%}".replace(".0%", "%")) for t in ticks],
        xlabel="degree, as a multiple of its mean",
        ylabel="share of units",
    )


def _drawn(shown: DegreeInfo, side: Side) -> tuple[list[tuple[float | str, ...]], list[Line]]:
    """The bars of a side and the outline of chance, out-degrees downward."""
    edges, found, expected = shown.bins(side)
    sign, x = (1 if side.name == "in" else -1), edges / max(side.mean, 1e-9)
    rows: list[tuple[float | str, ...]] = []
    for i in np.flatnonzero(found):
        last = edges[i + 1] - 1
        text = f"{side.name}-degree {edges[i]:,}" + (f" to {last:,}" if last > edges[i] else "")
        low, high = sorted((0.0, sign * float(found[i])))
        rows.append((x[i], low, x[i + 1], high, text, round(found[i] * len(side.degrees)), found[i]))
    return rows, list(_outline(x, sign * expected))


def _outline(x: Shares, y: Shares) -> Iterator[Line]:
    padded = np.concatenate([[0.0], y, [0.0]])
    for i in range(len(y)):
        yield Line(x[i], padded[i], x[i], padded[i + 1])
        yield Line(x[i], y[i], x[i + 1], y[i])


def _words(shown: DegreeInfo, low: float, high: float) -> list[Word]:
    if not shown.sides:
        return waiting(1.0, 0.5 * shown.top)
    found = [Word(high, 1.13 * shown.top, "— at random ", align="right", baseline="top")]
    for side in shown.sides:
        y, baseline, sign = (1.13, "top", "↑") if side.name == "in" else (-1.13, "bottom", "↓")
        found.append(
            Word(
                low + 0.01 * (high - low),
                y * shown.top,
                f"{sign} {side.name}, {side.mean:,.1f} on average",
                RUNS[0],
                "left",
                baseline,
            )
        )
    return found


def unit_degrees(shown: DegreeInfo, unit: int | None) -> list[tuple[Side, int]]:
    """The degrees of one unit in each direction it is counted in; none without a unit.

    Raises
    ------
    UsageError
        If a side has no such unit.
    """
    found = []
    for side in shown.sides if unit is not None else ():
        if not 0 <= (unit or 0) < len(side.degrees):
            raise UsageError(f"there is no unit {unit}. Units: 0 to {len(side.degrees) - 1}.")
        found.append((side, int(side.degrees[unit])))
    return found


def _unit_lines(shown: DegreeInfo, unit: int | None, low: float, high: float) -> list[Line]:
    """Where a unit stands, across the whole height of each side."""
    places = [(side, min(high, max(low, d / max(side.mean, 1e-9)))) for side, d in unit_degrees(shown, unit)]
    return [Line(x, 0, x, (1 if side.name == "in" else -1) * shown.top) for side, x in places]


def _unit_words(shown: DegreeInfo, unit: int | None, low: float, high: float) -> list[Word]:
    found = []
    for side, degree in unit_degrees(shown, unit):
        x = min(high, max(low, degree / max(side.mean, 1e-9)))
        align = "left" if x < (low + high) / 2 else "right"
        up = side.name == "in"
        text = f"\u2002unit {unit:,}: {degree:,} {side.name}\u2002"
        found.append(Word(x, (0.9 if up else -0.9) * shown.top, text, THRESHOLD, align, "top" if up else "bottom"))
    return found


def degree_title(run: Run, epoch: int | None, *, layer: str | None = None, unit: int | None = None) -> str:
    """The sentence above the degree distributions: how wide they are beside those of chance, and dead units.

    With a `unit`, its own degrees come first. Means and spreads are in the summary.
    """
    if epoch is None or not run.epochs:
        matrices(run, layer)
        return "Degrees appear with the first epoch"
    shown = degree_info(run, epoch, layer)
    name = shown_layer(run, layer)
    own = ", ".join(f"{degree:,} {side.name}" for side, degree in unit_degrees(shown, unit))
    dead = [f"{s.dead:,} without any {s.name}" for s in shown.sides if s.dead]
    told = [*([f"unit {unit:,} has {own}"] if own else []), _spread(shown.sides), *dead]
    return f"{_label(run, name)}, epoch {epoch}: {'; '.join(told)}"


def _spread(sides: Sequence[Side]) -> str:
    """How wide degrees are spread beside what chance gives."""
    wide = [s for s in sides if s.chance_sd > _NO_SPREAD]
    if not wide:
        return f"every unit has {' and '.join(f'{s.mean:,.0f} {s.name}' for s in sides)}"
    times = " and ".join(f"{s.sd / s.chance_sd:.1f} ({s.name})" for s in wide)
    return f"spread of degrees {times} times that of chance"


def _label(run: Run, name: str | None) -> str:
    return layer_label(run, name) if name in run.layers else name or ""
