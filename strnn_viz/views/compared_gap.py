"""What one kind of run reaches against another over epochs, with a band over seeds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import holoviews as hv
import numpy as np

from strnn_viz.runs import Measure, Run
from strnn_viz.topology.between import nearest_epoch
from strnn_viz.topology.gaps import Gap, gap, measured, seeds_of_kind
from strnn_viz.views._compared import (
    LOOKS,
    Look,
    cursor_line,
    elsewhere,
    final_epoch,
    letters,
    listed,
    look_curve,
    shared_axis,
)
from strnn_viz.views._labels import Frame
from strnn_viz.views._plot import Line, Series, framed, styled, waiting, words
from strnn_viz.views.compared_learning import comparable_measures, valid_key
from strnn_viz.views.learning import run_measure, scale, value_text

_X, _Y = "epoch", "gap"

Kinds = tuple[dict[int, Run], dict[int, Run]]


class Against(NamedTuple):
    """The gap of one run's kind against the first run's.

    Attributes
    ----------
    name : str
        The run.
    look : Look
    gap : Gap
    """

    name: str
    look: Look
    gap: Gap


def kinds_to_first(runs: Sequence[Run], others: Iterable[Run]) -> list[Kinds]:
    """Of every run but the first: the runs of the first's kind and of its own, by seed.

    Of two runs of one kind, which differ in their seed alone, each stands for itself.

    Parameters
    ----------
    runs : sequence of Run
        Those compared.
    others : iterable of Run
        All there are, among which other seeds are looked for.
    """
    everyone = list(others)
    first = seeds_of_kind(runs[0], everyone)
    found: list[Kinds] = []
    for run in runs[1:]:
        own = seeds_of_kind(run, everyone)
        alike = run in first.values() or runs[0] in own.values()
        found.append(({0: runs[0]}, {0: run}) if alike else (first, own))
    return found


def gaps_to_first(runs: Sequence[Run], kinds: Sequence[Kinds]) -> list[Against]:
    """The gap of every run but the first against the first, over all seeds of their kinds.

    Parameters
    ----------
    runs : sequence of Run
    kinds : sequence of Kinds
        From :func:`kinds_to_first`.
    """
    fits, key, share = comparable_measures(runs), valid_key(runs[0]), scale(runs[0]) == "log"
    found = []
    for run, look, same, pair in zip(runs[1:], LOOKS[1:], fits[1:], kinds, strict=False):
        ours, theirs = ({seed: measured(r, key) for seed, r in kind.items()} for kind in pair)
        found.append(Against(run.name, look, gap(ours, theirs, share=share) if same else gap({}, {})))
    return found


def compared_gap(
    runs: Sequence[Run], found: Sequence[Against], epoch: int | None, *, height: int | None = 280
) -> hv.Overlay:
    """The difference of every kind to the first over epochs, and a band where several seeds were run.

    Perplexities fall over orders of magnitude, so theirs is a share of the first's; accuracies differ in points.

    Parameters
    ----------
    runs : sequence of Run
    found : sequence of Against
        From :func:`gaps_to_first`; one fewer than `runs`.
    epoch : int or None
    height : int or None

    Returns
    -------
    Overlay
        Of the same elements for as many runs.
    """
    series = [Series(a.gap.epochs, a.gap.middle, f"{a.name} against {runs[0].name}") for a in found]
    values = [
        v for a in found for part in (a.gap.low, a.gap.high) for e, v in zip(a.gap.epochs, part, strict=True) if e
    ]
    low, high = gap_range(values)
    bands = [
        styled(hv.Area((a.gap.epochs.astype(float), a.gap.low, a.gap.high), _X, [_Y, "upper"]), color=a.look.colour,
               alpha=0.22, line_alpha=0)
        for a in found
    ]  # fmt: skip
    curves = [part for s, a in zip(series, found, strict=True) for part in look_curve(s, a.look, _X, _Y, _share)]
    last, axis = final_epoch(runs), shared_axis(runs)
    ends = letters([Series([last], [0], ""), *series], Frame.of(axis, low, high))
    none = [] if any(len(a.gap.epochs) for a in found) else waiting(last / 2, low + 0.75 * (high - low))
    straight = [Line(axis["xlim"][0], 0, axis["xlim"][1], 0)]
    elements = [*bands, cursor_line(epoch, low, high, _X, _Y, straight), *curves, words([*ends, *none], _X, _Y)]
    label = "gap, points" if scale(runs[0]) == "linear" else f"gap, share of {LOOKS[0].letter}"
    digits = ".0%" if high - low > 0.12 else ".1%"
    ticks = [(v, _with_sign(v, f"{abs(v):{digits}}") if abs(v) > 1e-9 else "0") for v in _ticks(low, high)]
    return framed(elements, height=height, ylim=(low, high), ylabel=label, yticks=ticks, **axis)


def compared_gap_title(runs: Sequence[Run], found: Sequence[Against], epoch: int | None) -> str:
    """The sentence above the gaps: how large at the epoch shown, over how many seeds, and what the band is."""
    have = [a for a in found if len(a.gap.epochs)]
    if not have or epoch is None:
        return "The gap appears with the first epoch that two runs have in common"
    measure, parts = run_measure(runs[0]), []
    shown = nearest_epoch(have[0].gap.epochs.tolist(), epoch)
    for a in have:
        at = nearest_epoch(a.gap.epochs.tolist(), epoch)
        place = int(np.flatnonzero(a.gap.epochs == at)[0])
        parts.append(f"{a.look.letter} {gap_words(a.gap, place, measure)}{elsewhere(at, shown)}")
    better = "lower is better" if measure.lower_is_better else "higher is better"
    bands = "; ".join(dict.fromkeys(_band_words(a) for a in have))
    return f"Epoch {shown}, {measure.name} against {LOOKS[0].letter}: {listed(parts)} ({better}; {bands})"


def gap_words(found: Gap, place: int, measure: Measure) -> str:
    """One difference in words: ``−3.2 (−2.1%)`` of a perplexity, ``+1.4 points`` of an accuracy."""
    middle, absolute = float(found.middle[place]), float(found.absolute[place])
    if measure.lower_is_better:
        return f"{_with_sign(absolute, value_text(measure, abs(absolute)))} ({_share(middle)})"
    return f"{_with_sign(absolute, f'{100 * abs(absolute):.1f}')} points"


def gap_range(values: Sequence[float]) -> tuple[float, float]:
    """An axis that holds all values and zero, in steps, with some room; what begins extreme may be cut off.

    The first epochs can differ many times more than all later ones; so the axis ends at three times what nine tenths
    of the values stay within.
    """
    finite = np.array([v for v in values if math.isfinite(v)])
    if not finite.size:
        return -0.05, 0.05
    most = 3 * float(np.quantile(np.abs(finite), 0.9))
    low, high = (float(np.clip(v, -most, most)) for v in (min(finite.min(), 0), max(finite.max(), 0)))
    step = _step(max(high - low, 1e-3))
    return math.floor(low / step - 0.25) * step, math.ceil(high / step + 0.25) * step


def _step(span: float) -> float:
    power = 10 ** math.floor(math.log10(span / 4))
    return float(next(m * power for m in (1, 2, 5, 10) if m * power >= span / 4))


def _ticks(low: float, high: float) -> list[float]:
    step = _step(high - low)
    return [i * step for i in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _share(value: float) -> str:
    return _with_sign(value, f"{abs(value):.1%}")


def _with_sign(value: float, size: str) -> str:
    """A rounded size with the sign of its value, or with both where nothing is left of it to have one."""
    if not any(digit in size for digit in "123456789"):
        return f"±{size}"
    return f"−{size}" if value < 0 else f"+{size}"


def _band_words(a: Against) -> str:
    ours, theirs = a.gap.seeds
    if not a.gap.banded:
        return "one seed of each"
    if a.gap.paired:
        return f"mean of {ours} pairs of one seed, band ± one standard deviation"
    return f"mean over {ours} and {theirs} seeds, band from smallest to largest"
