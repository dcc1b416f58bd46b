"""Distances between the epochs of a run, and the epochs in the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import Layout, layout
from strnn_viz.topology.cache import Bounded
from strnn_viz.views._history import run_key
from strnn_viz.views._pairs import jaccard_between, layer_names, most_epochs, nnstd_between, normalized, standing, total
from strnn_viz.views._plot import last_epoch, stepped

Metric = Literal["jaccard", "nnstd"]

_MOST = 60  # epochs of a matrix of Jaccard distances
_LARGEST_NNSTD = 24  # and of NNSTDs at most, of which there are n (n - 1) / 2
_held: Bounded[DistanceMapInfo] = Bounded(32)


@dataclass(frozen=True, eq=False)
class DistanceMapInfo:
    """Distances between epochs of a run.

    Attributes
    ----------
    epochs : ndarray of int64, shape (n,)
        All there are, or as many as there is time for, evenly from the first on.
    distances : ndarray of float64, shape (n, n)
    points : ndarray of float64, shape (n, 2)
        Epochs in the plane; distances there are, nearly, those of the matrix.
    stress : float
        Of the plane, see :func:`strnn_viz.topology.embedding.layout`.
    top : float
        Where the scale of the distances ends, in steps of a tenth.
    """

    epochs: NDArray[np.int64]
    distances: NDArray[np.float64]
    points: NDArray[np.float64]
    stress: float
    top: float

    def place(self, epoch: int | None) -> int | None:
        """The row of an epoch, or of the last one before it that is there; None where there is none."""
        if epoch is None or not len(self.epochs):
            return None
        return max(0, int(np.searchsorted(self.epochs, epoch, side="right")) - 1)


def distance_map_info(
    run: Run, layers: list[LayerInfo], *, metric: Metric = "jaccard", most: int | None = None
) -> DistanceMapInfo:
    """Distances between the epochs of a run, and the epochs in the plane.

    Parameters
    ----------
    run : Run
    layers : list of LayerInfo
    metric : {"jaccard", "nnstd"}
        Position by position, which is quick and right within a run, whose units keep their identity; or up to the
        order of units, as a multiple of what independent masks have, which takes an assignment for each pair.
    most : int or None
        Epochs to compare. None for 60, and for an NNSTD 24 with up to 256 units in a layer, 12 with 512, 6 with 1,024
        and 4 beyond.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    UsageError
        If there is no such metric.
    """
    if metric not in ("jaccard", "nnstd"):
        raise UsageError(f"metric = {metric!r} is not known. Choose jaccard or nnstd.")
    epochs = run.epochs
    if not epochs or not layers:
        return DistanceMapInfo(np.zeros(0, dtype=np.int64), np.zeros((0, 0)), np.zeros((0, 2)), 0.0, 1.0)
    most = most or (_MOST if metric == "jaccard" else min(_LARGEST_NNSTD, most_epochs(run)))
    chosen = standing(epochs, most, min(last_epoch(run), stepped(epochs[-1])))
    names = tuple(info.name for info in layers)
    return _held.get(
        (run_key(run, chosen[-1]), tuple(chosen), names, metric), lambda: _made(run, chosen, layers, metric)
    )


def _made(run: Run, epochs: list[int], layers: list[LayerInfo], metric: Metric) -> DistanceMapInfo:
    if metric == "jaccard":
        distances = jaccard_between(run, epochs, layers)
    else:
        names, n = layer_names(run, layers), len(epochs)
        distances = np.zeros((n, n))
        for i, a in enumerate(epochs):
            for j, b in enumerate(epochs[:i]):
                distances[i, j] = distances[j, i] = normalized(total(nnstd_between(run, a, b), names))
    found = stable_layout(distances)
    top = max(0.1, float(np.ceil(10 * distances.max(initial=0) - 1e-9) / 10))
    return DistanceMapInfo(np.array(epochs, dtype=np.int64), distances, found.points, found.stress, top)


def stable_layout(distances: NDArray[np.float64]) -> Layout:
    """Epochs in the plane, so that one more moves the others little.

    Each round number of epochs (5, 10, 20, 30, 50, …) is laid out from the round number before it, and what is beyond
    the last one from there; so the layout follows from the distances alone, not from what was looked at before.
    """
    n = len(distances)
    found = layout(distances[:0, :0])
    for k in [*(k for k in range(5, n) if stepped(k) == k), n]:
        found = layout(distances[:k, :k], previous=found.points if len(found.points) else None)
    return found
