"""Masks of several runs on one scale, and one mask laid over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology import crop, previous_epoch, states
from strnn_viz.topology.between import Shared, differing
from strnn_viz.views import palette
from strnn_viz.views._cells import NOTHING, MaskInfo, draw, first_density, gate_breaks, turned
from strnn_viz.views._compared import LOOKS
from strnn_viz.views._plot import WAITING


class Window(NamedTuple):
    """The part of a matrix that is looked at, as shares of its width and of its height from the top."""

    left: float = 0.0
    right: float = 1.0
    top: float = 0.0
    bottom: float = 1.0


WHOLE = Window()


def common_density(runs: Sequence[Run], infos: Sequence[LayerInfo | None]) -> float:
    """The density that cells of all runs are scaled to: the highest that one of them began with."""
    found = [first_density(run, info) for run, info in zip(runs, infos, strict=True) if info and run.epochs]
    return max(found, default=1.0) or 1.0


def compared_mask(
    run: Run,
    epoch: int | None,
    info: LayerInfo | None,
    *,
    density: float,
    window: Window = WHOLE,
    max_rows: int = 300,
    max_columns: int = 300,
    height: int | None = 300,
    bare: bool = False,
) -> hv.Overlay:
    """One matrix at one epoch: survived, born and died since the epoch before, as in the explorer.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    info : LayerInfo or None
        The matrix; None where the run does not have it.
    density : float
        Share of connected positions that the colours of cells are scaled to: the same for all that are compared.
    window : Window
        The part that is drawn, exact once its positions are no more than there is room for.
    max_rows, max_columns : int
        Cells there is room for.
    height : int or None
        Height of the picture in pixels; None for all that its place has.
    bare : bool
        Without axes, so that the picture fills its place.

    Returns
    -------
    Overlay
        Of an Image, Segments and Labels, always; both axes run from 0 to 1 over the matrix, the second downward.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    if info is None or epoch is None or epoch not in run.epochs:
        missing = info is None and bool(run.epochs)
        return _picture(NOTHING, palette.CODE_COLOURS, height, bare, "has no such matrix" if missing else WAITING)
    before = previous_epoch(run, epoch)
    then = None if before is None else _mask(run, before, info)
    what = states(_mask(run, epoch, info), then)
    cells = _cells(what, info, window, max_rows, max_columns, density)
    return _picture(cells, palette.CODE_COLOURS, height, bare)


def mask_difference(
    a: Run,
    epoch_a: int | None,
    b: Run,
    epoch_b: int | None,
    info: LayerInfo | None,
    *,
    density: float,
    colours: tuple[str, str] = (LOOKS[0].colour, LOOKS[1].colour),
    window: Window = WHOLE,
    max_rows: int = 300,
    max_columns: int = 300,
    height: int | None = 300,
) -> hv.Overlay:
    """Two masks in one picture: connections of the first alone, of both, and of the second alone.

    Parameters
    ----------
    a, b : Run
    epoch_a, epoch_b : int or None
    info : LayerInfo or None
        A matrix that both have in one shape; None where there is none.
    colours : tuple of str
        Of what the first has alone, and the second.
    density, window, max_rows, max_columns, height
        As for :func:`compared_mask`.

    Returns
    -------
    Overlay
        As of :func:`compared_mask`.
    """
    mixed = palette.code_colours(palette.SURVIVED, colours[1], colours[0])
    if info is None or epoch_a is None or epoch_b is None:
        return _picture(NOTHING, mixed, height)
    what = differing(_mask(a, epoch_a, info), _mask(b, epoch_b, info))
    return _picture(_cells(what, info, window, max_rows, max_columns, density), mixed, height)


def shared_words(found: Shared, a: str = "A", b: str = "B") -> str:
    """What two topologies share, in a sentence, beside what chance would give."""
    return (
        f"{found.only_a:,} connections only in {a}, {found.both:,} in both ({chance_words(found)}), "
        f"{found.only_b:,} only in {b}: Jaccard {found.jaccard:.3f}, of independent masks {found.chance_jaccard:.3f}"
    )


def chance_words(found: Shared) -> str:
    """How what is shared stands against chance: within two standard deviations it is no more than that."""
    apart = found.both - found.by_chance
    if found.deviation > 0 and abs(apart) <= 2 * found.deviation:
        return "no more than chance gives"
    if found.deviation > 0 and apart < 0:
        return "less than chance gives"
    if not found.by_chance:
        return "nothing by chance"
    times = found.both / found.by_chance
    return f"{times:,.{1 if times > 1.1 else 2}f} times what chance gives"


def _mask(run: Run, epoch: int, info: LayerInfo) -> NDArray[np.bool_]:
    return unpack(run.bits(epoch, info.name), info.shape)


def _cells(
    what: NDArray[np.uint8], info: LayerInfo, window: Window, max_rows: int, max_columns: int, density: float
) -> MaskInfo:
    """The cells of a part of a matrix, with where they lie. One without gates lies on its longer side."""
    if turned(info):
        what = np.ascontiguousarray(what.T)
    down, across = what.shape
    rows, columns = (
        (int(np.floor(start * length)), int(np.ceil(end * length)))
        for start, end, length in ((window.top, window.bottom, down), (window.left, window.right, across))
    )
    found = crop(what, rows, columns, max_rows, max_columns, breaks=gate_breaks(info), density=density)
    (top, *_, bottom), (left, *_, right) = found.rows / down, found.columns / across
    bounds = (float(left), float(top), float(right), float(bottom))
    seen = (window.left, window.top, window.right, window.bottom)
    return MaskInfo(found.codes, (down, across), info.gates, "", "", bounds, seen, found.rows, found.columns)


def _picture(
    shown: MaskInfo, colours: Sequence[str], height: int | None, bare: bool = False, instead: str = WAITING
) -> hv.Overlay:
    if bare:
        hidden = {"plot.min_border": 0, "xaxis.visible": False, "yaxis.visible": False}
        return draw(shown, colours, height, instead=instead, backend_opts=hidden)
    zooms = ["wheel_zoom", "pan"]
    return draw(shown, colours, height, instead=instead, tools=zooms, active_tools=zooms)
