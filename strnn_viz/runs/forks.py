"""Forks: what a run that goes on from an epoch of another one may change, and how it is told. No torch here."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strnn_viz.config import RunConfig, knobs, resolve_key
from strnn_viz.errors import RunError, UsageError
from strnn_viz.rules import METHODS
from strnn_viz.runs import files
from strnn_viz.runs.listing import check_name
from strnn_viz.runs.run import Run

#: What a fork may change; all else decides the model, its data, or what its optimizer keeps.
CHANGEABLE = (
    "seed",
    *(
        key
        for key in knobs()
        if key.startswith("sparsity.") and key not in ("sparsity.exclude", "sparsity.granularity")
    ),
    *(f"optimizer.{name}" for name in ("lr", "momentum", "weight_decay", "lr_decay", "patience", "clip_norm", "clip")),
    "training.epochs",
    "training.execution",
    "training.threads",
    "training.checkpoints",
)


def forked_config(parent: Run, epoch: int, changes: Mapping[str, Any]) -> RunConfig:
    """The configuration of a fork.

    Parameters
    ----------
    parent : Run
    epoch : int
        Where it goes on from.
    changes : mapping of str to value
        Keys of :data:`CHANGEABLE` and their new values.

    Raises
    ------
    ConfigError
        If a value is out of range or makes no sense.
    UsageError
        If a key may not be changed, or the fork would have no epoch to train.
    RunError
        If the run has no configuration.
    """
    if parent.config is None:
        raise RunError(f"{parent.name} was recorded elsewhere and has no configuration to train on with.")
    config = parent.config.replace(changes)
    for key in changes:
        if resolve_key(key) not in CHANGEABLE and config.get(key) != parent.config.get(key):
            raise UsageError(
                f"a fork cannot change {resolve_key(key)}: it goes on with the weights of {parent.name}. It can change "
                f"{', '.join(CHANGEABLE)}. Train a new run instead."
            )
    method, offered = config.sparsity.method, methods_after(parent.config.sparsity.method)
    if method not in offered:
        dense = METHODS[method].begins_dense and "small-dense" not in offered
        why = (
            f"which begins dense, and {parent.name} is sparse"
            if dense
            else f"and {parent.name} has a model of its own size"
        )
        raise UsageError(
            f"a fork cannot change sparsity.method to {method}, {why}. Choose one of {', '.join(offered)}, or train a "
            "new run."
        )
    if epoch >= config.training.epochs:
        raise UsageError(
            f"a fork at epoch {epoch} of training.epochs = {config.training.epochs} has nothing left to train. Choose "
            "an earlier epoch, or change training.epochs."
        )
    return config


def methods_after(method: str) -> list[str]:
    """The methods a fork of a run of this one may go on with: itself, and those that need no dense beginning."""
    if method == "small-dense":
        return [method]
    return [name for name, rules in METHODS.items() if name == method or not rules.begins_dense]


def check_epoch(parent: Run, epoch: int) -> None:
    """Raise UsageError unless the run has the checkpoint of an epoch."""
    kept = parent.checkpoints()
    if epoch not in kept:
        have = f"It has those of epochs {spans(kept)}." if kept else "It has none."
        raise UsageError(
            f"{parent.name} has no checkpoint of epoch {epoch}. {have} With training.checkpoints = all a run keeps "
            "every one."
        )


def spans(epochs: list[int]) -> str:
    """Whole numbers in order, those in a row as a span: ``0–4, 8``."""
    found: list[list[int]] = []
    for epoch in epochs:
        if found and epoch == found[-1][1] + 1:
            found[-1][1] = epoch
        else:
            found.append([epoch, epoch])
    return ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in found)


def fork_name(parent: Run, epoch: int, changes: Mapping[str, Any]) -> str:
    """What a fork is called unless somebody says otherwise: ``demo-uniform-e12-prune_rate-0.2``."""
    words = [f"{resolve_key(key).rpartition('.')[2]}-{text_of(value)}" for key, value in changes.items()]
    return "-".join([f"{parent.name}-e{epoch}", *words])[:90].rstrip("-.")


def text_of(value: object) -> str:
    """A value as it is typed."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def differences(before: RunConfig, after: RunConfig) -> dict[str, tuple[Any, Any]]:
    """Every key whose value is another one, with both values."""
    both = {key: (before.get(key), after.get(key)) for key in knobs()}
    return {key: values for key, values in both.items() if values[0] != values[1]}


def changed(run: Run, parent: Run | None) -> dict[str, tuple[Any, Any]] | None:
    """What a fork changed, by key with the values before and after; None where that is not known."""
    if run.config is None or parent is None or parent.config is None:
        return None
    return differences(parent.config, run.config)


def words(run: Run, parent: Run | None) -> str:
    """Where a fork came from: ``fork of demo-uniform at epoch 12, prune_rate 0.2 instead of 0.5``.

    Parameters
    ----------
    run : Run
    parent : Run or None
        The run it came from; None where that is not there any more, so that nothing is known of what was changed.

    Returns
    -------
    str
        Empty for a run that is no fork.
    """
    if run.parent is None:
        return ""
    told = f"fork of {run.parent.name} at epoch {run.parent.epoch}"
    found = changed(run, parent)
    if found is None:
        return told
    if not found:
        return f"{told}, nothing changed"
    parts = (f"{key.rpartition('.')[2]} {text_of(now)} instead of {text_of(was)}" for key, (was, now) in found.items())
    return f"{told}, {', '.join(parts)}"


def parent_path(run: Run) -> Path | None:
    """Directory of the run that a fork came from, where it is still beside it; no name leads out of there."""
    if run.parent is None:
        return None
    try:
        path = run.path.parent / check_name(run.parent.name)
    except UsageError:
        return None
    return path if path != run.path and (path / files.RUN).is_file() else None


def parent_run(run: Run) -> Run | None:
    """The run that a fork came from, where it is still beside it and can be read."""
    path = parent_path(run)
    try:
        return None if path is None else Run(path)
    except RunError:
        return None
