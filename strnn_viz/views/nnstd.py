"""Topology distance up to the order of units (NNSTD): how far from the first snapshot, and from the previous one."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import layer_label, matrices, previous_epoch
from strnn_viz.views._history import seen
from strnn_viz.views._labels import Frame, alike, along, beside, placed
from strnn_viz.views._pairs import layer_names, most_epochs, nnstd_between, normalized, standing, total
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
    stepped,
    waiting,
    words,
)
from strnn_viz.views.distance import until_moved
from strnn_viz.views.palette import RUNS

_X, _Y = "epoch", "distance"


@dataclass(frozen=True, eq=False)
class NnstdInfo:
    """NNSTD at some epochs of a run.

    Attributes
    ----------
    epochs : ndarray of int64, shape (n,)
    to_first, to_previous : ndarray of float64, shape (n, 2)
        Raw, and as a multiple of what independent masks have; nan where there is no snapshot to compare with.
    """

    epochs: NDArray[np.int64]
    to_first: NDArray[np.float64]
    to_previous: NDArray[np.float64]


def nnstd_info(run: Run, epoch: int | None, layers: list[LayerInfo], *, most: int | None = None) -> NnstdInfo:
    """NNSTD at epochs that stand evenly over the run, and at the one shown.

    What was computed once is held. A call computes at most ``2 * (most + 1)`` distances, and one more pair for an epoch
    that is new.

    Parameters
    ----------
    run : Run
    epoch : int or None
    layers : list of LayerInfo
        The mean over the layers these matrices belong to is taken; of each layer all matrices count.
    most : int or None
        Epochs that stand; None for as many as take seconds at the size of the run: 60 with up to 128 units in a layer,
        30 with 256, 12 with 512, 6 with 1,024 and 4 beyond.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, or this one was not recorded.
    """
    epochs = run.epochs
    seen(run, epoch)
    if not epochs or not layers:
        return NnstdInfo(np.zeros(0, dtype=np.int64), np.zeros((0, 2)), np.zeros((0, 2)))
    names = layer_names(run, layers)
    span = min(last_epoch(run), stepped(epochs[-1]))
    chosen = sorted({*standing(epochs, most or most_epochs(run), span), *([] if epoch is None else [epoch])})

    def row(e: int, other: int | None) -> tuple[float, float]:
        if other is None:
            return float("nan"), float("nan")
        found = total(nnstd_between(run, e, other), names)
        return found.raw, normalized(found)

    first = [row(e, epochs[0]) for e in chosen]
    previous = [row(e, previous_epoch(run, e)) for e in chosen]
    return NnstdInfo(np.array(chosen), np.array(first), np.array(previous))


def nnstd_distance(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240, most: int | None = None
) -> hv.Overlay:
    """NNSTD to the first and to the previous snapshot, raw and as a multiple of that of independent masks.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; None while there is no epoch.
    layer : str or None
        Name of a group, or of a matrix for its layer; None for the mean of all layers.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    most : int or None
        Epochs computed besides the one shown, see :func:`nnstd_info`.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, this one was not recorded, or the run has no such layer.
    """
    found = nnstd_info(run, epoch, matrices(run, layer), most=most)
    axis, last = epoch_axis(run), last_epoch(run)
    first, previous = (
        Series(found.epochs, table[:, 1], f"to {name}", dash)
        for table, name, dash in ((found.to_first, "first", "solid"), (found.to_previous, "previous", "dashed"))
    )
    raw = [
        Series(found.epochs, table[:, 0], f"to {name}, raw", dash)
        for table, name, dash in ((found.to_previous, "previous", "dotdash"), (found.to_first, "first", "dotted"))
    ]
    elements = [
        lines([*dashes(axis["xlim"], 1.0), *cursor(run, epoch, 0, 1.1)], _X, _Y, framewise=True),
        *curves([*raw, previous, first], _X, _Y, RUNS[0], "0.000"),
        words(_words(first, previous, raw, last, Frame.of(axis, 0, 1.15)), _X, _Y),
    ]
    ticks = [0, 0.25, 0.5, 0.75, 1]
    return framed(elements, height=height, ylim=(0, 1.15), ylabel="NNSTD", yticks=ticks, **axis)


def nnstd_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the distances: raw, and as a share of what independent masks have."""
    if epoch is None or not run.epochs:
        return "Topology distances appear with the first epoch"
    seen(run, epoch)
    names, before = layer_names(run, matrices(run, layer)), previous_epoch(run, epoch)
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    if before is None:
        return f"{where}: still the first topology; {until_moved(run)}"
    first, previous = (total(nnstd_between(run, epoch, e), names) for e in (run.epochs[0], before))
    if not first.raw and not previous.raw:
        return f"{where}: still the first topology; {until_moved(run)}"
    return (
        f"{where}: NNSTD {first.raw:.3f} to the first topology, {normalized(first):.1%} of that of independent masks; "
        f"{previous.raw:.3f} to the previous, {normalized(previous):.1%}"
    )


def _words(first: Series, previous: Series, raw: list[Series], last: int, frame: Frame) -> list[Word]:
    """Names of the curves and of the reference, none over another."""
    if not len(first.x):
        return waiting(last / 2, 0.5)
    # After the first rewiring both are the same.
    both = alike(first, previous, frame)
    named = [first._replace(name="to first and previous")] if both else [first, previous]
    choices = [
        beside("independent masks", 1.0, frame, last),
        *(along(s, frame, RUNS[0], above=s is not previous) for s in named),
        along(raw[1], frame, RUNS[0], above=False),
    ]
    return placed(choices, frame, [first, previous, *raw], [1.0])
