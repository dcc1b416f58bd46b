"""An honest overview of a mask too big for the screen: blocks of positions become coloured cells.

A cell says two things, in one byte: how much of its block is connected (12 levels of the square root of the share, so
that sparse blocks differ visibly), and what became of those connections (21 mixes of survived, born and died in
fifths). Maxima would show a 10% dense mask as nearly full, means would hide births and deaths, and leaving positions
out would invent patterns. Where a block is one position the cell is exact: the highest level of a pure state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.topology.churn import BORN, DIED, EMPTY, SURVIVED

LEVELS, FIFTHS = 12, 5

#: Every mix of (survived, born, died) in fifths; the place of a mix in this table is part of a cell's code.
MIXES: NDArray[np.int64] = np.array([(FIFTHS - b - d, b, d) for b in range(FIFTHS + 1) for d in range(FIFTHS + 1 - b)])
MIXES.setflags(write=False)

#: Number of codes: 0 for an empty cell, then the mixes of each level.
CODES = 1 + LEVELS * len(MIXES)

_MIX_AT = np.full((FIFTHS + 1, FIFTHS + 1), -1)
_MIX_AT[MIXES[:, 1], MIXES[:, 2]] = np.arange(len(MIXES))


@dataclass(frozen=True, eq=False)
class Pooled:
    """A mask's states as cells.

    Attributes
    ----------
    codes : ndarray of uint8, shape (r, c)
        0 for an empty block, else ``1 + (level - 1) * 21 + mix`` with level 1 to 12 and mix a place in `MIXES`.
    rows, columns : ndarray of int64, shapes (r + 1,) and (c + 1,)
        Where blocks begin and end, in positions of the matrix; sizes along an axis differ by at most one.
    full : float
        Share of connected positions from which on a cell has the highest level.
    """

    codes: NDArray[np.uint8]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    full: float

    @property
    def exact(self) -> bool:
        """Whether every cell is one position."""
        return bool((np.diff(self.rows) == 1).all() and (np.diff(self.columns) == 1).all())


def pool(
    states: NDArray[np.uint8],
    max_rows: int,
    max_columns: int,
    *,
    breaks: Sequence[int] = (),
    density: float | None = None,
) -> Pooled:
    """Pool the states of a mask to at most (max_rows, max_columns) cells.

    Parameters
    ----------
    states : ndarray of uint8, shape (rows, columns)
        As from :func:`strnn_viz.topology.states`.
    max_rows, max_columns : int
        Cells there is room for: pixels.
    breaks : sequence of int
        Rows at which a block must end, where the next gate begins. There are always enough rows for one each.
    density : float or None
        Share of active positions that levels are scaled to, see :func:`full_share`. Give the budget of the matrix,
        which is the same in every epoch, to make epochs comparable; None takes the share that is not empty.
    """
    rows = _edges(states.shape[0], max_rows, breaks)
    columns = _edges(states.shape[1], max_columns)
    survived, born, died = (_block_sums(states == state, rows, columns) for state in (SURVIVED, BORN, DIED))
    connected = survived + born + died
    sizes = np.outer(np.diff(rows), np.diff(columns))
    if density is None:
        density = float(connected.sum()) / max(1, states.size)
    full = full_share(density, int(sizes.max(initial=1)))
    level = np.clip(np.ceil(LEVELS * np.sqrt(connected / (sizes * full))), 1, LEVELS).astype(np.int64)
    codes = 1 + (level - 1) * len(MIXES) + _mixes(survived, born, died, connected)
    return Pooled(np.where(connected > 0, codes, 0).astype(np.uint8), rows, columns, full)


def crop(
    states: NDArray[np.uint8],
    rows: tuple[int, int],
    columns: tuple[int, int],
    max_rows: int,
    max_columns: int,
    *,
    breaks: Sequence[int] = (),
    density: float | None = None,
) -> Pooled:
    """A part of a mask, exact once it has no more rows and columns than there is room for, pooled until then.

    Parameters
    ----------
    states : ndarray of uint8, shape (rows, columns)
    rows, columns : tuple of int
        First position and the one after the last; cut to the matrix, and at least one position wide.
    max_rows, max_columns, breaks, density
        As for :func:`pool`.

    Returns
    -------
    Pooled
        Its `rows` and `columns` count from the matrix's first position, not from the part's.
    """
    (top, bottom), (left, right) = (_within(r, n) for r, n in zip((rows, columns), states.shape, strict=True))
    inner = [b - top for b in breaks if top < b < bottom]
    part = pool(states[top:bottom, left:right], max_rows, max_columns, breaks=inner, density=density)
    return Pooled(part.codes, part.rows + top, part.columns + left, part.full)


def full_share(density: float, positions: int) -> float:
    """Share of connected positions from which on a cell is drawn full.

    Twice the density, so that a part of the mask which is denser or sparser than the whole stands out at any density;
    more where blocks are so small that chance alone goes further (three standard deviations); at most 1. It depends on
    nothing that changes from one epoch to the next.

    Parameters
    ----------
    density : float
        Share of active positions in the whole matrix.
    positions : int
        Positions in a block.
    """
    chance = density + 3 * np.sqrt(density * (1 - density) / positions)
    return float(min(1.0, max(2 * density, chance))) or 1.0


def _within(span: tuple[int, int], length: int) -> tuple[int, int]:
    start = min(max(0, span[0]), length - 1)
    return start, min(max(start + 1, span[1]), length)


def _edges(length: int, most: int, breaks: Sequence[int] = ()) -> NDArray[np.int64]:
    """Where blocks of one size (or one less) begin, at most `most` of them, none across a break."""
    ends = np.array([0, *breaks, length], dtype=np.int64)
    parts = np.diff(ends)
    most = max(most, len(parts))
    size = max(1, -(-length // most))
    while (-(-parts // size)).sum() > most:
        size += 1
    edges = [np.zeros(1, dtype=np.int64)]
    for start, part in zip(ends[:-1], parts, strict=True):
        blocks = -(-part // size)
        # the larger blocks first; fewer than `size` are smaller, so a cell is never off by more than itself
        widths = part // blocks + (np.arange(blocks) < part % blocks)
        edges.append(start + np.cumsum(widths))
    return np.concatenate(edges)


def _block_sums(hits: NDArray[np.bool_], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count the hits of every block."""
    ones = hits.view(np.uint8)
    heights = np.diff(rows)
    if heights.max(initial=0) == 1:
        by_row: NDArray[np.unsignedinteger] = ones
    else:
        dtype = np.uint8 if heights.max() < 256 else np.uint32
        by_row = np.empty((len(heights), hits.shape[1]), dtype=dtype)
        # a run of blocks of one height is one reshaped sum, along memory; there are at most two runs a gate
        starts = np.flatnonzero(np.diff(heights, prepend=-1))
        for first, last in zip(starts, [*starts[1:], len(heights)], strict=True):
            block = ones[rows[first] : rows[last]].reshape(last - first, heights[first], -1)
            block.sum(axis=1, dtype=dtype, out=by_row[first:last])
    if len(columns) - 1 == hits.shape[1]:
        return by_row.astype(np.int64)
    return np.add.reduceat(by_row, columns[:-1], axis=1, dtype=np.int64)


def _mixes(
    survived: NDArray[np.int64], born: NDArray[np.int64], died: NDArray[np.int64], connected: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Place in `MIXES` of every cell: one fifth to each state that is there, the rest in proportion to the counts.

    So a pure colour is a promise: nothing was born and nothing died in a cell drawn as survived.
    """
    present = np.stack([survived > 0, born > 0, died > 0])
    rest = (FIFTHS - present.sum(axis=0)) / np.maximum(connected, 1)
    born_parts = np.ceil(present[1] + rest * born - 0.5).astype(np.int64)
    died_parts = np.ceil(present[2] + rest * died - 0.5).astype(np.int64)
    died_parts = np.where(present[0], died_parts, FIFTHS - born_parts)
    return np.where(connected > 0, _MIX_AT[born_parts, np.minimum(died_parts, FIFTHS - born_parts)], EMPTY)
