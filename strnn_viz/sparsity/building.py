"""Turning a model's parameters into masked matrices with budgets, and refusing what cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from strnn_viz.errors import UsageError
from strnn_viz.nn.units import unit_layers
from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity import redistribution
from strnn_viz.sparsity.discovery import sparse_matrices, weight_matrices
from strnn_viz.sparsity.initialization import allocate, random_positions
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import Method
from strnn_viz.sparsity.stored import StoredMatrix
from strnn_viz.sparsity.units import Units


def masked_matrices(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    method: Method,
    *,
    density: float,
    epsilon: float,
    initialization: str,
    granularity: str,
    exclude: Sequence[str],
    generator: torch.Generator,
) -> tuple[dict[str, MaskedMatrix], dict[str, list[int]]]:
    """The matrices of a model with their first topology, and the budget of each of their blocks.

    Of a method that begins dense every weight is active, and the budgets are those it is to end with. A matrix that
    holds its active weights only keeps the topology it has, and its budget is what it has.

    Raises
    ------
    UsageError
        If nothing can be masked, the optimizer lacks a matrix or what the method needs of it, a matrix holds no
        inactive weights and the method needs them, or a number is out of range.
    """
    found = weight_matrices(model, exclude)
    _check_optimizer(optimizer, method, found)
    if method.begins_dense and method.prune is None and not method.units:
        density, epsilon = 1.0, 0.0  # dense from the first to the last
    shapes = {info.name: _shapes(info, granularity) for info, _ in found}
    stored = {id(matrix.values): matrix for matrix in sparse_matrices(model)}
    if stored:
        _check_stored(method)
    counts = iter(allocate(initialization, [s for own in shapes.values() for s in own], density, epsilon))
    matrices: dict[str, MaskedMatrix] = {}
    budgets: dict[str, list[int]] = {}
    for info, parameter in found:
        own = [next(counts) for _ in shapes[info.name]]
        if id(parameter) in stored:
            matrices[info.name] = StoredMatrix(info, stored[id(parameter)], optimizer)
            edges = torch.arange(len(own) + 1, device=parameter.device) * (info.size // len(own))
            cuts = torch.searchsorted(matrices[info.name].positions, edges)
            budgets[info.name] = (cuts[1:] - cuts[:-1]).tolist()
            continue
        positions = (
            torch.arange(info.size) if method.begins_dense else random_positions(own, info.size // len(own), generator)
        )
        budgets[info.name] = own
        matrices[info.name] = MaskedMatrix(info, parameter, optimizer, positions.to(parameter.device))
    return matrices, budgets


def find_units(model: nn.Module, matrices: Mapping[str, MaskedMatrix], budget: int) -> Units:
    """The hidden units of a model.

    Raises
    ------
    UsageError
        If a matrix of theirs is not masked, or not even one unit a layer fits into the budget.
    """
    layers = unit_layers(model)
    dense = sorted({s.name for layer in layers for s in layer.slices} - set(matrices))
    if dense:
        raise UsageError(
            f"exclude leaves {', '.join(dense)} dense, which makes or reads hidden units: a unit cannot be removed "
            "there. Take it out of exclude, or choose another method than iss."
        )
    units = Units(layers, matrices)
    if units.smallest > budget:
        size = sum(matrix.info.size for matrix in matrices.values())
        raise UsageError(
            f"density = {budget / size:.3g} cannot be reached by removing hidden units: with a single unit a layer, "
            f"{units.smallest / size:.3g} of the weights are left, most of them in the embedding. Ask for a higher "
            "density, or leave the embedding out with exclude=."
        )
    return units


def _check_stored(method: Method) -> None:
    """Refuse a method that looks at weights which sparse layers do not hold."""
    for reason, applies in (
        ("begins with all weights", method.begins_dense),
        ("regrows by the gradient of inactive weights", bool(method.signals)),
        ("keeps a sign for every place", method.flips),
    ):
        if applies:
            raise UsageError(
                f"the method {method.name} {reason}, which sparse layers do not hold. Use dense layers with it, or a "
                "method that prunes and regrows among active weights: st-rnn, set, dsr, selfish, static."
            )


def _shapes(info: LayerInfo, granularity: str) -> list[tuple[int, int]]:
    """Shapes of the parts of a matrix that keep a budget of their own."""
    parts = len(info.gates) if granularity == "gate" and info.gates else 1
    return [(info.shape[0] // parts, info.shape[1])] * parts


def _check_optimizer(
    optimizer: torch.optim.Optimizer, method: Method, found: Sequence[tuple[LayerInfo, nn.Parameter]]
) -> None:
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    missing = [info.name for info, p in found if id(p) not in held]
    if missing:
        raise UsageError(
            f"the optimizer does not hold {', '.join(missing)}: give it the model's parameters, or leave these dense "
            "with exclude=."
        )
    if not found:
        raise UsageError("the model has no trainable weight matrix to mask.")
    known = optimizer.defaults.get("momentum") or "betas" in optimizer.defaults
    if method.redistribute is redistribution.momentum and not (known or method.signals == ("momentum",)):
        raise UsageError(
            "redistribution = momentum shares by the optimizer's momentum, and it has none. Give SGD a momentum, use "
            "Adam, or choose another redistribution."
        )
