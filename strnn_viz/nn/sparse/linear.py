"""A linear layer that holds and multiplies its active weights only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.products import feature_last, feature_major, product
from strnn_viz.nn.sparse.shapes import expect


class SparseLinear(nn.Module):
    """y = W x + b, as :class:`torch.nn.Linear`.

    Parameters
    ----------
    weight : SparseMatrix, (outputs, inputs)
    bias : bool
        Whether there is a bias, dense, zero at first.
    """

    def __init__(self, weight: SparseMatrix, bias: bool = True) -> None:
        super().__init__()
        self.weight = weight
        self.bias = nn.Parameter(weight.values.detach().new_zeros(weight.shape[0])) if bias else None

    @classmethod
    def from_dense(cls, layer: nn.Linear, positions: Tensor | None = None) -> SparseLinear:
        """The same layer with the weights at `positions`, or where they are not given, those that are not zero."""
        made = cls(SparseMatrix.from_dense(layer.weight, positions), layer.bias is not None)
        if made.bias is not None:
            with torch.no_grad():
                made.bias.copy_(layer.bias)
        return made

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., inputs) to (..., outputs)."""
        expect("the input of a linear layer", x.shape, *x.shape[:-1], self.weight.shape[1])
        return feature_last(product(self.weight, feature_major(x), self.bias), x.shape[:-1])
