"""What one unit is connected with, and where its neighbours stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import previous_epoch, to_networkx
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.layers import matrix_role
from strnn_viz.topology.links import Link, Space, find_space, links
from strnn_viz.views._degrees import shown_layer, unit_counts
from strnn_viz.views._history import seen

LEFT, MIDDLE, RIGHT = 0.0, 1.0, 2.0
STATES = ("survived", "born", "died")

_held: Bounded[tuple[Edge, ...]] = Bounded(256)
_units: Bounded[int] = Bounded(256)


class Band(NamedTuple):
    """Where the units of one set stand: on a line, by their number."""

    x: float
    low: float
    high: float
    size: int
    name: str

    def y(self, unit: int) -> float:
        """The place of a unit."""
        return self.low + (unit + 0.5) / max(1, self.size) * (self.high - self.low)


class Edge(NamedTuple):
    """A connection into the unit or out of it.

    Attributes
    ----------
    matrix : str
    gate : str
        The gate it leads into; empty without gates.
    outward : bool
    other : int
        The unit at its other end.
    weight : float
        0 for one that died.
    state : str
        ``"survived"``, ``"born"`` or ``"died"``.
    """

    matrix: str
    gate: str
    outward: bool
    other: int
    weight: float
    state: str


@dataclass(frozen=True, eq=False)
class EgoInfo:
    """What an ego network shows.

    Attributes
    ----------
    layer : str
        The set of units the unit is of; empty in an empty run.
    unit : int
    gates : tuple of str
        Of the unit, from the top.
    bands : mapping of (matrix, outward) to Band
        Where the other ends stand; the same in every epoch.
    edges : tuple of Edge
        Those drawn.
    found : tuple of int
        Connections that survived, were born and died, drawn or not.
    """

    layer: str
    unit: int
    gates: tuple[str, ...]
    bands: dict[tuple[str, bool], Band]
    edges: tuple[Edge, ...]
    found: tuple[int, int, int]


def ego_info(
    run: Run, epoch: int | None, layer: str | None = None, *, unit: int | None = None, max_edges: int = 150
) -> EgoInfo:
    """The connections of one unit at an epoch.

    Parameters
    ----------
    run : Run
    epoch : int or None
    layer : str or None
        Name of a group, or of a matrix for its connections alone; None for the layer of the first recurrent matrix.
    unit : int or None
        None for the one with most connections in the run's first snapshot, which no later epoch changes.
    max_edges : int
        Where there are more, a third of the places are for those just born and a third for those that died, as far as
        there are any; the rest goes to the survivors with the largest weights. Of those that died an even choice is
        taken.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded, or the run has no such layer or unit.
    """
    name = shown_layer(run, layer)
    if name is None or epoch is None or not seen(run, epoch):
        return EgoInfo("", 0, (), {}, (), (0, 0, 0))
    if max_edges < 3:
        raise UsageError(
            f"max_edges = {max_edges} is too few to show what survived, was born and died. Give 3 or more."
        )
    space, inward, outward = _around(run, name)
    ego = _busiest(run, name) if unit is None else unit
    before = previous_epoch(run, epoch)
    files = (snapshot_key(run, epoch), None if before is None else snapshot_key(run, before))
    edges = _held.get((files, name, ego), lambda: _edges(run, epoch, name, space, ego))
    counts = [sum(e.state == state for e in edges) for state in STATES]
    gates = next((link.gates for link in inward if link.gates != ("",)), ("",))
    bands = {**_stacked(run, LEFT, inward, False), **_stacked(run, RIGHT, outward, True)}
    return EgoInfo(space.name, ego, gates, bands, _chosen(edges, max_edges), (counts[0], counts[1], counts[2]))


def _around(run: Run, name: str) -> tuple[Space, list[Link], list[Link]]:
    """The units meant, and the matrices that lead to them and from them."""
    wired = links(run.layers.values())
    space = find_space(wired, name)
    chosen = [link for link in wired if name not in run.layers or link.info.name == name]
    return space, [li for li in chosen if li.target == space], [li for li in chosen if li.source == space]


def _busiest(run: Run, name: str) -> int:
    """The unit with most connections in the first snapshot, the first of several."""

    def make() -> int:
        space, inward, outward = _around(run, name)
        degrees = np.zeros(space.size, dtype=np.int64)
        for side, through in enumerate((inward, outward)):
            for link in through:
                degrees += unit_counts(run, run.epochs[0], link)[side]
        return int(degrees.argmax())

    return _units.get((snapshot_key(run, run.epochs[0]), name), make)


def _edges(run: Run, epoch: int, name: str, space: Space, unit: int) -> tuple[Edge, ...]:
    graph = to_networkx(run, space.name, epoch=epoch, unit=unit, states=STATES, max_edges=10**9)
    found = []
    for tail, head, data in graph.edges(data=True):
        if name in run.layers and data["matrix"] != name:
            continue
        for outward, here, there in ((False, head, tail), (True, tail, head)):
            # A unit's connection to itself is at both sides: it reads at one step what it wrote at the step before.
            if here == (space.name, unit):
                found.append(Edge(data["matrix"], data["gate"], outward, there[1], data["weight"], data["state"]))
    return tuple(sorted(found))


def _chosen(edges: Iterable[Edge], most: int) -> tuple[Edge, ...]:
    """At most so many: the strongest of those born and an even choice of those that died, then the strongest survivors.

    One that died has no weight to go by; the first of them would all be of one matrix.
    """
    survived, born, died = (sorted((e for e in edges if e.state == s), key=lambda e: -abs(e.weight)) for s in STATES)
    step = max(1, -(-len(died) // max(1, most // 3)))
    died = [e for start in range(step) for e in died[start::step]]
    changed = [*born[: most // 3], *died[: most // 3]]
    kept = survived[: most - len(changed)]
    left = most - len(changed) - len(kept)
    rest = [*born[most // 3 :], *died[most // 3 :]][:left]
    return (*kept, *sorted([*changed, *rest]))


def _stacked(run: Run, x: float, through: list[Link], outward: bool) -> dict[tuple[str, bool], Band]:
    """Bands one above the other, the first matrix on top, all of one height."""
    count = max(1, len(through))
    names = [_band_name(link, outward) for link in through]
    found = {}
    for i, (link, name) in enumerate(zip(through, names, strict=True)):
        other = link.target if outward else link.source
        called = f"{other.name}, {matrix_role(run, link.info)}" if names.count(name) > 1 else name
        low, high = (i + 0.08) / count, (i + 0.92) / count
        found[(link.info.name, outward)] = Band(x, low, high, other.size, called)
    return found


def _band_name(link: Link, outward: bool) -> str:
    step = "" if not link.recurrent else ", next step" if outward else ", step before"
    return f"{(link.target if outward else link.source).name}{step}"
