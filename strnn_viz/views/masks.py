"""Mask evolution: every connection of a matrix as empty, survived, born or died, in the layout of its gates."""

from __future__ import annotations

from typing import Literal

import holoviews as hv

from strnn_viz.runs import Run
from strnn_viz.topology import changes, drawn_matrix, layer_label, matrices
from strnn_viz.views import palette
from strnn_viz.views._cells import NOTHING, draw
from strnn_viz.views._mask_cells import Look, Order, Window, mask_info

__all__ = ["LEGEND", "Look", "active_words", "mask_evolution", "mask_info", "mask_title"]

#: What the colours of a mask mean, as (word, colour, shape), for a legend beside the plots.
LEGEND = (
    ("survived", palette.SURVIVED, "■"),
    ("born", palette.BORN, "▲"),
    ("died", palette.DIED, "▼"),
)

_HALF = 400
_FEWEST = 6  # units across the closest look


def mask_evolution(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 400,
    max_rows: int | None = None,
    max_columns: int | None = None,
    window: Window | None = None,
    colouring: Literal["state", "age"] = "state",
    order: Order = "natural",
    lit: tuple[float, float] | None = None,
) -> hv.Overlay:
    """Every position of one matrix, coloured by what became of it since the previous snapshot.

    It can be zoomed into with the wheel and moved by dragging. What then is seen goes into `window`, so that it is
    drawn as finely as it can be.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        Name of a matrix, or of a group for its first; None for the first recurrent one.
    height : int or None
        Height of the picture in pixels, to which the axis below it is added; None for all that its place has.
    max_rows, max_columns : int or None
        Cells there is room for; a larger matrix is pooled, see :mod:`strnn_viz.topology.pooling`. None for as many
        rows as `height` has pixels, and for columns that fit half a wide page, or all of it where the matrix is alone.
    window, colouring, order, lit
        As in :class:`Look`.

    Returns
    -------
    Overlay
        Of an Image, Segments and Labels, always. Both axes run from 0 to 1 over the matrix, whatever its size and
        whatever the window, so that a zoom outlasts a change of epoch.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded, or the run has no such matrix.
    """
    chosen = drawn_matrix(run, layer)
    look = Look(window, colouring, order, lit)
    shown = mask_info(run, epoch, chosen, max_rows=max_rows or height or _HALF, max_columns=max_columns, look=look)
    down, across = (1, 1) if shown is NOTHING else shown.shape
    return draw(
        shown,
        look.colours,
        height,
        default_tools=["pan", "wheel_zoom"],
        active_tools=["pan", "wheel_zoom"],
        backend_opts={
            "x_range.bounds": (0, 1),
            "y_range.bounds": (0, 1),
            "x_range.min_interval": min(1.0, _FEWEST / across),
            "y_range.min_interval": min(1.0, _FEWEST / down),
        },
    )


def mask_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above a mask plot: what the last rewiring did, in connections.

    Parameters
    ----------
    run : Run
    epoch : int or None
    layer : str or None
        Name of a matrix or of a group; None for all.
    """
    what = layer_label(run, layer)
    if epoch is None or not run.epochs:
        return f"{what}: connections appear with the first epoch"
    now = changes(run, epoch, matrices(run, layer))
    where = f"{what}, epoch {epoch}"
    if now.since is None:
        start = (
            "the first topology, nothing is rewired yet" if epoch == run.epochs[0] == 0 else "nothing to compare with"
        )
        return f"{where}: {now.nnz:,} connections, {start}"
    since = "" if now.since == epoch - 1 else f" since epoch {now.since}"
    if not now.born and not now.died:
        return f"{where}: all {now.nnz:,} connections survived{since}"
    density = now.nnz / sum(info.size for info in matrices(run, layer))
    if not now.born:
        return f"{where}: {now.died:,} died, {now.survived:,} survived{since} (density {density:.1%})"
    changed = "" if now.born == now.died else f", density {density:.1%}"
    moved = f"{now.born:,} born, {now.died:,} died, {now.survived:,} survived{since}"
    return f"{where}: {moved} ({now.rewired:.1%} rewired{changed})"


def active_words(run: Run, epoch: int | None) -> str:
    """How many weights of all matrices are active at an epoch; empty while there is none."""
    if epoch is None or not run.epochs:
        return ""
    nnz, size = changes(run, epoch, matrices(run)).nnz, sum(info.size for info in matrices(run))
    return f"{nnz:,} of {size:,} weights active in all layers ({nnz / max(1, size):.1%})"
