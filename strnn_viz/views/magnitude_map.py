"""Weight magnitudes over epochs as a heat map: a column an epoch, a row a bin between fixed edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import Magnitudes, matrices
from strnn_viz.views import _scale, palette
from strnn_viz.views._history import seen
from strnn_viz.views._plot import Line, Word, cursor, epoch_axis, framed, last_epoch, lines, waiting, words
from strnn_viz.views.magnitudes import (
    PER_DECADE,
    binned,
    decade,
    magnitude_range,
    prunes_smallest,
    readable,
    thresholds,
)

_X, _Y = "epoch", "log10_w"
_GAP = 0.4  # decades between the smallest magnitude and the row of exact zeros


@dataclass(frozen=True, eq=False)
class MagnitudeMap:
    """What the heat map shows.

    Attributes
    ----------
    epochs : ndarray of int64, shape (t,)
    shares : ndarray of float64, shape (t, n)
        Share of the active weights in each bin, from `low` to `high`; what is beyond counts in the outermost bins.
    zeros : ndarray of float64, shape (t,)
        Share that is exactly zero.
    low, high : float
        log10 of the smallest and the largest magnitude drawn, in half decades.
    peak : float
        The share that has the last colour; grows by fiftieths.
    marks : tuple of (int, float)
        Epochs, and log10 of the magnitudes below which their matrices were pruned.
    """

    epochs: NDArray[np.int64]
    shares: NDArray[np.float64]
    zeros: NDArray[np.float64]
    low: float
    high: float
    peak: float
    marks: tuple[tuple[int, float], ...]


def magnitude_map_info(run: Run, layers: list[LayerInfo]) -> MagnitudeMap:
    """The histograms of every epoch that can be read."""
    found: list[Magnitudes] = [m for e in (run.epochs if layers else []) for m in readable(run, e, layers)]
    low, high = magnitude_range(found)
    shares = np.array([binned(m.total, low, high) / max(1, m.nnz) for m in found])
    shares = shares.reshape(len(found), round((high - low) * PER_DECADE))
    names = [info.name for info in layers]
    return MagnitudeMap(
        np.array([m.epoch for m in found], dtype=np.int64),
        shares,
        np.array([m.zeros / max(1, m.nnz) for m in found]),
        low,
        high,
        max(0.02, math.ceil(50 * shares.max(initial=0.0) - 1e-9) / 50),
        tuple((m.epoch, _mark(t, low)) for m in found for t in thresholds(run, m.epoch, names)),
    )


def _mark(threshold: float, low: float) -> float:
    """Where a threshold is marked: at the row of zeros where only they are pruned, never below the histograms."""
    return low - _GAP - 0.5 / PER_DECADE if threshold <= 0 else max(math.log10(threshold), low)


def magnitude_map(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 260) -> hv.Overlay:
    """Histograms of weight magnitudes as columns of colour, one an epoch, and the threshold they are pruned below.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; None while there is no epoch.
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
        If this epoch was not recorded, or the run has no such layer.
    """
    seen(run, epoch)
    shown = magnitude_map_info(run, matrices(run, layer))
    axis, last = epoch_axis(run), last_epoch(run)
    grid, (left, _, right, _) = _scale.on_grid(shown.epochs, shown.shares, last)
    row = 1 / PER_DECADE
    # The zeros are a row of the same picture, below a gap.
    gap = np.full((len(grid), round(_GAP * PER_DECADE)), np.nan)
    none, _ = _scale.on_grid(shown.epochs, shown.zeros[:, None], last)
    pixels = np.hstack([none, gap, grid])
    pixels[pixels == 0] = np.nan  # nothing is drawn where there is no weight
    bottom = shown.low - _GAP - row
    low, high = bottom - 0.1, shown.high + 0.1
    wide = axis["xlim"][1] - axis["xlim"][0]
    edge = axis["xlim"][1]
    key = (edge + 0.04 * wide, edge + 0.065 * wide)
    half = 0.4 * max(1, last / max(1, len(grid) - 1))
    pruned = "pruned below" if prunes_smallest(run) else "largest pruned"
    named = [
        *_scale.key_words(key[1], shown.low, shown.high, "0%", f"{shown.peak:.0%}"),
        *([Word(0, shown.high, f"━ {pruned}", palette.THRESHOLD, baseline="top")] if shown.marks else []),
    ]
    return framed(
        [
            _scale.picture(
                _scale.codes(np.sqrt(pixels).T, 0.0, math.sqrt(shown.peak)), (left, bottom, right, shown.high), _X, _Y
            ),
            _scale.key_bar(*key, shown.low, shown.high, _X, _Y),
            lines([Line(e - half, y, e + half, y) for e, y in shown.marks], _X, _Y, palette.THRESHOLD, 2),
            lines(cursor(run, epoch, low, high), _X, _Y, framewise=True),
            words(named if len(shown.epochs) else waiting(last / 2, (low + high) / 2), _X, _Y),
        ],
        height=height,
        ylim=(low, high),
        ylabel="weight magnitude |w|",
        yticks=[
            (bottom + row / 2, "0"),
            *((float(d), decade(d)) for d in range(math.ceil(shown.low), math.floor(shown.high) + 1)),
        ],
        **axis | {"xlim": (axis["xlim"][0], edge + 0.17 * wide)},
    )  # fmt: skip
