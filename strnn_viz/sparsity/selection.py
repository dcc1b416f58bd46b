"""Which active weights go at an update: for every block, a mark on each of its active weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from strnn_viz.sparsity import scores
from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.schedules import cubic_density


@dataclass
class Moment:
    """What a selection may know of the update it is part of.

    Attributes
    ----------
    rate : float
        Prune rate.
    update, updates : int
        Updates done before this one, and in all.
    limited : bool
        Whether what is pruned must leave room to regrow elsewhere.
    memory : dict of str to float
        What a method keeps from one update to the next; it is saved with the run.
    """

    rate: float
    update: int = 0
    updates: int = 1
    limited: bool = False
    memory: dict[str, float] = field(default_factory=dict)


#: (blocks, moment) -> for each block a boolean tensor, shape (n,): True for the weights that go.
Select = Callable[[Sequence[Block], Moment], list[Tensor]]


def lowest(score: scores.PruneScore) -> Select:
    """The share `rate` of each block with the lowest scores: exactly that many, whatever the ties (Eq. 6)."""

    def select(blocks: Sequence[Block], moment: Moment) -> list[Tensor]:
        chosen = []
        for block in blocks:
            k = round(moment.rate * len(block))
            chosen.append(mark_lowest(score(block), min(k, block.size - len(block)) if moment.limited else k))
        return chosen

    return select


def below_threshold(blocks: Sequence[Block], moment: Moment) -> list[Tensor]:
    """All weights below one threshold for the whole network, which adapts (DSR, Mostafa & Wang 2019, Algorithm 1).

    At the first update the threshold is set so that the share `rate` lies below it. Later it is doubled when fewer than
    90% of as many lie below it, halved when more than 110% do. (The paper begins with a constant, .001.)
    """
    magnitudes = [block.values.abs() for block in blocks]
    due = moment.rate * sum(map(len, blocks))
    if not moment.memory.get("threshold"):
        # In float64, so that the same number comes back from a file. Not zero: doubled, that would stay zero for ever.
        every = torch.cat([m.flatten() for m in magnitudes]).double().sort().values
        above = every[min(round(due), max(0, len(every) - 1)) :]
        above = above[above > 0]
        moment.memory["threshold"] = float(above[0]) if len(above) else 0.0
    threshold = moment.memory["threshold"]
    chosen = []
    for block, size in zip(blocks, magnitudes, strict=True):
        below = size.double() < threshold
        if moment.limited and int(below.sum()) > block.size - len(block):
            below = mark_lowest(size, block.size - len(block))
        chosen.append(below)
    gone = sum(int(c.sum()) for c in chosen)
    if moment.rate:
        moment.memory["threshold"] = threshold * (2.0 if gone < 0.9 * due else 0.5 if gone > 1.1 * due else 1.0)
    return chosen if moment.rate else [torch.zeros_like(c) for c in chosen]


def down_to_budget(blocks: Sequence[Block], moment: Moment) -> list[Tensor]:
    """The smallest weights of each block, as many as the cubic schedule wants gone (Zhu & Gupta 2018)."""
    chosen = []
    for block in blocks:
        density = cubic_density(block.budget / block.size, moment.update + 1, moment.updates)
        chosen.append(mark_lowest(scores.magnitude(block), max(0, len(block) - round(density * block.size))))
    return chosen


def mark_lowest(score: Tensor, k: int) -> Tensor:
    """Mark the `k` lowest; among equal ones the first by position, on every machine alike."""
    if not k:
        return torch.zeros(len(score), dtype=torch.bool, device=score.device)
    score = score.nan_to_num(nan=math.inf, posinf=math.inf, neginf=-math.inf)  # what is no number goes last
    highest = torch.kthvalue(score, k).values
    gone = score < highest
    gone[torch.nonzero(score == highest).squeeze(1)[: k - int(gone.sum())]] = True
    return gone


SELECT: dict[str, Select] = {
    "magnitude": lowest(scores.magnitude),
    "signed": lowest(scores.signed),
    "threshold": below_threshold,
}
