"""What is asked about: matrices by name, by the layer they belong to or all; an epoch, and the one before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run


def layer_groups(run: Run) -> dict[str, list[LayerInfo]]:
    """The masked matrices by the layer they belong to, both in the order of the model.

    Parameters
    ----------
    run : Run

    Returns
    -------
    dict of str to list of LayerInfo
        For example ``"LSTM layer 1"`` with its input and its recurrent matrix; empty until the first epoch is recorded.
        A matrix without a group stands under its own name.
    """
    groups: dict[str, list[LayerInfo]] = {}
    for info in run.layers.values():
        groups.setdefault(info.group or info.name, []).append(info)
    return groups


def matrices(run: Run, layer: str | None = None) -> list[LayerInfo]:
    """The matrices that `layer` stands for.

    Parameters
    ----------
    run : Run
    layer : str or None
        Name of a matrix, name of a group, or None for all.

    Returns
    -------
    list of LayerInfo
        Empty while the run has recorded nothing, whatever `layer` is: nothing can be said of it yet.

    Raises
    ------
    UsageError
        If the run has neither a matrix nor a group of that name.
    """
    layers = run.layers
    if layer is None or not layers:
        return list(layers.values())
    if layer in layers:
        return [layers[layer]]
    groups = layer_groups(run)
    if layer not in groups:
        raise UsageError(f"run {run.name} has no layer {layer!r}. It has: {', '.join([*layers, *groups])}.")
    return groups[layer]


def default_matrix(run: Run) -> LayerInfo | None:
    """The matrix to look at where none was chosen: the first recurrent one, or else the first; None in an empty run."""
    infos = list(run.layers.values())
    return next((info for info in infos if info.role == "recurrent"), infos[0] if infos else None)


def drawn_matrix(run: Run, layer: str | None) -> LayerInfo | None:
    """The matrix that a picture of one matrix shows: the first of `layer`, or else that of :func:`default_matrix`.

    None in an empty run; raises like :func:`matrices`.
    """
    return default_matrix(run) if layer is None else next(iter(matrices(run, layer)), None)


def layer_label(run: Run, layer: str | None = None) -> str:
    """What `layer` is called in a sentence, for example ``LSTM layer 1, recurrent``; raises like :func:`matrices`."""
    if layer is None:
        return "All layers"
    infos = matrices(run, layer)
    if layer not in run.layers:
        return layer  # the name of a group, or of something not recorded yet
    info = infos[0]
    alone = len(layer_groups(run)[info.group or info.name]) == 1
    return (info.group or info.name) if alone else f"{info.group}, {matrix_role(run, info)}"


def matrix_role(run: Run, info: LayerInfo) -> str:
    """The role of a matrix in its layer, numbered where several share it: an RHN has a recurrent one for each depth."""
    alike = [other.name for other in layer_groups(run)[info.group or info.name] if other.role == info.role]
    return f"{info.role} {alike.index(info.name) + 1}" if len(alike) > 1 else info.role


def previous_epoch(run: Run, epoch: int) -> int | None:
    """The last readable epoch before `epoch`; None where there is none."""
    epochs = run.epochs
    place = bisect_left(epochs, epoch)
    return epochs[place - 1] if place else None


def row_of(run: Run, epoch: int) -> Mapping[str, Any]:
    """The metrics of an epoch.

    Raises
    ------
    RunError
        If its record is damaged.
    UsageError
        If it was not recorded.
    """
    for row in run.rows:
        if row["epoch"] == epoch:
            return row
    run[epoch]  # says what is wrong with it
    raise UsageError(f"run {run.name} had no epoch {epoch} a moment ago. Look again.")
