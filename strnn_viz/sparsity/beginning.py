"""The first topology of a whole model: what each matrix is given, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.initialization import allocate, random_positions
from strnn_viz.sparsity.methods import Method


def first_budgets(
    infos: Iterable[LayerInfo], method: Method, *, density: float, epsilon: float, initialization: str, granularity: str
) -> dict[str, list[int]]:
    """Active weights of every matrix, by its parts that keep a budget of their own; as it is to end with.

    Raises
    ------
    UsageError
        If the density is out of range or the initialization has no such name.
    """
    if method.begins_dense and method.prune is None and not method.units:
        density, epsilon = 1.0, 0.0  # dense from the first to the last
    shapes = {info.name: _parts(info, granularity) for info in infos}
    counts = iter(allocate(initialization, [s for own in shapes.values() for s in own], density, epsilon))
    return {name: [next(counts) for _ in own] for name, own in shapes.items()}


def first_positions(info: LayerInfo, budgets: list[int], method: Method, generator: torch.Generator) -> Tensor:
    """Active positions of a matrix at the beginning, int64, sorted: all of them where the method begins dense."""
    if method.begins_dense:
        return torch.arange(info.size)
    return random_positions(budgets, info.size // len(budgets), generator)


def _parts(info: LayerInfo, granularity: str) -> list[tuple[int, int]]:
    """Shapes of the parts of a matrix that keep a budget of their own."""
    parts = len(info.gates) if granularity == "gate" and info.gates else 1
    return [(info.shape[0] // parts, info.shape[1])] * parts
