"""How long connections live: Kaplan-Meier curves by the epochs they were born in, the first topology apart."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import LifeTable, Survival, layer_label, matrices, survival_curve
from strnn_viz.views import palette
from strnn_viz.views._history import past, seen
from strnn_viz.views._labels import Frame, along, placed
from strnn_viz.views._plot import Series, Word, epoch_axis, framed, last_epoch, stepped, styled, waiting, words
from strnn_viz.views._scale import sequential
from strnn_viz.views.palette import MUTED

_X, _Y = "age", "survival"
GROUPS = 4  # of cohorts born after the first topology


@dataclass(frozen=True, eq=False)
class Cohort:
    """Connections born in some epochs, and how they survived.

    Attributes
    ----------
    first, last : int
        Epochs of birth.
    colour : str
    name : str
    survival : Survival
    """

    first: int
    last: int
    colour: str
    name: str
    survival: Survival


@dataclass(frozen=True, eq=False)
class SurvivalInfo:
    """Survival as it was known at an epoch.

    Attributes
    ----------
    start : Cohort or None
        The first topology; None in an empty run.
    born : tuple of Cohort
        The cohorts of later epochs, pooled in at most `GROUPS` ranges that do not move with the cursor.
    later : Survival or None
        All of these together; None before any is born.
    """

    start: Cohort | None
    born: tuple[Cohort, ...]
    later: Survival | None

    @property
    def cohorts(self) -> tuple[Cohort, ...]:
        """All of them, the first topology first."""
        return (*([self.start] if self.start else []), *self.born)


def survival_info(run: Run, epoch: int | None, layers: list[LayerInfo]) -> SurvivalInfo:
    """Survival by birth cohort, from what was recorded up to an epoch; those then alive are censored there.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, or this one was not recorded.
    """
    found = past(run, layers) if seen(run, epoch) else None
    if found is None or epoch is None:
        return SurvivalInfo(None, (), None)
    lives = found.lives.until(epoch)
    begin = int(lives.epochs[0])
    start = Cohort(begin, begin, palette.SURVIVED, "first topology", survival_curve(lives, [begin]))
    end = min(last_epoch(run), stepped(run.epochs[-1]))
    born = tuple(_born(lives, begin, end))
    later = survival_curve(lives, _with_births(lives, begin + 1, epoch)) if born else None
    return SurvivalInfo(start, born, later)


def _born(lives: LifeTable, begin: int, end: int) -> Iterator[Cohort]:
    edges = begin + np.ceil(np.linspace(0, max(1, end - begin), GROUPS + 1)).astype(int)
    for low, high, colour in zip(edges[:-1] + 1, edges[1:], sequential(GROUPS), strict=True):
        epochs = _with_births(lives, int(low), int(high))
        if epochs:
            first, last = epochs[0], epochs[-1]
            name = f"born {first}" if first == last else f"born {first}–{last}"
            yield Cohort(first, last, colour, name, survival_curve(lives, epochs))


def _with_births(lives: LifeTable, low: int, high: int) -> list[int]:
    chosen = (lives.epochs >= low) & (lives.epochs <= high) & (lives.entered > 0)
    return [int(e) for e in lives.epochs[chosen]]


def survival_curves(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240) -> hv.Overlay:
    """Share of connections that outlive an age, by when they were born, with 95% bands.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Up to where lives are known; None while there is no epoch.
    layer : str or None
        Name of a matrix or of a group; None for all, pooled.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, this one was not recorded, or the run has no such layer.
    """
    shown, last = survival_info(run, epoch, matrices(run, layer)), last_epoch(run)
    kdims = [_X, _Y, f"{_X}1", f"{_Y}1"]
    bands = hv.Rectangles(_table([r for c in shown.cohorts for r in _band(c)]), kdims, "colour")
    steps = hv.Segments(_table([r for c in shown.cohorts for r in _steps(c)]), kdims, "colour")
    axis = epoch_axis(run) | {"xlabel": "age in epochs"}
    named = _words(shown, Frame.of(axis, 0, 1.05)) if shown.start else waiting(last / 2, 0.5)
    return framed(
        [
            styled(bands, color=hv.dim("colour"), fill_alpha=0.25, line_alpha=0, framewise=True),
            styled(steps, color=hv.dim("colour"), line_width=2),
            words(named, _X, _Y),
        ],
        height=height,
        ylim=(0, 1.05),
        yticks=[(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)],
        ylabel="share still connected",
        **axis,
    )


def survival_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the survival curves: how long those born live, and what is left of the first topology."""
    if epoch is None or not run.epochs:
        return "Survival appears with the first epoch"
    shown = survival_info(run, epoch, matrices(run, layer))
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    assert shown.start is not None
    left = f"{float(shown.start.survival.survival[-1]):.1%} of the first topology is left"
    if shown.later is None:
        return f"{where}: {left}; none was born yet"
    half = shown.later.median
    if math.isinf(half):
        if not shown.later.died.sum():
            return f"{where}: {left}; none of the {shown.later.size:,} born since has died yet"
        return f"{where}: {left}; more than half of the {shown.later.size:,} born since live on"
    unit = "epoch" if half == 1 else "epochs"
    return f"{where}: {left}; half of the {shown.later.size:,} born since were gone within {half:.0f} {unit}"


Row = tuple[float, float, float, float, str]


def _steps(cohort: Cohort) -> Iterator[Row]:
    s = cohort.survival
    for i in range(len(s.time) - 1):
        yield s.time[i], s.survival[i], s.time[i + 1], s.survival[i], cohort.colour
        yield s.time[i + 1], s.survival[i], s.time[i + 1], s.survival[i + 1], cohort.colour


def _band(cohort: Cohort) -> Iterator[Row]:
    s = cohort.survival
    for i in range(len(s.time) - 1):
        if np.isfinite(s.lower[i]) and np.isfinite(s.upper[i]):
            yield s.time[i], s.lower[i], s.time[i + 1], s.upper[i], cohort.colour


def _table(rows: list[Row]) -> tuple[NDArray[np.float64] | NDArray[np.object_], ...]:
    columns = list(zip(*rows, strict=True)) or [()] * 5
    return (*(np.array(c, dtype=float) for c in columns[:4]), np.array(columns[4], dtype=object))


def _words(shown: SurvivalInfo, frame: Frame) -> list[Word]:
    """A name for each curve, none over another."""
    drawn = []
    for cohort in shown.cohorts:
        s = cohort.survival
        # It goes on level until it drops.
        drawn.append(Series(np.repeat(s.time, 2)[1:], np.repeat(s.survival, 2)[:-1], cohort.name))
    return placed([along(s, frame, MUTED) for s in drawn], frame, drawn)
