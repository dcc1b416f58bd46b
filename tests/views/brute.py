"""The same numbers the long way, from the masks of a whole run."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import Run


def masks(run: Run, name: str) -> NDArray[np.bool_]:
    """All masks of a matrix; shape (epochs, rows, columns)."""
    return np.stack([snapshot.mask(name) for snapshot in run])


def ages(run: Run, name: str, epoch: int) -> NDArray[np.int64]:
    """Age of every connection in epochs, -1 where there is none; a run of every epoch from 0."""
    history = masks(run, name)[: epoch + 1]
    age = np.full(history.shape[1:], -1)
    for mask in history:
        age = np.where(mask, age + 1, -1)
    return age


def lifetimes(run: Run, name: str, until: int) -> list[tuple[int, int, bool]]:
    """Every life up to an epoch as (born at, epochs lived, whether it ended)."""
    found = []
    for series in masks(run, name)[: until + 1].reshape(until + 1, -1).T:
        start = None
        for epoch, is_on in enumerate(series):
            if is_on and start is None:
                start = epoch
            elif not is_on and start is not None:
                found.append((start, epoch - start, True))
                start = None
        if start is not None:
            found.append((start, until - start, False))
    return found


def sources(figure: Any) -> list[dict[str, Any]]:
    return [r.data_source.data for r in figure.renderers]


def texts(figure: Any) -> list[str]:
    return [t.strip() for t in sources(figure)[-1]["text"]]
