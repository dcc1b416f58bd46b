"""Forks: a new run that goes on from an epoch of a recorded one, with some values changed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strnn_viz.config import RunConfig, knobs, resolve_key
from strnn_viz.errors import RunError, UsageError
from strnn_viz.rules import METHODS
from strnn_viz.runs import Parent, Run, files
from strnn_viz.training import checkpoint
from strnn_viz.training.recording import Recording
from strnn_viz.training.trainer import Trainer

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
    method = config.sparsity.method
    if method != parent.config.sparsity.method and METHODS[method].begins_dense:
        raise UsageError(
            f"a fork cannot change sparsity.method to {method}, which begins dense, and {parent.name} is sparse. "
            f"Choose one of {', '.join(name for name, rules in METHODS.items() if not rules.begins_dense)}."
        )
    if epoch >= config.training.epochs:
        raise UsageError(
            f"a fork at epoch {epoch} of training.epochs = {config.training.epochs} has nothing left to train. Choose "
            "an earlier epoch, or change training.epochs."
        )
    return config


def fork(path: str | os.PathLike[str], parent: Run, epoch: int, changes: Mapping[str, Any]) -> Recording:
    """Begin a run with the state another one had right after an epoch, the rewiring of that epoch included.

    Its first snapshot is that of the other run. With nothing changed it repeats the other run exactly from there.

    Parameters
    ----------
    path : path-like
        Directory of the new run.
    parent : Run
    epoch : int
    changes : mapping of str to value
        See :func:`forked_config`. A new density prunes the smallest weights, or grows at random, at once and in
        proportion everywhere; a new learning rate takes the place of the one reached; a new seed decides what is drawn
        from now on.

    Raises
    ------
    ConfigError, UsageError, RunError
        As :func:`forked_config`; and if the epoch has no checkpoint, or the new run cannot be written.
    """
    config = forked_config(parent, epoch, changes)
    kept = parent.checkpoints()
    if epoch not in kept:
        have = f"It has those of epochs {', '.join(map(str, kept))}." if kept else "It has none."
        raise UsageError(
            f"{parent.name} has no checkpoint of epoch {epoch}. {have} With training.checkpoints = all a run keeps "
            "every one."
        )
    arrays, header = files.read_arrays(files.epoch_file(parent.path / files.CHECKPOINTS, epoch))
    first = parent[epoch]
    recording = Recording(path, config, parent=Parent(parent.name, epoch))
    try:
        checkpoint.load(recording.trainer, arrays, header)
        assert parent.config is not None
        _adapt(recording.trainer, parent.config)
        recording.begin_with(first)
    except BaseException:
        recording.writer.close()
        raise
    return recording


def fork_name(parent: Run, epoch: int, changes: Mapping[str, Any]) -> str:
    """What a fork is called unless somebody says otherwise: ``demo-uniform-e12-prune_rate-0.2``."""
    words = [f"{resolve_key(key).rpartition('.')[2]}-{value}" for key, value in changes.items()]
    return "-".join([f"{parent.name}-e{epoch}", *words])[:90].rstrip("-.")


def _adapt(trainer: Trainer, before: RunConfig) -> None:
    """Make the loaded state that of the new configuration."""
    new = trainer.config
    if new.optimizer.lr != before.optimizer.lr:
        for group in trainer.optimizer.param_groups:
            group["lr"] = new.optimizer.lr
    if new.seed != before.seed:
        trainer.reseed()
    if (new.sparsity.density, new.sparsity.epsilon) != (before.sparsity.density, before.sparsity.epsilon):
        trainer.sparse.fit_budget()
    if new.sparsity.method != before.sparsity.method:
        trainer.sparse.begin()


def parent_path(run: Run) -> Path | None:
    """Directory of the run that a fork came from, where it is still beside it."""
    if run.parent is None:
        return None
    path = run.path.parent / run.parent.name
    return path if (path / files.RUN).is_file() else None
