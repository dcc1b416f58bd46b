"""What to prune and where to regrow. A new method is a function here and one row in the table of methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.positions import draw_without_replacement, free_position


@dataclass(frozen=True)
class FreePlaces:
    """The places of one block of a matrix where a connection may be grown.

    Attributes
    ----------
    occupied : Tensor of int64
        Positions of the block that may not be used, sorted.
    start, stop : int
        First position of the block and the one after its last.
    """

    occupied: Tensor
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start - len(self.occupied)

    def at(self, rank: Tensor) -> Tensor:
        """Positions of the free places of the given ranks."""
        return free_position(self.occupied, rank.to(self.occupied.device), self.start)


#: matrix -> a score for each active weight, shape (nnz,), in order of position; the lowest are pruned.
PruneScore = Callable[[MaskedMatrix], Tensor]
#: (matrix, free places, how many, random generator) -> positions to grow.
Regrow = Callable[[MaskedMatrix, FreePlaces, int, torch.Generator], Tensor]


def magnitude(matrix: MaskedMatrix) -> Tensor:
    """Absolute value of each active weight (Eq. 5)."""
    return matrix.values.abs()


def random(_: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow uniformly at random, without replacement (Eq. 7)."""
    return free.at(draw_without_replacement(len(free), k, generator))
