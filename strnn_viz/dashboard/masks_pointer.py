"""What is told of the connection, or of the block of connections, under the pointer."""

from __future__ import annotations

from strnn_viz.errors import StrnnVizError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.churn import BORN, DIED, EMPTY
from strnn_viz.topology.connection import Connection, block, connection
from strnn_viz.views._cells import MaskInfo, turned
from strnn_viz.views._mask_cells import Order, unit_order
from strnn_viz.views._plot import signed


def under_pointer(
    run: Run, epoch: int, info: LayerInfo, shown: MaskInfo, order: Order, x: float, y: float
) -> list[str]:
    """Lines of plain text about a place in a mask plot; none outside the matrix.

    Parameters
    ----------
    run : Run
    epoch : int
    info : LayerInfo
    shown : MaskInfo
        What is drawn.
    order : {"natural", "degree"} or int
        As in :class:`Look`.
    x, y : float
        From 0 to 1 over the matrix, from its left and from its top.
    """
    if not (0 <= x < 1 and 0 <= y < 1):
        return []
    down, across = (_cell(edges, share) for edges, share in
                    ((shown.rows, y * shown.shape[0]), (shown.columns, x * shown.shape[1])))  # fmt: skip
    if down is None or across is None:
        return []
    rows, columns = (across, down) if turned(info) else (down, across)
    order_rows, order_columns = unit_order(run, epoch, info, order)
    places = order_rows[slice(*rows)], order_columns[slice(*columns)]
    try:
        if len(places[0]) == len(places[1]) == 1:
            row, column = int(places[0][0]), int(places[1][0])
            return [*between(info, row, column), *told(connection(run, info.name, epoch, row, column), epoch)]
        found = block(run, info.name, epoch, *places)
    except StrnnVizError as error:
        return [str(error)]
    size = f"{len(places[0])} × {len(places[1])} positions" if not turned(info) else (
        f"{len(places[1])} × {len(places[0])} positions")  # fmt: skip
    gate = _gate(info, int(places[0][0]))
    return [
        f"Gate {gate[0]}, {size}" if gate else size,
        f"{found.active:,} active at epoch {epoch:,}",
        f"{found.born:,} born, {found.died:,} died",
    ]


def between(info: LayerInfo, row: int, column: int) -> list[str]:
    """Gate and units of a connection, which leads from its column to its row."""
    gate = _gate(info, row)
    if info.role == "embedding":
        return [f"Word {row:,} → unit {column:,}"]
    if info.role == "linear" and info.name.startswith("decoder"):
        return [f"Unit {column:,} → word {row:,}"]
    source = "previous unit" if info.role == "recurrent" else "input unit"
    lead = [f"Gate {gate[0]}"] if gate else []
    return [*lead, f"{source} {column:,} → unit {gate[1] if gate else row:,}".capitalize()]


def told(found: Connection, epoch: int) -> list[str]:
    """Weight, birth and regrowths of a connection."""
    if found.state == EMPTY and found.born is None:
        return ["No connection, and never was one"]
    regrown = {0: "never regrown", 1: "regrown once"}.get(found.regrown, f"regrown {found.regrown:,} times")
    since = f"in the first topology (epoch {found.born:,})" if found.first else f"born at epoch {found.born:,}"
    if found.weight is None:
        now = f"Died by epoch {epoch:,}" if found.state == DIED else f"No connection at epoch {epoch:,}"
        return [now, f"Was {since}" if found.first else f"Last {since}", regrown.capitalize()]
    just = " (just now)" if found.state == BORN else ""
    return [f"Weight {signed(found.weight, '+.5g')}", f"{since[0].upper()}{since[1:]}{just}", regrown.capitalize()]


def _gate(info: LayerInfo, row: int) -> tuple[str, int] | None:
    if not info.gates:
        return None
    height = info.shape[0] // len(info.gates)
    return info.gates[min(row // height, len(info.gates) - 1)], row % height


def _cell(edges: object, place: float) -> tuple[int, int] | None:
    """First and last (not included) position of the cell a place lies in."""
    import numpy as np

    found = np.asarray(edges)
    cell = int(np.searchsorted(found, int(place), side="right")) - 1
    return (int(found[cell]), int(found[cell + 1])) if 0 <= cell < len(found) - 1 else None
