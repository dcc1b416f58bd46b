"""How far every topology of a run is from that of one epoch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import Run
from strnn_viz.topology.history import Progress
from strnn_viz.topology.layers import matrices


@dataclass(frozen=True, eq=False)
class MaskDistances:
    """Distances of masks, position by position, to that of one epoch.

    Attributes
    ----------
    to : int
        The epoch compared with.
    epochs : ndarray of int64, shape (t,)
    jaccard : ndarray of float64, shape (t,)
        1 - |and| / |or|; 0 where both are empty. Over several matrices both are summed before they are divided.
    hamming : ndarray of int64, shape (t,)
        Positions that differ.
    """

    to: int
    epochs: NDArray[np.int64]
    jaccard: NDArray[np.float64]
    hamming: NDArray[np.int64]


def mask_distances(run: Run, to: int, layer: str | None = None, *, progress: Progress | None = None) -> MaskDistances:
    """Jaccard and Hamming distance of all epochs to one, two masks in memory at a time.

    Parameters
    ----------
    run : Run
    to : int
        The epoch to compare with.
    layer : str or None
        Name of a matrix or of a group; None for all, pooled.
    progress : callable, optional
        Told (masks read, masks to read).

    Raises
    ------
    UsageError, RunError
        If an epoch was not recorded or cannot be read.
    """
    infos, epochs = matrices(run, layer), run.epochs
    both, either = (np.zeros(len(epochs), dtype=np.int64) for _ in range(2))
    for i, info in enumerate(infos):
        reference = run.bits(to, info.name)
        for j, epoch in enumerate(epochs):
            bits = run.bits(epoch, info.name)
            both[j] += int(np.bitwise_count(bits & reference).sum())
            either[j] += int(np.bitwise_count(bits | reference).sum())
            if progress is not None:
                progress(i * len(epochs) + j + 1, len(infos) * len(epochs))
    jaccard = np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0)
    return MaskDistances(to, np.array(epochs, dtype=np.int64), jaccard, either - both)
