"""Distances of all epochs of a run to all others, as a matrix."""

from __future__ import annotations

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.topology import layer_label, matrices
from strnn_viz.views import _scale
from strnn_viz.views._epoch_distances import Metric, distance_map_info
from strnn_viz.views._history import seen
from strnn_viz.views._plot import Line, epoch_axis, framed, last_epoch, lines, waiting, whole_ticks, words

_X, _Y = "epoch", "other_epoch"


def distance_map(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 280,
    metric: Metric = "jaccard",
    most: int | None = None,
) -> hv.Overlay:
    """Distances of all epochs to all others as a matrix, with the epoch shown marked on both axes.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; None while there is no epoch.
    layer : str or None
        Name of a matrix or of a group; None for all.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    metric, most
        As for :func:`distance_map_info`.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, this one was not recorded, or there is no such layer or metric.
    """
    seen(run, epoch)
    shown = distance_map_info(run, matrices(run, layer), metric=metric, most=most)
    axis, last = epoch_axis(run), last_epoch(run)
    rows, (left, _, right, _) = _scale.on_grid(shown.epochs, shown.distances, last)
    grid, _ = _scale.on_grid(shown.epochs, rows.T, last)
    low, high = axis["xlim"]
    crossing = [] if epoch is None or not run.epochs else [Line(epoch, low, epoch, high), Line(low, epoch, high, epoch)]
    wide, ticks = high - low, whole_ticks(last)
    key = (high + 0.04 * wide, high + 0.065 * wide)
    named = (
        _scale.key_words(key[1], low, high, "0", f"{shown.top:.1f}")
        if len(shown.epochs)
        else waiting(last / 2, last / 2)
    )
    return framed(
        [
            _scale.picture(_scale.codes(grid, 0.0, shown.top), (left, left, right, right), _X, _Y),
            _scale.key_bar(*key, low, high, _X, _Y),
            lines(crossing, _X, _Y, framewise=True),
            words(named, _X, _Y),
        ],
        height=height,
        xlim=(low, high + 0.13 * wide),
        ylim=(low, high),
        xlabel="epoch",
        ylabel="epoch",
        xticks=ticks,
        yticks=ticks,
    )


def distance_map_title(
    run: Run, epoch: int | None, *, layer: str | None = None, metric: Metric = "jaccard", most: int | None = None
) -> str:
    """The sentence above the distances: how far the epoch shown is from others, and how true the plane is."""
    if epoch is None or not run.epochs:
        return "Distances between epochs appear with the first epoch"
    seen(run, epoch)
    chosen = matrices(run, layer)
    shown = distance_map_info(run, chosen, metric=metric, most=most)
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    if len(shown.epochs) < 2:
        return f"{where}: the first topology, nothing to compare with yet"
    at = shown.place(epoch)
    assert at is not None
    others = np.delete(np.arange(len(shown.epochs)), at)
    far = int(others[shown.distances[at, others].argmax()])
    kind = "Jaccard distance" if metric == "jaccard" else "normalised NNSTD"
    text = f"{where}: {kind} {shown.distances[at, 0]:.3f} to epoch {shown.epochs[0]}"
    if far:
        text += f", at most {shown.distances[at, far]:.3f}, to epoch {shown.epochs[far]}"
    return f"{text}; the plane is true to within {shown.stress:.1%}"
