"""When connections were born and when they died, as a table: all that ages and survival need, whatever the size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.topology.movement import check_same_epochs, sum_arrays


@dataclass(frozen=True, eq=False)
class LifeTable:
    """Lives of connections by the snapshots in which they began and ended.

    A life is a stretch of consecutive snapshots in which a position is a connection; a position that is regrown later
    begins another. A life that begins at snapshot i and is first missing at snapshot j lasted ``epochs[j] -
    epochs[i]``: births and deaths are dated by the snapshot that first shows them. A connection pruned and regrown at
    once in the same place cannot be told from one that stayed. Those of the first snapshot are as old as the record,
    which for a run recorded from its initialization is their age.

    Attributes
    ----------
    epochs : ndarray of int64, shape (t,)
        Epochs of the snapshots.
    entered : ndarray of int64, shape (t,)
        Lives that began at each snapshot; at the first, all its connections.
    ended : tuple of t ndarrays of int64, of shapes (0,), (1,), …, (t - 1,)
        ``ended[j][i]``: lives that began at snapshot i and ended at snapshot j.
    """

    epochs: NDArray[np.int64]
    entered: NDArray[np.int64]
    ended: tuple[NDArray[np.int64], ...]

    @property
    def deaths(self) -> NDArray[np.int64]:
        """Lives by where they began (row) and ended (column); shape (t, t), zero on and below the diagonal."""
        table = np.zeros((len(self.epochs), len(self.epochs)), dtype=np.int64)
        for j, column in enumerate(self.ended):
            table[: len(column), j] = column
        return table

    @property
    def alive(self) -> NDArray[np.int64]:
        """Connections of the last snapshot, by the snapshot in which their life began; shape (t,)."""
        left = self.entered.copy()
        for column in self.ended:
            left[: len(column)] -= column
        return left

    @property
    def ages(self) -> NDArray[np.int64]:
        """Epochs from each snapshot to the last: ages of those alive; shape (t,). With `alive`, an age pyramid."""
        return self.epochs[-1:] - self.epochs

    def until(self, epoch: int) -> LifeTable:
        """The table as it was at the last snapshot not after `epoch`."""
        t = int(np.searchsorted(self.epochs, epoch, side="right"))
        return LifeTable(self.epochs[:t], self.entered[:t], self.ended[:t])


def total_lives(tables: Iterable[LifeTable]) -> LifeTable:
    """The lives of several matrices in one table.

    Raises
    ------
    UsageError
        If there is none, or they are not of the same epochs.
    """
    rows = list(tables)
    if not rows:
        raise UsageError("there is no life table to sum. Give that of at least one matrix.")
    check_same_epochs([t.epochs for t in rows])
    ended = tuple(sum_arrays(columns) for columns in zip(*(t.ended for t in rows), strict=True))
    return LifeTable(rows[0].epochs, sum_arrays([t.entered for t in rows]), ended)
