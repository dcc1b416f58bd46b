"""How dense each matrix is meant to begin, worked out from a configuration without building the model."""

from __future__ import annotations

from collections.abc import Sequence

from strnn_viz.config import RunConfig
from strnn_viz.rules import METHODS
from strnn_viz.runs import LayerInfo


def expected_densities(config: RunConfig, layers: Sequence[LayerInfo]) -> dict[str, float]:
    """The density that the initialization gives every masked matrix, by name.

    Uniform gives each the density of the whole. Erdős–Rényi gives ε (rows + columns) connections to each matrix, or to
    each gate of it, and fills those that would get more than they have places, whose surplus goes to the others (Eq. 4
    of Liu et al. 2021). Of a method that begins dense it is the density each matrix is to end with.

    Parameters
    ----------
    config : RunConfig
    layers : sequence of LayerInfo
        All masked matrices of the model.
    """
    sparsity = config.sparsity
    if sparsity.method in ("dense", "small-dense"):
        return {info.name: 1.0 for info in layers}
    if sparsity.initialization == "uniform" or "initialization" in METHODS[sparsity.method].fixed:
        return {info.name: sparsity.density for info in layers}
    blocks = {info.name: _blocks(info, sparsity.granularity == "gate") for info in layers}
    shapes = [shape for own in blocks.values() for shape in own]
    full: set[tuple[int, int]] = set()
    epsilon = sparsity.epsilon or _epsilon(shapes, sparsity.density, full)
    counts = {
        shape: shape[0] * shape[1] if shape in full else min(shape[0] * shape[1], epsilon * sum(shape))
        for shape in shapes
    }
    return {info.name: sum(counts[shape] for shape in blocks[info.name]) / info.size for info in layers}


def _epsilon(shapes: Sequence[tuple[int, int]], density: float, full: set[tuple[int, int]]) -> float:
    """The ε that meets the density of the whole; shapes of matrices that it fills are added to `full`."""
    budget = density * sum(rows * columns for rows, columns in shapes)
    while True:  # every round fills another shape, or is the last
        left = budget - sum(rows * columns for rows, columns in shapes if (rows, columns) in full)
        rest = [shape for shape in shapes if shape not in full]
        epsilon = left / sum(map(sum, rest)) if rest else 0.0
        over = {shape for shape in rest if epsilon * sum(shape) > shape[0] * shape[1]}
        if not over:
            return epsilon
        full |= over


def _blocks(info: LayerInfo, by_gate: bool) -> list[tuple[int, int]]:
    parts = len(info.gates) if by_gate and info.gates else 1
    return [(info.shape[0] // parts, info.shape[1])] * parts
