"""Sparse products compiled by Numba: parallel loops around the inner loops of :mod:`.tiles`.

A matrix comes as its values, the column of each, and `ptr`, where its rows begin in each of `blocks` blocks of
columns. Activations are feature-major and flat, with the distance of their rows beside them.
"""

from __future__ import annotations

from typing import Any

from numba import prange

from strnn_viz.nn.sparse.compiled import compiled
from strnn_viz.nn.sparse.tiles import dots, flip, sums

#: Lanes of a tile: four vectors of sixteen.
TILE = 64


@compiled
def take(values: Any, order: Any, out: Any) -> None:
    """Values in another order."""
    for k in prange(len(order)):
        out[k] = values[order[k]]


@compiled
def transpose(x: Any, rows: Any, columns: Any, stride: Any, out: Any, out_stride: Any) -> None:
    """Copy rows of x to columns of `out`, sixteen by sixteen; what remains of either, number by number."""
    wide = columns // 16 * 16
    for part in prange((rows + 63) // 64):
        first, last = part * 64, min(rows, part * 64 + 64)
        whole = first + (last - first) // 16 * 16
        for j in range(0, wide, 16):
            for i in range(first, whole, 16):
                flip(x, i * stride + j, stride, out, j * out_stride + i, out_stride)
        for j in range(columns):
            for i in range(whole if j < wide else first, last):
                out[j * out_stride + i] = x[i * stride + j]


@compiled
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
            sums(
                values, indices, ptr, block, blocks + 1, bounds[part], bounds[part + 1], x, first, x_stride,
                first + count // 16 * 16, x_stride, y, first, y_stride, bias, block > 0, count,
            )  # fmt: skip


@compiled
def gradient(
    g: Any, g_stride: Any, x: Any, x_stride: Any, lanes: Any, indices: Any, ptr: Any, blocks: Any, bounds: Any,
    span: Any, out: Any,
) -> None:  # fmt: skip
    """Add g xᵀ at the active places to `out`, `span` lanes at a time."""
    for part in prange(len(bounds) - 1):
        for first in range(0, lanes, span):
            count = min(span, lanes - first)
            for block in range(blocks):
                dots(
                    g, first, g_stride, x, first, x_stride, count, indices, ptr, block, blocks + 1, bounds[part],
                    bounds[part + 1], out,
                )  # fmt: skip
