"""Runs to look at that no training made: one LSTM layer of any size, rewired at random from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from strnn_viz.config import preset
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, capture

_GATES = ("i", "f", "g", "o")
_RATE = 0.3  # share of the connections that an epoch replaces


def record(
    path: Path,
    hidden: int,
    epochs: int,
    density: float = 0.05,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Run:
    """Record a run of epochs 0 to `epochs` with an input and a recurrent matrix of (4 * hidden, hidden) positions."""
    rng = np.random.default_rng(0)
    names = (("lstm.0.weight_ih", "input"), ("lstm.0.weight_hh", "recurrent"))
    infos = [LayerInfo(name, (4 * hidden, hidden), role, "LSTM layer 1", _GATES) for name, role in names]
    masks = {info.name: _random(rng, info, density) for info in infos}
    before: Snapshot | None = None
    first: Snapshot | None = None
    with RunWriter(path, preset("demo", epochs=epochs)) as writer:
        for epoch in range(epochs + 1):
            layers = {}
            for info in infos:
                mask = masks[info.name] = _rewired(rng, masks[info.name]) if epoch else masks[info.name]
                values = rng.laplace(scale=0.05, size=int(mask.sum())).astype(np.float32)
                layers[info.name] = capture(
                    info,
                    mask.reshape(info.shape),
                    values,
                    before.layer(info.name).bits if before else None,
                    first.layer(info.name).bits if first else None,
                )
            loss = 4.5 + 2.5 * float(np.exp(-epoch / 8))
            metrics = {"valid_loss": loss, "valid_perplexity": float(np.exp(loss)), "lr": 1.0, "prune_rate": _RATE}
            before = Snapshot(epoch, 100 * epoch, metrics, layers)
            first = first or before
            writer.append(before)
            progress(epoch + 1, epochs + 1)
    return Run(path)


def _random(rng: np.random.Generator, info: LayerInfo, density: float) -> NDArray[np.bool_]:
    flat = np.zeros(info.size, dtype=bool)
    flat[rng.choice(info.size, round(density * info.size), replace=False)] = True
    return flat


def _rewired(rng: np.random.Generator, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A share of the connections somewhere else; as many as before."""
    flat, active = mask.copy(), np.flatnonzero(mask)
    count = round(_RATE * len(active))
    flat[rng.choice(active, count, replace=False)] = False
    free = np.unique(rng.integers(0, len(flat), 3 * count))
    flat[rng.permutation(free[~mask[free]])[:count]] = True
    return flat
