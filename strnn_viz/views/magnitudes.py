"""Weight magnitudes over epochs as a ridgeline, with the threshold below which weights are pruned."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError
from strnn_viz.runs import LOG10_EDGES, LayerInfo, Run
from strnn_viz.topology import Magnitudes, layer_label, matrices, quantile, row_of
from strnn_viz.topology import magnitudes as read_magnitudes
from strnn_viz.views import palette
from strnn_viz.views._plot import Line, Word, framed, last_epoch, lines, stepped, styled, waiting, whole_ticks, words

Counts: TypeAlias = NDArray[np.int64]
Places: TypeAlias = NDArray[np.float64]

PER_DECADE = round(1 / (LOG10_EDGES[1] - LOG10_EDGES[0]))  # bins
_FAR = -1e6  # where an outline is that is not to be seen
_RIDGES, _RISE = 10, 2.0  # ridges in the plot, and how many of their spacings the highest may be high
_ZERO = (-1.2, -0.3)  # the column of exact zeros, in decades left of the smallest magnitude drawn
_X, _Y = "log10_w", "epoch"
_BY_ELSE = ("set", "deepr", "iss")  # methods that by themselves prune by something else than magnitude alone


@dataclass(frozen=True, eq=False)
class RidgeInfo:
    """What a ridgeline shows.

    Attributes
    ----------
    span : int
        The epoch the axis ends at; grows by steps.
    stride : int
        Epochs between two ridges.
    low, high : float
        log10 of the smallest and the largest magnitude drawn, in half decades. What is beyond counts in the outermost
        bins.
    peak : float
        Share of the weights in one bin that is drawn two strides high.
    ridges : tuple of Magnitudes
        In the order of epochs; without the one under the cursor.
    shown : Magnitudes or None
        The epoch under the cursor.
    thresholds : dict of int to tuple of float
        Of every epoch drawn, the magnitude below which each matrix was pruned.
    """

    span: int
    stride: int
    low: float
    high: float
    peak: float
    ridges: tuple[Magnitudes, ...]
    shown: Magnitudes | None
    thresholds: dict[int, tuple[float, ...]]

    @property
    def drawn(self) -> tuple[Magnitudes, ...]:
        """All ridges, the one under the cursor last: it is drawn in front."""
        return (*self.ridges, self.shown) if self.shown else self.ridges


def ridge_info(run: Run, epoch: int | None, layers: list[LayerInfo]) -> RidgeInfo:
    """Choose the epochs to draw, and read their histograms.

    Ridges stand at fixed epochs, evenly from 0 on, so that none moves when a new epoch arrives; the newest epoch and
    the one under the cursor are there besides.
    """
    epochs = run.epochs if layers else []
    newest = epochs[-1] if epochs else 0
    span = min(last_epoch(run), stepped(newest))
    stride = -(-span // _RIDGES)
    standing = (e for e in epochs if e % stride == 0 or e == newest)
    fixed = [m for e in standing for m in readable(run, e, layers)]
    # Scales come from what is drawn wherever the cursor is, so that scrubbing moves no axis.
    low, high = magnitude_range(fixed)
    peak = max([0.05, *(binned(m.total, low, high).max() / max(1, m.nnz) for m in fixed)])
    ridges = tuple(m for m in fixed if m.epoch != epoch)
    shown = read_magnitudes(run, epoch, layers) if epoch is not None and epochs else None
    names = [info.name for info in layers]
    marks = {m.epoch: thresholds(run, m.epoch, names) for m in (*ridges, *([shown] if shown else []))}
    return RidgeInfo(span, stride, low, high, math.ceil(50 * peak - 1e-9) / 50, ridges, shown, marks)


def magnitudes(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240) -> hv.Overlay:
    """Histograms of weight magnitudes over epochs, one above the other, the newest in front.

    Parameters
    ----------
    run : Run
    epoch : int or None
        The epoch drawn in front, its new weights apart; None while there is none.
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
        If the epoch cannot be read or was not recorded, or the run has no such layer.
    """
    info, grey = ridge_info(run, epoch, matrices(run, layer)), palette.SURVIVED
    older = [_ridge(info, m, 0 * m.total, m.total) for m in info.ridges]
    outlines = [dict(zip([_X, _Y], _outline(*ridge), strict=True)) for ridge in older]
    # Always as many outlines: a figure that is laid out anew while their number falls is drawn with too few.
    corners = len(outlines[0][_X]) if outlines else 3
    nowhere = {_X: np.full(corners, info.low), _Y: np.full(corners, _FAR)}
    outlines += [nowhere] * (_RIDGES + 2 - len(outlines))
    survived, born = _front(info)
    elements = [
        styled(hv.Polygons(outlines, [_X, _Y]), color=grey, fill_alpha=0.3, line_color=grey),
        styled(hv.Area(survived, _X, [_Y, "foot"]), color=grey, line_color=grey),
        styled(hv.Area(born, _X, [_Y, "foot"]), color=palette.BORN, line_alpha=0),
        lines(_zero_bars(info), _X, _Y, grey, 5, framewise=True),
        lines(_marks(info), _X, _Y, palette.THRESHOLD, 2),
        words(_words(info, "pruned below" if prunes_smallest(run) else "largest pruned"), _X, _Y),
    ]
    decades = [(float(d), decade(d)) for d in range(math.ceil(info.low), math.floor(info.high) + 1)]
    return framed(
        elements,
        height=height,
        xlim=(info.low - 1.25, info.high),
        ylim=(-(_RISE + 0.1) * info.stride, info.span + 0.35 * info.stride),
        invert_yaxis=True,
        xticks=[(info.low + sum(_ZERO) / 2, "0"), *decades],
        yticks=_epoch_ticks(info),
        xlabel="weight magnitude |w|",
        ylabel="epoch",
    )


def magnitudes_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the ridgeline: how large the weights are, and what is pruned."""
    what = layer_label(run, layer)
    if epoch is None or not run.epochs:
        return f"{what}: weight magnitudes appear with the first epoch"
    layers = matrices(run, layer)
    now = read_magnitudes(run, epoch, layers)
    text = f"{what}, epoch {epoch}: median |w| {quantile(now.total, 0.5):.2g}"
    if now.zeros:
        text += f", {now.zeros:,} exactly zero"
    row = row_of(run, epoch)
    pruned = sum(int(row["layers"][info.name]["pruned"]) for info in layers)
    found = thresholds(run, epoch, [info.name for info in layers])
    if not pruned:
        return f"{text}; nothing is pruned"
    if not found:
        return f"{text}; {pruned:,} are pruned"
    low, high = f"{min(found):.2g}", f"{max(found):.2g}"
    upto = "all exactly zero" if not max(found) else f"|w| up to {low if low == high else f'{low}–{high}'}"
    if not prunes_smallest(run):
        return f"{text}; {pruned:,} ({upto}) are pruned"
    return f"{text}; the {pruned:,} smallest ({upto}) are pruned"


def prunes_smallest(run: Run) -> bool:
    """Whether what is pruned are the smallest magnitudes, as far as is known: some methods go by sign or by unit."""
    if run.config is None:
        return True
    sparsity = run.config.sparsity
    return sparsity.prune != "signed" and (sparsity.method not in _BY_ELSE or sparsity.prune != "auto")


def readable(run: Run, epoch: int, layers: list[LayerInfo]) -> list[Magnitudes]:
    """The magnitudes of an epoch that stands beside the one shown: damage there costs its ridge, not the picture."""
    try:
        return [read_magnitudes(run, epoch, layers)]
    except RunError:
        return []


def magnitude_range(drawn: list[Magnitudes]) -> tuple[float, float]:
    """Half decades that hold all but one in 200 of the weights at the lower end, one in 1,000 at the upper."""
    low, high = -4.0, 0.0
    for m in drawn:
        if m.total.any():
            low = min(low, math.floor(2 * math.log10(quantile(m.total, 0.005))) / 2)
            high = max(high, math.ceil(2 * math.log10(quantile(m.total, 0.999)) - 1e-9) / 2)
    return low, high


def decade(exponent: int) -> str:
    """A power of ten as a tick: plain where short."""
    if exponent >= -3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def binned(counts: Counts, low: float, high: float) -> Counts:
    """Counts of the bins from `low` to `high`, the outermost with all that is beyond."""
    first, last = np.searchsorted(LOG10_EDGES, [low - 1e-9, high - 1e-9])
    inside = counts[first:last].copy()
    inside[0] += counts[:first].sum()
    inside[-1] += counts[last:].sum()
    return inside


def _ridge(info: RidgeInfo, m: Magnitudes, below: Counts, above: Counts) -> tuple[Places, Places, Places]:
    """The area between two histograms on the ridge of an epoch: x, top and foot; the axis points down."""
    edges = np.linspace(info.low, info.high, round((info.high - info.low) * PER_DECADE) + 1)
    x = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])
    rise = _RISE * info.stride / info.peak / max(1, m.nnz)
    heights = [rise * np.pad(binned(c, info.low, info.high), 1).astype(np.float64) for c in (below, above)]
    return x, m.epoch - heights[1], m.epoch - heights[0]


def _outline(x: Places, top: Places, foot: Places) -> tuple[Places, Places]:
    return np.concatenate([x, x[::-1]]), np.concatenate([top, foot[::-1]])


def _front(info: RidgeInfo) -> list[tuple[Places, Places, Places]]:
    """The ridge of the epoch shown: weights that survived, and on top of them those that were born."""
    if info.shown is None:
        return [(np.zeros(0), np.zeros(0), np.zeros(0))] * 2
    m = info.shown
    return [_ridge(info, m, 0 * m.total, m.survived), _ridge(info, m, m.survived, m.total)]


def _zero_bars(info: RidgeInfo) -> list[Line]:
    """A bar as long as the share of weights that are exactly zero; the whole column would be all of them."""
    left, width = info.low + _ZERO[0], _ZERO[1] - _ZERO[0]
    rows = [(m.epoch - 0.15 * info.stride, m.zeros / m.nnz) for m in info.drawn if m.zeros]
    return [Line(left, y, left + width * share, y) for y, share in rows]


def _marks(info: RidgeInfo) -> list[Line]:
    """The prune threshold on every ridge."""
    places = [(_place(t, info), m.epoch) for m in info.drawn for t in info.thresholds[m.epoch]]
    return [Line(x, e, x, e - 0.9 * info.stride) for x, e in places]


def _place(threshold: float, info: RidgeInfo) -> float:
    """Where a threshold is marked: at the column of zeros where only they are pruned, never beyond the histograms."""
    return info.low + sum(_ZERO) / 2 if threshold <= 0 else max(math.log10(threshold), info.low)


def _words(info: RidgeInfo, mark: str) -> list[Word]:
    """What the colours mean, in the corner where there is nothing: small magnitudes are rare."""
    if info.shown is None:
        return [] if info.ridges else waiting((info.low + info.high) / 2, info.span / 2)
    x, top, part = info.low + _ZERO[0], -_RISE * info.stride, (info.high - info.low - _ZERO[0]) / 5
    marked = any(info.thresholds.values())
    return [
        Word(x, top, "■ survived", palette.SURVIVED, baseline="top"),
        Word(x + 0.9 * part, top, "■ born", palette.BORN, baseline="top"),
        Word(x + 1.5 * part, top, f"❙ {mark}", palette.THRESHOLD, baseline="top")
        if marked
        else Word(x + 1.5 * part, top, "no threshold", baseline="top"),
    ]


def _epoch_ticks(info: RidgeInfo) -> list[int]:
    """Round epochs, and the one shown in place of those too near to it."""
    ticks = whole_ticks(info.span)
    if info.shown is None:
        return ticks
    at = info.shown.epoch
    return sorted([at, *(tick for tick in ticks if abs(tick - at) > 0.12 * info.span)])


def thresholds(run: Run, epoch: int, names: list[str]) -> tuple[float, ...]:
    """The largest magnitude pruned of each matrix at an epoch, 0 where only zeros were; none where nothing was."""
    row = row_of(run, epoch)
    values = [row["layers"][name].get("threshold") for name in names]
    return tuple(float(v) for v in values if v is not None and math.isfinite(v))
