"""A GRU layer (Cho et al. 2014, as PyTorch has it) that holds and multiplies its active weights only."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from strnn_viz.nn.sparse.backends import backend
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.products import feature_last, feature_major
from strnn_viz.nn.sparse.shapes import expect, expect_sequence

#: Gates in the order of their row blocks, as in PyTorch: reset, update, new content.
GATES = ("r", "z", "n")


class SparseGRULayer(nn.Module):
    """One GRU layer over a whole sequence, with the equations and the two biases of :class:`torch.nn.GRU`.

    Parameters
    ----------
    weight_ih : SparseMatrix, (3 hidden, inputs)
    weight_hh : SparseMatrix, (3 hidden, hidden)
        Gates in the order r, z, n.
    """

    gates = GATES

    def __init__(self, weight_ih: SparseMatrix, weight_hh: SparseMatrix) -> None:
        super().__init__()
        self.inputs, self.hidden = weight_ih.shape[1], weight_hh.shape[1]
        expect("weight_ih", weight_ih.shape, 3 * self.hidden, self.inputs)
        expect("weight_hh", weight_hh.shape, 3 * self.hidden, self.hidden)
        self.weight_ih, self.weight_hh = weight_ih, weight_hh
        self.bias_ih, self.bias_hh = (
            nn.Parameter(weight_ih.values.detach().new_zeros(3 * self.hidden)) for _ in range(2)
        )

    @classmethod
    def from_dense(cls, gru: nn.GRU, layer: int = 0) -> SparseGRULayer:
        """A layer of a GRU in one direction, with the weights that are not zero."""
        made = cls(*(SparseMatrix.from_dense(getattr(gru, f"weight_{kind}_l{layer}")) for kind in ("ih", "hh")))
        with torch.no_grad():
            for kind in ("ih", "hh") if gru.bias else ():
                getattr(made, f"bias_{kind}").copy_(getattr(gru, f"bias_{kind}_l{layer}"))
        return made

    def forward(self, x: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Run the layer over a sequence.

        Parameters
        ----------
        x : Tensor, shape (time, batch, inputs)
        state : (h,), of shape (batch, hidden)

        Returns
        -------
        y : Tensor, shape (time, batch, hidden)
            The hidden state at every step; a view of feature-major memory, which the next sparse layer reads as it is.
        state : (h,)
            After the last step.
        """
        expect_sequence(x, state, "h", self.inputs, self.hidden)
        ih, hh = self.weight_ih, self.weight_hh
        out = _Layer.apply(  # type: ignore[no-untyped-call]
            ih, hh, feature_major(x), ih.values, hh.values, self.bias_ih, self.bias_hh,
            state[0].t().contiguous(),
        )  # fmt: skip
        y = feature_last(out, x.shape[:2])
        return y, (y[-1],)

    def extra_repr(self) -> str:
        """Sizes, for ``print(model)``."""
        return f"{self.inputs}, {self.hidden}"


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
        bias_ih: Tensor,
        bias_hh: Tensor,
        start: Tensor,
    ) -> Tensor:
        by, (hidden, batch) = backend(x), start.shape
        gates = by.multiply(ih.pattern, weight_ih, x, bias_ih)
        recurrent, y = gates.new_empty(hidden, x.shape[1]), gates.new_empty(hidden, x.shape[1])
        h = start
        for begin in range(0, x.shape[1], batch):
            now = slice(begin, begin + batch)
            share = by.multiply(hh.pattern, weight_hh, h.contiguous(), bias_hh)
            r, z = torch.sigmoid(gates[: 2 * hidden, now] + share[: 2 * hidden]).chunk(2)
            n = torch.tanh(gates[2 * hidden :, now] + r * share[2 * hidden :])
            h = torch.lerp(n, h, z)
            gates[:, now] = torch.cat([r, z, n])
            recurrent[:, now], y[:, now] = share[2 * hidden :], h
        ctx.matrices, ctx.patterns, ctx.backend = (ih, hh), (ih.pattern, hh.pattern), by
        ctx.save_for_backward(x, weight_ih, weight_hh, start, gates, recurrent, y)
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_ih, weight_hh, start, gates, recurrent, y = ctx.saved_tensors
        (ih, hh), by, batch, lanes = ctx.patterns, ctx.backend, start.shape[1], x.shape[1]
        of_input, of_state = torch.empty_like(gates), torch.empty_like(gates)
        g = torch.zeros_like(start)
        for begin in range(lanes - batch, -1, -batch):
            now = slice(begin, begin + batch)
            g = g + gradient[:, now]
            r, z, n = gates[:, now].chunk(3)
            before = y[:, begin - batch : begin] if begin else start
            of_n = g * (1 - z) * (1 - n * n)
            of_r = of_n * recurrent[:, now] * r * (1 - r)
            of_z = g * (before - n) * z * (1 - z)
            of_input[:, now] = torch.cat([of_r, of_z, of_n])
            step = torch.cat([of_r, of_z, of_n * r])
            of_state[:, now] = step
            g = g * z + by.multiply_transposed(hh, weight_hh, step)
        # The state before step t is what came out of step t - 1, a batch of lanes to the left.
        of_hh = by.gradient(hh, of_state[:, batch:], y[:, : lanes - batch])
        ctx.matrices[1].show(of_state[:, batch:], y[:, : lanes - batch])
        ctx.matrices[1].show(of_state[:, :batch], start)
        ctx.matrices[0].show(of_input, x)
        return (
            None,
            None,
            by.multiply_transposed(ih, weight_ih, of_input) if ctx.needs_input_grad[2] else None,
            by.gradient(ih, of_input, x),
            by.gradient(hh, of_state[:, :batch], start, of_hh),
            of_input.sum(1),
            of_state.sum(1),
            g,
        )
