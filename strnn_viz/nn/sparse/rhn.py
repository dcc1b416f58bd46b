"""A recurrent highway layer (Zilly et al. 2017) that holds and multiplies its active weights only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from strnn_viz.nn.rhn import GATES, RHNLayer, shared_dropout
from strnn_viz.nn.sparse.backends import backend
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.products import feature_last, feature_major, product
from strnn_viz.nn.sparse.shapes import expect, expect_sequence


class SparseRHNLayer(nn.Module):
    """One recurrent highway layer over a whole sequence, as :class:`~strnn_viz.nn.rhn.RHNLayer`.

    Parameters
    ----------
    weight_ih : SparseMatrix, (2 hidden, inputs)
    weights_hh : sequence of SparseMatrix, each (2 hidden, hidden)
        One for each highway layer; gates in the order h, t.
    input_dropout, hidden_dropout : float
        As of the dense layer.
    """

    gates = GATES

    def __init__(
        self,
        weight_ih: SparseMatrix,
        weights_hh: Sequence[SparseMatrix],
        input_dropout: float = 0.0,
        hidden_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.inputs, self.hidden, self.depth = weight_ih.shape[1], weights_hh[0].shape[1], len(weights_hh)
        expect("weight_ih", weight_ih.shape, 2 * self.hidden, self.inputs)
        for i, matrix in enumerate(weights_hh):
            expect(f"weight_hh_{i}", matrix.shape, 2 * self.hidden, self.hidden)
        self.input_dropout, self.hidden_dropout = input_dropout, hidden_dropout
        self.weight_ih = weight_ih
        for i, matrix in enumerate(weights_hh):
            self.add_module(f"weight_hh_{i}", matrix)
        for i in range(self.depth):
            self.register_parameter(f"bias_{i}", nn.Parameter(weight_ih.values.detach().new_zeros(2 * self.hidden)))

    @classmethod
    def from_dense(cls, layer: RHNLayer) -> SparseRHNLayer:
        """The same layer with the weights that are not zero."""
        made = cls(
            SparseMatrix.from_dense(layer.weight_ih),
            [SparseMatrix.from_dense(layer.get_parameter(f"weight_hh_{i}")) for i in range(layer.depth)],
            layer.input_dropout,
            layer.hidden_dropout,
        )
        with torch.no_grad():
            for i in range(layer.depth):
                made.get_parameter(f"bias_{i}").copy_(layer.get_parameter(f"bias_{i}"))
        return made

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layer over a sequence; shapes as of :meth:`~strnn_viz.nn.rhn.RHNLayer.forward`."""
        expect_sequence(x, state, "s", self.inputs, self.hidden)
        mask = None
        if self.training and self.input_dropout:
            x = x * shared_dropout(x, self.input_dropout)
        if self.training and self.hidden_dropout:
            mask = shared_dropout(state[0], self.hidden_dropout).t().contiguous()
        matrices = [self.get_submodule(f"weight_hh_{i}") for i in range(self.depth)]
        values = [matrix.values for matrix in matrices]
        biases = [self.get_parameter(f"bias_{i}") for i in range(self.depth)]
        projected = product(self.weight_ih, feature_major(x), biases[0])
        out = _Recurrence.apply(  # type: ignore[no-untyped-call]
            matrices, projected, state[0].t().contiguous(), mask, *values, *biases
        )
        y = feature_last(out, x.shape[:2])
        return y, (y[-1],)

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.inputs}, {self.hidden}, depth={self.depth}"


class _Recurrence(torch.autograd.Function):
    """All time steps and highway layers; the gradient of each matrix is one product, after the time loop."""

    @staticmethod
    def forward(ctx: Any, matrices: Any, projected: Tensor, start: Tensor, mask: Any, *parameters: Tensor) -> Tensor:
        by, depth, (hidden, batch), lanes = backend(projected), len(matrices), start.shape, projected.shape[1]
        patterns = [matrix.pattern for matrix in matrices]
        values, biases = parameters[:depth], parameters[depth:]
        states = [start.new_empty(hidden, lanes) for _ in range(depth)]  # what each highway layer starts from
        gates = [start.new_empty(2 * hidden, lanes) for _ in range(depth)]
        y, s = start.new_empty(hidden, lanes), start
        for begin in range(0, lanes, batch):
            now = slice(begin, begin + batch)
            for i in range(depth):
                states[i][:, now] = s
                read = s if mask is None else s * mask
                g = by.multiply(patterns[i], values[i], read, biases[i] if i else None)
                if not i:
                    g += projected[:, now]
                h, t = g.chunk(2)
                s = torch.lerp(s, h.tanh_(), t.sigmoid_())
                gates[i][:, now] = g
            y[:, now] = s
        ctx.matrices, ctx.patterns, ctx.backend, ctx.batch = matrices, patterns, by, batch
        ctx.dropped = mask is not None
        ctx.save_for_backward(*states, *gates, *values, *(() if mask is None else (mask,)))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        patterns, by, batch, depth = ctx.patterns, ctx.backend, ctx.batch, len(ctx.patterns)
        saved = ctx.saved_tensors
        states, gates, values = saved[:depth], saved[depth : 2 * depth], saved[2 * depth : 3 * depth]
        mask = saved[3 * depth] if ctx.dropped else None
        inputs = [torch.empty_like(g) for g in gates]
        lanes = gradient.shape[1]
        g = gradient.new_zeros(gradient.shape[0], batch)
        for begin in range(lanes - batch, -1, -batch):
            now = slice(begin, begin + batch)
            g = g + gradient[:, now]
            for i in reversed(range(depth)):
                h, t = gates[i][:, now].chunk(2)
                step = torch.cat([g * t * (1 - h * h), g * (h - states[i][:, now]) * t * (1 - t)])
                inputs[i][:, now] = step
                back = by.multiply_transposed(patterns[i], values[i], step)
                g = g * (1 - t) + (back if mask is None else back * mask)
        read = states if mask is None else [s * mask.repeat(1, lanes // batch) for s in states]
        by_weight = [by.gradient(p, k, s) for p, k, s in zip(patterns, inputs, read, strict=True)]
        for matrix, k, s in zip(ctx.matrices, inputs, read, strict=True):
            matrix.show(k, s)
        return None, inputs[0], g, None, *by_weight, None, *(k.sum(1) for k in inputs[1:])
