"""Whole models, built from a :class:`~strnn_viz.config.ModelConfig`."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strnn_viz.config import ModelConfig
from strnn_viz.nn.lstm import StackedLSTM, State


class LanguageModel(nn.Module):
    """A word-level language model: embedding, stacked LSTM, decoder (Zaremba et al. 2014).

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    config : ModelConfig
    """

    def __init__(self, words: int, config: ModelConfig) -> None:
        super().__init__()
        size = config.embedding or config.hidden
        # skip_init leaves the weights to `initialize`, and the global random state alone.
        self.embedding = nn.utils.skip_init(nn.Embedding, words, size)  # type: ignore[no-untyped-call]
        self.lstm = StackedLSTM(size, config.hidden, config.layers, config.dropout)
        self.decoder = nn.utils.skip_init(nn.Linear, config.hidden, words)  # type: ignore[no-untyped-call]
        if config.tied:
            self.decoder.weight = self.embedding.weight
        self.dropout = config.dropout

    def initialize(self, init_range: float, generator: torch.Generator) -> None:
        """Draw every weight uniformly from ± `init_range`; biases start at zero."""
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.ndim > 1:
                    parameter.uniform_(-init_range, init_range, generator=generator)
                else:
                    parameter.zero_()

    def forward(self, words: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict each next word.

        Parameters
        ----------
        words : Tensor of int64, shape (time, batch)
        state : list of (h, c), or None for zeros

        Returns
        -------
        logits : Tensor, shape (time, batch, words)
        state : list of (h, c)
        """
        x = F.dropout(self.embedding(words), self.dropout, self.training)
        x, state = self.lstm(x, state)
        logits: Tensor = self.decoder(F.dropout(x, self.dropout, self.training))
        return logits, state
