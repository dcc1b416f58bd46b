"""What a replay shows, as numbers and bytes: the cells of every mask, histograms, sentences and facts.

Cells are pooled here, once; the page only colours them. Bokeh deflates them,
and they are pooled coarser where the file would become too large to send around.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from bokeh.settings import settings
from numpy.typing import NDArray

from strnn_viz.exporting.choices import Sheet
from strnn_viz.rules import METHODS
from strnn_viz.runs import LOG10_EDGES, LayerInfo, Run
from strnn_viz.topology import Magnitudes, magnitudes, matrices, row_of
from strnn_viz.views.learning import run_measure, value_text
from strnn_viz.views.masks import mask_info

#: Bytes that the cells of a replay may take, deflated; as text in the page they take a third more.
BUDGET = 5_250_000
#: A mask is never pooled coarser than to about so many cells; rather are epochs left out.
FEWEST_CELLS = 10_000
_MOST_ROWS = 400
#: How finely masks are pooled: rows and columns there is room for, by how many matrices share a sheet.
Grid: TypeAlias = dict[int, tuple[int, int]]


def finest(cells: float) -> Grid:
    """Rows and columns for about so many cells a matrix, at most as many as there are pixels on a wide page."""
    (tall, half), (low, whole) = (
        (max(8, min(_MOST_ROWS, int((cells * aspect) ** 0.5))), max(8, min(most, int((cells / aspect) ** 0.5))))
        for aspect, most in ((0.8, 400), (0.45, 640))
    )
    return {1: (low, whole), 2: (tall, half)}


def cells(run: Run, epoch: int, info: LayerInfo, room: tuple[int, int]) -> NDArray[np.uint8]:
    """The cells of a mask as the page colours them, at most so many rows and columns."""
    return mask_info(run, epoch, info, max_rows=room[0], max_columns=room[1]).codes


def choose_epochs(epochs: Sequence[int], count: int, keep: int, budget: int = BUDGET) -> list[int]:
    """The epochs a replay can hold: all, or every so many, with the first, the last and the one it opens at.

    Parameters
    ----------
    epochs : sequence of int
    count : int
        Matrices of the run.
    keep : int
        The epoch it opens at.
    budget : int
        Bytes.
    """
    most = max(2, int(budget / (0.5 * FEWEST_CELLS * max(1, count))))  # about half a byte a cell, deflated
    step = -(-len(epochs) // most)
    return sorted({*epochs[::step], epochs[-1], keep})


def choose_grid(run: Run, epochs: Sequence[int], shown: Sequence[Sheet], budget: int = BUDGET) -> Grid:
    """The finest grid whose deflated cells keep to a budget of bytes, as far as four epochs can tell."""
    level = settings.compression_level()  # what Bokeh will deflate them with
    # Spread evenly, but not the ends, where least is rewired and masks deflate best.
    probes = [epochs[min(len(epochs) - 1, (2 * i + 1) * len(epochs) // 8)] for i in range(4)]
    most = float(_MOST_ROWS * 640)
    for _ in range(8):
        grid = finest(most)
        sizes = [
            len(zlib.compress(cells(run, e, i, grid[len(s.matrices)]).tobytes(), level))
            for s in shown
            for i in s.matrices
            for e in probes
        ]
        estimate = sum(sizes) / len(probes) * len(epochs)
        if estimate <= budget or most <= FEWEST_CELLS:
            return grid
        most = max(FEWEST_CELLS, min(0.8, 0.95 * budget / estimate) * most)
    return finest(FEWEST_CELLS)


@dataclass(frozen=True, eq=False)
class Bars:
    """Histograms of the magnitudes of a sheet at every epoch, in bins that are the same for all.

    Attributes
    ----------
    edges : ndarray of float64, shape (n + 1,)
        log10 of the magnitudes between which weights are counted; what is beyond counts in the outermost bins.
    survived, born : ndarray of float64, shape (epochs, n)
        Shares of the active weights.
    zeros : ndarray of float64, shape (epochs,)
        Share that is exactly zero.
    thresholds : list of list of float
        log10 of what each matrix was pruned below.
    """

    edges: NDArray[np.float64]
    survived: NDArray[np.float64]
    born: NDArray[np.float64]
    zeros: NDArray[np.float64]
    thresholds: list[list[float]]


def bars(run: Run, epochs: Sequence[int], layer: str) -> Bars:
    """Histograms of a layer, cropped to the thresholds and to bins with more than 3 in 1,000 weights at any epoch."""
    infos = matrices(run, layer)
    found: list[Magnitudes] = [magnitudes(run, epoch, infos) for epoch in epochs]
    nnz = np.array([max(1, m.nnz) for m in found], dtype=float)
    survived, born = (np.array([getattr(m, part) for m in found]) / nnz[:, None] for part in ("survived", "born"))
    names = [info.name for info in infos]
    thresholds = [_thresholds(run, epoch, names) for epoch in epochs]
    filled = np.flatnonzero((survived + born).max(axis=0) > 3e-3)
    first, last = (int(filled[0]), int(filled[-1]) + 1) if len(filled) else (36, 73)  # one in 1,000 to 1
    least = min((t for marks in thresholds for t in marks), default=math.inf)
    first = min(first, max(0, int(np.searchsorted(LOG10_EDGES, least)) - 1))
    first, last = first // 6 * 6, -(-last // 6) * 6  # half decades
    survived, born = (_cropped(part, first, last) for part in (survived, born))
    zeros = np.array([m.zeros for m in found]) / nnz
    return Bars(LOG10_EDGES[first : last + 1], survived, born, zeros, thresholds)


def _thresholds(run: Run, epoch: int, names: Sequence[str]) -> list[float]:
    values = [row_of(run, epoch)["layers"][name].get("threshold") for name in names]
    return [math.log10(v) for v in values if v is not None and math.isfinite(v) and v > 0]


def _cropped(counts: NDArray[np.float64], first: int, last: int) -> NDArray[np.float64]:
    inside = counts[:, first:last].copy()
    inside[:, 0] += counts[:, :first].sum(axis=1)
    inside[:, -1] += counts[:, last:].sum(axis=1)
    return inside


def facts(run: Run) -> list[tuple[str, str]]:
    """What a run is and how it ended, as terms with their values."""
    size = sum(info.size for info in run.layers.values())
    told = [("status", run.status)]
    if run.config is not None:
        model, sparsity, training = run.config.model, run.config.sparsity, run.config.training
        told += [
            ("method", METHODS[sparsity.method].title),
            ("model", f"{model.cell.upper()}, {model.hidden:,} units, {model.layers} layers"),
            ("data", run.config.data.corpus),
            ("epochs planned", f"{training.epochs:,}"),
            ("prune rate at first", f"{sparsity.prune_rate:.0%}"),
            ("seed", str(run.config.seed)),
        ]
        measure = run_measure(run)
        best = measure.best(run.rows)
        if best is not None:
            value = value_text(measure, float(best[f"valid_{measure.name}"]))
            told.append((f"best validation {measure.name}", f"{value} at epoch {best['epoch']:,}"))
    counts = [row.get("nnz") for row in run.rows[-1]["layers"].values()]
    if None not in counts and size:
        told.append(("active weights", f"{sum(counts):,} of {size:,} ({sum(counts) / size:.1%})"))
    if run.about.get("created"):
        told.append(("created", str(run.about["created"])[:16].replace("T", " ")))
    return told


def pooled_words(shapes: dict[str, tuple[int, int]], infos: Sequence[LayerInfo]) -> str:
    """How coarse the masks are, in words."""
    worst: tuple[int, Any] = (1, None)
    for info in infos:
        cells = shapes[info.name][0] * shapes[info.name][1]
        worst = max(worst, (-(-info.size // cells), info.name), key=lambda pair: pair[0])
    if worst[0] == 1:
        return "Every cell is one connection."
    return (
        f"Masks are pooled: a cell stands for up to {worst[0]:,} connections; its opacity tells how many of them are "
        "there, its colour what became of those."
    )
