"""How dense every matrix is in each run, beside what its initialization gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.topology import row_of
from strnn_viz.topology.allocation import expected_densities
from strnn_viz.topology.between import nearest_epoch
from strnn_viz.topology.layers import layer_label
from strnn_viz.views._compared import LOOKS, elsewhere
from strnn_viz.views._plot import Line, Word, framed, lines, styled, waiting, words

_X, _Y = "density", "matrix"
_LEGIBLE = 75  # bars that have room for a letter and a number each


class Densities(NamedTuple):
    """Densities of the matrices of one run.

    Attributes
    ----------
    shown : dict of str to float
        At its epoch nearest to the one shown, by what the matrix is called.
    expected : dict of str to float
        What the initialization gives; empty for a run recorded elsewhere.
    epoch : int or None
        The epoch of the run that is shown.
    """

    shown: dict[str, float]
    expected: dict[str, float]
    epoch: int | None = None


def densities(run: Run, epoch: int | None) -> Densities:
    """How dense the matrices of a run are, and are meant to begin.

    Raises
    ------
    RunError
        If the epoch cannot be read.
    """
    at, infos = nearest_epoch(run.epochs, epoch), list(run.layers.values())
    if at is None or not infos:
        return Densities({}, {})
    labels = {info.name: layer_label(run, info.name) for info in infos}
    told = row_of(run, at)["layers"]
    shown = {labels[info.name]: told[info.name]["nnz"] / info.size for info in infos}
    meant = {} if run.config is None else expected_densities(run.config, infos)
    return Densities(shown, {labels[name]: value for name, value in meant.items()}, at)


def compared_density(found: Sequence[Densities], *, height: int | None = 280) -> hv.Overlay:
    """A bar for each matrix and run, and a line where its initialization puts it.

    Parameters
    ----------
    found : sequence of Densities
        One a run.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for as many runs.
    """
    names = list(dict.fromkeys(name for one in found for name in one.shown))
    every = [v for one in found for part in (one.shown, one.expected) for v in part.values()]
    top = min(1.0, math.ceil(10 * max([0.1, *every]) - 1e-9) / 10)
    thick = 0.8 / max(1, len(found))
    bars, marks, named = [], [], []
    for i, (one, look) in enumerate(zip(found, LOOKS, strict=False)):
        corners: list[tuple[float, float, float, float]] = []
        told: list[str] = []
        for place, name in enumerate(names):
            y = place - 0.4 + i * thick
            if name in one.shown:
                corners.append((0.0, y + 0.06 * thick, one.shown[name], y + 0.94 * thick))
                text = f"{look.letter} {one.shown[name]:.1%}"
                told.append(f"{text}, {name}")
                named.append(Word(max(one.shown[name], one.expected.get(name, 0.0)), y + thick / 2, f"\u2002{text}",
                                      baseline="middle"))  # fmt: skip
            if name in one.expected:
                marks.append(Line(one.expected[name], y, one.expected[name], y + thick))
        columns = tuple(np.array(corners, dtype=float).reshape(-1, 4).T)
        data = (*columns, np.array(told, dtype=object))
        rectangles = hv.Rectangles(data, [_X, _Y, f"{_X}_end", f"{_Y}_end"], "told")
        bars.append(
            styled(rectangles, color=look.colour, fill_alpha=0.75, line_alpha=0, tools=["hover"],
                   hover_tooltips=[("", "@told")])
        )  # fmt: skip
    if len(named) > _LEGIBLE:
        named = []  # the hover still tells them
    empty = [] if names else waiting(0.5 * top, 0)
    elements = [*bars, lines(marks, _X, _Y, width=2, framewise=True), words([*named, *empty], _X, _Y)]
    step = 0.025 if top < 0.15 else 0.05 if top < 0.25 else 0.1 if top < 0.55 else 0.2
    return framed(
        elements,
        height=height,
        xlim=(0, 1.25 * top),
        ylim=(-0.5, max(0.5, len(names) - 0.5)),
        invert_yaxis=True,
        xlabel="density",
        ylabel="",
        xticks=[(i * step, f"{i * step:.{1 if step < 0.05 else 0}%}") for i in range(int(top / step + 1e-9) + 1)],
        yticks=list(enumerate(names)) or [(0.0, "")],
    )


def compared_density_title(found: Sequence[Densities], epoch: int | None) -> str:
    """The sentence above the bars: where the runs differ most."""
    names = [name for name in (found[0].shown if found else {}) if all(name in one.shown for one in found)]
    if epoch is None or not names:
        return "Densities appear with the first epoch"
    spans = {name: max(one.shown[name] for one in found) - min(one.shown[name] for one in found) for name in names}
    widest = max(names, key=lambda name: spans[name])
    if spans[widest] < 0.0005:
        return f"Epoch {epoch}: every matrix is as dense in all runs"
    told = ", ".join(
        f"{look.letter} {one.shown[widest]:.1%}{elsewhere(one.epoch, epoch)}"
        for one, look in zip(found, LOOKS, strict=False)
    )
    return f"Epoch {epoch}: densities differ most in {widest}: {told}"
