"""Positions in a matrix by rank, so that nothing of dense size is built to find a free place."""

from __future__ import annotations

import torch
from torch import Tensor


def draw_without_replacement(population: int, k: int, generator: torch.Generator) -> Tensor:
    """Choose `k` different numbers of ``range(population)``, every choice equally likely.

    Returns
    -------
    Tensor of int64, shape (k,)
        Sorted, on the CPU.
    """
    if k > population:
        raise ValueError(f"cannot choose {k} of {population} without replacement")
    return torch.randperm(population, generator=generator)[:k].sort().values


def free_position(occupied: Tensor, rank: Tensor, start: int = 0) -> Tensor:
    """The position of the `rank`-th place that is not occupied, counting from `start`.

    Parameters
    ----------
    occupied : Tensor of int64, shape (n,)
        Sorted, none below `start`.
    rank : Tensor of int64, shape (k,)
        0 is the first free place.

    Returns
    -------
    Tensor of int64, shape (k,)
    """
    # occupied[i] - start - i free places lie before occupied[i]: never decreasing, so a binary search finds how many
    # occupied places a rank has to step over.
    free_before = occupied - start - torch.arange(len(occupied), device=occupied.device)
    return start + rank + torch.searchsorted(free_before, rank, right=True)


def draw_few(population: int, k: int, generator: torch.Generator) -> Tensor:
    """Choose `k` different numbers of ``range(population)`` as :func:`draw_without_replacement`, cheaper for few.

    Returns
    -------
    Tensor of int64, shape (k,)
        Sorted, on the CPU.
    """
    if 2 * k > population:
        return draw_without_replacement(population, k, generator)
    # Draw, and draw again for those that were drawn twice. Dropping random ones of too many keeps all choices equal.
    drawn = torch.empty(0, dtype=torch.int64)
    while len(drawn) < k:
        more = torch.randint(population, (k - len(drawn) + 8,), generator=generator)
        drawn = torch.cat([drawn, more]).unique()  # type: ignore[no-untyped-call]
    return drawn[torch.randperm(len(drawn), generator=generator)[:k]].sort().values
