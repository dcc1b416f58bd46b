"""A sum of gradients at every place of a matrix, active or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from strnn_viz.nn.sparse import Share


@dataclass(frozen=True, eq=False)
class Whole:
    """A gradient that a dense layer computed: a :class:`~strnn_viz.nn.sparse.Share` that is all of it."""

    gradient: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of the gradient."""
        return self.gradient.nbytes

    def add_to(self, rows: Tensor, first: int) -> None:
        """Add some rows of it to them."""
        rows.add_(self.gradient[first : first + len(rows)])


class GradientSum:
    """A sum of gradients, held in the form that takes less memory.

    A sparse layer computes no dense gradient, and tells of its factors, (rows + columns) numbers for each lane of a
    product. They are kept until they would take more than the sum itself, rows × columns numbers; then it is multiplied
    out. A sum that decays always is: its shares never end.

    Parameters
    ----------
    shape : (rows, columns)
    like : Tensor
        Of the device and type to sum in.
    full : Tensor, shape (rows, columns), optional
        What it begins with; a copy is made.
    """

    def __init__(self, shape: tuple[int, int], like: Tensor, full: Tensor | None = None) -> None:
        self.shape = shape
        self._empty = like.detach().new_empty(0)
        self._full = None if full is None else full.to(self._empty, copy=True)
        self._shares: list[Share] = []

    @property
    def nbytes(self) -> int:
        """Bytes it holds now."""
        return (0 if self._full is None else self._full.nbytes) + sum(share.nbytes for share in self._shares)

    @torch.no_grad()
    def add(self, shares: Sequence[Share], decay: float = 1.0) -> None:
        """Let what there is decay, then add the shares of one gradient."""
        self._shares += shares
        if decay != 1 and self._full is not None:
            self._full.mul_(decay)
        dense = self.shape[0] * self.shape[1] * self._empty.element_size()
        if decay != 1 or self._full is not None or self.nbytes >= dense:
            self.full()

    @torch.no_grad()
    def rows(self, first: int, last: int) -> Tensor:
        """Rows `first` to `last`, without it, newly made of shape (last - first, columns)."""
        size = (last - first, self.shape[1])
        rows = self._empty.new_zeros(size) if self._full is None else self._full[first:last].clone()
        for share in self._shares:
            share.add_to(rows, first)
        return rows

    @torch.no_grad()
    def full(self) -> Tensor:
        """The whole sum, multiplied out; from now on it is held so."""
        if self._full is None:
            self._full = self._empty.new_zeros(self.shape)
        while self._shares:
            self._shares.pop(0).add_to(self._full, 0)
        return self._full
