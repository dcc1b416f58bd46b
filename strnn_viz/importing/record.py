"""Record any sparse training, an epoch at a time, from one's own loop."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError, UsageError
from strnn_viz.importing.moment import Matrix, Moment, make_matrix, make_metrics
from strnn_viz.importing.naming import name_layers
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, files

if TYPE_CHECKING:
    from torch import nn

_ORIGIN = "recorded with strnn_viz.record"


def record(
    model_or_masks: nn.Module | Mapping[str, Any],
    path: str | os.PathLike[str],
    epoch: int,
    *,
    masks: Mapping[str, Any] | None = None,
    layers: Iterable[LayerInfo] | None = None,
    step: int = 0,
    **metrics: Any,
) -> Snapshot:
    """Append an epoch to a run, which the first call makes. The explorer shows it at once, as any other.

    Parameters
    ----------
    model_or_masks : Module, or mapping of str to array or to (mask, weights)
        A PyTorch model: its weight matrices, where they are not 0, or under the masks of ``torch.nn.utils.prune``, or
        under `masks`. Or arrays by name: a mask of shape (out, in), or (mask, weights), or (None, weights) for the mask
        of what is not 0. Where a mask comes without weights, 1 is recorded for each.
    path : path-like
        The run's directory.
    epoch : int
        Later than all recorded so far; 0 is the topology before training.
    masks : mapping of str to array or tensor, optional
        Masks of a model's matrices by parameter or module name. Only those matrices are recorded.
    layers : iterable of LayerInfo, optional
        What the arrays are, where their names (:func:`strnn_viz.importing.naming.name_layers`) do not tell.
    step : int
        Optimizer steps so far, where known.
    **metrics
        Numbers of any name: ``accuracy=0.91``.

    Returns
    -------
    Snapshot
        What was recorded.

    Raises
    ------
    UsageError
        If something given does not fit; nothing is recorded then.
    RunError
        If `path` holds a run that was trained here, or another process writes it.

    Examples
    --------
    >>> for epoch in range(1, 11):  # doctest: +SKIP
    ...     train_one_epoch(model)
    ...     strnn_viz.record(model, "runs/mine", epoch, accuracy=evaluate(model))
    """
    moment = Moment(check_epoch(epoch), _matrices(model_or_masks, masks, layers), make_metrics(metrics), step)
    if not moment.matrices:
        raise UsageError("there is no weight matrix to record. Give a model with linear or recurrent layers, or masks.")
    path = Path(path)
    if not (path / files.RUN).exists():
        with RunWriter(path, None, origin=_ORIGIN) as writer:
            snapshot = moment.snapshot(None, None)
            writer.append(snapshot)
            return snapshot
    run = Run(path)
    moment = _fitting(moment, run)
    snapshot = moment.snapshot(_bits(run, run.epochs[-1:]), _bits(run, run.epochs[:1]))
    with RunWriter(path, None, resume=True) as writer:
        writer.append(snapshot)
    return snapshot


def check_epoch(epoch: int) -> int:
    """`epoch`, if it can be one."""
    if isinstance(epoch, bool) or not hasattr(epoch, "__index__") or int(epoch) < 0:
        raise UsageError(f"epoch = {epoch!r} is not a whole number of at least 0.")
    return int(epoch)


def _bits(run: Run, epochs: list[int]) -> dict[str, NDArray[np.uint8]] | None:
    return {name: run.bits(epochs[0], name) for name in run.layers} if epochs else None


def _fitting(moment: Moment, run: Run) -> Moment:
    """The moment with the run's own order and description of matrices, if it can follow what the run has."""
    if run.config is not None:
        raise RunError(f"{run.path} holds a run that was trained here: what it did is all it holds. Record elsewhere.")
    epochs = run.epochs
    if epochs and moment.epoch <= epochs[-1]:
        raise UsageError(
            f"epoch {moment.epoch} does not come after epoch {epochs[-1]}, the last of {run.path}. Give a later one, "
            "or record another run in another directory."
        )
    if not run.layers:
        return moment
    given = {m.info.name: m for m in moment.matrices}
    shapes = {name: m.info.shape for name, m in given.items()}
    expected = {name: info.shape for name, info in run.layers.items()}
    if shapes != expected:
        name = next(n for n in [*expected, *shapes] if shapes.get(n) != expected.get(n))
        raise UsageError(
            f"{name} has shape {shapes.get(name, 'none: it is missing')} in epoch {moment.epoch}, but {run.path} has "
            f"{expected.get(name, 'no matrix of that name')}. All epochs of a run have the same matrices."
        )
    ordered = [Matrix(info, given[name].mask, given[name].values) for name, info in run.layers.items()]
    return Moment(moment.epoch, ordered, moment.metrics, moment.step)


def _matrices(given: Any, masks: Mapping[str, Any] | None, layers: Iterable[LayerInfo] | None) -> list[Matrix]:
    if not isinstance(given, Mapping):
        if not hasattr(given, "named_parameters"):
            raise UsageError(f"{type(given).__name__} cannot be recorded. Give a PyTorch model, or arrays by name.")
        if layers is not None:
            raise UsageError("layers describes arrays; a model says itself what its matrices are. Leave layers out.")
        from strnn_viz.importing.tensors import model_matrices

        return model_matrices(given, masks)
    if masks is not None:
        raise UsageError("masks belongs to a model. Of arrays, give (mask, weights) by name.")
    pairs = {name: value if isinstance(value, tuple) else (value, None) for name, value in given.items()}
    for name, pair in pairs.items():
        array = next((a for a in pair if a is not None), None)
        if len(pair) != 2 or getattr(array, "ndim", 0) != 2:
            raise UsageError(f"{name} is no matrix. Give a mask of shape (out, in), or (mask, weights).")
    shapes = {name: tuple(next(a for a in pair if a is not None).shape) for name, pair in pairs.items()}
    infos = list(layers) if layers is not None else name_layers(shapes)
    unknown = {info.name for info in infos} ^ set(shapes)
    if unknown:
        raise UsageError(f"layers and arrays are not of the same names: {sorted(unknown)[0]!r} is in one of them only.")
    return [make_matrix(info, *pairs[info.name]) for info in infos]
