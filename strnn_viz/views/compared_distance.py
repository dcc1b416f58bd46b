"""How far the topologies of runs are apart over epochs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import holoviews as hv

from strnn_viz.runs import Run
from strnn_viz.topology.apart import Apart
from strnn_viz.views._compared import (
    LOOKS,
    Look,
    cursor_line,
    elsewhere,
    final_epoch,
    letters,
    listed,
    look_curve,
    shared_axis,
)
from strnn_viz.views._labels import Frame, along, beside, placed
from strnn_viz.views._plot import Series, Word, dashes, framed, waiting, words

_X, _Y = "epoch", "distance"


class Way(NamedTuple):
    """How far one run is from the first over epochs, as far as is known by now.

    Attributes
    ----------
    name : str
        The run.
    look : Look
    points : tuple of Apart
        By epoch; empty where the two cannot be laid over each other.
    """

    name: str
    look: Look
    points: tuple[Apart, ...]


def compared_distance(
    runs: Sequence[Run], ways: Sequence[Way], epoch: int | None, *, height: int | None = 280
) -> hv.Overlay:
    """Jaccard distance of every run to the first, and NNSTD where it was computed, as multiples of independent masks.

    Parameters
    ----------
    runs : sequence of Run
    ways : sequence of Way
        One fewer than `runs`.
    epoch : int or None
    height : int or None

    Returns
    -------
    Overlay
        Of the same elements for as many runs.
    """
    jaccard, nnstd = [], []
    for way in ways:
        known = [p for p in way.points if p.chance > 0]
        epochs = [p.epoch for p in way.points]
        jaccard.append(Series([p.epoch for p in known], [p.jaccard / p.chance for p in known], way.name))
        nnstd.append(Series(epochs, [p.nnstd for p in way.points], f"{way.name}, whatever the order of units"))
    series = [
        part
        for each, faint in ((nnstd, True), (jaccard, False))
        for s, way in zip(each, ways, strict=True)
        for part in look_curve(s, way.look, _X, _Y, "{:.1%}".format, faint=faint)
    ]
    last, axis = final_epoch(runs), shared_axis(runs)
    elements = [
        cursor_line(epoch, 0, 1.15, _X, _Y, dashes(axis["xlim"], 1.0)),
        *series,
        words(_words(jaccard, nnstd, ways, last, Frame.of(axis, 0, 1.15)), _X, _Y),
    ]
    ticks = [(v, f"{v:.0%}") for v in (0, 0.25, 0.5, 0.75, 1)]
    return framed(elements, height=height, ylim=(0, 1.15), ylabel="of independent masks", yticks=ticks, **axis)


def _words(
    jaccard: Sequence[Series], nnstd: Sequence[Series], ways: Sequence[Way], last: int, frame: Frame
) -> list[Word]:
    """Letters of the runs, and the names of the reference and of the first faint curve."""
    if not any(way.points for way in ways):
        return waiting(last / 2, 0.5, "appears with an epoch of two runs alike in shape")
    faint = next(
        ((s, way.look.colour) for s, way in zip(nnstd, ways, strict=True) if len(s.finite[0])), (Series([], [], ""), "")
    )
    choices = [
        *([letter] for letter in letters([Series([], [], ""), *jaccard], frame)),
        beside("independent masks", 1.0, frame, last),
        along(faint[0]._replace(name="NNSTD"), frame, faint[1]),
    ]
    return placed(choices, frame, [*jaccard, *nnstd], [1.0])


def compared_distance_title(ways: Sequence[Way], epoch: int | None) -> str:
    """The sentence above the distances, at the epoch computed that is nearest to the one shown."""
    have = [way for way in ways if way.points]
    if not have:
        return "Topology distances appear once an epoch that two runs have in common is computed"
    near = [min(way.points, key=lambda p: (abs(p.epoch - (epoch or 0)), p.epoch)) for way in have]
    shown, pairs = near[0].epoch, list(zip(have, near, strict=True))
    jaccard = [f"{way.look.letter} {p.jaccard:.3f}{elsewhere(p.epoch, shown)}" for way, p in pairs]
    nnstd = [
        f"{way.look.letter} {p.nnstd:.0%}{elsewhere(p.epoch, shown)}" for way, p in pairs if math.isfinite(p.nnstd)
    ]
    told = f"; NNSTD {listed(nnstd)} of independent" if nnstd else ""
    return (
        f"Epoch {shown}: Jaccard distance to {LOOKS[0].letter}: {listed(jaccard)} "
        f"(independent masks {near[0].chance:.3f}){told}"
    )
