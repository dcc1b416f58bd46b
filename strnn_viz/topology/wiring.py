"""Which units each masked matrix of a network connects, so that networks can be compared up to the order of units."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Snapshot
from strnn_viz.runs.snapshot import pack, unpack

#: What can be compared: a snapshot, or the masks of a feed-forward stack.
Topology = Snapshot | Sequence[NDArray[np.bool_]]


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
        return self.info.shape[1] if self.transposed else self.info.shape[0] // max(1, len(self.info.gates))

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
    top = next((g for g in reversed(groups) if any(i.role in ("input", "recurrent") for i in groups[g])), "")
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

    for group, members in groups.items():
        recurrent = [i for i in members if i.role in ("input", "recurrent")]
        if recurrent:
            backward = group.endswith(" backward") and below == (group.removesuffix(" backward"),)
            under = under if backward else below
            units = Matrix(recurrent[0], group, group, ()).units
            sets.setdefault(group, units)
            projection = next((i for i in members if i.role == "linear" and i.shape[1] == units), None)
            carried = f"{group} projection" if projection else group
            if projection:
                sets[carried] = projection.shape[0]
            for info in recurrent:
                columns = under if info.role == "input" else (carried,)
                add(info, group, group, fitting(columns, info.shape[1]))
            if projection:
                add(projection, carried, carried, (group,))
            below = (*below, carried) if backward else (carried,)
        for info in members:
            if info.name in found:
                continue
            layer = group if len(members) == 1 else info.name
            if info.role == "embedding":
                tied = bool(info.tied and top) and Matrix(groups[top][0], top, top, ()).units == info.shape[1]
                out = top if tied else layer
                add(info, layer, out, ())
            else:
                out = "" if pin_outputs and info is infos[-1] else layer
                add(info, layer, out, fitting(below, info.shape[1]))
            below = (out,)
    return Wiring(tuple(found[info.name] for info in infos), MappingProxyType(sets))


@dataclass(frozen=True, eq=False)
class Network:
    """A topology without its weights: the wiring, and a packed mask for each of its matrices."""

    wiring: Wiring
    bits: tuple[NDArray[np.uint8], ...]

    @cached_property
    def digest(self) -> str:
        """Identity of the topology by its content: architecture and masks, not names, epoch or weights."""
        hashed = hashlib.blake2b(json.dumps(self.wiring.key).encode(), digest_size=16)
        for bits in self.bits:
            hashed.update(bits.tobytes())
        return hashed.hexdigest()

    @cached_property
    def densities(self) -> tuple[float, ...]:
        """Share of active positions of every matrix."""
        sizes = (max(1, m.info.size) for m in self.wiring.matrices)
        return tuple(int(np.bitwise_count(bits).sum()) / size for bits, size in zip(self.bits, sizes, strict=True))

    def blocks(self, place: int) -> NDArray[np.bool_]:
        """The mask of a matrix, shape (units, gates, units it comes from)."""
        return self.wiring.matrices[place].blocks(self.bits[place])


def network(topology: Topology, *, pin_outputs: bool = True) -> Network:
    """A snapshot, or the masks of a feed-forward stack, as a :class:`Network`.

    Raises
    ------
    UsageError
        If it is neither, or the masks of a stack do not follow on each other.
    """
    if isinstance(topology, Snapshot):
        layers = list(topology.layers.values())
        return Network(wire([la.info for la in layers], pin_outputs=pin_outputs), tuple(la.bits for la in layers))
    if not isinstance(topology, Sequence) or not topology:
        raise UsageError(f"a topology is a Snapshot or a list of boolean masks (out, in), not {_kind(topology)}.")
    infos: list[LayerInfo] = []
    for i, mask in enumerate(topology):
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.ndim != 2:
            raise UsageError(
                f"mask {i + 1} of the stack must be a two-dimensional boolean array (out, in), not {_kind(mask)}. "
                "Where there are only weights, give weights != 0."
            )
        if infos and mask.shape[1] != infos[-1].shape[0]:
            raise UsageError(
                f"mask {i + 1} of the stack has {mask.shape[1]} inputs, but the layer below has {infos[-1].shape[0]} "
                "units. Masks are (out, in), from the input upward."
            )
        infos.append(LayerInfo(f"layer {i + 1}", (mask.shape[0], mask.shape[1])))
    return Network(wire(infos, pin_outputs=pin_outputs), tuple(pack(mask) for mask in topology))


def check_comparable(a: Network, b: Network) -> None:
    """Raise :class:`UsageError`, naming what differs, unless two networks have one architecture."""
    if a.wiring.key == b.wiring.key:
        return
    ours, theirs = a.wiring.matrices, b.wiring.matrices
    if len(ours) != len(theirs):
        raise UsageError(f"networks of {len(ours)} and {len(theirs)} masked matrices cannot be compared.")
    what = "their matrices are connected otherwise"
    for m, n in zip(ours, theirs, strict=True):
        if m.info.shape != n.info.shape:
            what = f"{m.info.name} is {m.info.shape} in one and {n.info.name} is {n.info.shape} in the other"
            break
    raise UsageError(f"only networks of one architecture can be compared, but {what}.")


def _kind(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    return f"{type(value).__name__}" if value or not isinstance(value, Sequence) else "an empty one"
