"""Weight magnitudes over a run, from the histograms stored with every snapshot; weights are never read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LOG10_EDGES, LayerInfo, Run
from strnn_viz.topology.cache import Bounded, snapshot_key

_read: Bounded[tuple[NDArray[np.int64], NDArray[np.int64]]] = Bounded(2048)  # 1.5 kB each


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """Magnitudes of the active weights of one matrix, or of several together, at one epoch.

    Attributes
    ----------
    epoch : int
    survived, born : ndarray of int64, shape (len(LOG10_EDGES) - 1,)
        Active weights between two edges of ``LOG10_EDGES``: those that were active in the previous snapshot, and those
        that were not. Exact zeros are not among them.
    survived_zeros, born_zeros : int
        Active weights that are exactly zero.
    """

    epoch: int
    survived: NDArray[np.int64]
    born: NDArray[np.int64]
    survived_zeros: int
    born_zeros: int

    @property
    def total(self) -> NDArray[np.int64]:
        """Active weights between two edges, of any age."""
        return self.survived + self.born

    @property
    def zeros(self) -> int:
        """Active weights that are exactly zero."""
        return self.survived_zeros + self.born_zeros

    @property
    def nnz(self) -> int:
        """Active weights."""
        return int(self.total.sum()) + self.zeros


def magnitudes(run: Run, epoch: int, layers: Sequence[LayerInfo]) -> Magnitudes:
    """Histograms of an epoch, summed over matrices.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    total = np.zeros((2, len(LOG10_EDGES)), dtype=np.int64)
    key = snapshot_key(run, epoch)
    for info in layers:
        total += _read.get((*key, info.name), lambda name=info.name: run.histograms(epoch, name))  # type: ignore[misc]
    (survived, born), zeros = total[:, 1:], total[:, 0]
    return Magnitudes(epoch, survived, born, int(zeros[0]), int(zeros[1]))


def quantile(counts: NDArray[np.int64], share: float) -> float:
    """The magnitude below which a share of histogrammed weights lies, to about a tenth of its bin.

    Parameters
    ----------
    counts : ndarray of int64, shape (len(LOG10_EDGES) - 1,)
        Weights between two edges.
    share : float
        Between 0 and 1.

    Returns
    -------
    float
        |w|; nan where there are no weights.
    """
    if not counts.sum():
        return float("nan")
    below = np.concatenate([[0], np.cumsum(counts)]) / counts.sum()
    place = int(np.clip(np.searchsorted(below, share, side="left"), 1, len(counts)))
    step = below[place] - below[place - 1]
    inside = (share - below[place - 1]) / step if step else 0.0
    return float(10 ** (LOG10_EDGES[place - 1] + inside * (LOG10_EDGES[place] - LOG10_EDGES[place - 1])))
