"""The time loops of an LSTM, compiled by Numba; what arrays are is told in :mod:`.kernels`.

Activations of all time steps have `stride` between their rows, the same one for all. A thread has its own hidden units
through all time steps. States and gradients from one step to the next lie packed: by tiles of 64 lanes, of each the
whole vectors of all units, then what remains.
"""

from __future__ import annotations

from typing import Any

from numba import prange

from strnn_viz.nn.sparse.cells import cell, cell_backward
from strnn_viz.nn.sparse.compiled import compiled
from strnn_viz.nn.sparse.tiles import sums


@compiled
def lstm_forward(
    values: Any, indices: Any, ptr: Any, bounds: Any, hidden: Any, batch: Any, steps: Any, stride: Any, gates: Any,
    h: Any, c: Any, y: Any, cells: Any, shares: Any, zeros: Any,
) -> None:  # fmt: skip
    """All time steps; `h` has room for two packed states, of which the first is that before the first step."""
    size = hidden * batch
    for t in range(steps):
        source, target = (t % 2) * size, (1 - t % 2) * size
        for part in prange(len(bounds) - 1):
            low, high = bounds[part], bounds[part + 1]
            for first in range(0, batch, 64):
                count = min(64, batch - first)
                whole = count // 16 * 16
                rest, base = count - whole, source + first * hidden
                for n in range(4):
                    sums(
                        values, indices, ptr, 0, 1, n * hidden + low, n * hidden + high, h, base, whole,
                        base + hidden * whole, rest, shares, first, batch, zeros, False, count,
                    )  # fmt: skip
                # h is written where the next step reads: never what a neighbour still reads in this one.
                base = target + first * hidden
                for u in range(low, high):
                    place, now = u * stride + t * batch + first, u * batch + first
                    cell(
                        gates, place, hidden * stride, shares, now, size, c, now, h, base + u * whole, cells, y, place,
                        whole,
                    )  # fmt: skip
                    place, now = place + whole, now + whole
                    cell(
                        gates, place, hidden * stride, shares, now, size, c, now, h, base + hidden * whole + u * rest,
                        cells, y, place, rest,
                    )  # fmt: skip


@compiled
def lstm_backward(
    values: Any, indices: Any, ptr: Any, bounds: Any, hidden: Any, batch: Any, steps: Any, stride: Any, gates: Any,
    cells: Any, c: Any, of_y: Any, carried: Any, slopes: Any, work: Any, zeros: Any,
) -> None:  # fmt: skip
    """All time steps backwards, with the transposed matrix; gradients of the gates' inputs take the place of gates.

    `work` has room for two steps' packed gradients.
    """
    size = 4 * hidden * batch
    for t in range(steps - 1, -2, -1):
        source, target = ((t + 1) % 2) * size, (t % 2) * size
        for part in prange(len(bounds) - 1):
            low, high = bounds[part], bounds[part + 1]
            for first in range(0, batch, 64):
                count = min(64, batch - first)
                whole = count // 16 * 16
                rest, base = count - whole, source + first * 4 * hidden
                if t < steps - 1:
                    sums(
                        values, indices, ptr, 0, 1, low, high, work, base, whole, base + 4 * hidden * whole, rest,
                        carried, first, batch, zeros, False, count,
                    )  # fmt: skip
                if t >= 0:
                    base = target + first * 4 * hidden
                    for u in range(low, high):
                        place, now = u * stride + t * batch + first, u * batch + first
                        before, before_at = (cells, place - batch) if t > 0 else (c, now)
                        cell_backward(
                            gates, place, hidden * stride, cells, place, before, before_at, of_y, carried, slopes,
                            now, work, base + u * whole, hidden * whole, whole,
                        )  # fmt: skip
                        cell_backward(
                            gates, place + whole, hidden * stride, cells, place + whole, before, before_at + whole,
                            of_y, carried, slopes, now + whole, work, base + 4 * hidden * whole + u * rest,
                            hidden * rest, rest,
                        )  # fmt: skip
