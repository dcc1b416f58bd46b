"""How many connections lead into and out of every unit, how evenly they are spread, and which units have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.history import Progress
from strnn_viz.topology.layers import matrices
from strnn_viz.topology.links import Source, Space, find_space, links, source_layers, source_mask

Direction = Literal["in", "out"]


@dataclass(frozen=True)
class Part:
    """Where some of a unit's connections are.

    Attributes
    ----------
    matrix : str
        Name of the matrix.
    role : str
        Its role: ``"input"``, ``"recurrent"``, ``"embedding"`` or ``"linear"``.
    gate : str
        The gate that a connection leads into, of this layer or, for outgoing ones, of the next; empty where there are
        no gates.
    """

    matrix: str
    role: str
    gate: str


@dataclass(frozen=True, eq=False)
class UnitDegrees:
    """Degrees of the units of one layer, in the parts they are made of.

    Attributes
    ----------
    space : Space
        The units.
    incoming, outgoing : mapping of Part to ndarray of int64, shape (units,)
        Connections of every unit in each gate of each matrix that leads to these units, and from them. A connection
        from a unit to its own layer is in both.
    """

    space: Space
    incoming: Mapping[Part, NDArray[np.int64]]
    outgoing: Mapping[Part, NDArray[np.int64]]

    def degree(self, direction: Direction, *, gate: str | None = None, role: str | None = None) -> NDArray[np.int64]:
        """Connections of every unit, of one gate or of matrices of one role only; shape (units,).

        Parameters
        ----------
        direction : {"in", "out"}
        gate, role : str, optional
            Of the matrices, as in :class:`Part`.
        """
        parts = self.incoming if direction == "in" else self.outgoing
        total = np.zeros(self.space.size, dtype=np.int64)
        for part, counts in parts.items():
            if gate in (None, part.gate) and role in (None, part.role):
                total += counts
        return total

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Units that nothing recorded leads to, or that lead nowhere; shape (units,).

        Of units that no matrix leads to (words) or from (outputs), the other side alone counts. A unit without incoming
        connections may still have a bias; it then says the same whatever it is shown.
        """
        dead = np.zeros(self.space.size, dtype=bool)
        if self.incoming:
            dead |= self.degree("in") == 0
        if self.outgoing:
            dead |= self.degree("out") == 0
        return dead


def unit_degrees(source: Source, layer: str, *, epoch: int | None = None) -> UnitDegrees:
    """Degrees in and out of the units of a layer, by gate and by matrix.

    Parameters
    ----------
    source : Run or Snapshot
    layer : str
        Name of a layer (``LSTM layer 1``) or of one of its matrices; of ``Embedding: words`` too, and of whatever
        other units :func:`links` names.
    epoch : int, optional
        Of a run; its last by default.

    Raises
    ------
    UsageError
        If there are no such units; those that there are, are named.
    """
    wired = links(source_layers(source))
    space = find_space(wired, layer)
    incoming: dict[Part, NDArray[np.int64]] = {}
    outgoing: dict[Part, NDArray[np.int64]] = {}
    for link in wired:
        if space not in (link.target, link.source):
            continue
        mask = link.by_gate(source_mask(source, link.info, epoch))
        parts = [Part(link.info.name, link.info.role, gate) for gate in link.gates]
        if link.target == space:
            incoming.update(zip(parts, np.count_nonzero(mask, axis=2), strict=True))
        if link.source == space:
            outgoing.update(zip(parts, np.count_nonzero(mask, axis=1), strict=True))
    return UnitDegrees(space, incoming, outgoing)


def gini(degrees: NDArray[np.int64]) -> float:
    """Gini coefficient: 0 where all units have the same degree, towards 1 where one has all connections.

    Half the mean absolute difference of all pairs over the mean (Gini 1912); 0 where there are no connections.

    Parameters
    ----------
    degrees : ndarray of int64, shape (n,)
    """
    n, total = len(degrees), int(degrees.sum())
    if not total:
        return 0.0
    rank = 2 * np.arange(1, n + 1) - n - 1
    return float((rank * np.sort(degrees)).sum() / (n * total))


def degree_order(mask: NDArray[np.bool_], info: LayerInfo) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and columns of a matrix by falling degree, equal ones in their own order; rows stay within their gate.

    Parameters
    ----------
    mask : ndarray of bool, shape ``info.shape``
    info : LayerInfo

    Returns
    -------
    rows, columns : ndarray of int64
        ``mask[rows][:, columns]`` is the adjacency in that order. Freeze it at one epoch to compare others.
    """
    height = info.shape[0] // max(1, len(info.gates))
    rows = np.concatenate(
        [start + _falling(mask[start : start + height].sum(axis=1)) for start in range(0, info.shape[0], height)]
    )
    return rows, _falling(mask.sum(axis=0))


@dataclass(frozen=True, eq=False)
class GateDensity:
    """Density of the gates of a matrix over a run.

    Attributes
    ----------
    gates : tuple of str
        One empty name where the matrix has no gates.
    epochs : ndarray of int64, shape (t,)
    density : ndarray of float64, shape (t, gates)
    """

    gates: tuple[str, ...]
    epochs: NDArray[np.int64]
    density: NDArray[np.float64]


def gate_density(run: Run, name: str, *, progress: Progress | None = None) -> GateDensity:
    """Active share of every gate of a matrix at every epoch, one packed mask in memory at a time.

    Parameters
    ----------
    run : Run
    name : str
        Name of the matrix.
    progress : callable, optional
        Told (masks read, masks to read).

    Raises
    ------
    UsageError, RunError
        If there is no such matrix, or an epoch cannot be read.
    """
    found = matrices(run, name)
    if len(found) != 1:
        known = ", ".join(run.layers) or "none yet"
        raise UsageError(f"{name!r} is not one matrix of run {run.name}. It has: {known}.")
    (info,), epochs = found, run.epochs
    gates = info.gates or ("",)
    size = info.size // len(gates)
    density = np.zeros((len(epochs), len(gates)))
    for i, epoch in enumerate(epochs):
        bits = run.bits(epoch, info.name)
        density[i] = [count_active(bits, g * size, (g + 1) * size) / size for g in range(len(gates))]
        if progress is not None:
            progress(i + 1, len(epochs))
    return GateDensity(gates, np.array(epochs, dtype=np.int64), density)


def count_active(bits: NDArray[np.uint8], start: int, stop: int) -> int:
    """Active positions of a packed mask from `start` up to, not including, `stop`."""
    part = bits[start // 8 : -(-stop // 8)]
    total = int(np.bitwise_count(part).sum())
    if start % 8:
        total -= int(np.bitwise_count(part[0] >> np.uint8(8 - start % 8)))
    if stop % 8:
        total -= int(np.bitwise_count(part[-1] & np.uint8((1 << (8 - stop % 8)) - 1)))
    return total


def _falling(degrees: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.argsort(-degrees, kind="stable")
