"""Connectivity distance: how far the topology has moved from the first snapshot and from the previous one."""

from __future__ import annotations

import holoviews as hv
import numpy as np

from strnn_viz.rules import METHODS
from strnn_viz.runs import Run
from strnn_viz.topology import distance_curves, layer_label, matrices, row_of
from strnn_viz.views._labels import Frame, alike, along, beside, placed
from strnn_viz.views._plot import (
    Series,
    Word,
    cursor,
    curves,
    dashes,
    epoch_axis,
    framed,
    last_epoch,
    lines,
    waiting,
    words,
)
from strnn_viz.views.palette import RUNS

_X, _Y = "epoch", "distance"


def connectivity_distance(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240
) -> hv.Overlay:
    """Jaccard distance to the first and to the previous snapshot over the epochs of a run.

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
    UsageError
        If the run has neither a matrix nor a group of that name.
    """
    found = distance_curves(run, matrices(run, layer))
    axis, last, null = epoch_axis(run), last_epoch(run), found.independent
    reference = [null] if np.isfinite(null) else []
    previous = Series(found.epochs, found.to_previous, "to previous", "dashed")
    first = Series(found.epochs, found.to_first, "to first")
    straight = [line for y in reference for line in dashes(axis["xlim"], y)]
    elements = [
        lines([*straight, *cursor(run, epoch, 0, 1)], _X, _Y, framewise=True),
        *curves([previous, first], _X, _Y, RUNS[0], "0.000"),
        words(_words(first, previous, null, last, Frame.of(axis, 0, 1.05)), _X, _Y),
    ]
    ticks = [0, 0.25, 0.5, 0.75, 1]
    return framed(elements, height=height, ylim=(0, 1.05), ylabel="Jaccard distance", yticks=ticks, **axis)


def distance_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the distances: those of the epoch shown, beside what independent masks would have."""
    if epoch is None or not run.epochs:
        return "Distances appear with the first epoch"
    row_of(run, epoch)
    found = distance_curves(run, matrices(run, layer))
    at = int(np.flatnonzero(found.epochs == epoch)[0])
    first, previous = found.to_first[at], found.to_previous[at]
    when = f"Epoch {epoch}" if layer is None else f"{layer_label(run, layer)}, epoch {epoch}"
    if not first and not previous > 0:
        return f"{when}: still the first topology; {until_moved(run)}"
    return (
        f"{when}: Jaccard distance {first:.3f} to the first topology, {previous:.3f} to the previous "
        f"(independent masks: {found.independent:.3f})"
    )


def until_moved(run: Run) -> str:
    """What is to be said of distances as long as they are zero."""
    if run.config is not None and not METHODS[run.config.sparsity.method].rewires:
        return "this run never rewires"
    return "distances begin with the first rewiring"


def _words(first: Series, previous: Series, null: float, last: int, frame: Frame) -> list[Word]:
    """Names of the curves and of the reference, none over another."""
    if not len(first.x):
        return waiting(last / 2, 0.5)
    # After the first rewiring both are the same.
    both = alike(first, previous, frame)
    named = [first._replace(name="to first and previous")] if both else [first, previous]
    choices = [
        beside("independent masks", null, frame, last),
        *(along(s, frame, RUNS[0], above=s is not previous) for s in named),
    ]
    return placed(choices, frame, [first, previous], [null])
