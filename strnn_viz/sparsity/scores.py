"""What to prune: a score for each active weight of a block; the lowest go."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from strnn_viz.sparsity.blocks import Block

#: block -> a score for each of its active weights, shape (n,), in order of position.
PruneScore = Callable[[Block], Tensor]


def magnitude(block: Block) -> Tensor:
    """Absolute value of each weight (Eq. 5 of Liu et al. 2021)."""
    return block.values.abs()


def signed(block: Block) -> Tensor:
    """Rank of each weight among those of its own sign, from those closest to zero, as a share of them.

    The lowest share ζ are so the smallest ζ of the positive weights and the ζ of the negative ones that are closest to
    zero, each to within one weight (Mocanu et al. 2018). A weight of exactly zero counts as positive.
    """
    values = block.values
    # Half a precision would not tell 256 ranks apart.
    score = torch.empty(len(values), dtype=torch.float64, device=values.device)
    for own in (values < 0, values >= 0):
        order = torch.sort(values[own].abs(), stable=True).indices
        rank = torch.empty_like(order)
        rank[order] = torch.arange(len(order), device=order.device)
        score[own] = (rank.to(score.dtype) + 0.5) / max(1, len(order))
    return score
