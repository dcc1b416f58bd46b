"""Dropout that does not depend on how activations lie in memory."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


def dropout(x: Tensor, share: float, training: bool = True) -> Tensor:
    """Drop activations as :func:`torch.nn.functional.dropout`, the same ones in whatever order they are stored.

    PyTorch draws in the order of memory. Sparse layers give feature-major activations, and would have others dropped
    than dense layers from the same random state.

    Parameters
    ----------
    x : Tensor
    share : float
        Probability that an element is dropped.
    training : bool
        Whether anything is dropped at all.
    """
    if not (training and share) or x.is_contiguous():
        return F.dropout(x, share, training)
    return x * F.dropout(x.new_ones(x.shape), share)
