"""Forks: a new run that goes on from an epoch of a recorded one, with some values changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Set
from typing import Any

from strnn_viz.config import RunConfig, resolve_key
from strnn_viz.rules import METHODS
from strnn_viz.runs import Parent, Run, files
from strnn_viz.runs.forks import check_epoch, forked_config
from strnn_viz.training import checkpoint
from strnn_viz.training.execution import Execution
from strnn_viz.training.recording import Recording
from strnn_viz.training.trainer import Trainer


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
        See :func:`~strnn_viz.runs.forks.forked_config`. A new density prunes the smallest weights, or grows at random,
        at once and in proportion everywhere; a learning rate among them takes the place of the one reached, even if it
        is what the other run began with; a new seed decides what is drawn from now on.

    Raises
    ------
    ConfigError, UsageError, RunError
        As :func:`~strnn_viz.runs.forks.forked_config`; and if the epoch has no checkpoint, or the new run cannot be
        written.
    """
    config = forked_config(parent, epoch, changes)
    check_epoch(parent, epoch)
    arrays, header = files.read_arrays(files.epoch_file(parent.path / files.CHECKPOINTS, epoch))
    first = parent[epoch]
    recording = Recording(path, config, parent=Parent(parent.name, epoch), execution=_kept(parent, config))
    try:
        checkpoint.load(recording.trainer, arrays, header)
        assert parent.config is not None
        _adapt(recording.trainer, parent.config, {resolve_key(key) for key in changes})
        recording.begin_with(first)
    except BaseException:
        recording.writer.close()
        raise
    return recording


def _kept(parent: Run, config: RunConfig) -> Execution | None:
    """What the other run chose, where the choice would be about the same thing."""
    assert parent.config is not None
    same = (config.sparsity, config.training.execution) == (parent.config.sparsity, parent.config.training.execution)
    return Execution.from_about(parent.about) if same else None


def _adapt(trainer: Trainer, before: RunConfig, told: Set[str]) -> None:
    """Make the loaded state that of the new configuration, of which the keys `told` were asked for."""
    new, other_method = trainer.config, trainer.config.sparsity.method != before.sparsity.method
    if "optimizer.lr" in told:
        for group in trainer.optimizer.param_groups:
            group["lr"] = new.optimizer.lr
    if new.seed != before.seed:
        trainer.reseed()
    other_density = (new.sparsity.density, new.sparsity.epsilon) != (before.sparsity.density, before.sparsity.epsilon)
    if other_density or (other_method and METHODS[before.sparsity.method].begins_dense):
        trainer.sparse.fit_budget()
    if other_method:
        trainer.sparse.begin()
