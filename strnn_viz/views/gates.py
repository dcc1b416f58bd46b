"""Density of every gate over the epochs of a run, as a strip for each."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import layer_groups, layer_label, matrices
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.degrees import count_active
from strnn_viz.topology.layers import matrix_role
from strnn_viz.views._history import seen
from strnn_viz.views._plot import Line, Word, cursor, epoch_axis, framed, last_epoch, lines, waiting, words
from strnn_viz.views._scale import codes, key_bar, key_words, on_grid, picture

_X, _Y = "epoch", "gate"
_LEGIBLE = 12  # strips that have room for a name and a number each
_counted: Bounded[tuple[int, ...]] = Bounded(16384)


@dataclass(frozen=True, eq=False)
class GateInfo:
    """Density by gate over epochs.

    Attributes
    ----------
    names : tuple of str
        Of the strips, from the top: gates within matrices, in the order of the model.
    breaks : tuple of int
        Strips that are the first of their matrix.
    matrices : tuple of str
        What each matrix is called.
    epochs : ndarray of int64, shape (t,)
    density : ndarray of float64, shape (t, strips)
        Active share of the positions of each gate.
    low, high : float
        Ends of the scale, in steps of a tenth of the density: over all epochs there are, so that scrubbing changes no
        colour.
    """

    names: tuple[str, ...]
    breaks: tuple[int, ...]
    matrices: tuple[str, ...]
    epochs: NDArray[np.int64]
    density: NDArray[np.float64]
    low: float
    high: float


def gate_info(run: Run, layers: list[LayerInfo]) -> GateInfo:
    """Density of every gate of some matrices at every epoch; a matrix without gates counts as one.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    epochs = run.epochs
    names: list[str] = []
    breaks: list[int] = []
    columns: list[NDArray[np.float64]] = []
    for info in layers:
        breaks.append(len(names))
        names += [_name(run, info, gate, len(layers)) for gate in info.gates or ("",)]
        size = info.size // max(1, len(info.gates))
        columns.append(np.array([_count(run, e, info) for e in epochs], dtype=float) / max(1, size))
    if not epochs or not layers:
        return GateInfo((), (), (), np.zeros(0, dtype=np.int64), np.zeros((0, 0)), 0.0, 1.0)
    density = np.concatenate(columns, axis=1)
    step = max(0.1 * float(density.mean()), 1e-4)
    low = np.floor(density.min() / step) * step
    high = min(1.0, max(np.ceil(density.max() / step) * step, low + step))
    low = min(low, high - step)  # of dense matrices, too
    called = tuple(_name(run, info, "", len(layers)) for info in layers)
    when = np.array(epochs, dtype=np.int64)
    return GateInfo(tuple(names), tuple(breaks), called, when, density, low, high)


def _count(run: Run, epoch: int, info: LayerInfo) -> tuple[int, ...]:
    """Connections in each gate of a matrix."""

    def make() -> tuple[int, ...]:
        bits, count = run.bits(epoch, info.name), max(1, len(info.gates))
        size = info.size // count
        return tuple(count_active(bits, g * size, (g + 1) * size) for g in range(count))

    return _counted.get((snapshot_key(run, epoch), info.name), make)


def _name(run: Run, info: LayerInfo, gate: str, among: int) -> str:
    """What a strip is called: the gate, and the matrix where there are several."""
    if among == 1:
        return gate or info.role
    group = info.group or info.name
    alone = len(layer_groups(run)[group]) == 1
    several = among > len(layer_groups(run)[group])
    words_ = [group if several or alone else "", "" if alone else matrix_role(run, info), gate]
    return " ".join(w for w in words_ if w)


def gate_density_strip(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 200
) -> hv.Overlay:
    """Density of every gate over epochs, each a strip whose colour is its density.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; densities there stand beside the strips. None while there is no epoch.
    layer : str or None
        Name of a matrix or of a group; None for all matrices with gates, or all where none has.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, this one was not recorded, or the run has no such layer.
    """
    seen(run, epoch)
    shown = gate_info(run, gated(run, layer))
    axis, last, strips = epoch_axis(run), last_epoch(run), len(shown.names)
    grid, bounds = on_grid(shown.epochs, shown.density, last)
    right = bounds[2]
    between = [Line(bounds[0], b / strips, right, b / strips) for b in shown.breaks[1:]]
    places = [(i + 0.5) / strips for i in range(strips)]
    key = (1.19 * right, 1.215 * right)
    named = waiting(last / 2, 0.5) if not strips else _words(shown, epoch, places, right, key[1])
    return framed(
        [
            picture(codes(grid.T, shown.low, shown.high), bounds, _X, _Y),
            key_bar(*key, 1, 0, _X, _Y),
            lines([*between, *cursor(run, epoch, 0, 1)], _X, _Y, framewise=True),
            words(named, _X, _Y),
        ],
        height=height,
        ylim=(0, 1),
        invert_yaxis=True,
        yticks=_ticks(shown, places) or [(0.0, "")],
        ylabel="gate",
        **axis | {"xlim": (bounds[0], 1.39 * right)},
    )


def _ticks(shown: GateInfo, places: list[float]) -> list[tuple[float, str]]:
    """Names of the strips, or of their matrices where there are too many."""
    if len(places) <= _LEGIBLE:
        return list(zip(places, shown.names, strict=True))
    ends = [*shown.breaks[1:], len(places)]
    middles = [(a + b) / 2 / len(places) for a, b in zip(shown.breaks, ends, strict=True)]
    return list(zip(middles, shown.matrices, strict=True))


def _words(shown: GateInfo, epoch: int | None, places: list[float], right: float, beside: float) -> list[Word]:
    found = key_words(beside, 1, 0, f"{shown.low:.1%}", f"{shown.high:.1%}")
    if epoch is not None and len(places) <= _LEGIBLE:
        row = shown.density[int(np.flatnonzero(shown.epochs == epoch)[0])]
        found += [Word(right, y, f" {d:.1%}", baseline="middle") for y, d in zip(places, row, strict=True)]
    return found


def gate_density_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the strips: the densest and the sparsest gate of the epoch shown."""
    chosen = gated(run, layer)
    if epoch is None or not run.epochs:
        return "Densities appear with the first epoch"
    seen(run, epoch)
    shown = gate_info(run, chosen)
    row = shown.density[int(np.flatnonzero(shown.epochs == epoch)[0])]
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    if len(row) == 1:
        return f"{where}: {row[0]:.1%} of all positions are connected"
    if row.max() - row.min() < 0.0005:
        return f"{where}: {row[0]:.1%} of the positions of every gate are connected"
    most, least = int(row.argmax()), int(row.argmin())
    ends = [f"{shown.names[i]} is {word} with {row[i]:.1%}" for i, word in ((most, "densest"), (least, "sparsest"))]
    return f"{where}: {', '.join(ends)}"


def gated(run: Run, layer: str | None) -> list[LayerInfo]:
    """The matrices whose gates are drawn; those of all layers where none is named."""
    every = matrices(run, layer)
    return every if layer is not None else [info for info in every if info.gates] or every
