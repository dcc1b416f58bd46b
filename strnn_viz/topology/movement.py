"""How much of a topology moved, snapshot by snapshot: counts, and the rates and distances that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError


@dataclass(frozen=True, eq=False)
class Movement:
    """What a matrix, or several together, went through from a run's first snapshot on.

    Everything compares recorded masks: what came and went between two snapshots is not in it, and neither is a
    connection that was pruned and regrown at once in the same place.

    Attributes
    ----------
    epochs : ndarray of int64, shape (t,)
        Epochs of the snapshots.
    size : int
        Positions, active or not.
    nnz : ndarray of int64, shape (t,)
        Connections.
    born, died : ndarray of int64, shape (t,)
        Connections that the snapshot before did not have, and those of it that are gone; 0 at the first snapshot.
    kept : ndarray of int64, shape (t,)
        Connections that the first snapshot had too.
    explored : ndarray of int64, shape (t,)
        Positions that were a connection in any snapshot so far.
    """

    epochs: NDArray[np.int64]
    size: int
    nnz: NDArray[np.int64]
    born: NDArray[np.int64]
    died: NDArray[np.int64]
    kept: NDArray[np.int64]
    explored: NDArray[np.int64]

    @property
    def turnover(self) -> NDArray[np.float64]:
        """Connections gained and lost since the snapshot before, of all in either of the two; shape (t,).

        (born + died) / (nnz before + nnz now): the relative turnover of ecology (Diamond, "Avifaunal equilibria and
        species turnover rates on the Channel Islands of California", PNAS 64, 1969). At a fixed budget it is the
        share rewired. It is for one step between snapshots, however many epochs that is; nan at the first.
        """
        return _after_first(_share(self.born + self.died, self._before + self.nnz))

    @property
    def exploration(self) -> NDArray[np.float64]:
        """In-time over-parameterization rate R_s: positions that ever were a connection, of all; shape (t,).

        Liu, Yin, Mocanu and Pechenizkiy, "Do We Actually Need Dense Over-Parameterization?", ICML 2021, section 3,
        where a dense network has 1 and a static sparse one its density.
        """
        return _share(self.explored, np.full(len(self.epochs), self.size))

    @property
    def jaccard_to_first(self) -> NDArray[np.float64]:
        """Jaccard distance 1 - |and| / |or| to the first snapshot; shape (t,). Two empty masks are at distance 0."""
        return 1 - _share(self.kept, self.nnz[:1] + self.nnz - self.kept, empty=1.0)

    @property
    def jaccard_to_previous(self) -> NDArray[np.float64]:
        """Jaccard distance to the snapshot before; shape (t,), nan at the first."""
        return _after_first(1 - _share(self.nnz - self.born, self.nnz + self.died, empty=1.0))

    @property
    def hamming_to_first(self) -> NDArray[np.int64]:
        """Positions in which the mask differs from the first; shape (t,)."""
        return self.nnz[:1] + self.nnz - 2 * self.kept

    @property
    def hamming_to_previous(self) -> NDArray[np.int64]:
        """Positions in which the mask differs from the snapshot before; shape (t,), 0 at the first."""
        return self.born + self.died

    @property
    def _before(self) -> NDArray[np.int64]:
        return self.nnz - self.born + self.died


def empty_movement(size: int) -> Movement:
    """The movement of a matrix of `size` positions before its first snapshot."""
    none = np.zeros(0, dtype=np.int64)
    return Movement(none, size, none, none, none, none, none)


def total_movement(movements: Iterable[Movement]) -> Movement:
    """Several matrices as one: counts are summed before anything is divided.

    Raises
    ------
    UsageError
        If there is none, or they are not of the same epochs.
    """
    rows = list(movements)
    if not rows:
        raise UsageError("there is no movement to sum. Give that of at least one matrix.")
    check_same_epochs([m.epochs for m in rows])
    parts = ("nnz", "born", "died", "kept", "explored")
    sums = {part: sum_arrays([getattr(m, part) for m in rows]) for part in parts}
    return Movement(rows[0].epochs, sum(m.size for m in rows), **sums)


def sum_arrays(arrays: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Arrays of one shape, added up."""
    return np.asarray(np.sum(arrays, axis=0, dtype=np.int64))


def check_same_epochs(epochs: list[NDArray[np.int64]]) -> None:
    """Refuse to sum what was not recorded at the same epochs.

    Raises
    ------
    UsageError
        If they differ.
    """
    if any(not np.array_equal(e, epochs[0]) for e in epochs):
        words = " and ".join(sorted({f"{len(e)} snapshots" + (f" up to epoch {e[-1]}" if len(e) else "")
                                     for e in epochs}))  # fmt: skip
        raise UsageError(f"histories of different epochs cannot be summed: {words}. Bring them to the same epoch.")


def _share(part: NDArray[np.int64], whole: NDArray[np.int64], empty: float = 0.0) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), empty)


def _after_first(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values[:1] = np.nan
    return values
