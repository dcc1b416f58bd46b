"""All that is recorded of one connection, and counts of a block of them: what a pointer asks for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology.churn import BORN, DIED, SURVIVED, states
from strnn_viz.topology.layers import matrices, previous_epoch


@dataclass(frozen=True)
class Connection:
    """One position of a matrix at one epoch.

    Attributes
    ----------
    state : int
        `EMPTY`, `SURVIVED`, `BORN` or `DIED`, compared with the last epoch that can be read.
    weight : float or None
        None where there is no connection.
    born : int or None
        The epoch that first shows the present life, or the last one where there is none now; None if it never was a
        connection.
    first : bool
        Whether that is the first epoch recorded, so that it was not seen to be born.
    regrown : int
        Times it was born again after it had died, up to this epoch.
    """

    state: int
    weight: float | None
    born: int | None
    first: bool
    regrown: int


@dataclass(frozen=True)
class Block:
    """Positions of a matrix, counted by their state at one epoch."""

    survived: int
    born: int
    died: int
    positions: int

    @property
    def active(self) -> int:
        """Connections there are now."""
        return self.survived + self.born


def connection(run: Run, name: str, epoch: int, row: int, column: int) -> Connection:
    """What is recorded of one position up to an epoch. One packed mask an epoch is read, and one matrix of weights.

    A weight pruned and regrown in the same place at once cannot be told from one that stayed.

    Parameters
    ----------
    run : Run
    name : str
        Name of the matrix.
    epoch : int
    row, column : int

    Raises
    ------
    UsageError, RunError
        If there is no such position or epoch, or an epoch up to it cannot be read.
    """
    info = _matrix(run, name)
    if not (0 <= row < info.shape[0] and 0 <= column < info.shape[1]):
        raise UsageError(f"{name} has {info.shape[0]:,} rows and {info.shape[1]:,} columns, none at {row}, {column}.")
    place = row * info.shape[1] + column
    layer = run.layer(epoch, name)
    epochs = [e for e in run.epochs if e <= epoch]
    active = [bool(run.bits(e, name)[place >> 3] >> (7 - (place & 7)) & 1) for e in epochs]
    births = [i for i, on in enumerate(active) if on and (i == 0 or not active[i - 1])]
    weight = float(layer.values[_rank(layer.bits, place)]) if active[-1] else None
    was = active[-2] if len(active) > 1 else active[-1]
    state = {(True, True): SURVIVED, (True, False): BORN, (False, True): DIED}.get((active[-1], was), 0)
    born = epochs[births[-1]] if births else None
    return Connection(state, weight, born, bool(births) and births[-1] == 0, max(0, len(births) - 1))


def block(run: Run, name: str, epoch: int, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Block:
    """Count the positions in some rows and columns by their state; raises like :func:`connection`.

    Parameters
    ----------
    run : Run
    name : str
    epoch : int
    rows, columns : ndarray of int64
        Places of the rows and of the columns, in any order.
    """
    info = _matrix(run, name)
    before = previous_epoch(run, epoch)
    both = [None if e is None else unpack(run.bits(e, name), info.shape)[rows][:, columns] for e in (epoch, before)]
    assert both[0] is not None
    counts = np.bincount(states(both[0], both[1]).ravel(), minlength=4)
    return Block(int(counts[SURVIVED]), int(counts[BORN]), int(counts[DIED]), len(rows) * len(columns))


def _matrix(run: Run, name: str) -> LayerInfo:
    found = matrices(run, name)
    if len(found) != 1 or found[0].name != name:
        raise UsageError(
            f"{name!r} is not one matrix of run {run.name}. It has: {', '.join(run.layers) or 'none yet'}."
        )
    return found[0]


def _rank(bits: NDArray[np.uint8], place: int) -> int:
    """Active positions before a place."""
    last = int(bits[place >> 3]) >> (8 - (place & 7)) if place & 7 else 0
    return int(np.bitwise_count(bits[: place >> 3]).sum()) + last.bit_count()
