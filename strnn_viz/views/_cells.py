"""Pictures of a matrix as pooled cells: where they lie, and how they are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo
from strnn_viz.topology.pooling import Pooled, pool
from strnn_viz.views._plot import Line, Word, framed, lines, styled, waiting, words
from strnn_viz.views.masks import MaskInfo, _axis_labels, _unit_ticks

X, Y = "column", "row"
_HALF, _WHOLE = 400, 640  # columns of cells that fit half of a wide page, and all of it
_NO_TICKS = [(0.0, "")]  # HoloViews cannot take an empty list

#: What an empty run shows.
NOTHING = MaskInfo(np.zeros((1, 1), dtype=np.uint8), (1, 1), (), "hidden unit", "unit")


def room(info: LayerInfo | None, height: int | None, max_rows: int | None, max_columns: int | None) -> tuple[int, int]:
    """Cells there is room for, down and across, where they were not given."""
    across = _WHOLE if info is not None and not info.gates else _HALF
    return max_rows or height or _HALF, max_columns or across


def turned(info: LayerInfo) -> bool:
    """Whether a matrix lies on its longer side: a plot is wider than high, so words run across."""
    return not info.gates and info.shape[0] > info.shape[1]


def pooled(what: NDArray[np.uint8], info: LayerInfo, max_rows: int, max_columns: int, density: float) -> Pooled:
    """States in the layout of a matrix, pooled to what there is room for; gates begin new blocks."""
    if turned(info):
        return pool(what, max_columns, max_rows, density=density)
    bands = max(1, len(info.gates))
    breaks = [info.shape[0] // bands * i for i in range(1, bands)]
    return pool(what, max_rows, max_columns, breaks=breaks, density=density)


def placed(codes: NDArray[np.uint8], info: LayerInfo) -> MaskInfo:
    """Cells with what they stand for, as they lie in the plot."""
    row_label, column_label = _axis_labels(info)
    rows, columns = info.shape
    if turned(info):
        codes, (rows, columns) = codes.T, (columns, rows)
        row_label, column_label = column_label, row_label
    codes = np.ascontiguousarray(codes)
    codes.setflags(write=False)
    return MaskInfo(codes, (rows, columns), info.gates, row_label, column_label)


def draw(
    shown: MaskInfo, colours: Sequence[str], height: int | None, *, key: Any = None, named: Sequence[Word] = ()
) -> hv.Overlay:
    """Cells as a picture on the unit square, with a key at its right where one is given.

    Always an Image, the key, Segments and Labels, in this order.
    """
    image = styled(
        # HoloViews takes the first row for the top of an upward axis; ours points down.
        hv.Image(shown.codes[::-1], bounds=(0, 0, 1, 1), kdims=[X, Y], vdims="state"),
        cmap=list(colours),
        clim=(-0.5, len(colours) - 0.5),
        colorbar=False,
    )
    bands = len(shown.gates)
    empty = shown is NOTHING
    down, across = shown.shape
    return framed(
        [
            image,
            *([key] if key is not None else []),
            lines([Line(0, i / bands, 1, i / bands) for i in range(1, bands)], X, Y),
            words([*named, *(waiting(0.5, 0.5) if empty else [])], X, Y),
        ],
        frame_height=height,
        xlim=(0, 1 if key is None else 1.16),
        ylim=(0, 1),
        invert_yaxis=True,
        xlabel=shown.column_label,
        ylabel=shown.row_label,
        xticks=_NO_TICKS if empty else _unit_ticks(across),
        yticks=[((i + 0.5) / bands, gate) for i, gate in enumerate(shown.gates)]
        or (_NO_TICKS if empty else _unit_ticks(down)),
    )
