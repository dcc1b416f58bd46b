"""How many weights every part of a network is to have, and how many a method that begins dense has by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.schedules import cubic_density


@dataclass(frozen=True)
class Budgets:
    """Active weights that the blocks of each matrix are to have: at any moment, or, begun dense, in the end.

    Attributes
    ----------
    by_matrix : mapping of str to list of int
        A number for each block of a matrix: one, or one for each gate.
    sizes : mapping of str to int
        Places of each matrix.
    """

    by_matrix: Mapping[str, list[int]]
    sizes: Mapping[str, int]

    @property
    def total(self) -> int:
        """Active weights of the whole network."""
        return sum(map(sum, self.by_matrix.values()))

    @property
    def size(self) -> int:
        """Places of the whole network."""
        return sum(self.sizes.values())

    def blocks(self, matrices: Mapping[str, MaskedMatrix]) -> list[Block]:
        """The blocks of all matrices as they are now, in order."""
        return [block for name, matrix in matrices.items() for block in Block.of(matrix, self.by_matrix[name])]

    def begun_dense(self, update: int, updates: int, whole_units: bool) -> int:
        """Active weights of the network after `update` of `updates` updates of a method that begins dense.

        Each block has its own way down, unless whole hidden units go: these reach through all matrices.
        """
        if whole_units:
            return round(cubic_density(self.total / self.size, update, updates) * self.size)
        left = 0
        for name, own in self.by_matrix.items():
            places = self.sizes[name] // len(own)
            left += sum(round(cubic_density(budget / places, update, updates) * places) for budget in own)
        return left
