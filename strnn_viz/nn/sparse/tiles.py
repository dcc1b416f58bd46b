"""Inner loops of sparse products, over a range of rows: rows of activations summed, and dot products of rows.

Of a matrix come values, columns (`indices`) and where rows begin: row r of the block of columns at hand is from
``ptr[ptr_at + r * ptr_step]`` to the entry after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir
from numba import types

from strnn_viz.nn.sparse.vectors import INT, LANES, SIZE, Emitter, made

#: Rows of a matrix from one asked for to the one in use. A matrix of 20 MB and more comes from far; what is next in a
#: block of columns lies where the processor does not look by itself.
_AHEAD = 4


def _sums(
    e: Emitter, values: Any, indices: Any, ptr: Any, ptr_at: Any, ptr_step: Any, low: Any, high: Any, x: Any, x_at: Any,
    stride: Any, rest_at: Any, rest_stride: Any, y: Any, y_at: Any, y_stride: Any, start: Any, add: Any, lanes: Any,
) -> None:  # fmt: skip
    """Rows of a matrix times at most 64 lanes of x, added to y, or to a number for each row (`start`).

    In x the vectors of sixteen begin at `x_at` and rows are `stride` apart; narrower ones have their own two numbers.
    """
    b = e.builder

    def rows(widths: Sequence[int], shift: Any) -> None:
        """Over vectors of these widths side by side."""
        unroll = 4 if len(widths) <= 2 else 2  # eight sums under way hide how long an addition takes
        whole = sum(width for width in widths if width == LANES)
        offsets = [sum(widths[:v]) for v in range(len(widths))]
        with e.loop(low, high, 1) as r:
            begins = b.add(ptr_at, b.mul(r, ptr_step))
            lo, hi = e.index(ptr, begins), e.index(ptr, b.add(begins, e.size(1)))
            sums = [e.variables(widths) for _ in range(unroll)]

            def take(k: Any, own: Sequence[Any]) -> None:
                column, weight = e.index(indices, k), b.load(e.at(values, k))
                place = b.add(x_at, b.mul(column, stride))
                rest = b.add(b.add(rest_at, shift), b.mul(column, rest_stride))
                spread = e.splat(weight, max(widths))
                for variable, offset, width in zip(own, offsets, widths, strict=True):
                    at = b.add(place, e.size(offset)) if width == LANES else b.add(rest, e.size(offset - whole))
                    e.accumulate(variable, e.load(x, at, width), e.low(spread, width))

            end = e.main(lo, hi, unroll)
            later = _later(e, ptr, ptr_at, ptr_step, r, high)
            with e.loop(lo, end, unroll) as k:
                for data in (values, indices):
                    e.prefetch(data, b.add(later, b.sub(k, lo)))
                for u in range(unroll):
                    take(b.add(k, e.size(u)), sums[u])
            with e.loop(end, hi, 1) as k:
                take(k, sums[0])
            totals = [e.total(own) for own in zip(*sums, strict=True)]
            place = b.add(b.add(y_at, b.mul(r, y_stride)), shift if max(widths) == 1 else e.size(0))
            if max(widths) == 1:  # single lanes come after all vectors
                place = b.add(place, b.sub(lanes, b.srem(lanes, e.size(LANES))))
            with b.if_else(add) as (then, otherwise):
                with then:
                    for total, offset, width in zip(totals, offsets, widths, strict=True):
                        at = b.add(place, e.size(offset))
                        e.store(e.add(total, e.load(y, at, width)), y, at)
                with otherwise:
                    first = b.load(e.at(start, r))
                    for total, offset, width in zip(totals, offsets, widths, strict=True):
                        e.store(e.add(total, e.splat(first, width)), y, b.add(place, e.size(offset)))

    left = b.srem(lanes, e.size(LANES))
    full, fours = b.sdiv(lanes, e.size(LANES)), b.sdiv(left, e.size(4))
    for vectors in range(5):
        for quarters in range(4 if vectors < 4 else 1):
            if vectors or quarters:
                these = b.and_(_equal(e, full, vectors), _equal(e, fours, quarters))
                with b.if_then(these):
                    rows([LANES] * vectors + [4] * quarters, e.size(0))
    with e.loop(b.mul(fours, e.size(4)), left, 1) as shift:
        rows([1], shift)


def _dots(
    e: Emitter, g: Any, g_at: Any, g_stride: Any, x: Any, x_at: Any, stride: Any, lanes: Any, indices: Any, ptr: Any,
    ptr_at: Any, ptr_step: Any, low: Any, high: Any, out: Any,
) -> None:  # fmt: skip
    """Add to ``out[k]`` the product of a row of g with row ``indices[k]`` of x, four, two or one of these at a time."""
    b = e.builder
    pair = e.main(e.size(0), lanes, LANES)
    quads = e.main(pair, lanes, 4)

    def products(row: Any, k: Any, columns: int) -> None:
        chains = {1: 4, 2: 2, 4: 2}[columns]  # several sums under way hide how long an addition takes
        sums = [e.variables([LANES] * chains + [4]) for _ in range(columns)]
        places = [b.add(x_at, b.mul(e.index(indices, b.add(k, e.size(c))), stride)) for c in range(columns)]

        def take(at: Any, variable: int, width: int) -> None:
            left = e.first(e.load(g, b.add(row, at), width), sums[0][variable])
            for own, place in zip(sums, places, strict=True):
                right = e.first(e.load(x, b.add(place, at), width), own[variable])
                e.accumulate(own[variable], right, left)

        whole = e.main(e.size(0), lanes, chains * LANES)
        with e.loop(e.size(0), whole, chains * LANES) as j:
            for chain in range(chains):
                take(b.add(j, e.size(chain * LANES)), chain, LANES)
        for variable, width, begin, end in ((0, LANES, whole, pair), (-1, 4, pair, quads), (-1, 1, quads, lanes)):
            with e.loop(begin, end, width) as j:
                take(j, variable, width)
        quarters = [e.add(b.load(own[-1]), _quarter(e, e.total(own[:-1]))) for own in sums]
        if columns == 4:
            e.store(e.add(_across(e, quarters), e.load(out, k, 4)), out, k)
            return
        for c, quarter in enumerate(quarters):
            address = e.at(out, b.add(k, e.size(c)))
            b.store(e.reduce(quarter, b.load(address)), address)

    with e.loop(low, high, 1) as r:
        begins = b.add(ptr_at, b.mul(r, ptr_step))
        lo, hi = e.index(ptr, begins), e.index(ptr, b.add(begins, e.size(1)))
        row = b.add(g_at, b.mul(r, g_stride))
        start, later = lo, _later(e, ptr, ptr_at, ptr_step, r, high)
        for columns in (4, 2, 1):
            end = e.main(lo, hi, columns)
            with e.loop(lo, end, columns) as k:
                if columns == 4:
                    for data in (out, indices):
                        e.prefetch(data, b.add(later, b.sub(k, start)))
                products(row, k, columns)
            lo = end


def _flip(e: Emitter, x: Any, x_at: Any, x_stride: Any, y: Any, y_at: Any, y_stride: Any) -> None:
    """Sixteen rows of sixteen numbers of x become columns of y: halves, quarters … of two rows change places."""
    b = e.builder
    rows = [e.load(x, b.add(x_at, b.mul(x_stride, e.size(r))), LANES) for r in range(LANES)]
    distance = LANES // 2
    while distance:
        for r in (r for r in range(LANES) if not r & distance):
            upper, lower = rows[r], rows[r + distance]
            # Of two vectors, shuffles count the lanes of the second from sixteen on.
            left = [lane if not lane & distance else lane - distance + LANES for lane in range(LANES)]
            right = [lane + distance if not lane & distance else lane + LANES for lane in range(LANES)]
            rows[r], rows[r + distance] = _pick(e, upper, lower, left), _pick(e, upper, lower, right)
        distance //= 2
    for r, row in enumerate(rows):
        e.store(row, y, b.add(y_at, b.mul(y_stride, e.size(r))))


def _later(e: Emitter, ptr: Any, ptr_at: Any, ptr_step: Any, r: Any, high: Any) -> Any:
    """Where a row begins that is in use some rows later; the last of the range, where it ends before."""
    b = e.builder
    last, later = b.sub(high, e.size(1)), b.add(r, e.size(_AHEAD))
    row = b.select(b.icmp_signed("<", later, last), later, last)
    return e.index(ptr, b.add(ptr_at, b.mul(row, ptr_step)))


def _quarter(e: Emitter, value: Any) -> Any:
    """A vector of four whose sum is that of sixteen."""
    for lanes in (8, 4):
        value = e.add(_pick(e, value, value, range(lanes)), _pick(e, value, value, range(lanes, 2 * lanes)))
    return value


def _across(e: Emitter, rows: Sequence[Any]) -> Any:
    """The sums of four vectors of four, as one."""
    left, right = (
        e.add(_pick(e, a, c, (0, 4, 1, 5)), _pick(e, a, c, (2, 6, 3, 7))) for a, c in (rows[:2], rows[2:])
    )  # fmt: skip
    return e.add(_pick(e, left, right, (0, 1, 4, 5)), _pick(e, left, right, (2, 3, 6, 7)))


def _pick(e: Emitter, a: Any, b: Any, lanes: Sequence[int]) -> Any:
    return e.builder.shuffle_vector(a, b, ir.Constant(ir.VectorType(INT, len(lanes)), list(lanes)))


def _equal(e: Emitter, value: Any, other: int) -> Any:
    return e.builder.icmp_signed("==", value, ir.Constant(SIZE, other))


_S = types.intp
sums = made(
    _sums, None, None, None, _S, _S, _S, _S, None, _S, _S, _S, _S, None, _S, _S, None, types.boolean, _S
)  # fmt: skip
dots = made(_dots, None, _S, _S, None, _S, _S, _S, None, None, _S, _S, _S, _S, None)
flip = made(_flip, None, _S, _S, None, _S, _S)
