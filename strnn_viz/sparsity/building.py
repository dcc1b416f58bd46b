"""Turning a model's parameters into masked matrices with budgets, and refusing what cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from strnn_viz.errors import UsageError
from strnn_viz.nn.units import unit_layers
from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity import redistribution
from strnn_viz.sparsity.beginning import first_budgets, first_positions
from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.budgets import Budgets
from strnn_viz.sparsity.discovery import sparse_matrices, weight_matrices
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import Method, why_not_stored
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
) -> tuple[dict[str, MaskedMatrix], Budgets]:
    """The matrices of a model with their first topology, and the budget of each of their blocks.

    Of a method that begins dense every weight is active, and the budgets are those it is to end with. A matrix that
    holds its active weights only keeps the topology it has, and its budget is what it has, unless the method is to end
    with less.

    Raises
    ------
    UsageError
        If nothing can be masked, the optimizer lacks a matrix or what the method needs of it, the method makes no
        sense where a matrix holds its active weights only, or a number is out of range.
    """
    found = weight_matrices(model, exclude)
    _check_optimizer(optimizer, method, found)
    stored = {id(matrix.values): matrix for matrix in sparse_matrices(model)}
    if stored:
        _check_stored(method)
    budgets = first_budgets(
        [info for info, _ in found], method,
        density=density, epsilon=epsilon, initialization=initialization, granularity=granularity,
    )  # fmt: skip
    matrices: dict[str, MaskedMatrix] = {}
    for info, parameter in found:
        own = budgets[info.name]
        if id(parameter) in stored:
            matrix = matrices[info.name] = StoredMatrix(info, stored[id(parameter)], optimizer)
            if not method.begins_dense:
                budgets[info.name] = [len(block) for block in Block.of(matrix, own)]
            continue
        positions = first_positions(info, own, method, generator)
        matrices[info.name] = MaskedMatrix(info, parameter, optimizer, positions.to(parameter.device))
    return matrices, Budgets(budgets, {info.name: info.size for info, _ in found})


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
    """Refuse a method that cannot run on layers which hold their active weights only."""
    reason = why_not_stored(method)
    if reason:
        raise UsageError(f"{reason} Use dense layers with it, or another method, such as st-rnn.")


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
