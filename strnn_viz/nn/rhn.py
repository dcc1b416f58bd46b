"""A recurrent highway network (Zilly et al. 2017) that knows nothing of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from strnn_viz.nn.lstm import State

#: Gates in the order of their row blocks in a weight matrix: the new content, and the transform gate.
GATES = ("h", "t")


def shared_dropout(x: Tensor, share: float) -> Tensor:
    """One dropout mask for a batch of sequences, to be shared by all their time steps (Gal & Ghahramani 2016).

    Parameters
    ----------
    x : Tensor, shape (..., batch, features)
        Only the last two sizes, the type and the device count.
    share : float
        Probability that an element is dropped.

    Returns
    -------
    Tensor, shape (batch, features)
        0 where dropped and 1 / (1 - share) elsewhere, drawn from PyTorch's global generator of the device.
    """
    return F.dropout(x.new_ones(x.shape[-2:]), share)


class _Recurrence(torch.autograd.Function):
    """All time steps and highway layers of one RHN layer.

    Autograd would make a gradient of each recurrent matrix at every time step and add them up: as costly as the
    recurrence itself. Here each is one product, after the time loop.
    """

    @staticmethod
    def forward(ctx: Any, projected: Tensor, start: Tensor, mask: Tensor | None, *parameters: Tensor) -> Tensor:
        depth = len(parameters) // 2
        weights, biases = parameters[:depth], parameters[depth:]
        time, batch, hidden = len(projected), *start.shape
        states = start.new_empty(depth, time, batch, hidden)  # what each highway layer starts from
        gates = start.new_empty(depth, time, batch, 2 * hidden)
        y = start.new_empty(time, batch, hidden)
        s = start
        for step in range(time):
            for i in range(depth):
                states[i, step] = s
                g = gates[i, step]
                torch.addmm(biases[i] if i else projected[step], s if mask is None else s * mask, weights[i].t(), out=g)
                h, t = g.chunk(2, dim=1)
                s = torch.lerp(s, h.tanh_(), t.sigmoid_())
            y[step] = s
        ctx.save_for_backward(states, gates, *(() if mask is None else (mask,)), *weights)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        states, gates, *rest = ctx.saved_tensors
        depth, time, batch, hidden = states.shape
        weights = rest[-depth:]
        mask = rest[0] if len(rest) > depth else None
        h, t = gates.chunk(2, dim=3)
        carry = 1 - t
        # What a step's gates' inputs get for a unit of its output's gradient: everything but the products with the
        # recurrent matrices is known before the loop.
        slopes = torch.cat([t * (1 - h * h), (h - states) * t * carry], 3).view(depth, time, batch, 2, hidden)
        inputs = torch.empty_like(gates)
        g = torch.zeros_like(states[0, 0])
        for step in reversed(range(time)):
            g = g + gradient[step]
            for i in reversed(range(depth)):
                torch.mul(slopes[i, step], g.unsqueeze(1), out=inputs[i, step].view(batch, 2, hidden))
                g = g * carry[i, step]
                if mask is None:
                    g.addmm_(inputs[i, step], weights[i])
                else:
                    g.addcmul_(inputs[i, step] @ weights[i], mask)
        if mask is not None:
            states = states * mask
        flat = inputs.view(depth, time * batch, 2 * hidden)
        by_weight = [flat[i].t() @ states[i].reshape(time * batch, hidden) for i in range(depth)]
        return inputs[0], g, None, *by_weight, None, *(flat[i].sum(0) for i in range(1, depth))


class RHNLayer(nn.Module):
    """One recurrent highway layer over a whole sequence (Zilly et al. 2017, Eq. 6 to 9).

    With s[0] the state of the step before and x_t the input, highway layer l computes, for l = 1 to `depth`,

        h = tanh(W_h x_t + R_h[l] s[l-1] + b_h[l]),  t = sigmoid(W_t x_t + R_t[l] s[l-1] + b_t[l])
        s[l] = h * t + s[l-1] * (1 - t)

    with W x_t in the first only: the carry gate is 1 - t. Both gates are row blocks of one matrix. `weight_hh_0` and
    `bias_0` belong to the first highway layer.

    Dropout is variational: a call draws one mask of the input and one of the recurrent state, the same at every time
    step, highway layer and gate, and the carried state is not dropped. So does the authors' code
    (github.com/jzilly/RecurrentHighwayNetworks, ``rhn.py``).

    Parameters
    ----------
    inputs : int
        Features of each input vector.
    hidden : int
        Hidden units.
    depth : int
        Highway layers within a time step.
    input_dropout, hidden_dropout : float
        Share of the input's features, and of the recurrent state's units, dropped in training.
    """

    gates = GATES

    def __init__(
        self, inputs: int, hidden: int, depth: int, input_dropout: float = 0.0, hidden_dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.inputs, self.hidden, self.depth = inputs, hidden, depth
        self.input_dropout, self.hidden_dropout = input_dropout, hidden_dropout
        self.weight_ih = nn.Parameter(torch.zeros(2 * hidden, inputs))
        for i in range(depth):
            self.register_parameter(f"weight_hh_{i}", nn.Parameter(torch.zeros(2 * hidden, hidden)))
        for i in range(depth):
            self.register_parameter(f"bias_{i}", nn.Parameter(torch.zeros(2 * hidden)))

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layer over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : (s,), of shape (batch, hidden)

        Returns
        -------
        y : Tensor, shape (time, batch, hidden)
            The state after the last highway layer of every step.
        state : (s,)
            After the last step.
        """
        mask = None
        if self.training and self.input_dropout:
            x = x * shared_dropout(x, self.input_dropout)
        if self.training and self.hidden_dropout:
            mask = shared_dropout(state[0], self.hidden_dropout)
        weights = [self.get_parameter(f"weight_hh_{i}") for i in range(self.depth)]
        biases = [self.get_parameter(f"bias_{i}") for i in range(self.depth)]
        projected = F.linear(x, self.weight_ih, biases[0])
        y: Tensor = _Recurrence.apply(projected, state[0], mask, *weights, *biases)  # type: ignore[no-untyped-call]
        return y, (y[-1],)

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.inputs}, {self.hidden}, depth={self.depth}"


class StackedRHN(nn.ModuleList):
    """Recurrent highway layers on top of each other; the usual is one.

    Parameters
    ----------
    inputs : int
        Features of each input vector.
    sizes : sequence of int
        Hidden units of each layer, from the bottom.
    depth, input_dropout, hidden_dropout
        As of :class:`RHNLayer`.
    """

    def __init__(
        self,
        inputs: int,
        sizes: Sequence[int],
        depth: int,
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
    ) -> None:
        below = [inputs, *sizes]
        super().__init__(
            RHNLayer(below[i], hidden, depth, input_dropout, hidden_dropout) for i, hidden in enumerate(sizes)
        )
        self.sizes = tuple(sizes)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run all layers over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : list of (s,), one for each layer, or None for zeros

        Returns
        -------
        y : Tensor, shape (time, batch, hidden units of the last layer)
        state : list of (s,)
        """
        after: State = []
        for i, layer in enumerate(self):
            x, s = layer(x, (x.new_zeros(x.shape[1], self.sizes[i]),) if state is None else state[i])
            after.append(s)
        return x, after
