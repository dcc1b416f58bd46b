"""Inner loops of the sparse kernels, written for the compiler as vectors of sixteen floats.

Numba's own loop vectorizer does not see through an index that is looked up, and reaches a fraction of what the machine
can do. Each function here emits LLVM instructions on ``<16 x float>``, which LLVM turns into AVX-512 as they are, and
into two AVX2 or four NEON instructions elsewhere. Lanes beyond a multiple of sixteen come as vectors of four and then
one by one: masks would be simpler, but a partly masked store costs some processors as much as a hundred whole ones.

All arrays are flat and float32 or int32; ``*_at`` is where a row begins in one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16

_FLOAT, _INT, _SIZE = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FUSED = ("contract",)


class _Emitter:
    """Vector instructions of one function."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> None:
        self.builder = builder
        # Of an array only the address counts; numbers are passed on.
        self.arguments = [
            context.make_array(kind)(context, builder, value).data if isinstance(kind, types.Array) else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]

    def at(self, data: Any, place: Any) -> Any:
        """Address of an element."""
        return self.builder.gep(data, [place])

    def size(self, value: int) -> Any:
        return ir.Constant(_SIZE, value)

    def const(self, value: float, lanes: int) -> Any:
        return ir.Constant(_vector(lanes), [value] * lanes)

    def splat(self, scalar: Any, lanes: int) -> Any:
        b, kind = self.builder, _vector(lanes)
        one = b.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(_INT, 0))
        return b.shuffle_vector(
            one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(_INT, lanes), [0] * lanes)
        )

    def low(self, value: Any, lanes: int) -> Any:
        """The first lanes of a vector: part of its register, at no cost."""
        if value.type.count == lanes:
            return value
        return self.builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(_INT, lanes), list(range(lanes))))

    def load(self, data: Any, place: Any, lanes: int) -> Any:
        return self.builder.load(self.builder.bitcast(self.at(data, place), _vector(lanes).as_pointer()), align=4)

    def store(self, value: Any, data: Any, place: Any) -> None:
        b = self.builder
        b.store(value, b.bitcast(self.at(data, place), value.type.as_pointer()), align=4)

    def index(self, indices: Any, k: Any) -> Any:
        return self.builder.sext(self.builder.load(self.at(indices, k)), _SIZE)

    def variables(self, widths: Sequence[int]) -> list[Any]:
        """Vectors of zeros that a loop adds to; LLVM keeps them in registers."""
        made = [cgutils.alloca_once(self.builder, _vector(lanes)) for lanes in widths]
        for variable, lanes in zip(made, widths, strict=True):
            self.builder.store(self.const(0.0, lanes), variable)
        return made

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int) -> Iterator[Any]:
        with cgutils.for_range_slice(self.builder, start, stop, self.size(step), _SIZE) as (k, _):
            yield k

    def pieces(self, count: Any) -> Iterator[tuple[Any, int]]:
        """Loops over `count` lanes, sixteen, then four, then one at a time: places and widths."""
        begin = self.size(0)
        for width in (LANES, 4, 1):
            end = self.main(begin, count, width)
            with self.loop(begin, end, width) as j:
                yield j, width
            begin = end

    def main(self, start: Any, stop: Any, step: int) -> Any:
        """Where whole steps from `start` end."""
        b = self.builder
        count = b.sub(stop, start)
        return b.add(start, b.sub(count, b.srem(count, self.size(step))))

    def mul(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, b, flags=_FUSED)

    def add(self, a: Any, b: Any) -> Any:
        return self.builder.fadd(a, b, flags=_FUSED)

    def sub(self, a: Any, b: Any) -> Any:
        return self.builder.fsub(a, b, flags=_FUSED)

    def accumulate(self, variable: Any, a: Any, b: Any) -> None:
        self.builder.store(self.add(self.builder.load(variable), self.mul(a, b)), variable)

    def total(self, variables: Sequence[Any]) -> Any:
        """The sum over variables, lane by lane."""
        values = [self.builder.load(v) for v in variables]
        while len(values) > 1:
            values = [self.add(*values[i : i + 2]) if i + 1 < len(values) else values[i]
                      for i in range(0, len(values), 2)]  # fmt: skip
        return values[0]

    def reduce(self, value: Any, start: Any) -> Any:
        """The sum over lanes added to `start`, in whatever order is fastest."""
        kind = ir.FunctionType(_FLOAT, [_FLOAT, value.type])
        name = f"llvm.vector.reduce.fadd.v{value.type.count}f32"
        call = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(call, [start, value], fastmath=("reassoc",))


class _Squash:
    """The nonlinearities of an LSTM, of vectors of some lanes."""

    def __init__(self, emitter: _Emitter, lanes: int) -> None:
        self.e, self.b, self.lanes = emitter, emitter.builder, lanes

    def const(self, value: float) -> Any:
        return self.e.const(value, self.lanes)

    def ints(self, value: int) -> Any:
        return ir.Constant(ir.VectorType(_INT, self.lanes), [value] * self.lanes)

    def clamp(self, x: Any, most: float) -> Any:
        """Between ± `most`; what is no number stays none, for ordered comparisons with it are false."""
        x = self.b.select(self.b.fcmp_ordered("<", x, self.const(-most)), self.const(-most), x)
        return self.b.select(self.b.fcmp_ordered(">", x, self.const(most)), self.const(most), x)

    def exp(self, x: Any) -> tuple[Any, Any]:
        """(2ⁿ, eᶠ - 1) with eˣ = 2ⁿ eᶠ and f at most ln 2 / 2 either way, where seven terms of the series suffice."""
        e, b = self.e, self.b
        kind, name = _vector(self.lanes), f"llvm.floor.v{self.lanes}f32"
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


def _vector(lanes: int) -> Any:
    return ir.VectorType(_FLOAT, lanes)


def _intrinsic(emit: Callable[..., None], *kinds: Any) -> Any:
    """A function for Numba of what `emit` writes; a kind of None stands for an array."""

    def typed(_: Any, *given: Any) -> tuple[Any, Any]:
        signature = types.void(*(g if k is None else k for g, k in zip(given, kinds, strict=True)))

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            emitter = _Emitter(context, builder, signature, arguments)
            emit(emitter, *emitter.arguments)
            return context.get_dummy_value()

        return signature, generate

    names = ", ".join(f"a{i}" for i in range(len(kinds)))
    scope: dict[str, Any] = {"typed": typed}
    # Numba reads how many arguments an intrinsic has from its signature.
    exec(f"def made(context, {names}):\n    return typed(context, {names})", scope)
    scope["made"].__module__, scope["made"].__qualname__ = __name__, emit.__name__
    return intrinsic(scope["made"])


def _tile(*widths: int) -> Any:
    """Sums of weighted rows, over vectors of these widths side by side.

    In x the vectors of sixteen begin at `x_at` and rows are `stride` apart; narrower ones have their own two numbers.
    """
    unroll = 4 if len(widths) <= 2 else 2  # eight sums under way hide how long an addition takes

    def row(
        e: _Emitter, values: Any, indices: Any, lo: Any, hi: Any, x: Any, x_at: Any, stride: Any, rest_at: Any,
        rest_stride: Any, y: Any, y_at: Any, start: Any, add: Any,
    ) -> None:  # fmt: skip
        b = e.builder
        whole = sum(lanes for lanes in widths if lanes == LANES)
        pieces = [(e.size(sum(widths[:v])), lanes) for v, lanes in enumerate(widths)]
        sums = [e.variables(widths) for _ in range(unroll)]

        def take(k: Any, own: Sequence[Any]) -> None:
            column, weight = e.index(indices, k), b.load(e.at(values, k))
            place, rest = b.add(x_at, b.mul(column, stride)), b.add(rest_at, b.mul(column, rest_stride))
            spread = e.splat(weight, max(widths))
            for variable, (offset, lanes) in zip(own, pieces, strict=True):
                at = b.add(place, offset) if lanes == LANES else b.add(rest, b.sub(offset, e.size(whole)))
                e.accumulate(variable, e.load(x, at, lanes), e.low(spread, lanes))

        end = e.main(lo, hi, unroll)
        with e.loop(lo, end, unroll) as k:
            for u in range(unroll):
                take(b.add(k, e.size(u)), sums[u])
        with e.loop(end, hi, 1) as k:
            take(k, sums[0])
        totals = [e.total(own) for own in zip(*sums, strict=True)]
        with b.if_else(add) as (then, otherwise):
            with then:
                for total, (offset, lanes) in zip(totals, pieces, strict=True):
                    place = b.add(y_at, offset)
                    e.store(e.add(total, e.load(y, place, lanes)), y, place)
            with otherwise:
                for total, (offset, lanes) in zip(totals, pieces, strict=True):
                    e.store(e.add(total, e.splat(start, lanes)), y, b.add(y_at, offset))

    size = types.intp
    return _intrinsic(
        row, None, None, size, size, None, size, size, size, size, None, size, types.float32, types.boolean
    )


# By whole vectors and vectors of four.
tile_40, tile_30, tile_20, tile_10 = (_tile(*[LANES] * full) for full in (4, 3, 2, 1))
tile_31, tile_21, tile_11, tile_01 = (_tile(*[LANES] * full, 4) for full in (3, 2, 1, 0))
tile_32, tile_22, tile_12, tile_02 = (_tile(*[LANES] * full, 4, 4) for full in (3, 2, 1, 0))
tile_33, tile_23, tile_13, tile_03 = (_tile(*[LANES] * full, 4, 4, 4) for full in (3, 2, 1, 0))
lane_3, lane_2, lane_1 = (_tile(*[1] * lanes) for lanes in (3, 2, 1))


def _dots(
    e: _Emitter, g: Any, g_at: Any, x: Any, x_at: Any, stride: Any, lanes: Any, indices: Any, lo: Any, hi: Any, out: Any
) -> None:
    """Add to ``out[k]`` the product of one row of g with row ``indices[k]`` of x, four of these at a time."""
    b = e.builder
    whole = e.main(e.size(0), lanes, 2 * LANES)

    def products(k: Any, columns: int) -> None:
        sums = [e.variables((LANES, LANES, 4, 1)) for _ in range(columns)]
        places = [b.add(x_at, b.mul(e.index(indices, b.add(k, e.size(c))), stride)) for c in range(columns)]

        def take(at: Any, variable: int, width: int) -> None:
            left = e.load(g, b.add(g_at, at), width)
            for own, place in zip(sums, places, strict=True):
                e.accumulate(own[variable], e.load(x, b.add(place, at), width), left)

        with e.loop(e.size(0), whole, 2 * LANES) as j:
            take(j, 0, LANES)
            take(b.add(j, e.size(LANES)), 1, LANES)
        begin = whole
        for variable, width in ((0, LANES), (2, 4), (3, 1)):
            end = e.main(begin, lanes, width)
            with e.loop(begin, end, width) as j:
                take(j, variable, width)
            begin = end
        for c, own in enumerate(sums):
            address = e.at(out, b.add(k, e.size(c)))
            result = e.reduce(e.total(own[:2]), b.load(address))
            b.store(e.reduce(b.load(own[3]), e.reduce(b.load(own[2]), result)), address)

    end = e.main(lo, hi, 4)
    with e.loop(lo, end, 4) as k:
        products(k, 4)
    with e.loop(end, hi, 1) as k:
        products(k, 1)


def _cell(
    e: _Emitter, gates: Any, gate_at: Any, apart: Any, sums: Any, sum_at: Any, sums_apart: Any, c: Any, c_at: Any,
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
    e: _Emitter, gates: Any, gate_at: Any, apart: Any, cells: Any, y_at: Any, before: Any, before_at: Any, of_y: Any,
    carried: Any, slopes: Any, now_at: Any, inputs: Any, step: Any, step_at: Any, step_apart: Any, lanes: Any,
) -> None:  # fmt: skip
    """One unit at one time step of an LSTM, backward: gradients of its gates' inputs, twice, and of its cell."""
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
            e.store(value, inputs, at[n])
            e.store(value, step, b.add(b.add(step_at, j), b.mul(step_apart, e.size(n))))
        e.store(e.mul(slope, f), slopes, now)


_S = types.intp
dots = _intrinsic(_dots, None, _S, None, _S, _S, _S, None, _S, _S, None)
cell = _intrinsic(_cell, None, _S, _S, None, _S, _S, None, _S, None, _S, None, None, _S, _S)
cell_backward = _intrinsic(
    _cell_backward, None, _S, _S, None, _S, None, _S, None, None, None, _S, None, None, _S, _S, _S
)
