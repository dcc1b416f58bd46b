"""How a topology moved: states of every position between two snapshots, their counts, and distances over a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.layers import previous_epoch, row_of

EMPTY, SURVIVED, BORN, DIED = 0, 1, 2, 3

_nnz_read: Bounded[float] = Bounded(4096)


def states(now: NDArray[np.bool_], previous: NDArray[np.bool_] | None = None) -> NDArray[np.uint8]:
    """What became of every position between two snapshots.

    Parameters
    ----------
    now : ndarray of bool, shape (rows, columns)
        The mask.
    previous : ndarray of bool, shape (rows, columns), or None
        The mask one snapshot earlier; None where there is none, and what is active then counts as survived.

    Returns
    -------
    ndarray of uint8, shape (rows, columns)
        `EMPTY`, `SURVIVED`, `BORN` (active now, not before) or `DIED` (active before, not now).
    """
    if previous is None:
        return now.view(np.uint8) * np.uint8(SURVIVED)
    # (now, before): 2 ^ 3 = survived, 2 ^ 0 = born, 0 ^ 3 = died, 0 ^ 0 = empty; three passes and no look-up
    result = now.view(np.uint8) << np.uint8(1)
    result ^= previous.view(np.uint8) * np.uint8(3)
    return result


@dataclass(frozen=True)
class Changes:
    """How many connections a snapshot shares with the one before it.

    Attributes
    ----------
    survived, born, died : int
        Connections.
    since : int or None
        The epoch compared with; None where there is no earlier one to read.
    """

    survived: int
    born: int
    died: int
    since: int | None

    @property
    def nnz(self) -> int:
        """Connections now."""
        return self.survived + self.born

    @property
    def rewired(self) -> float:
        """Share of the connections that are new."""
        return rewired_share(self.born, self.nnz)


def rewired_share(born: int, nnz: int) -> float:
    """Connections that were not there before, as a fraction of all; 0 where there are none."""
    return born / nnz if nnz else 0.0


def changes(run: Run, epoch: int, layers: Sequence[LayerInfo]) -> Changes:
    """Count what was born, died and survived, summed over matrices, since the last readable epoch.

    Parameters
    ----------
    run : Run
    epoch : int
    layers : sequence of LayerInfo

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    since = previous_epoch(run, epoch)
    row = row_of(run, epoch)
    survived = born = died = 0
    for info in layers:
        if since == epoch - 1:  # the metrics compare with the snapshot right before, which this is
            churn, nnz = row["layers"][info.name], _nnz(run, row, info.name, strict=True)
            b, d = int(churn["born"]), int(churn["died"])
            s = int(nnz) - b
        else:
            now = run.layer(epoch, info.name).bits
            before = now if since is None else run.layer(since, info.name).bits
            s = int(np.bitwise_count(now & before).sum())
            b, d = int(np.bitwise_count(now).sum()) - s, int(np.bitwise_count(before).sum()) - s
        survived, born, died = survived + s, born + b, died + d
    return Changes(survived, born, died, since)


def jaccard_distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Jaccard distance 1 - |a and b| / |a or b| of two packed masks; 0 where both are empty.

    Parameters
    ----------
    a, b : ndarray of uint8, shape (n,)
        Masks as bits, as in :attr:`LayerSnapshot.bits`.
    """
    union = int(np.bitwise_count(a | b).sum())
    return 1 - int(np.bitwise_count(a & b).sum()) / union if union else 0.0


def hamming_distance(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    """Number of positions in which two packed masks differ."""
    return int(np.bitwise_count(a ^ b).sum())


def independent_distance(density: float) -> float:
    """Jaccard distance to expect between independent random masks of one density d: 1 - d / (2 - d).

    The value that distances saturate at, so what a raw distance has to be read against.
    """
    return 1 - density / (2 - density)


@dataclass(frozen=True, eq=False)
class DistanceCurves:
    """Jaccard distance of a run's topology to earlier ones, over its epochs.

    Attributes
    ----------
    epochs : ndarray of int64, shape (n,)
    to_first, to_previous : ndarray of float64, shape (n,)
        Distance to the run's first snapshot, and to the one right before; nan where there is none. Over several
        matrices, intersections and unions are summed before they are divided.
    independent : float
        Distance to expect between independent masks as dense as the first and the newest; nan where nothing is
        recorded.
    """

    epochs: NDArray[np.int64]
    to_first: NDArray[np.float64]
    to_previous: NDArray[np.float64]
    independent: float


def distance_curves(run: Run, layers: Sequence[LayerInfo]) -> DistanceCurves:
    """Distance to the first and to the previous snapshot at every epoch, from the metrics alone.

    Parameters
    ----------
    run : Run
    layers : sequence of LayerInfo
        The matrices to pool; one for the curves of one matrix.
    """
    rows = run.rows
    names = [info.name for info in layers]
    count = {part: _table(rows, names, part) for part in ("born", "died", "kept")}
    nnz = np.array([[_nnz(run, row, name) for name in names] for row in rows]).reshape(len(rows), len(names))
    # Where the very first snapshot cannot be read, the next one says its size: the same, unless a method moves budgets.
    first = nnz[:1].sum(axis=1)
    total = {part: table.sum(axis=1) for part, table in count.items()} | {"nnz": nnz.sum(axis=1)}
    with np.errstate(invalid="ignore", divide="ignore"):
        to_first = 1 - total["kept"] / (total["nnz"] + first - total["kept"])
        to_previous = 1 - (total["nnz"] - total["born"]) / (total["nnz"] + total["died"])
    epochs = np.array([row["epoch"] for row in rows], dtype=np.int64)
    # Only a run's first snapshot has nothing before it, and it is recorded with neither births nor deaths.
    is_first = (epochs == 0) | ((np.arange(len(rows)) == 0) & (total["born"] + total["died"] == 0))
    to_previous[is_first] = np.nan
    return DistanceCurves(epochs, to_first, to_previous, _independent(nnz, layers))


def _independent(nnz: NDArray[np.float64], layers: Sequence[LayerInfo]) -> float:
    """Expected distance of independent masks, pooled over matrices: abN positions meet, (a + b - ab)N are in either."""
    known = nnz[~np.isnan(nnz).any(axis=1)]
    if not known.size:
        return float("nan")
    size = np.array([info.size for info in layers], dtype=float)
    a, b = known[0] / size, known[-1] / size
    union = float(((a + b - a * b) * size).sum())
    return 1 - float((a * b * size).sum()) / union if union else float("nan")


def _table(rows: Sequence[Mapping[str, Any]], names: Sequence[str], part: str) -> NDArray[np.float64]:
    values = [[row["layers"][name][part] for name in names] for row in rows]
    return np.array(values, dtype=np.float64).reshape(len(rows), len(names))


def _nnz(run: Run, row: Mapping[str, Any], name: str, strict: bool = False) -> float:
    """Connections of a matrix at an epoch; a row recovered from a snapshot does not say, so the snapshot is asked."""
    recorded = row["layers"][name].get("nnz")
    if recorded is not None:
        return float(recorded)
    epoch = int(row["epoch"])
    try:
        return _nnz_read.get((*snapshot_key(run, epoch), name), lambda: float(run.layer(epoch, name).nnz))
    except RunError:
        if strict:
            raise
        return float("nan")  # a damaged file costs its own point of the curve, not the others
