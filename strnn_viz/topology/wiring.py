"""Which units each masked matrix of a network connects, so that networks can be compared up to the order of units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.runs.snapshot import unpack


@dataclass(frozen=True)
class Matrix:
    """One masked matrix as connections into the units of a layer.

    Attributes
    ----------
    info : LayerInfo
    layer : str
        The layer it belongs to.
    out : str
        The set of units its connections lead to; empty where their order is known (words, classes).
    columns : tuple of str
        The sets of units they come from, one after the other; empty where their order is known (inputs, words).
    """

    info: LayerInfo
    layer: str
    out: str
    columns: tuple[str, ...]

    @property
    def transposed(self) -> bool:
        """Whether units stand in the columns: an embedding has a row for each word and leads to its dimensions."""
        return self.info.role == "embedding"

    @property
    def units(self) -> int:
        """Units its connections lead to."""
        return _units(self.info)

    @property
    def slots(self) -> int:
        """Connections a unit can have through this matrix, all gates together."""
        return self.info.size // max(1, self.units)

    def blocks(self, bits: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """A packed mask of this matrix as an array of shape (units, gates, units it comes from)."""
        mask = unpack(bits, self.info.shape)
        if self.transposed:
            return np.ascontiguousarray(mask.T)[:, None, :]
        return mask.reshape(-1, self.units, self.info.shape[1]).swapaxes(0, 1)


@dataclass(frozen=True)
class Wiring:
    """The matrices of a network with the sets of units between them.

    Attributes
    ----------
    matrices : tuple of Matrix
        In the order of the model.
    sets : mapping of str to int
        Size of every set of units whose order is free, in the order they are met.
    """

    matrices: tuple[Matrix, ...]
    sets: Mapping[str, int]

    @property
    def layers(self) -> dict[str, list[int]]:
        """Places of the matrices of each layer."""
        places: dict[str, list[int]] = {}
        for place, matrix in enumerate(self.matrices):
            places.setdefault(matrix.layer, []).append(place)
        return places

    @property
    def key(self) -> tuple[object, ...]:
        """The same for networks of one architecture, whatever their layers are called."""
        names = {name: place for place, name in enumerate(["", *self.sets])}
        layers = {name: place for place, name in enumerate(self.layers)}
        return tuple(
            (*m.info.shape, m.transposed, m.info.gates, layers[m.layer], names[m.out], *(names[c] for c in m.columns))
            for m in self.matrices
        )


def wire(infos: Sequence[LayerInfo], *, pin_outputs: bool = True) -> Wiring:
    """Find out which units each matrix connects, walking up a model from its inputs.

    An embedding leads from words to its dimensions. Matrices of one group with the roles ``input`` and ``recurrent``
    lead to the units of that group, from the layer below and from the group itself: all matrices of an LSTM or GRU
    layer, and those of all depths of a recurrent highway network, share its units. A linear matrix leads to a layer
    of its own; the last one leads to outputs, whose order is known. An embedding tied to the decoder has the units of
    the uppermost layer as its dimensions. Where the units below are not recorded, or do not fit, columns are taken in
    the order they have.

    Parameters
    ----------
    infos : sequence of LayerInfo
        In the order of the model.
    pin_outputs : bool
        Whether the rows of a last, linear matrix keep their order.
    """
    groups: dict[str, list[LayerInfo]] = {}
    for info in infos:
        groups.setdefault(info.group or info.name, []).append(info)
    top, top_size = next((_outlet(g, groups[g]) for g in reversed(groups) if _recurrent(groups[g])), ("", 0))
    sets: dict[str, int] = {}
    found: dict[str, Matrix] = {}
    below: tuple[str, ...] = ()
    under: tuple[str, ...] = ()  # what feeds the layer under way, and the backward direction of it

    def fitting(names: tuple[str, ...], size: int) -> tuple[str, ...]:
        return names if sum(sets.get(n, 0) for n in names) == size else ()

    def add(info: LayerInfo, layer: str, out: str, columns: tuple[str, ...]) -> None:
        matrix = Matrix(info, layer, out, columns)
        if out and sets.setdefault(out, matrix.units) != matrix.units:
            raise UsageError(
                f"{info.name} of shape {info.shape} leads to {matrix.units} units, and another matrix of {layer} to "
                f"{sets[out]}: matrices of one group must have the same number of units."
            )
        found[info.name] = matrix

    previous = ""
    for group, members in groups.items():
        recurrent = _recurrent(members)
        if recurrent:
            backward = group == f"{previous} backward"
            under = under if backward else below
            sets.setdefault(group, _units(recurrent[0]))
            carried, size = _outlet(group, members)
            sets[carried] = size
            for info in recurrent:
                columns = under if info.role == "input" else (carried,)
                add(info, group, group, fitting(columns, info.shape[1]))
            below = (*below, carried) if backward else (carried,)
            if carried != group:
                add(_projection(members)[0], carried, carried, (group,))
        for info in members:
            if info.name in found:
                continue
            layer = group if len(members) == 1 else info.name
            if info.role == "embedding":
                out = top if info.tied and info.shape[1] == top_size else layer
                add(info, layer, out, ())
            else:
                out = "" if pin_outputs and info is infos[-1] else layer
                add(info, layer, out, fitting(below, info.shape[1]))
            below = (out,)
        previous = group
    return Wiring(tuple(found[info.name] for info in infos), MappingProxyType(sets))


def _units(info: LayerInfo) -> int:
    return info.shape[1] if info.role == "embedding" else info.shape[0] // max(1, len(info.gates))


def _recurrent(members: Sequence[LayerInfo]) -> list[LayerInfo]:
    return [info for info in members if info.role in ("input", "recurrent")]


def _projection(members: Sequence[LayerInfo]) -> list[LayerInfo]:
    """The matrix that makes fewer units of those of a recurrent layer, if it has one."""
    units = _units(_recurrent(members)[0])
    return [info for info in members if info.role == "linear" and info.shape[1] == units][:1]


def _outlet(group: str, members: Sequence[LayerInfo]) -> tuple[str, int]:
    """Name and size of the set of units that a recurrent layer shows to the next layer, and to itself."""
    projection = _projection(members)
    return (f"{group} projection", _units(projection[0])) if projection else (group, _units(_recurrent(members)[0]))
