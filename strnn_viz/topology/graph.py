"""A layer, or the surroundings of one unit, as a networkx graph."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerSnapshot, Snapshot
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology.churn import BORN, DIED, SURVIVED, states
from strnn_viz.topology.layers import previous_epoch
from strnn_viz.topology.links import Link, Source, Space, at_epoch, find_space, links, source_layers

_STATES = {"survived": SURVIVED, "born": BORN, "died": DIED}
_WORDS = {code: word for word, code in _STATES.items()}


def to_networkx(
    source: Source,
    layer: str,
    *,
    epoch: int | None = None,
    previous: Snapshot | None = None,
    unit: int | None = None,
    neighbours: bool = False,
    states: Collection[str] = ("survived", "born"),
    strongest: int | None = None,
    max_edges: int = 5000,
) -> Any:
    """The connections of a layer, or those around one unit of it, as a directed multigraph.

    A node is ``(layer, unit)``, for example ``("LSTM layer 1", 17)``, with attributes ``layer``, ``role`` (as of
    :class:`Space`) and ``unit``; the input and the output of a recurrent matrix are the same nodes. An edge goes from
    the unit that is read to the unit that reads, with attributes ``weight`` (0.0 for a connection that died), ``gate``
    (empty without gates), ``matrix`` and ``state`` (``"survived"``, ``"born"`` or ``"died"`` since the snapshot
    before; survived where there is none), and the key ``(matrix, gate)``.

    Parameters
    ----------
    source : Run or Snapshot
    layer : str
        Name of a matrix, or of a layer: all matrices that lead to its units.
    epoch : int, optional
        Of a run; its last by default.
    previous : Snapshot, optional
        What the states of a snapshot's connections compare with; a run knows its own.
    unit : int, optional
        Only the ego network of this unit of the layer: all connections into it and out of it, also those of the next
        layer. Without it, all units of the layer are nodes, also those without connections.
    neighbours : bool
        With `unit`: also the connections between its neighbours.
    states : collection of str
        Which connections: ``("born", "died")`` for what changed.
    strongest : int, optional
        Only so many of each matrix, those with the largest ``|weight|``.
    max_edges : int
        A graph of more edges is refused before it is built.

    Returns
    -------
    networkx.MultiDiGraph

    Raises
    ------
    UsageError
        If there is no such layer, unit or state, or there would be more than `max_edges` edges; if networkx is not
        installed.
    """
    graph = _networkx().MultiDiGraph()
    unknown = [state for state in states if state not in _STATES]
    if unknown:
        raise UsageError(f"states = {unknown[0]!r} is not known. Choose from: {', '.join(_STATES)}.")
    wired = links(source_layers(source))
    names = {link.info.name for link in wired}
    space = find_space(wired, layer)
    if unit is not None and not 0 <= unit < space.size:
        raise UsageError(f"unit = {unit} is out of range: {space.name} has units 0 to {space.size - 1}.")
    if unit is not None:
        chosen = [link for link in wired if space in (link.source, link.target)]
    elif layer in names:
        chosen = [link for link in wired if link.info.name == layer][:1]
    else:
        chosen = [link for link in wired if link.target == space] or [link for link in wired if link.source == space]
    read = [(link, *_read(source, link, epoch, previous)) for link in chosen]
    if unit is None:
        found = [_Edges(*parts, states) for parts in read]
    else:
        found = [_Edges(*parts, states, _touching(parts[0], space, unit)) for parts in read]
        if neighbours:
            near = _near(found)
            found = [_Edges(*parts, states, _between(parts[0], near)) for parts in read]
    if strongest is not None:
        for edges in found:
            edges.keep_strongest(strongest)
    total = sum(len(edges.at[0]) for edges in found)
    if total > max_edges:
        raise UsageError(
            f"this graph would have {total:,} edges, more than max_edges = {max_edges:,}. Choose a unit, or only the "
            "strongest, or states=('born', 'died'); or raise max_edges."
        )
    if unit is None:
        for link in chosen:
            for end in (link.source, link.target):
                graph.add_nodes_from((_node(end, i)) for i in range(end.size))
    else:
        graph.add_nodes_from([_node(space, unit)])
    for edges in found:
        edges.add_to(graph)
    return graph


class _Edges:
    """The connections of one matrix: gate, target and source of each, with weight and state."""

    def __init__(
        self,
        link: Link,
        now: LayerSnapshot,
        before: NDArray[np.uint8] | None,
        wanted: Collection[str],
        among: NDArray[np.bool_] | None = None,
    ) -> None:
        self.link = link
        codes = states(now.mask, None if before is None else unpack(before, link.info.shape))
        is_wanted = np.zeros(4, dtype=bool)
        is_wanted[[_STATES[word] for word in wanted]] = True
        chosen = is_wanted[codes] if among is None else is_wanted[codes] & among
        places = np.flatnonzero(chosen)
        self.codes = codes.ravel()[places]
        self.weights = np.zeros(len(places), dtype=np.float32)
        active = self.codes != DIED
        self.weights[active] = now.values[_ranks(now.bits, places[active])]
        rows, columns = np.divmod(places, link.info.shape[1])
        if link.by_rows:
            rows, columns = columns, rows
        gates, targets = np.divmod(rows, link.target.size)
        self.at = (gates, targets, columns)

    def keep_strongest(self, count: int) -> None:
        chosen = np.sort(np.argsort(-np.abs(self.weights), kind="stable")[:count])
        self.at = (self.at[0][chosen], self.at[1][chosen], self.at[2][chosen])
        self.codes, self.weights = self.codes[chosen], self.weights[chosen]

    def add_to(self, graph: Any) -> None:
        link = self.link
        for gate, target, source, code, weight in zip(*self.at, self.codes, self.weights, strict=True):
            tail, head = _node(link.source, int(source)), _node(link.target, int(target))
            graph.add_nodes_from([tail, head])
            name = link.gates[gate]
            graph.add_edge(tail[0], head[0], key=(link.info.name, name), weight=float(weight), gate=name,
                           matrix=link.info.name, state=_WORDS[int(code)])  # fmt: skip


def _touching(link: Link, space: Space, unit: int) -> NDArray[np.bool_]:
    """Positions of a matrix that lead to a unit or from it."""
    hit = np.zeros(link.info.shape, dtype=bool)
    view = link.by_gate(hit)
    if link.target == space:
        view[:, unit, :] = True
    if link.source == space:
        view[:, :, unit] = True
    return hit


def _near(found: list[_Edges]) -> dict[Space, NDArray[np.bool_]]:
    """Units at either end of some connections."""
    near = {end: np.zeros(end.size, dtype=bool) for e in found for end in (e.link.source, e.link.target)}
    for edges in found:
        near[edges.link.target][edges.at[1]] = True
        near[edges.link.source][edges.at[2]] = True
    return near


def _between(link: Link, near: dict[Space, NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Positions of a matrix whose both ends are near."""
    hit = np.zeros(link.info.shape, dtype=bool)
    link.by_gate(hit)[:] = near[link.target][:, None] & near[link.source]
    return hit


def _ranks(bits: NDArray[np.uint8], places: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many active positions a packed mask has before each of some active ones."""
    before = np.cumsum(np.bitwise_count(bits), dtype=np.int64)
    byte, bit = np.divmod(places, 8)
    within = np.bitwise_count(bits[byte] >> (7 - bit).astype(np.uint8))  # those up to the position itself
    return np.asarray(before[byte] - np.bitwise_count(bits[byte]) + within - 1)


def _read(
    source: Source, link: Link, epoch: int | None, previous: Snapshot | None
) -> tuple[LayerSnapshot, NDArray[np.uint8] | None]:
    """A matrix, and its packed mask one snapshot earlier."""
    name = link.info.name
    if isinstance(source, Snapshot):
        return source.layer(name), None if previous is None else previous.layer(name).bits
    if previous is not None:
        raise UsageError("previous is for a snapshot: a run knows its own. Give run[epoch], or leave previous out.")
    epoch = at_epoch(source, epoch)
    since = previous_epoch(source, epoch)
    return source.layer(epoch, name), None if since is None else source.bits(since, name)


def _node(space: Space, unit: int) -> tuple[tuple[str, int], dict[str, Any]]:
    return (space.name, unit), {"layer": space.name, "role": space.role, "unit": unit}


def _networkx() -> Any:
    try:
        import networkx
    except ModuleNotFoundError:
        raise UsageError(
            "graphs need networkx, which is not installed. Install it with: pip install 'strnn-viz[dashboard]'"
        ) from None
    return networkx
