"""A matrix, or one gate of it: the part of the weights that keeps a budget of its own."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.positions import free_position


@dataclass(frozen=True)
class Block:
    """Consecutive places of a matrix at one moment.

    Attributes
    ----------
    matrix : MaskedMatrix
    start, stop : int
        First place of the block and the one after its last.
    budget : int
        Active weights it was given at the beginning; for a method that begins dense, those it is to end with.
    positions : Tensor of int64, shape (n,)
        Its active places, sorted.
    values : Tensor, shape (n,)
        Its active weights.
    """

    matrix: MaskedMatrix
    start: int
    stop: int
    budget: int
    positions: Tensor
    values: Tensor

    @classmethod
    def of(cls, matrix: MaskedMatrix, budgets: list[int]) -> list[Block]:
        """Cut a matrix into as many equal blocks as there are budgets."""
        size = matrix.info.size // len(budgets)
        edges = torch.arange(0, matrix.info.size + 1, size, device=matrix.positions.device)
        cuts = torch.searchsorted(matrix.positions, edges).tolist()
        values = matrix.values
        return [
            cls(matrix, i * size, (i + 1) * size, budget, matrix.positions[a:b], values[a:b])
            for i, (budget, a, b) in enumerate(zip(budgets, cuts[:-1], cuts[1:], strict=True))
        ]

    @property
    def size(self) -> int:
        """Number of places."""
        return self.stop - self.start

    def __len__(self) -> int:
        """Number of active weights."""
        return len(self.positions)

    @property
    def momentum(self) -> Tensor | None:
        """Momentum of its active weights, shape (n,): of dense gradients where it is kept, else the optimizer's."""
        dense = self.matrix.signal_at("momentum", self.positions)
        return self.matrix.moment_at(self.positions) if dense is None else dense


@dataclass(frozen=True)
class FreePlaces:
    """The places of one block where a connection may be grown.

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
