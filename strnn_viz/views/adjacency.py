"""A matrix with its busiest units first, in an order that one epoch sets and all others keep."""

from __future__ import annotations

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology import degree_order, drawn_matrix, layer_label, previous_epoch, states
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.views import _cells, palette
from strnn_viz.views._cells import MaskInfo, first_density
from strnn_viz.views._history import seen

_orders: Bounded[tuple[NDArray[np.int64], NDArray[np.int64]]] = Bounded(64)
_held: Bounded[MaskInfo] = Bounded(64)


def adjacency_info(
    run: Run,
    epoch: int | None,
    info: LayerInfo | None,
    *,
    max_rows: int,
    max_columns: int,
    order_epoch: int | None = None,
) -> MaskInfo:
    """The cells of one matrix with rows (within their gate) and columns by falling degree.

    Parameters
    ----------
    run : Run
    epoch : int or None
    info : LayerInfo or None
        None in an empty run.
    max_rows, max_columns : int
        Cells there is room for.
    order_epoch : int or None
        The epoch whose degrees set the order; None for the run's first.

    Raises
    ------
    RunError, UsageError
        If one of the two epochs cannot be read or was not recorded.
    """
    if info is None or epoch is None or not seen(run, epoch):
        return _cells.NOTHING
    frozen = run.epochs[0] if order_epoch is None else order_epoch
    before = previous_epoch(run, epoch)
    files = tuple(None if e is None else snapshot_key(run, e) for e in (epoch, before, frozen))
    key = (files, info, max_rows, max_columns)
    return _held.get(key, lambda: _adjacency_info(run, (epoch, before, frozen), info, max_rows, max_columns))


def _adjacency_info(
    run: Run, epochs: tuple[int, int | None, int], info: LayerInfo, max_rows: int, max_columns: int
) -> MaskInfo:
    now, before = (None if e is None else _mask(run, e, info) for e in epochs[:2])
    assert now is not None
    rows, columns = order(run, epochs[2], info)
    what = states(now, before)[rows][:, columns]
    shown = _cells.placed(_cells.pooled(what, info, max_rows, max_columns, first_density(run, info)).codes, info)
    # Where the units of a gate are is told by its band; a name must fit beside a small picture.
    down, across = (
        f"{label.split(',')[0].removesuffix(' of each gate')}, by degree"
        for label in (shown.row_label, shown.column_label)
    )
    return MaskInfo(shown.codes, shown.shape, shown.gates, down, across)


def order(run: Run, epoch: int, info: LayerInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a matrix by falling degree at an epoch; rows stay within their gate."""
    return _orders.get((snapshot_key(run, epoch), info.name), lambda: degree_order(_mask(run, epoch, info), info))


def _mask(run: Run, epoch: int, info: LayerInfo) -> NDArray[np.bool_]:
    return unpack(run.bits(epoch, info.name), info.shape)


def adjacency(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 400,
    order_epoch: int | None = None,
    max_rows: int | None = None,
    max_columns: int | None = None,
) -> hv.Overlay:
    """Every position of one matrix as in :func:`mask_evolution`, the units with the most connections first.

    The order is that of one epoch, whatever epoch is shown, so that it can be seen whether busy units stay busy.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        Name of a matrix, or of a group for its first; None for the first recurrent one.
    height : int or None
        Height of the picture in pixels, to which the axis below it is added; None for all that its place has.
    order_epoch : int or None
        The epoch whose degrees set the order; None for the run's first.
    max_rows, max_columns : int or None
        Cells there is room for, as for :func:`mask_evolution`.

    Returns
    -------
    Overlay
        Of an Image, Segments and Labels, always. Both axes run from 0 to 1 over the matrix.

    Raises
    ------
    RunError, UsageError
        If one of the two epochs cannot be read or was not recorded, or the run has no such matrix.
    """
    chosen = drawn_matrix(run, layer)
    rows, columns = _cells.room(chosen, height, max_rows, max_columns)
    shown = adjacency_info(run, epoch, chosen, max_rows=rows, max_columns=columns, order_epoch=order_epoch)
    return _cells.draw(shown, palette.CODE_COLOURS, height)


def adjacency_title(run: Run, epoch: int | None, *, layer: str | None = None, order_epoch: int | None = None) -> str:
    """The sentence above the adjacency: what its busiest tenth of units holds now, and held when they were ordered."""
    chosen = drawn_matrix(run, layer)
    if epoch is None or chosen is None or not seen(run, epoch):
        return "Connections by degree appear with the first epoch"
    frozen = run.epochs[0] if order_epoch is None else order_epoch
    rows, columns = order(run, frozen, chosen)
    units = columns if not _cells.turned(chosen) else rows
    axis = 0 if not _cells.turned(chosen) else 1
    top = units[: max(1, len(units) // 10)]
    now, then = (
        float(mask.take(top, axis=1 - axis).sum()) / max(1, int(mask.sum()))
        for mask in (_mask(run, e, chosen) for e in (epoch, frozen))
    )
    where = f"{layer_label(run, chosen.name)}, epoch {epoch}"
    share = f"the {len(top):,} busiest of {len(units):,} columns at epoch {frozen}"
    if epoch == frozen:
        return f"{where}: {share} have {then:.1%} of the connections"
    return f"{where}: {share} had {then:.1%} of the connections, and have {now:.1%}"
