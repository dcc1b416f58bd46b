"""Pictures of a matrix as pooled cells: where they lie, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import changes
from strnn_viz.topology.pooling import Pooled, pool
from strnn_viz.views._plot import _BARE, WAITING, Line, Word, framed, lines, styled, waiting, words

X, Y = "column", "row"
WHOLE = (0.0, 0.0, 1.0, 1.0)
_WORDS = "word, the most frequent first"
_HALF, _WHOLE_WIDTH = 400, 640  # columns of cells that fit half of a wide page, and all of it
_NO_TICKS = [(0.0, "")]  # HoloViews cannot take an empty list
_NO_EDGES: NDArray[np.int64] = np.arange(2)


@dataclass(frozen=True, eq=False)
class MaskInfo:
    """What a mask plot shows.

    Attributes
    ----------
    codes : ndarray of uint8, shape (r, c)
        Cells as in :class:`strnn_viz.topology.Pooled`; row 0 is drawn at the top.
    shape : tuple of int
        Positions down and across the whole picture, of which the cells may be a part.
    gates : tuple of str
        Names of the equal bands of rows, from the top.
    row_label, column_label : str
        What lies down and across.
    bounds : tuple of float
        Left, top, right and bottom of the cells, as shares of the whole picture.
    window : tuple of float
        Left, top, right and bottom of what is seen.
    rows, columns : ndarray of int64, shapes (r + 1,) and (c + 1,)
        Where cells begin and end, in positions down and across the whole picture.
    """

    codes: NDArray[np.uint8]
    shape: tuple[int, int]
    gates: tuple[str, ...]
    row_label: str
    column_label: str
    bounds: tuple[float, float, float, float] = WHOLE
    window: tuple[float, float, float, float] = WHOLE
    rows: NDArray[np.int64] = field(default_factory=lambda: _NO_EDGES)
    columns: NDArray[np.int64] = field(default_factory=lambda: _NO_EDGES)

    @property
    def exact(self) -> bool:
        """Whether every cell is one position."""
        return bool((np.diff(self.rows) == 1).all() and (np.diff(self.columns) == 1).all())


#: What an empty run shows.
NOTHING = MaskInfo(np.zeros((1, 1), dtype=np.uint8), (1, 1), (), "hidden unit", "unit")


def room(info: LayerInfo | None, height: int | None, max_rows: int | None, max_columns: int | None) -> tuple[int, int]:
    """Cells there is room for, down and across, where they were not given."""
    across = _WHOLE_WIDTH if info is not None and not info.gates else _HALF
    return max_rows or height or _HALF, max_columns or across


def turned(info: LayerInfo) -> bool:
    """Whether a matrix lies on its longer side: a plot is wider than high, so words run across."""
    return not info.gates and info.shape[0] > info.shape[1]


def axis_labels(info: LayerInfo) -> tuple[str, str]:
    """What the rows and the columns of a matrix, as stored, are."""
    if info.role == "embedding":
        return _WORDS, "embedding unit"
    if info.role == "linear":
        return (_WORDS, "hidden unit") if info.name.startswith("decoder") else ("output unit", "input unit")
    column_label = "previous hidden unit" if info.role == "recurrent" else "input unit"
    return ("hidden unit of each gate" if info.gates else "hidden unit"), column_label


def first_density(run: Run, info: LayerInfo) -> float:
    """Density of a matrix in the first topology there is: what the cells of all epochs are scaled to.

    Methods may move connections from matrix to matrix, or begin dense; on a scale of its own each epoch would look as
    dense as the others.
    """
    return changes(run, run.epochs[0], [info]).nnz / info.size


def gate_breaks(info: LayerInfo) -> list[int]:
    """Rows at which another gate begins."""
    bands = max(1, len(info.gates))
    return [info.shape[0] // bands * i for i in range(1, bands)]


def pooled(what: NDArray[np.uint8], info: LayerInfo, max_rows: int, max_columns: int, density: float) -> Pooled:
    """States in the layout of a matrix, pooled to what there is room for; gates begin new blocks."""
    if turned(info):
        return pool(what, max_columns, max_rows, density=density)
    return pool(what, max_rows, max_columns, breaks=gate_breaks(info), density=density)


def block_sums(values: NDArray[np.generic], cells: Pooled) -> NDArray[np.int64]:
    """Sums over the blocks of a pooled matrix; shape (r, c)."""
    by_column = values if cells.exact else np.add.reduceat(values, cells.columns[:-1], axis=1, dtype=np.int64)
    return np.add.reduceat(by_column, cells.rows[:-1], axis=0, dtype=np.int64)


def placed(codes: NDArray[np.uint8], info: LayerInfo) -> MaskInfo:
    """Cells of the whole matrix with what they stand for, as they lie in the plot."""
    row_label, column_label = axis_labels(info)
    rows, columns = info.shape
    if turned(info):
        codes, (rows, columns) = codes.T, (columns, rows)
        row_label, column_label = column_label, row_label
    codes = np.ascontiguousarray(codes)
    codes.setflags(write=False)
    return MaskInfo(codes, (rows, columns), info.gates, row_label, column_label)


def draw(
    shown: MaskInfo,
    colours: Sequence[str],
    height: int | None,
    *,
    key: Any = None,
    named: Sequence[Word] = (),
    instead: str = WAITING,
    **options: Any,
) -> hv.Overlay:
    """Cells as a picture on the unit square, with a key at its right where one is given.

    Always an Image, the key, Segments and Labels, in this order. `instead` is what stands where there is nothing to
    draw. Further options are those of the plot.
    """
    left, top, right, bottom = shown.bounds
    image = styled(
        # HoloViews takes the first row for the top of an upward axis; ours points down.
        hv.Image(shown.codes[::-1], bounds=(left, top, right, bottom), kdims=[X, Y], vdims="state"),
        cmap=list(colours),
        clim=(-0.5, len(colours) - 0.5),
        colorbar=False,
    )
    bands = len(shown.gates)
    empty = shown is NOTHING
    return framed(
        [
            image,
            *([key] if key is not None else []),
            lines([Line(0, i / bands, 1, i / bands) for i in range(1, bands)], X, Y),
            words([*named, *(waiting(0.5, 0.5, instead) if empty else [])], X, Y),
        ],
        frame_height=height,
        xlim=(0, 1 if key is None else 1.21),
        ylim=(0, 1),
        invert_yaxis=True,
        xlabel=shown.column_label,
        ylabel=shown.row_label,
        xticks=_NO_TICKS if empty else unit_ticks(shown.shape[1], shown.window[0], shown.window[2]),
        yticks=_NO_TICKS if empty else _row_ticks(shown),
        backend_opts=_BARE | options.pop("backend_opts", {}),
        **options,
    )


def unit_ticks(count: int, low: float = 0.0, high: float = 1.0) -> list[tuple[float, str]]:
    """About five round numbers of units between two shares of all, at their places between 0 and 1."""
    raw = count * (high - low) / 5
    power = 10 ** int(np.floor(np.log10(max(1.0, raw))))
    step = max(1, next(m * power for m in (1, 2, 5, 10) if m * power >= raw))
    first = -(-int(count * low) // step) * step
    return [(i / count, f"{i:,}") for i in range(first, int(count * high) + 1, step)] or _NO_TICKS


def _row_ticks(shown: MaskInfo) -> list[tuple[float, str]]:
    """Gates by name; once less than two of them are seen, the units within them."""
    bands, (_, top, _, bottom) = len(shown.gates), shown.window
    if not bands:
        return unit_ticks(shown.shape[0], top, bottom)
    if (bottom - top) * bands > 2 or (top, bottom) == (0.0, 1.0):
        return [((i + 0.5) / bands, gate) for i, gate in enumerate(shown.gates)]
    units = shown.shape[0] // bands
    return [
        ((i + place) / bands, f"{gate} {unit}")
        for i, gate in enumerate(shown.gates)
        for place, unit in unit_ticks(units, max(0.0, top * bands - i), min(1.0, bottom * bands - i))
        if unit
        and top <= (i + place) / bands <= bottom
        and (i == bands - 1 or (1 - place) / bands > 0.06 * (bottom - top))  # the next gate begins with a number, too
    ] or _NO_TICKS
