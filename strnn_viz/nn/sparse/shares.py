"""What one product or look-up adds to the gradient of a matrix at *every* place, active or not: not multiplied out.

A sparse layer computes the gradient of its active weights only. A method that regrows by gradients asks for the rest,
and multiplies the factors kept here when, and for as many rows as, it looks at them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Share(Protocol):
    """A part of a gradient; the sum of all parts is the gradient."""

    @property
    def nbytes(self) -> int:
        """Bytes of its factors."""
        ...

    def add_to(self, rows: Tensor, first: int) -> None:
        """Add the share of consecutive rows to `rows`, shape (n, columns), in place; `first` is the first of them."""
        ...


#: Is handed shares during the backward pass. What it is handed stays as it is: no kernel writes to it again.
Observer = Callable[[Share], None]


@dataclass(frozen=True, eq=False)
class Outer:
    """g xᵀ, of a product W x.

    Attributes
    ----------
    g : Tensor, shape (rows, lanes)
        Gradient of the product.
    x : Tensor, shape (columns, lanes)
    """

    g: Tensor
    x: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of both factors; what several shares have in common counts for each."""
        return self.g.nbytes + self.x.nbytes

    def add_to(self, rows: Tensor, first: int) -> None:
        """Multiply out for some rows and add it to them."""
        rows.addmm_(self.g[first : first + len(rows)], self.x.t())


@dataclass(frozen=True, eq=False)
class Picked:
    """The share of rows that were looked up.

    Attributes
    ----------
    index : Tensor of int64, shape (lanes,)
        Which rows; one may occur several times.
    g : Tensor, shape (columns, lanes)
        Gradient of what was found there.
    """

    index: Tensor
    g: Tensor

    @property
    def nbytes(self) -> int:
        """Bytes of index and gradient."""
        return self.index.nbytes + self.g.nbytes

    def add_to(self, rows: Tensor, first: int) -> None:
        """Add what was found in some rows to them."""
        inside = torch.nonzero((self.index >= first) & (self.index < first + len(rows))).squeeze(1)
        rows.index_add_(0, self.index[inside] - first, self.g.t()[inside])
