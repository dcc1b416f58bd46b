"""Beside a mask: how many connections every row and every column has, and how many of them are new or gone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology import previous_epoch
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.views._cells import MaskInfo, first_density, turned
from strnn_viz.views._mask_cells import Order, unit_order


@dataclass(frozen=True, eq=False)
class Strips:
    """Connections of every row and column of a picture.

    Attributes
    ----------
    rows, columns : ndarray of int64, shapes (3, rows) and (3, columns)
        Survived, born and died, in the order in which rows and columns are drawn.
    full : tuple of float
        Connections of a row and of a column from which on a strip is as wide as it gets: two and a half times what the
        first topology has on average, the same at every epoch.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    full: tuple[float, float]

    def beside(self, cells: MaskInfo) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Means over the cells of a picture in 255ths of the room, as flat arrays of shapes (3 * r,) and (3 * c,)."""
        return _means(self.rows, cells.rows, self.full[0]), _means(self.columns, cells.columns, self.full[1])


_held: Bounded[tuple[NDArray[np.int64], NDArray[np.int64]]] = Bounded(256)


def strips(run: Run, epoch: int, info: LayerInfo, order: Order = "natural") -> Strips:
    """Degree and churn of the rows and columns of a matrix, as it is drawn.

    Parameters
    ----------
    run : Run
    epoch : int
    info : LayerInfo
    order : {"natural", "degree"} or int
        As in :class:`Look`.

    Raises
    ------
    RunError, UsageError
        If an epoch that is needed cannot be read or was not recorded.
    """
    before = previous_epoch(run, epoch)
    key = (snapshot_key(run, epoch), before is not None and snapshot_key(run, before), info)
    rows, columns = _held.get(key, lambda: _sums(run, epoch, before, info))
    if order != "natural":
        down, across = unit_order(run, epoch, info, order)
        rows, columns = rows[:, down], columns[:, across]
    density = first_density(run, info)
    full = (max(1.0, 2.5 * density * info.shape[1]), max(1.0, 2.5 * density * info.shape[0]))
    return Strips(columns, rows, full[::-1]) if turned(info) else Strips(rows, columns, full)


def _sums(run: Run, epoch: int, before: int | None, info: LayerInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    now = unpack(run.bits(epoch, info.name), info.shape)
    old = now if before is None else unpack(run.bits(before, info.name), info.shape)
    axes = []
    for axis in (1, 0):
        active, was, both = (mask.sum(axis=axis, dtype=np.uint32).astype(np.int64) for mask in (now, old, now & old))
        axes.append(np.stack([both, active - both, was - both]))
    return axes[0], axes[1]


def _means(counts: NDArray[np.int64], edges: NDArray[np.int64], full: float) -> NDArray[np.uint8]:
    part = counts[:, edges[0] : edges[-1]]
    sums = np.add.reduceat(part, edges[:-1] - edges[0], axis=1)
    return np.clip(np.round(255 * sums / (np.diff(edges) * full)), 0, 255).astype(np.uint8).ravel()
