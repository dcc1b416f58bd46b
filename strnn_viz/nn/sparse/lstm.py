"""LSTM layers (Eq. 1 of Liu et al. 2021) that hold and multiply their active weights only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from strnn_viz.nn.dropout import dropout
from strnn_viz.nn.lstm import GATES, LSTMLayer, StackedLSTM, State
from strnn_viz.nn.sparse.backends import backend
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.products import feature_last, feature_major
from strnn_viz.nn.sparse.shapes import expect, expect_sequence


class SparseLSTMLayer(nn.Module):
    """One LSTM layer over a whole sequence, as :class:`~strnn_viz.nn.lstm.LSTMLayer`.

    Parameters
    ----------
    weight_ih : SparseMatrix, (4 hidden, inputs)
    weight_hh : SparseMatrix, (4 hidden, hidden)
        Gates in the order i, f, g, o.
    """

    gates = GATES

    def __init__(self, weight_ih: SparseMatrix, weight_hh: SparseMatrix) -> None:
        super().__init__()
        self.inputs, self.hidden = weight_ih.shape[1], weight_hh.shape[1]
        expect("weight_ih", weight_ih.shape, 4 * self.hidden, self.inputs)
        expect("weight_hh", weight_hh.shape, 4 * self.hidden, self.hidden)
        self.weight_ih, self.weight_hh = weight_ih, weight_hh
        self.bias = nn.Parameter(weight_ih.values.detach().new_zeros(4 * self.hidden))

    @classmethod
    def from_dense(
        cls, layer: LSTMLayer, positions_ih: Tensor | None = None, positions_hh: Tensor | None = None
    ) -> SparseLSTMLayer:
        """The same layer with the weights at some positions, or where they are not given, those that are not zero."""
        made = cls(
            SparseMatrix.from_dense(layer.weight_ih, positions_ih),
            SparseMatrix.from_dense(layer.weight_hh, positions_hh),
        )
        with torch.no_grad():
            made.bias.copy_(layer.bias)
        return made

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layer over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : (h, c), each of shape (batch, hidden)

        Returns
        -------
        y : Tensor, shape (time, batch, hidden)
            The hidden state at every step; a view of feature-major memory, which the next sparse layer reads as it is.
        state : (h, c)
            After the last step.
        """
        expect_sequence(x, state, "hc", self.inputs, self.hidden)
        h, c = (s.t().contiguous() for s in state)
        ih, hh = self.weight_ih, self.weight_hh
        out, cell = _Layer.apply(  # type: ignore[no-untyped-call]
            ih, hh, feature_major(x), ih.values, hh.values, self.bias, h, c
        )
        y = feature_last(out, x.shape[:2])
        return y, (y[-1], cell.t())

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.inputs}, {self.hidden}"


class SparseStackedLSTM(nn.ModuleList):
    """Sparse LSTM layers on top of each other, as :class:`~strnn_viz.nn.lstm.StackedLSTM`.

    Parameters
    ----------
    layers : sequence of SparseLSTMLayer
        From the bottom.
    dropout : float
        Share of the activations dropped between one layer and the next; never within the recurrence.
    """

    def __init__(self, layers: Sequence[SparseLSTMLayer], dropout: float = 0.0) -> None:
        super().__init__(layers)
        self.sizes, self.dropout = tuple(layer.hidden for layer in layers), dropout

    @classmethod
    def from_dense(cls, stack: StackedLSTM) -> SparseStackedLSTM:
        """The same layers with the weights that are not zero."""
        layers = [SparseLSTMLayer.from_dense(layer) for layer in stack if isinstance(layer, LSTMLayer)]
        return cls(layers, stack.dropout)

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Run all layers over a sequence; shapes as of :meth:`~strnn_viz.nn.lstm.StackedLSTM.forward`."""
        after: State = []
        for i, layer in enumerate(self):
            if state is None:
                zeros = x.new_zeros(x.shape[1], self.sizes[i])
            before = (zeros, zeros) if state is None else state[i]
            x, s = layer(x if i == 0 else dropout(x, self.dropout, self.training), before)
            after.append(s)
        return x, after


class _Layer(torch.autograd.Function):
    """All time steps of a layer: one product with the input before the loop, and one for each gradient after it."""

    @staticmethod
    def forward(
        ctx: Any,
        ih: SparseMatrix,
        hh: SparseMatrix,
        x: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias: Tensor,
        h: Tensor,
        c: Tensor,
    ) -> tuple[Tensor, Tensor]:
        by = backend(x)
        gates = by.multiply(ih.pattern, weight_ih, x, bias)
        y, cells = by.lstm_forward(hh.pattern, weight_hh, gates, h, c)
        ctx.matrices, ctx.patterns, ctx.backend = (ih, hh), (ih.pattern, hh.pattern), by
        ctx.save_for_backward(x, weight_ih, weight_hh, h, c, gates, cells, y)
        return y, cells[:, cells.shape[1] - c.shape[1] :].clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient_y: Tensor, gradient_c: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_ih, weight_hh, h, c, gates, cells, y = ctx.saved_tensors
        (ih, hh), by, batch, lanes = ctx.patterns, ctx.backend, h.shape[1], x.shape[1]
        needed = dict(zip(("x", "ih", "hh", "bias"), ctx.needs_input_grad[2:6], strict=True))
        inputs, of_h, of_c = by.lstm_backward(
            hh, weight_hh, gates, cells, c, by.lined(gradient_y), gradient_c.contiguous()
        )
        of_hh = None
        if needed["hh"]:
            # The state before step t is what came out of step t - 1, a batch of lanes to the left.
            of_hh = by.gradient(hh, inputs[:, batch:], y[:, : lanes - batch])
            of_hh = by.gradient(hh, inputs[:, :batch], h, of_hh)
            ctx.matrices[1].show(inputs[:, batch:], y[:, : lanes - batch])
            ctx.matrices[1].show(inputs[:, :batch], h)
        if needed["ih"]:
            ctx.matrices[0].show(inputs, x)
        return (
            None,
            None,
            by.multiply_transposed(ih, weight_ih, inputs) if needed["x"] else None,
            by.gradient(ih, inputs, x) if needed["ih"] else None,
            of_hh,
            inputs.sum(1) if needed["bias"] else None,
            of_h,
            of_c,
        )
