"""How many of the regrown connections each block gets; their sum is always what was pruned."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch

from strnn_viz.nn.sparse import draw_without_replacement
from strnn_viz.sparsity.blocks import Block

#: (blocks before pruning, pruned of each, free places of each, random generator) -> to be grown in each.
Redistribute = Callable[[Sequence[Block], Sequence[int], Sequence[int], torch.Generator], list[int]]


def momentum(blocks: Sequence[Block], pruned: Sequence[int], room: Sequence[int], _: torch.Generator) -> list[int]:
    """In proportion to the mean momentum of the active weights (SNFS; Section 5.2 of Liu et al. 2021).

    Where regrowth follows a dense momentum, it is that one; else the optimizer's own, which knows active weights only
    and costs no dense gradient.
    """
    shares = []
    for block in blocks:
        active = block.momentum
        shares.append(float(active.abs().mean()) if active is not None and len(active) else 0.0)
    return apportion(sum(pruned), shares, room)


def survivors(blocks: Sequence[Block], pruned: Sequence[int], room: Sequence[int], _: torch.Generator) -> list[int]:
    """In proportion to the weights that survived pruning (DSR, Mostafa & Wang 2019, Algorithm 1)."""
    return apportion(sum(pruned), [len(b) - k for b, k in zip(blocks, pruned, strict=True)], room)


def places(_: Sequence[Block], pruned: Sequence[int], room: Sequence[int], generator: torch.Generator) -> list[int]:
    """Every free place of the network equally likely (DeepR, Bellec et al. 2018)."""
    edges = torch.tensor(room).cumsum(0)
    drawn = draw_without_replacement(int(edges[-1]), sum(pruned), generator)
    return torch.bincount(torch.searchsorted(edges, drawn, right=True), minlength=len(room)).tolist()


REDISTRIBUTE: dict[str, Redistribute | None] = {"none": None, "momentum": momentum, "survivors": survivors}


def apportion(total: int, shares: Sequence[float], room: Sequence[int]) -> list[int]:
    """Split a number in proportion to shares, to within one, and never above what there is room for.

    What does not fit goes to the others in proportion to their shares; where no share is left above zero, or none is a
    number, in proportion to the room.

    Parameters
    ----------
    total : int
        At most the sum of `room`.
    shares : sequence of float
    room : sequence of int

    Returns
    -------
    list of int
        Their sum is `total`.
    """
    given = [0] * len(room)
    left = total
    while left:
        free = [i for i in range(len(room)) if given[i] < room[i]]
        if not free:
            raise ValueError(f"{total} do not fit into {sum(room)}")
        weights = [shares[i] for i in free]
        if not (math.isfinite(sum(weights)) and sum(weights) > 0):
            weights = [float(room[i] - given[i]) for i in free]
        exact = [left * w / sum(weights) for w in weights]
        parts = [math.floor(e) for e in exact]
        # Largest remainders first; of equal ones the first.
        order = sorted(range(len(free)), key=lambda j: parts[j] - exact[j])
        for j in order[: left - sum(parts)]:
            parts[j] += 1
        for i, part in zip(free, parts, strict=True):
            taken = min(part, room[i] - given[i])
            given[i] += taken
            left -= taken
    return given
