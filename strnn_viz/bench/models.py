"""The language model that is measured: embedding, two LSTM layers, decoder; dense, or sparse throughout."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strnn_viz.nn.loss import cross_entropy_in_place
from strnn_viz.nn.lstm import StackedLSTM
from strnn_viz.nn.sparse import (
    SparseEmbedding,
    SparseLinear,
    SparseLSTMLayer,
    SparseMatrix,
    SparseStackedLSTM,
)


class LanguageModel(nn.Module):
    """By default of the paper's 66 million weights.

    Parameters
    ----------
    words, hidden : int
        Size of the vocabulary, and of the embedding and both layers.
    sparsity : float
        Of all matrices; 0 stands for dense layers.
    plain : bool
        Of dense layers: PyTorch's own :class:`torch.nn.LSTM`, and not this package's around the same kernels.
    """

    def __init__(self, words: int, hidden: int, sparsity: float, *, plain: bool = False) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.words, self.sparse = words, bool(sparsity)

        def matrix(rows: int, columns: int) -> SparseMatrix:
            return SparseMatrix.random((rows, columns), 1 - sparsity, generator)

        if sparsity:
            layers = [SparseLSTMLayer(*(matrix(4 * hidden, hidden) for _ in range(2))) for _ in range(2)]
            self.embedding: nn.Module = SparseEmbedding(matrix(words, hidden))
            self.lstm: nn.Module = SparseStackedLSTM(layers)
            self.decoder: nn.Module = SparseLinear(matrix(words, hidden))
        else:
            self.embedding, self.decoder = nn.Embedding(words, hidden), nn.Linear(hidden, words)
            self.lstm = nn.LSTM(hidden, hidden, 2) if plain else StackedLSTM(hidden, (hidden, hidden))

    def forward(self, words: Tensor) -> Tensor:
        """Logits of the next word, shape (time, batch, words), for words of shape (time, batch)."""
        logits: Tensor = self.decoder(self.lstm(self.embedding(words))[0])
        return logits

    def loss(self, text: Tensor) -> Tensor:
        """Mean cross-entropy of a text of shape (time + 1, batch)."""
        logits, targets = self(text[:-1]).flatten(0, 1), text[1:].flatten()
        if self.sparse:
            return cross_entropy_in_place(logits, targets) / len(targets)
        return F.cross_entropy(logits, targets)


def training_step(model: LanguageModel, optimizer: torch.optim.Optimizer, text: Tensor, clip: float = 10.0) -> None:
    """Forward pass, loss, backward pass, clipping of the gradient's norm, and the optimizer's step."""
    optimizer.zero_grad()
    torch.autograd.backward(model.loss(text))
    nn.utils.clip_grad_norm_(model.parameters(), clip)
    optimizer.step()


def optimizer_of(model: nn.Module) -> torch.optim.Optimizer:
    """SGD with the paper's momentum."""
    return torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def random_text(words: int, steps: int, batch: int) -> Tensor:
    """Words drawn at random, shape (steps + 1, batch)."""
    return torch.randint(words, (steps + 1, batch), generator=torch.Generator().manual_seed(1))
