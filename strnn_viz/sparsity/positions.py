"""Positions in a matrix by rank, so that nothing of dense size is built to find a free place."""

from __future__ import annotations

import torch
from torch import Tensor


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


def shuffled(positions: Tensor, seed: int) -> Tensor:
    """A number for each position that looks random and is no other position's, int64: the same wherever it is asked.

    Sorting by it puts any positions in a random order without drawing one for all places there are. It is the mixing
    function of SplitMix64 (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number generators").
    """
    x = positions + seed  # int64 wraps around, as it should
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ ((x >> shift) & (2 ** (64 - shift) - 1))) * (factor - 2**64)
    return x ^ ((x >> 31) & (2**33 - 1))


def among(positions: Tensor, known: Tensor) -> Tensor:
    """Whether each position is one of the `known` ones, which are sorted: bool, of the shape of `positions`."""
    if not len(known):
        return torch.zeros_like(positions, dtype=torch.bool)
    return known[torch.searchsorted(known, positions).clamp_(max=len(known) - 1)] == positions


def follow(kept: Tensor, old: Tensor, removed: Tensor, new: Tensor) -> Tensor:
    """What is kept of the weights at `old` positions, at `new` ones: zero where a weight is new.

    Parameters
    ----------
    kept : Tensor, shape (n,)
    old : Tensor of int64, shape (n,)
        Sorted.
    removed : Tensor of int64
        Of `old`; they may be among the new ones again.
    new : Tensor of int64, shape (m,)
        Sorted; all of `old` but `removed`, and others.

    Returns
    -------
    Tensor, shape (m,)
    """
    stays = ~torch.isin(old, removed)
    moved = kept.new_zeros(len(new))
    moved[torch.searchsorted(new, old[stays])] = kept[stays]
    return moved
