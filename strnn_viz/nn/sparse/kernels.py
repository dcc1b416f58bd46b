"""Sparse products and LSTM time loops compiled by Numba: parallel loops around the vectors of :mod:`.vectors`.

A matrix comes as its values, the column of each, and `ptr`, where its rows begin, or where they begin in each of
`blocks` blocks of columns. Activations are feature-major and flat, with the distance of their rows beside them.
"""

from __future__ import annotations

import os
from typing import Any

from numba import config, njit, prange

from strnn_viz.nn.sparse.vectors import (
    cell,
    cell_backward,
    dots,
    lane_1,
    lane_2,
    lane_3,
    tile_01,
    tile_02,
    tile_03,
    tile_10,
    tile_11,
    tile_12,
    tile_13,
    tile_20,
    tile_21,
    tile_22,
    tile_23,
    tile_30,
    tile_31,
    tile_32,
    tile_33,
    tile_40,
)

if "NUMBA_THREADING_LAYER" not in os.environ and "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]  # OpenMP's threads wait awake between time steps

#: Lanes of a tile: four vectors of sixteen.
TILE = 64


@njit(cache=True)
def _row(
    values: Any, indices: Any, lo: Any, hi: Any, x: Any, x_at: Any, stride: Any, rest_at: Any, rest_stride: Any,
    y: Any, y_at: Any, start: Any, add: Any, lanes: Any,
) -> None:  # fmt: skip
    """Sum the rows of x that a row of the matrix asks for, over at most 64 lanes."""
    full, fours, ones = lanes // 16, lanes % 16 // 4, lanes % 4
    if full == 4:
        tile_40(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    elif full == 3:
        if fours == 0:
            tile_30(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 1:
            tile_31(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 2:
            tile_32(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 3:
            tile_33(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    elif full == 2:
        if fours == 0:
            tile_20(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 1:
            tile_21(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 2:
            tile_22(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 3:
            tile_23(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    elif full == 1:
        if fours == 0:
            tile_10(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 1:
            tile_11(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 2:
            tile_12(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 3:
            tile_13(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    else:
        if fours == 1:
            tile_01(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 2:
            tile_02(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
        elif fours == 3:
            tile_03(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    rest_at, y_at = rest_at + 4 * fours, y_at + lanes - ones
    if ones == 1:
        lane_1(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    elif ones == 2:
        lane_2(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)
    elif ones == 3:
        lane_3(values, indices, lo, hi, x, x_at, stride, rest_at, rest_stride, y, y_at, start, add)


@njit(parallel=True, cache=True)
def take(values: Any, order: Any, out: Any) -> None:
    """Values in another order."""
    for k in prange(len(order)):
        out[k] = values[order[k]]


@njit(parallel=True, cache=True)
def multiply(
    values: Any, indices: Any, ptr: Any, blocks: Any, bounds: Any, x: Any, x_stride: Any, lanes: Any, bias: Any,
    y: Any, y_stride: Any,
) -> None:  # fmt: skip
    """Y = W x + b, a tile of lanes and a range of rows (between two `bounds`) at a time."""
    parts = len(bounds) - 1
    for item in prange(((lanes + 63) // 64) * parts):
        first, part = (item // parts) * 64, item % parts
        count = min(64, lanes - first)
        for block in range(blocks):
            for r in range(bounds[part], bounds[part + 1]):
                at = r * (blocks + 1) + block
                _row(
                    values, indices, ptr[at], ptr[at + 1], x, first, x_stride, first + count // 16 * 16, x_stride, y,
                    r * y_stride + first, bias[r], block > 0, count,
                )  # fmt: skip


@njit(parallel=True, cache=True)
def gradient(
    g: Any, g_stride: Any, x: Any, x_stride: Any, lanes: Any, indices: Any, ptr: Any, blocks: Any, bounds: Any,
    span: Any, out: Any,
) -> None:  # fmt: skip
    """Add g xᵀ at the active places to `out`, `span` lanes at a time."""
    for part in prange(len(bounds) - 1):
        for first in range(0, lanes, span):
            count = min(span, lanes - first)
            for block in range(blocks):
                for r in range(bounds[part], bounds[part + 1]):
                    at = r * (blocks + 1) + block
                    dots(g, r * g_stride + first, x, first, x_stride, count, indices, ptr[at], ptr[at + 1], out)


@njit(parallel=True, cache=True)
def lstm_forward(
    values: Any, indices: Any, ptr: Any, bounds: Any, hidden: Any, batch: Any, lanes: Any, gates: Any,
    h: Any, c: Any, y: Any, cells: Any, sums: Any,
) -> None:  # fmt: skip
    """All time steps; `h` has room for two packed states, of which the first is that before the first step."""
    size = hidden * batch
    for t in range(lanes // batch):
        source, target = (t % 2) * size, (1 - t % 2) * size
        for part in prange(len(bounds) - 1):
            low, high = bounds[part], bounds[part + 1]
            for first in range(0, batch, 64):
                count = min(64, batch - first)
                whole = count // 16 * 16
                rest, base = count - whole, source + first * hidden
                for n in range(4):
                    for r in range(n * hidden + low, n * hidden + high):
                        _row(
                            values, indices, ptr[r], ptr[r + 1], h, base, whole, base + hidden * whole, rest, sums,
                            r * batch + first, 0.0, False, count,
                        )  # fmt: skip
                # h is written where the next step reads: never what a neighbour still reads in this one.
                base = target + first * hidden
                for u in range(low, high):
                    place, now = u * lanes + t * batch + first, u * batch + first
                    cell(
                        gates, place, hidden * lanes, sums, now, size, c, now, h, base + u * whole, cells, y, place,
                        whole,
                    )  # fmt: skip
                    place, now = place + whole, now + whole
                    cell(
                        gates, place, hidden * lanes, sums, now, size, c, now, h, base + hidden * whole + u * rest,
                        cells, y, place, rest,
                    )  # fmt: skip


@njit(parallel=True, cache=True)
def lstm_backward(
    values: Any, indices: Any, ptr: Any, bounds: Any, hidden: Any, batch: Any, lanes: Any, gates: Any,
    cells: Any, c: Any, of_y: Any, carried: Any, slopes: Any, inputs: Any, work: Any,
) -> None:  # fmt: skip
    """All time steps backwards, with the transposed matrix; `work` has room for two steps' packed gradients."""
    size, steps = 4 * hidden * batch, lanes // batch
    for t in range(steps - 1, -2, -1):
        source, target = ((t + 1) % 2) * size, (t % 2) * size
        for part in prange(len(bounds) - 1):
            low, high = bounds[part], bounds[part + 1]
            for first in range(0, batch, 64):
                count = min(64, batch - first)
                whole = count // 16 * 16
                rest, base = count - whole, source + first * 4 * hidden
                if t < steps - 1:
                    for u in range(low, high):
                        _row(
                            values, indices, ptr[u], ptr[u + 1], work, base, whole, base + 4 * hidden * whole, rest,
                            carried, u * batch + first, 0.0, False, count,
                        )  # fmt: skip
                if t >= 0:
                    base = target + first * 4 * hidden
                    for u in range(low, high):
                        place, now = u * lanes + t * batch + first, u * batch + first
                        before, before_at = (cells, place - batch) if t > 0 else (c, now)
                        cell_backward(
                            gates, place, hidden * lanes, cells, place, before, before_at, of_y, carried, slopes,
                            now, inputs, work, base + u * whole, hidden * whole, whole,
                        )  # fmt: skip
                        cell_backward(
                            gates, place + whole, hidden * lanes, cells, place + whole, before, before_at + whole,
                            of_y, carried, slopes, now + whole, inputs, work,
                            base + 4 * hidden * whole + u * rest, hidden * rest, rest,
                        )  # fmt: skip
