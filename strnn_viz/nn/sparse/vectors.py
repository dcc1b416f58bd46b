"""What inner loops of the sparse kernels are written with: instructions on vectors of sixteen floats, for the compiler.

Numba's own loop vectorizer does not see through an index that is looked up, and reaches a fraction of what the machine
can do. Each function here emits LLVM instructions on ``<16 x float>``, which LLVM turns into AVX-512 as they are, and
into two AVX2 or four NEON instructions elsewhere. Lanes beyond a multiple of sixteen come as vectors of four and then
one by one: masks would be simpler, but a partly masked store costs some processors as much as a hundred whole ones.

All arrays are flat and float32 or int32; ``*_at`` is where a row begins in one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

LANES = 16

FLOAT, INT, SIZE = ir.FloatType(), ir.IntType(32), ir.IntType(64)
_FUSED = ("contract",)


class Emitter:
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
        """A constant as a place or a count."""
        return ir.Constant(SIZE, value)

    def const(self, value: float, lanes: int) -> Any:
        """A vector of one constant."""
        return ir.Constant(vector(lanes), [value] * lanes)

    def splat(self, scalar: Any, lanes: int) -> Any:
        """A vector of one number."""
        b, kind = self.builder, vector(lanes)
        one = b.insert_element(ir.Constant(kind, ir.Undefined), scalar, ir.Constant(INT, 0))
        return b.shuffle_vector(
            one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(INT, lanes), [0] * lanes)
        )

    def low(self, value: Any, lanes: int) -> Any:
        """The first lanes of a vector: part of its register, at no cost."""
        if value.type.count == lanes:
            return value
        return self.builder.shuffle_vector(value, value, ir.Constant(ir.VectorType(INT, lanes), list(range(lanes))))

    def first(self, value: Any, like: Any) -> Any:
        """A vector as wide as that of a variable: the value, or zeros but for the first lane where it is one number."""
        wide = like.type.pointee.count
        if value.type.count == wide:
            return value
        scalar = self.builder.extract_element(value, ir.Constant(INT, 0))
        return self.builder.insert_element(self.const(0.0, wide), scalar, ir.Constant(INT, 0))

    def load(self, data: Any, place: Any, lanes: int) -> Any:
        """Consecutive numbers as a vector."""
        return self.builder.load(self.builder.bitcast(self.at(data, place), vector(lanes).as_pointer()), align=4)

    def store(self, value: Any, data: Any, place: Any) -> None:
        """Write a vector to consecutive places."""
        b = self.builder
        b.store(value, b.bitcast(self.at(data, place), value.type.as_pointer()), align=4)

    def prefetch(self, data: Any, place: Any) -> None:
        """Have an element on its way into the cache before it is asked for; one that does not exist does no harm."""
        b, byte = self.builder, ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, INT, INT, INT])
        call = cgutils.get_or_insert_function(b.module, kind, "llvm.prefetch.p0")
        read, keep, of_data = (ir.Constant(INT, number) for number in (0, 3, 1))
        b.call(call, [b.bitcast(self.at(data, place), byte), read, keep, of_data])

    def index(self, indices: Any, k: Any) -> Any:
        """An entry of an array of int32, as a place."""
        return self.builder.sext(self.builder.load(self.at(indices, k)), SIZE)

    def variables(self, widths: Sequence[int]) -> list[Any]:
        """Vectors of zeros that a loop adds to; LLVM keeps them in registers."""
        made = [cgutils.alloca_once(self.builder, vector(lanes)) for lanes in widths]
        for variable, lanes in zip(made, widths, strict=True):
            self.builder.store(self.const(0.0, lanes), variable)
        return made

    @contextmanager
    def loop(self, start: Any, stop: Any, step: int) -> Iterator[Any]:
        """A loop around what is written within the ``with`` block, over places."""
        with cgutils.for_range_slice(self.builder, start, stop, self.size(step), SIZE) as (k, _):
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
        """The product, which the compiler may fuse with a sum."""
        return self.builder.fmul(a, b, flags=_FUSED)

    def add(self, a: Any, b: Any) -> Any:
        """The sum, which the compiler may fuse with a product."""
        return self.builder.fadd(a, b, flags=_FUSED)

    def sub(self, a: Any, b: Any) -> Any:
        """The difference, which the compiler may fuse with a product."""
        return self.builder.fsub(a, b, flags=_FUSED)

    def accumulate(self, variable: Any, a: Any, b: Any) -> None:
        """Add a product to a variable."""
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
        kind = ir.FunctionType(FLOAT, [FLOAT, value.type])
        name = f"llvm.vector.reduce.fadd.v{value.type.count}f32"
        call = cgutils.get_or_insert_function(self.builder.module, kind, name)
        return self.builder.call(call, [start, value], fastmath=("reassoc",))


def vector(lanes: int) -> Any:
    """The type of a vector of floats."""
    return ir.VectorType(FLOAT, lanes)


def made(emit: Callable[..., None], *kinds: Any) -> Any:
    """A function for Numba of what `emit` writes; a kind of None stands for an array."""

    def typed(_: Any, *given: Any) -> tuple[Any, Any]:
        signature = types.void(*(g if k is None else k for g, k in zip(given, kinds, strict=True)))

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            emitter = Emitter(context, builder, signature, arguments)
            emit(emitter, *emitter.arguments)
            return context.get_dummy_value()

        return signature, generate

    names = ", ".join(f"a{i}" for i in range(len(kinds)))
    scope: dict[str, Any] = {"typed": typed}
    # Numba reads how many arguments an intrinsic has from its signature.
    exec(f"def made(context, {names}):\n    return typed(context, {names})", scope)
    scope["made"].__module__, scope["made"].__qualname__ = __name__, emit.__name__
    return intrinsic(scope["made"])
