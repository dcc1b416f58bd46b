"""One hidden unit and what it is connected with: inputs at the left, outputs at the right."""

from __future__ import annotations

import textwrap
from typing import Any

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.topology import matrices
from strnn_viz.views import palette
from strnn_viz.views._ego import MIDDLE, EgoInfo, ego_info
from strnn_viz.views._plot import Line, Word, framed, lines, signed, styled, waiting, words

_X, _Y = "ego_x", "ego_y"
_LOOKS = {
    "survived": (palette.SURVIVED, "circle"),
    "born": (palette.BORN, "triangle"),
    "died": (palette.DIED, "inverted_triangle"),
}
_BESIDE, _LETTERS = 0.55, 13  # room for names at the left and at the right, and the letters a line has there
_PORT, _BODY = MIDDLE - 0.05, MIDDLE + 0.03  # where connections into gates end, and the line that the unit is


def ego_network(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 320,
    unit: int | None = None,
    max_edges: int = 150,
) -> hv.Overlay:
    """One hidden unit with its gates, what it reads at the left and what reads it at the right.

    Every unit has a place of its own, by its number, that no epoch changes.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        As for :func:`ego_info`.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    unit, max_edges
        As for :func:`ego_info`.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        As for :func:`ego_info`.
    """
    shown = ego_info(run, epoch, layer, unit=unit, max_edges=max_edges)
    strongest = max((abs(e.weight) for e in shown.edges), default=1.0) or 1.0
    rows = []
    for e in shown.edges:
        band = shown.bands[e.matrix, e.outward]
        port = 0.5 if e.outward else _port(shown, e.gate)
        end = _BODY if e.outward else _PORT
        colour, marker = _LOOKS[e.state]
        text = f"unit {e.other:,}" + (f", gate {e.gate}" if e.gate else "")
        width = 0.6 + 2.4 * abs(e.weight) / strongest
        rows.append((band.x, band.y(e.other), end, port, colour, width, marker, text, e.state, signed(e.weight, ".3g")))
    columns = list(zip(*rows, strict=True)) or [()] * 10
    data: list[Any] = [np.array(c, dtype=float if i in (0, 1, 2, 3, 5) else object) for i, c in enumerate(columns)]
    edges = hv.Segments(tuple(data[:6]), [_X, _Y, f"{_X}1", f"{_Y}1"], ["colour", "width"])
    ends = hv.Scatter((data[0], data[1], *data[4:5], *data[6:]), _X, [_Y, "colour", "marker", "end", "state", "weight"])
    tips = [("", "@end"), ("", "@state"), ("w", "@weight")]
    axes = [Line(b.x, b.low, b.x, b.high) for b in shown.bands.values()]
    body = [Line(_BODY, 0.3, _BODY, 0.7)] if shown.layer else []
    drawn = framed(
        [
            lines([*axes, *body], _X, _Y, framewise=True),
            styled(edges, color=hv.dim("colour"), line_width=hv.dim("width"), line_alpha=0.75),
            styled(ends, color=hv.dim("colour"), marker=hv.dim("marker"), size=6, tools=["hover"], hover_tooltips=tips),
            words(_words(shown), _X, _Y),
        ],
        height=height,
        xlim=(-_BESIDE, 2 + _BESIDE),
        ylim=(0, 1),
        invert_yaxis=True,
    )
    return styled(drawn, xaxis=None, yaxis=None)


def _port(shown: EgoInfo, gate: str) -> float:
    """Where the connections into a gate end."""
    at = shown.gates.index(gate) if gate in shown.gates else (len(shown.gates) - 1) / 2
    return 0.5 if len(shown.gates) == 1 else 0.32 + 0.36 * at / (len(shown.gates) - 1)


def _words(shown: EgoInfo) -> list[Word]:
    if not shown.layer:
        return waiting(MIDDLE, 0.5)
    found = [Word(MIDDLE, 0.27, f"unit {shown.unit:,}", align="center")]
    found += [Word(MIDDLE, _port(shown, g), g, align="center", baseline="middle") for g in shown.gates if g]
    for (_, outward), band in shown.bands.items():
        name = "\n".join(textwrap.wrap(band.name, _LETTERS))
        x, align = (band.x + 0.06, "left") if outward else (band.x - 0.06, "right")
        found.append(Word(x, (band.low + band.high) / 2, name, align=align, baseline="middle"))
    return found


def ego_title(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    unit: int | None = None,
    max_edges: int = 150,
) -> str:
    """The sentence above an ego network: what became of the unit's connections, and how many are drawn."""
    if epoch is None or not run.epochs:
        matrices(run, layer)
        return "A unit's connections appear with the first epoch"
    shown = ego_info(run, epoch, layer, unit=unit, max_edges=max_edges)
    survived, born, died = shown.found
    text = f"{shown.layer}, unit {shown.unit:,}, epoch {epoch}: "
    text += f"{survived:,} connections survived, {born:,} born, {died:,} died"
    total = survived + born + died
    return text if total == len(shown.edges) else f"{text}; {len(shown.edges):,} of {total:,} drawn"
