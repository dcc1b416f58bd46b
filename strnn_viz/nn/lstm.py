"""A stacked LSTM (Eq. 1 of Liu et al. 2021) that knows nothing of masks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from strnn_viz.nn.dropout import dropout

#: Gates in the order of their row blocks in a weight matrix, as in PyTorch.
GATES = ("i", "f", "g", "o")

#: What a recurrent stack carries on: one tuple a layer, (h, c) of an LSTM or (s,) of a recurrent highway network.
State = list[tuple[Tensor, ...]]


class LSTMLayer(nn.Module):
    """One LSTM layer over a whole sequence.

    The equations are Eq. 1 of Liu et al. 2021: one bias a gate, no peepholes. The arithmetic is PyTorch's own LSTM
    kernel (oneDNN on the CPU, cuDNN on CUDA), so an all-active layer costs what :class:`torch.nn.LSTM` costs.

    Parameters
    ----------
    inputs : int
        Features of each input vector.
    hidden : int
        Hidden units.
    """

    gates = GATES

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.inputs, self.hidden = inputs, hidden
        self.weight_ih = nn.Parameter(torch.zeros(4 * hidden, inputs))
        self.weight_hh = nn.Parameter(torch.zeros(4 * hidden, hidden))
        self.bias = nn.Parameter(torch.zeros(4 * hidden))
        # PyTorch's kernels take two biases a gate where the equation has one: the second stays zero.
        self.register_buffer("_no_bias", torch.zeros(4 * hidden), persistent=False)

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layer over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : (h, c), each of shape (batch, hidden)

        Returns
        -------
        y : Tensor, shape (time, batch, hidden)
            The hidden state at every step.
        state : (h, c)
            After the last step.
        """
        hx = [state[0].unsqueeze(0), state[1].unsqueeze(0)]
        weights = [self.weight_ih, self.weight_hh, self.bias, self._no_bias]
        y, h, c = torch.lstm(x, hx, weights, True, 1, 0.0, self.training, False, False)  # type: ignore[arg-type]
        return y, (h.squeeze(0), c.squeeze(0))

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.inputs}, {self.hidden}"


class StackedLSTM(nn.ModuleList):
    """LSTM layers on top of each other, with dropout between them only (Zaremba et al. 2014, Eq. 7).

    Parameters
    ----------
    inputs : int
        Features of each input vector.
    sizes : sequence of int
        Hidden units of each layer, from the bottom.
    dropout : float
        Share of the activations dropped between one layer and the next; never within the recurrence.
    """

    def __init__(self, inputs: int, sizes: Sequence[int], dropout: float = 0.0) -> None:
        below = [inputs, *sizes]
        super().__init__(LSTMLayer(below[i], hidden) for i, hidden in enumerate(sizes))
        self.sizes, self.dropout = tuple(sizes), dropout

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run all layers over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : list of (h, c), one for each layer, or None for zeros

        Returns
        -------
        y : Tensor, shape (time, batch, hidden units of the last layer)
        state : list of (h, c)
        """
        after: State = []
        for i, layer in enumerate(self):
            if state is None:
                zeros = x.new_zeros(x.shape[1], self.sizes[i])
            before = (zeros, zeros) if state is None else state[i]
            x, s = layer(x if i == 0 else dropout(x, self.dropout, self.training), before)
            after.append(s)
        return x, after
