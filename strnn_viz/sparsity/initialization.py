"""The first topology: how many weights each matrix gets, and where they lie (Section 3.1 of Liu et al. 2021)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import draw_without_replacement

Shape = tuple[int, int]


def uniform(shapes: Sequence[Shape], density: float) -> list[float]:
    """The same density for every matrix."""
    return [density for _ in shapes]


def erdos_renyi(shapes: Sequence[Shape], density: float) -> list[float]:
    """Densities in proportion to (rows + columns) / (rows * columns), Eq. 4, for a given density of the whole.

    A small matrix could be due more weights than it has places: it is filled, and its surplus goes to the others.

    Parameters
    ----------
    shapes : sequence of (rows, columns)
    density : float
        Active weights of all matrices together, as a fraction.

    Returns
    -------
    list of float
        Density of each matrix, at most 1.
    """
    budget = density * sum(n * m for n, m in shapes)
    full: set[int] = set()
    while True:  # every round fills at least one more matrix or ends
        rest = [i for i in range(len(shapes)) if i not in full]
        left = budget - sum(shapes[i][0] * shapes[i][1] for i in full)
        epsilon = left / sum(sum(shapes[i]) for i in rest) if rest else 0.0
        over = {i for i in rest if epsilon * sum(shapes[i]) > shapes[i][0] * shapes[i][1]}
        if not over:
            return [1.0 if i in full else epsilon * (n + m) / (n * m) for i, (n, m) in enumerate(shapes)]
        full |= over


#: Name in a configuration -> densities of matrices of given shapes.
INITIALIZATIONS = {"uniform": uniform, "erdos_renyi": erdos_renyi}


def allocate(name: str, shapes: Sequence[Shape], density: float, epsilon: float = 0.0) -> list[int]:
    """Number of active weights of each matrix.

    Parameters
    ----------
    name : str
        A name of :data:`INITIALIZATIONS`.
    shapes : sequence of (rows, columns)
    density : float
        Of all matrices together.
    epsilon : float
        Where it is not 0, it decides instead of the density: ε (rows + columns) weights for each matrix, as Eq. 4 says,
        and no more than it has places.

    Raises
    ------
    UsageError
        If the density is not in (0, 1] or the initialization has no such name.
    """
    if not 0.0 < density <= 1.0:
        raise UsageError(f"density = {density:g} is out of range: expected above 0 and at most 1.")
    if name not in INITIALIZATIONS:
        raise UsageError(f"no initialization is called {name!r}. Expected one of {', '.join(INITIALIZATIONS)}.")
    if epsilon:
        return [min(n * m, round(epsilon * (n + m))) for n, m in shapes]
    return [round(d * n * m) for d, (n, m) in zip(INITIALIZATIONS[name](shapes, density), shapes, strict=True)]


def random_positions(counts: Sequence[int], block: int, generator: torch.Generator) -> Tensor:
    """Exactly ``counts[b]`` random positions in each of consecutive blocks of `block` places, sorted."""
    parts = [draw_without_replacement(block, k, generator) + b * block for b, k in enumerate(counts)]
    return torch.cat(parts)
