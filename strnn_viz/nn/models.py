"""Whole models, built from a :class:`~strnn_viz.config.ModelConfig`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import torch
from torch import Tensor, nn

from strnn_viz.config import ModelConfig
from strnn_viz.nn.dropout import dropout
from strnn_viz.nn.lstm import StackedLSTM, State
from strnn_viz.nn.rhn import StackedRHN, shared_dropout

M = TypeVar("M", bound=nn.Module)


def uninitialized(kind: Callable[..., M], *sizes: int) -> M:
    """A module whose weights are left to `initialize`, and the global random state alone, on the default device."""
    made: M = nn.utils.skip_init(kind, *sizes, device=torch.get_default_device())  # type: ignore[no-untyped-call]
    return made


class WordModel(nn.Module):
    """What every model here begins with: an embedding and recurrent layers, called ``lstm`` or ``rhn``.

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    config : ModelConfig
    sizes : sequence of int, optional
        Hidden units of each layer, in place of ``config.layers`` times ``config.hidden``. Where the embedding is tied,
        its vectors have the size of the last.
    """

    def __init__(self, words: int, config: ModelConfig, sizes: Sequence[int] | None = None) -> None:
        super().__init__()
        self.words, self.config = words, config
        self.sizes = tuple(sizes or [config.hidden] * config.layers)
        size = self.sizes[-1] if config.tied else config.embedding or config.hidden
        self.embedding = uninitialized(nn.Embedding, words, size)
        stack: nn.Module = (
            StackedRHN(size, self.sizes, config.depth, config.input_dropout, config.hidden_dropout)
            if config.cell == "rhn"
            else StackedLSTM(size, self.sizes, config.dropout)
        )
        self.add_module(config.cell, stack)

    @property
    def recurrent(self) -> nn.ModuleList:
        """The recurrent layers, from the bottom: what ``lstm`` or ``rhn`` is."""
        stack = self.get_submodule(self.config.cell)
        assert isinstance(stack, nn.ModuleList)
        return stack

    def initialize(self, config: ModelConfig, generator: torch.Generator) -> None:
        """Draw every weight uniformly from ± ``config.init_range``, in the order of the parameters.

        Biases start at zero, but those of an LSTM's forget gates at ``config.forget_bias`` and those of an RHN's
        transform gates at ``config.transform_bias``.
        """
        with torch.no_grad():
            for parameter in self.parameters():
                if parameter.ndim > 1:
                    parameter.uniform_(-config.init_range, config.init_range, generator=generator)
        self.initialize_biases(config)

    def initialize_biases(self, config: ModelConfig) -> None:
        """Set every bias as :meth:`initialize` does, and leave the weights."""
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.rpartition(".")[2].startswith("bias"):
                    parameter.zero_()
            # f of an LSTM's i, f, g, o, and t of an RHN's h, t: the second of the gates
            second = config.transform_bias if config.cell == "rhn" else config.forget_bias
            for hidden, layer in zip(self.sizes, self.recurrent, strict=True):
                for name, parameter in layer.named_parameters():
                    if name.startswith("bias"):
                        parameter[hidden : 2 * hidden] = second

    def read(self, words: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run embedding and recurrent layers over a batch of sequences, dropout included, up to the output layer.

        Parameters
        ----------
        words : Tensor of int64, shape (time, batch)
        state : list of tuple of Tensor, or None for zeros

        Returns
        -------
        y : Tensor, shape (time, batch, hidden units of the last layer)
            With the dropout before the output layer applied.
        state : list of tuple of Tensor
        """
        config, x = self.config, self.embedding(words)
        if config.cell == "rhn":
            if self.training and config.word_dropout:
                x = x * self._word_dropout(words, x)
            y, state = self.recurrent(x, state)
            if self.training and config.dropout:
                y = y * shared_dropout(y, config.dropout)
        else:
            y, state = self.recurrent(dropout(x, config.dropout, self.training), state)
            y = dropout(y, config.dropout, self.training)
        return y, state

    def _word_dropout(self, words: Tensor, like: Tensor) -> Tensor:
        """Mask of shape (time, batch, 1): a word is dropped wherever it stands in a sequence of the batch.

        That is dropout of rows of the embedding, drawn for each sequence (Gal & Ghahramani 2016, and the RHN's own
        code).
        """
        rows = shared_dropout(like.new_empty(words.shape[1], self.words), self.config.word_dropout)
        return rows.gather(1, words.t()).t().unsqueeze(2)


class LanguageModel(WordModel):
    """A word-level language model: embedding, recurrent layers, decoder (Zaremba et al. 2014; Zilly et al. 2017).

    Parameters
    ----------
    words : int
        Size of the vocabulary.
    config : ModelConfig
    sizes : sequence of int, optional
        Hidden units of each layer, where they differ.
    """

    def __init__(self, words: int, config: ModelConfig, sizes: Sequence[int] | None = None) -> None:
        super().__init__(words, config, sizes)
        self.decoder = uninitialized(nn.Linear, self.sizes[-1], words)
        if config.tied:
            self.decoder.weight = self.embedding.weight

    def forward(self, words: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Predict each next word.

        Parameters
        ----------
        words : Tensor of int64, shape (time, batch)
        state : list of tuple of Tensor, or None for zeros
            One tuple a layer: (h, c) of an LSTM, (s,) of an RHN.

        Returns
        -------
        logits : Tensor, shape (time, batch, words)
        state : list of tuple of Tensor
        """
        y, state = self.read(words, state)
        logits: Tensor = self.decoder(y)
        return logits, state
