"""Runs with metrics made up, so that what is computed from them is known."""

from dataclasses import replace
from pathlib import Path

from strnn_viz.config import RunConfig
from strnn_viz.runs import RunWriter
from tests.synthetic import snapshots


def record(path: Path, config: RunConfig, valid: list[float], test: list[float], name: str = "perplexity") -> None:
    """A finished run with these values from epoch 0 on."""
    with RunWriter(path, config) as writer:
        for snapshot, v, t in zip(snapshots(epochs=len(valid) - 1), valid, test, strict=True):
            metrics = {f"valid_{name}": v, f"test_{name}": t, "valid_loss": v, "test_loss": t}
            metrics |= {"forward_flops": 1e5, "forward_flops_relative": 0.5, "train_flops_relative": 0.6}
            writer.append(replace(snapshot, metrics=metrics))
