"""Snapshots of masks written out in a test."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike

from strnn_viz.runs import LayerInfo, LayerSnapshot, Snapshot, capture


def snapshot_of(infos: Iterable[LayerInfo], masks: Iterable[ArrayLike]) -> Snapshot:
    layers: dict[str, LayerSnapshot] = {}
    for info, mask in zip(infos, masks, strict=True):
        mask = np.asarray(mask, dtype=bool)
        layers[info.name] = capture(info, mask, np.arange(1, mask.sum() + 1, dtype=np.float32))
    return Snapshot(0, 0, {}, layers)
