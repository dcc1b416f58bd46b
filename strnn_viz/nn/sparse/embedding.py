"""An embedding that holds its active weights only."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.products import feature_last
from strnn_viz.nn.sparse.shares import Picked


class SparseEmbedding(nn.Module):
    """Look up rows of a sparse matrix, as :class:`torch.nn.Embedding` does of a dense one.

    Its gradient has an entry for every active weight, which is all an optimizer needs, and nothing of dense size.

    Parameters
    ----------
    weight : SparseMatrix, (words, size)
    """

    def __init__(self, weight: SparseMatrix) -> None:
        super().__init__()
        self.weight = weight

    @classmethod
    def from_dense(cls, layer: nn.Embedding, positions: Tensor | None = None) -> SparseEmbedding:
        """The same embedding with the weights at `positions`, or where they are not given, those that are not zero."""
        return cls(SparseMatrix.from_dense(layer.weight, positions))

    def forward(self, words: Tensor) -> Tensor:
        """Look up words.

        Parameters
        ----------
        words : Tensor of int64, any shape

        Returns
        -------
        Tensor, shape (*words.shape, size)
            A view of feature-major memory, which a sparse layer reads as it is.
        """
        pattern, flat = self.weight.pattern, words.reshape(-1)
        begin, end = pattern.indptr[flat].long(), pattern.indptr[flat + 1].long()
        # A run of weights for every word: which weight, and which lane it goes to.
        lane = torch.repeat_interleave(end - begin)
        within = torch.arange(len(lane), device=lane.device) - ((end - begin).cumsum(0) - (end - begin))[lane]
        chosen = begin[lane] + within
        places = pattern.indices[chosen].long() * len(flat) + lane
        y = self.weight.values.new_zeros(pattern.shape[1] * len(flat))
        y = y.index_copy(0, places, self.weight.values.index_select(0, chosen))
        observer = self.weight.observer
        if observer is not None and y.requires_grad:
            shape = (pattern.shape[1], len(flat))
            y.register_hook(lambda g: observer(Picked(flat, g.reshape(shape))))  # type: ignore[no-untyped-call]
        return feature_last(y.view(pattern.shape[1], len(flat)), words.shape)
