"""How much of a topology is replaced at each epoch, and how much of all that could be was ever tried."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import layer_label, matrices
from strnn_viz.views._history import past, seen
from strnn_viz.views._labels import Frame, along, beside, placed
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

_X, _Y = "epoch", "share"


@dataclass(frozen=True, eq=False)
class TurnoverInfo:
    """How a topology moved over the epochs of a run.

    Attributes
    ----------
    epochs : ndarray of int64, shape (n,)
    turnover : ndarray of float64, shape (n,)
        Connections gained and lost since the snapshot before, of all in either; nan at the first.
    exploration : ndarray of float64, shape (n,)
        In-time over-parameterization rate R_s: positions that ever were a connection, of all.
    density : float
        Of the first topology, which is where R_s begins and where that of a static mask stays; nan in an empty run.
    """

    epochs: NDArray[np.int64]
    turnover: NDArray[np.float64]
    exploration: NDArray[np.float64]
    density: float


def turnover_info(run: Run, layers: list[LayerInfo]) -> TurnoverInfo:
    """Turnover and R_s of some matrices together; counts are summed before they are divided.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    found = past(run, layers)
    if found is None:
        none = np.zeros(0)
        return TurnoverInfo(none.astype(np.int64), none, none, float("nan"))
    m = found.movement
    return TurnoverInfo(m.epochs, m.turnover, m.exploration, float(m.nnz[0]) / max(1, m.size))


def turnover(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240) -> hv.Overlay:
    """Share of the connections replaced at each epoch, and the share of all positions ever tried (R_s).

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
        If an epoch cannot be read, this one was not recorded, or the run has no such layer.
    """
    seen(run, epoch)
    found = turnover_info(run, matrices(run, layer))
    axis, last = epoch_axis(run), last_epoch(run)
    explored = Series(found.epochs, found.exploration, "ever explored (Rₛ)")
    turned = Series(found.epochs, found.turnover, "turned over", "dashed")
    reference = [found.density] if np.isfinite(found.density) else []
    straight = [line for y in reference for line in dashes(axis["xlim"], y)]
    elements = [
        lines([*straight, *cursor(run, epoch, 0, 1)], _X, _Y, framewise=True),
        *curves([turned, explored], _X, _Y, RUNS[0], "0.0%"),
        words(_words(found.density, explored, turned, last, Frame.of(axis, 0, 1.05)), _X, _Y),
    ]
    ticks = [(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)]
    return framed(elements, height=height, ylim=(0, 1.05), ylabel=_Y, yticks=ticks, **axis)


def turnover_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the turnover: what was replaced, and what was explored so far."""
    if epoch is None or not run.epochs:
        return "Turnover appears with the first epoch"
    seen(run, epoch)
    found = turnover_info(run, matrices(run, layer))
    at = int(np.flatnonzero(found.epochs == epoch)[0])
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    explored = f"{found.exploration[at]:.1%} of all positions explored so far (Rₛ)"
    if not np.isfinite(found.turnover[at]):
        return f"{where}: {explored}; turnover begins with the next epoch"
    return f"{where}: {found.turnover[at]:.1%} turned over, {explored}, {found.density:.1%} of them from the start"


def _words(density: float, explored: Series, turned: Series, last: int, frame: Frame) -> list[Word]:
    """Names of the curves and of the reference, none over another."""
    if not len(explored.x):
        return waiting(last / 2, 0.5)
    choices = [beside("static mask", density, frame, last), *(along(s, frame, RUNS[0]) for s in (explored, turned))]
    return placed(choices, frame, [explored, turned], [density])
