"""Mask evolution: every connection of a matrix as empty, survived, born or died, in the layout of its gates."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import read_only
from strnn_viz.topology import changes, default_matrix, layer_label, matrices, pool, previous_epoch, states
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.views import palette
from strnn_viz.views._plot import Line, framed, lines, styled, waiting, words

#: What the colours of a mask mean, as (word, colour, shape), for a legend beside the plots.
LEGEND = (
    ("survived", palette.SURVIVED, "■"),
    ("born", palette.BORN, "▲"),
    ("died", palette.DIED, "▼"),
)

_NO_TICKS = [(0.0, "")]  # HoloViews cannot take an empty list
_WORDS = "word, the most frequent first"
_HALF, _WHOLE = 400, 640  # columns of cells that fit half of a wide page, and all of it


@dataclass(frozen=True, eq=False)
class MaskInfo:
    """What a mask plot shows.

    Attributes
    ----------
    codes : ndarray of uint8, shape (r, c)
        Cells as in :class:`strnn_viz.topology.Pooled`; row 0 is drawn at the top.
    shape : tuple of int
        Positions down and across that the cells stand for.
    gates : tuple of str
        Names of the equal bands of rows, from the top.
    row_label, column_label : str
        What lies down and across.
    """

    codes: NDArray[np.uint8]
    shape: tuple[int, int]
    gates: tuple[str, ...]
    row_label: str
    column_label: str


_NOTHING = MaskInfo(np.zeros((1, 1), dtype=np.uint8), (1, 1), (), "hidden unit", "unit")
_held: Bounded[MaskInfo] = Bounded(64)


def mask_info(
    run: Run, epoch: int | None, info: LayerInfo | None, *, max_rows: int, max_columns: int | None = None
) -> MaskInfo:
    """The cells of one matrix at one epoch, and what they stand for.

    A matrix without gates lies on its longer side, since a plot is wider than high: words run across.

    Parameters
    ----------
    run : Run
    epoch : int or None
    info : LayerInfo or None
        None in an empty run.
    max_rows, max_columns : int or None
        Cells there is room for, down and across the plot; None for the columns that fit.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    if info is None or epoch is None or not run.epochs:
        return _NOTHING
    across = max_columns or (_HALF if info.gates else _WHOLE)
    before = previous_epoch(run, epoch)
    key = (snapshot_key(run, epoch), before is not None and snapshot_key(run, before), info, max_rows, across)
    return _held.get(key, lambda: _mask_info(run, epoch, before, info, max_rows, across))


def _mask_info(run: Run, epoch: int, before: int | None, info: LayerInfo, max_rows: int, max_columns: int) -> MaskInfo:
    now = run.layer(epoch, info.name)
    what = states(now.mask, None if before is None else run.layer(before, info.name).mask)
    rows, columns = info.shape
    row_label, column_label = _axis_labels(info)
    if not info.gates and rows > columns:
        codes = pool(what, max_columns, max_rows, density=first_density(run, info)).codes.T
        return MaskInfo(read_only(np.ascontiguousarray(codes)), (columns, rows), (), column_label, row_label)
    breaks = [rows // len(info.gates) * i for i in range(1, len(info.gates))]
    codes = pool(what, max_rows, max_columns, breaks=breaks, density=first_density(run, info)).codes
    return MaskInfo(read_only(codes), info.shape, info.gates, row_label, column_label)


def first_density(run: Run, info: LayerInfo) -> float:
    """Density of a matrix in the first topology there is: what the cells of all epochs are scaled to.

    Methods may move connections from matrix to matrix, or begin dense; on a scale of its own each epoch would look as
    dense as the others.
    """
    return changes(run, run.epochs[0], [info]).nnz / info.size


def _axis_labels(info: LayerInfo) -> tuple[str, str]:
    """What the rows and the columns of a matrix, as stored, are."""
    if info.role == "embedding":
        return _WORDS, "embedding unit"
    if info.role == "linear":
        return (_WORDS, "hidden unit") if info.name.startswith("decoder") else ("output unit", "input unit")
    column_label = "previous hidden unit" if info.role == "recurrent" else "input unit"
    return ("hidden unit of each gate" if info.gates else "hidden unit"), column_label


def mask_evolution(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 400,
    max_rows: int | None = None,
    max_columns: int | None = None,
) -> hv.Overlay:
    """Every position of one matrix, coloured by what became of it since the previous snapshot.

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

    Returns
    -------
    Overlay
        Of an Image, Segments and Labels, always. Both axes run from 0 to 1 over the matrix, whatever its size, so
        that a zoom outlasts a change of epoch.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded, or the run has no such matrix.
    """
    chosen = default_matrix(run) if layer is None else next(iter(matrices(run, layer)), None)
    shown = mask_info(run, epoch, chosen, max_rows=max_rows or height or _HALF, max_columns=max_columns)
    image = styled(
        # HoloViews takes the first row for the top of an upward axis; ours points down.
        hv.Image(shown.codes[::-1], bounds=(0, 0, 1, 1), kdims=["column", "row"], vdims="state"),
        cmap=list(palette.CODE_COLOURS),
        clim=(-0.5, len(palette.CODE_COLOURS) - 0.5),
        colorbar=False,
    )
    bands = len(shown.gates)
    empty = shown is _NOTHING
    down, across = shown.shape
    return framed(
        [
            image,
            lines([Line(0, i / bands, 1, i / bands) for i in range(1, bands)], "column", "row"),
            words(waiting(0.5, 0.5) if empty else [], "column", "row"),
        ],
        frame_height=height,
        xlim=(0, 1),
        ylim=(0, 1),
        invert_yaxis=True,
        xlabel=shown.column_label,
        ylabel=shown.row_label,
        xticks=_NO_TICKS if empty else _unit_ticks(across),
        yticks=[((i + 0.5) / bands, gate) for i, gate in enumerate(shown.gates)]
        or (_NO_TICKS if empty else _unit_ticks(down)),
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


def _unit_ticks(count: int) -> list[tuple[float, str]]:
    """About five round numbers of units, at their places between 0 and 1."""
    raw = count / 5
    power = 10 ** int(np.floor(np.log10(max(1.0, raw))))
    step = max(1, next(m * power for m in (1, 2, 5, 10) if m * power >= raw))
    return [(i / count, f"{i:,}") for i in range(0, count + 1, step)]
