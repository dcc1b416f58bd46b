"""Inner loops of recurrent layers: nonlinearities, and one unit at one time step of an LSTM."""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from strnn_viz.nn.sparse.vectors import INT, Emitter, made, vector


class _Squash:
    """The nonlinearities of an LSTM, of vectors of some lanes."""

    def __init__(self, emitter: Emitter, lanes: int) -> None:
        self.e, self.b, self.lanes = emitter, emitter.builder, lanes

    def const(self, value: float) -> Any:
        return self.e.const(value, self.lanes)

    def ints(self, value: int) -> Any:
        return ir.Constant(ir.VectorType(INT, self.lanes), [value] * self.lanes)

    def clamp(self, x: Any, most: float) -> Any:
        """Between ± `most`; what is no number stays none, for ordered comparisons with it are false."""
        x = self.b.select(self.b.fcmp_ordered("<", x, self.const(-most)), self.const(-most), x)
        return self.b.select(self.b.fcmp_ordered(">", x, self.const(most)), self.const(most), x)

    def exp(self, x: Any) -> tuple[Any, Any]:
        """(2ⁿ, eᶠ - 1) with eˣ = 2ⁿ eᶠ and f at most ln 2 / 2 either way, where seven terms of the series suffice."""
        e, b = self.e, self.b
        kind, name = vector(self.lanes), f"llvm.floor.v{self.lanes}f32"
        floor = cgutils.get_or_insert_function(b.module, ir.FunctionType(kind, [kind]), name)
        n = b.call(floor, [e.add(e.mul(x, self.const(1 / math.log(2))), self.const(0.5))])
        # ln 2 in two parts, the first of few bits: n times it is exact.
        first = 0.693359375
        f = e.sub(e.sub(x, e.mul(n, self.const(first))), e.mul(n, self.const(math.log(2) - first)))
        q = self.const(1 / math.factorial(7))
        for k in range(6, 0, -1):
            q = e.add(e.mul(q, f), self.const(1 / math.factorial(k)))
        q = e.mul(q, f)
        finite = b.select(b.fcmp_ordered("ord", n, n), n, self.const(0.0))  # no number has no integer
        exponent = b.add(b.fptosi(finite, self.ints(0).type), self.ints(127))
        return b.bitcast(b.shl(exponent, self.ints(23)), kind), q

    def tanh(self, x: Any) -> Any:
        """(e²ˣ - 1) / (e²ˣ + 1), exact to a few units in the last place, also near 0."""
        e = self.e
        scale, q = self.exp(self.clamp(e.add(x, x), 20.0))
        less = e.add(e.mul(scale, q), e.sub(scale, self.const(1.0)))
        return self.b.fdiv(less, e.add(less, self.const(2.0)))

    def sigmoid(self, x: Any) -> Any:
        """1 / (1 + e⁻ˣ)."""
        e, one = self.e, self.const(1.0)
        scale, q = self.exp(self.clamp(e.sub(self.const(0.0), x), 80.0))
        return self.b.fdiv(one, e.add(one, e.add(e.mul(scale, q), scale)))


def _cell(
    e: Emitter, gates: Any, gate_at: Any, apart: Any, sums: Any, sum_at: Any, sums_apart: Any, c: Any, c_at: Any,
    h: Any, h_at: Any, cells: Any, y: Any, y_at: Any, lanes: Any,
) -> None:  # fmt: skip
    """One unit at one time step of an LSTM, forward: `sums` are added to its gates, which are put through in place."""
    b = e.builder
    for j, width in e.pieces(lanes):
        squash = _Squash(e, width)
        places, squashed = [], []
        for n in range(4):
            place = b.add(b.add(gate_at, j), b.mul(apart, e.size(n)))
            extra = b.add(b.add(sum_at, j), b.mul(sums_apart, e.size(n)))
            gate = e.add(e.load(gates, place, width), e.load(sums, extra, width))
            places.append(place)
            squashed.append(squash.tanh(gate) if n == 2 else squash.sigmoid(gate))
        i, f, g, o = squashed
        now, then = b.add(c_at, j), b.add(y_at, j)
        cell = e.add(e.mul(f, e.load(c, now, width)), e.mul(i, g))
        hidden = e.mul(o, squash.tanh(cell))
        for value, place in zip(squashed, places, strict=True):
            e.store(value, gates, place)
        e.store(cell, c, now)
        e.store(cell, cells, then)
        e.store(hidden, h, b.add(h_at, j))
        e.store(hidden, y, then)


def _cell_backward(
    e: Emitter, gates: Any, gate_at: Any, apart: Any, cells: Any, y_at: Any, before: Any, before_at: Any, of_y: Any,
    carried: Any, slopes: Any, now_at: Any, step: Any, step_at: Any, step_apart: Any, lanes: Any,
) -> None:  # fmt: skip
    """One unit at one time step of an LSTM, backward: gradients of its cell and of its gates' inputs.

    The latter take the place of the gates, and lie in `step` for the product with the matrix.
    """
    b = e.builder
    for j, width in e.pieces(lanes):
        one = e.const(1.0, width)
        at = [b.add(b.add(gate_at, j), b.mul(apart, e.size(n))) for n in range(4)]
        i, f, g, o = (e.load(gates, place, width) for place in at)
        now, then = b.add(now_at, j), b.add(y_at, j)
        squashed = _Squash(e, width).tanh(e.load(cells, then, width))
        of_h = e.add(e.load(of_y, then, width), e.load(carried, now, width))
        slope = e.mul(e.mul(of_h, o), e.sub(one, e.mul(squashed, squashed)))
        slope = e.add(e.load(slopes, now, width), slope)
        previous = e.load(before, b.add(before_at, j), width)
        results = (
            e.mul(e.mul(slope, g), e.mul(i, e.sub(one, i))),
            e.mul(e.mul(slope, previous), e.mul(f, e.sub(one, f))),
            e.mul(e.mul(slope, i), e.sub(one, e.mul(g, g))),
            e.mul(e.mul(of_h, squashed), e.mul(o, e.sub(one, o))),
        )
        for n, value in enumerate(results):
            e.store(value, gates, at[n])
            e.store(value, step, b.add(b.add(step_at, j), b.mul(step_apart, e.size(n))))
        e.store(e.mul(slope, f), slopes, now)


_S = types.intp
cell = made(_cell, None, _S, _S, None, _S, _S, None, _S, None, _S, None, None, _S, _S)
cell_backward = made(_cell_backward, None, _S, _S, None, _S, None, _S, None, None, None, _S, None, _S, _S, _S)
