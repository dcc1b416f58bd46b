"""One epoch of somebody's sparse training on its way into a run. No torch here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Snapshot, capture

_TAKEN = ("epoch", "step", "layers")


@dataclass(frozen=True, eq=False)
class Matrix:
    """A masked matrix.

    Attributes
    ----------
    info : LayerInfo
    mask : ndarray of bool, shape ``info.shape``
    values : ndarray of float32, shape (nnz,)
        Active weights in row-major order.
    """

    info: LayerInfo
    mask: NDArray[np.bool_]
    values: NDArray[np.float32]


@dataclass(frozen=True)
class Moment:
    """The matrices and numbers of one epoch."""

    epoch: int
    matrices: Sequence[Matrix]
    metrics: Mapping[str, float]
    step: int = 0

    def snapshot(
        self, previous: Mapping[str, NDArray[np.uint8]] | None, first: Mapping[str, NDArray[np.uint8]] | None
    ) -> Snapshot:
        """As a snapshot, compared with the packed masks before it and with the run's first, by name."""
        before, begin = previous or {}, first or {}
        layers = {
            m.info.name: capture(m.info, m.mask, m.values, before.get(m.info.name), begin.get(m.info.name))
            for m in self.matrices
        }
        return Snapshot(self.epoch, self.step, self.metrics, layers)


def make_matrix(info: LayerInfo, mask: Any, weights: Any = None) -> Matrix:
    """A matrix from arrays or tensors.

    Parameters
    ----------
    info : LayerInfo
    mask : array-like, shape ``info.shape``, or None
        Booleans, or numbers that are all 0 or 1; None for where `weights` are not 0.
    weights : array-like, shape ``info.shape``, or None
        What a mask covers does not matter; None where they are not known, and 1 is then recorded for each.

    Raises
    ------
    UsageError
        If neither is given, shapes do not fit, or a mask holds anything but 0 and 1.
    """
    if mask is None and weights is None:
        raise UsageError(f"{info.name}: give a mask, weights, or both.")
    known = None if weights is None else to_array(weights)
    chosen = np.asarray(known != 0) if mask is None else to_array(mask)
    for what, array in (("mask", chosen), ("weights", chosen if known is None else known)):
        if array.shape != info.shape:
            raise UsageError(f"the {what} of {info.name} has shape {array.shape}, but the matrix has {info.shape}.")
    if chosen.dtype != bool:
        if not np.isin(chosen, (0, 1)).all():
            raise UsageError(
                f"the mask of {info.name} holds numbers other than 0 and 1. Give booleans; or, if these are weights "
                "that are 0 where there is no connection, (None, weights)."
            )
        chosen = chosen.astype(bool)
    values = np.ones(int(chosen.sum()), np.float32) if known is None else known[chosen].astype(np.float32)
    return Matrix(info, np.ascontiguousarray(chosen), values)


def make_metrics(values: Mapping[str, Any]) -> dict[str, float]:
    """Numbers by name, whatever they are called.

    Raises
    ------
    UsageError
        If one is not a number, or has a name that a run needs for itself.
    """
    metrics = {}
    for name, value in values.items():
        if name in _TAKEN:
            raise UsageError(f"a metric cannot be called {name!r}: a run has that already. Choose another name.")
        try:
            metrics[name] = float(value)
        except (TypeError, ValueError):
            raise UsageError(f"the metric {name} = {value!r} is not a number.") from None
    return metrics


def is_number(value: Any) -> bool:
    """Whether a value read from a file can be a metric."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def to_array(value: Any) -> NDArray[Any]:
    """An array from an array, a tensor on any device, or nested lists. A tensor is known by how it behaves."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        value = value.float() if value.is_floating_point() else value
        value = value.numpy()
    return np.asarray(value)
