"""Drawing places at random, without a permutation of all there are."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def draw_without_replacement(population: int, k: int, generator: torch.Generator) -> Tensor:
    """Choose `k` different numbers of ``range(population)``, every choice equally likely.

    Nothing much longer than twice `k` is made, however many there are to choose from.

    Returns
    -------
    Tensor of int64, shape (k,)
        Sorted, on the CPU.

    Raises
    ------
    ValueError
        If there are not as many.
    """
    if k > population:
        raise ValueError(f"cannot choose {k} of {population} without replacement")
    if 2 * k > population:
        return torch.nonzero(_some(population, k, generator)).squeeze(1)
    # Draw, and draw again for those that were drawn twice. Dropping random ones of too many keeps all choices equal.
    drawn = torch.empty(0, dtype=torch.int64)
    while len(drawn) < k:
        more = torch.randint(population, (k - len(drawn) + 8,), generator=generator)
        # Sorted first: unique() alone takes several times as long, and so does PyTorch's own sort on a CPU.
        ordered = torch.from_numpy(np.sort(torch.cat([drawn, more]).numpy()))
        drawn = torch.unique_consecutive(ordered)
    return drawn[_some(len(drawn), k, generator)]


def _some(population: int, k: int, generator: torch.Generator) -> Tensor:
    """A mark on `k` of some, all choices equally likely."""
    marked = torch.zeros(population, dtype=torch.bool)
    marked[torch.randperm(population, generator=generator)[:k]] = True
    return marked
