"""Runs made without training: a two-layer LSTM language model whose topology rewires at random."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from strnn_viz.config import RunConfig
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, capture

GATES = ("i", "f", "g", "o")


def layer_infos(hidden: int = 24, vocabulary: int = 120) -> list[LayerInfo]:
    infos = [LayerInfo("embedding.weight", (vocabulary, hidden), "embedding", "Embedding")]
    for i in range(2):
        group = f"LSTM layer {i + 1}"
        infos.append(LayerInfo(f"lstm.{i}.weight_ih", (4 * hidden, hidden), "input", group, GATES))
        infos.append(LayerInfo(f"lstm.{i}.weight_hh", (4 * hidden, hidden), "recurrent", group, GATES))
    return [*infos, LayerInfo("decoder.weight", (vocabulary, hidden), "linear", "Decoder")]


def snapshots(
    epochs: int = 6,
    hidden: int = 24,
    density: float = 0.2,
    rate: float = 0.4,
    seed: int = 0,
    accuracy: bool = False,
    begins_dense: bool = False,
) -> Iterator[Snapshot]:
    """Epochs 0 to `epochs`, each rewired at random with a cosine-decayed rate.

    With `begins_dense` all weights are active at first, and after each epoch the smallest are pruned, down to `density`
    at the last but one. With `accuracy` it is a classifier's run, which guesses among four classes at first.
    """
    rng = np.random.default_rng(seed)
    infos = layer_infos(hidden)
    masks = {}
    for info in infos:
        flat = np.full(info.size, begins_dense)
        flat[rng.choice(info.size, round(density * info.size), replace=False)] = True
        masks[info.name] = flat.reshape(info.shape)
    first: Snapshot | None = None
    previous: Snapshot | None = None
    for epoch in range(epochs + 1):
        p = 0.0 if epoch in (0, epochs) else rate / 2 * (1 + np.cos(np.pi * (epoch - 1) / max(1, epochs - 1)))
        layers = {}
        for info in infos:
            mask = masks[info.name]
            values = rng.laplace(scale=0.02 * (1 + epoch / 3), size=int(mask.sum())).astype(np.float32)
            layer = capture(
                info,
                mask,
                values,
                previous and previous.layer(info.name).bits,
                first and first.layer(info.name).bits,
            )
            target = density + (1 - density) * (1 - min(1.0, epoch / max(1, epochs - 1))) ** 3
            k = len(values) - round(target * info.size) if begins_dense else round(p * len(values))
            order = np.argsort(np.abs(values), kind="stable")[:k]
            active = np.flatnonzero(mask)
            flat = mask.ravel().copy()
            flat[active[order]] = False
            if not begins_dense:
                flat[rng.choice(np.flatnonzero(~flat), k, replace=False)] = True
            reactivated = int(flat[active[order]].sum())
            threshold = float(np.abs(values[order]).max()) if k else float("nan")
            churn = replace(layer.churn, pruned=k, reactivated=reactivated, threshold=threshold)
            layers[info.name] = replace(layer, churn=churn)
            masks[info.name] = flat.reshape(info.shape)
        valid = 120 + 900 * np.exp(-epoch / 2)
        metrics = {"lr": 2.0, "prune_rate": p}
        if accuracy:
            right = 0.85 - 0.6 * np.exp(-epoch / 2)
            metrics |= {"valid_accuracy": right, "valid_loss": 1.4 - right, "majority_accuracy": 0.24}
            if epoch:
                metrics |= {"train_accuracy": right + 0.05, "train_loss": 1.3 - right}
        else:
            metrics |= {"valid_perplexity": valid, "valid_loss": np.log(valid)}
            if epoch:
                metrics |= {"train_perplexity": valid * 0.9, "train_loss": np.log(valid * 0.9)}
        previous = Snapshot(epoch, epoch * 100, metrics, layers)
        first = first or previous
        yield previous


def make_run(path: Path, config: RunConfig | None = None, **options: float) -> Run:
    """A finished synthetic run at `path`."""
    with RunWriter(path, config or RunConfig()) as writer:
        for snapshot in snapshots(**options):
            writer.append(snapshot, seconds=1.5, tokens_per_second=1e5)
    return Run(path)
