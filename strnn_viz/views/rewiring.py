"""One rewiring in four frames: the weights before, the smallest pruned, the budget, what was regrown elsewhere."""

from __future__ import annotations

import math

import holoviews as hv
import numpy as np

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import RewiringEvent, default_matrix, matrices, rewiring_event
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.layers import previous_epoch
from strnn_viz.views import palette
from strnn_viz.views._history import seen
from strnn_viz.views._plot import Line, framed, lines, signed, styled, waiting, words

_X, _Y = "column", "row"
_SIDE = 0.92  # of a cell, that the largest weight fills
_TICKS = 5

#: What the frames are called, in their order.
FRAMES = ("The weights before", "The smallest pruned", "The budget", "Regrown elsewhere")

#: What the marks of the frames mean, as (word, colour, shape).
REWIRING_LEGEND = (
    ("positive weight", palette.SURVIVED, "■"),
    ("negative weight", palette.SURVIVED, "□"),
    ("pruned", palette.DIED, "▼"),
    ("free place", palette.MUTED, "○"),
    ("regrown", palette.BORN, "▲"),
    ("regrown in its old place", palette.BORN, "△"),
)

_held: Bounded[tuple[RewiringEvent | None]] = Bounded(32)


def explained_matrix(run: Run, layer: str | None) -> LayerInfo | None:
    """The matrix whose rewiring is explained: the first recurrent one of a layer, or else its first."""
    if layer is None:
        return default_matrix(run)
    infos = matrices(run, layer)
    return next((info for info in infos if info.role == "recurrent"), infos[0] if infos else None)


def event_of(run: Run, epoch: int | None, layer: str | None = None) -> RewiringEvent | None:
    """The rewiring that led to an epoch, of the matrix :func:`explained_matrix` names; None where there is none.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded, or the run has no such layer.
    """
    info = explained_matrix(run, layer)
    if info is None or epoch is None or not seen(run, epoch):
        return None
    before = previous_epoch(run, epoch)
    key = (snapshot_key(run, epoch), None if before is None else snapshot_key(run, before), info.name)
    return _held.get(key, lambda: (rewiring_event(run, epoch, info),))[0]


def rewiring_frame(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 280, frame: int = 1
) -> hv.Overlay:
    """One frame of the rewiring that led to an epoch, on a patch of the matrix.

    A weight is a square as large as its magnitude, relative to the largest of the patch; one that is negative is
    hollow.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        Name of a matrix, or of a group for its first recurrent one; None for that of the run.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    frame : int
        1 to 4, as in :data:`FRAMES`.

    Returns
    -------
    Overlay
        Of Rectangles, a Scatter, Segments and Labels, always; without squares and marks where there is no rewiring
        to show.

    Raises
    ------
    RunError, UsageError
        As for :func:`event_of`.
    """
    event = event_of(run, epoch, layer)
    squares, marks = ([], []) if event is None else (_squares(event, frame), _marks(event, frame))
    looks = ["fill", "line", "value"]
    columns = [np.array(c, dtype=object if i > 5 else float) for i, c in enumerate(_columns(squares, 7))]
    weights = hv.Rectangles(tuple(columns), [_X, _Y, f"{_X}1", f"{_Y}1"], looks)
    places = [np.array(c, dtype=float if i < 2 else object) for i, c in enumerate(_columns(marks, 7))]
    signs = hv.Scatter(tuple(places), _X, [_Y, "marker", "colour", "filled", "what", "weight"])
    rows, columns_ = (1, 1) if event is None else event.patch.active.shape
    axes = {} if event is None else _axes(event)
    return framed(
        [
            styled(weights, color=palette.SURVIVED, fill_alpha=hv.dim("fill"), line_color=palette.SURVIVED,
                   line_alpha=hv.dim("line"), tools=["hover"], hover_tooltips=[("w", "@value")]),
            styled(signs, marker=hv.dim("marker"), line_color=hv.dim("colour"), fill_color=hv.dim("filled"), size=8,
                   line_width=1.5, tools=["hover"], hover_tooltips=[("", "@what"), ("", "@weight")]),
            lines(_border(rows, columns_), _X, _Y),
            words(waiting(0.5, 0.5) if event is None else [], _X, _Y),
        ],
        height=height,
        xlim=(-0.2, columns_ + 0.2),
        ylim=(-0.2, rows + 0.2),
        invert_yaxis=True,
        **axes,
    )  # fmt: skip


def _squares(event: RewiringEvent, frame: int) -> list[tuple[object, ...]]:
    """The weights of a frame: all there were, faded where they are not what it is about, without what is gone."""
    patch = event.patch
    largest = float(np.abs(patch.before).max()) or 1.0
    found: list[tuple[object, ...]] = []
    for row, column in zip(*np.nonzero(patch.active & (~patch.pruned if frame > 1 else True)), strict=True):
        weight = float(patch.before[row, column])
        half = max(0.07, _SIDE / 2 * math.sqrt(abs(weight) / largest))
        strength = 0.9 if frame in (1, 3) else 0.35
        corners = (column + 0.5 - half, row + 0.5 - half, column + 0.5 + half, row + 0.5 + half)
        found.append((*corners, strength if weight >= 0 else 0.0, strength, signed(weight)))
    return found


def _marks(event: RewiringEvent, frame: int) -> list[tuple[object, ...]]:
    patch = event.patch
    chosen = {1: patch.regrown & False, 2: patch.pruned, 3: patch.pruned, 4: patch.regrown}[frame]
    found: list[tuple[object, ...]] = []
    for row, column in zip(*np.nonzero(chosen), strict=True):
        weight, back = float(patch.before[row, column]), bool(patch.pruned[row, column])
        look = {
            2: ("inverted_triangle", palette.DIED, palette.DIED, "pruned", f"its weight was {signed(weight)}"),
            3: ("circle", palette.MUTED, "#00000000", "free place", f"a weight of {signed(weight)} was here"),
            4: ("triangle", palette.BORN, "#00000000" if back else palette.BORN,
                "regrown in its old place" if back else "regrown", "it begins at zero"),
        }[frame]  # fmt: skip
        found.append((column + 0.5, row + 0.5, *look))
    return found


def _columns(rows: list[tuple[object, ...]], count: int) -> list[tuple[object, ...]]:
    return list(zip(*rows, strict=True)) or [()] * count


def _border(rows: int, columns: int) -> list[Line]:
    return [Line(0, 0, columns, 0), Line(columns, 0, columns, rows), Line(columns, rows, 0, rows), Line(0, rows, 0, 0)]


def _axes(event: RewiringEvent) -> dict[str, object]:
    """The real numbers of the units at the axes; rows count within their gate."""
    info, patch = event.info, event.patch
    band = info.shape[0] // max(1, len(info.gates))
    first = patch.row % band
    ticks = [
        [(i + 0.5, f"{start + i:,}") for i in range(0, length, max(1, length // _TICKS))]
        for start, length in ((patch.column, patch.active.shape[1]), (first, patch.active.shape[0]))
    ]
    across, down = axis_names(info)
    return {
        "xticks": ticks[0],
        "yticks": ticks[1],
        "xlabel": across,
        "ylabel": f"{down}, gate {info.gates[patch.row // band]}" if info.gates else down,
    }


def axis_names(info: LayerInfo) -> tuple[str, str]:
    """What lies across and down a matrix as stored."""
    if info.role == "embedding":
        return "embedding unit", "word"
    if info.role == "linear":
        return ("hidden unit", "word") if info.name.startswith("decoder") else ("input unit", "output unit")
    return ("previous hidden unit" if info.role == "recurrent" else "input unit"), "hidden unit"
