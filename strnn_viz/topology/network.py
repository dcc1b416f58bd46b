"""A topology without its weights, from whatever it is given as."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Snapshot
from strnn_viz.runs.snapshot import pack
from strnn_viz.topology.wiring import Wiring, wire

#: What can be compared: a snapshot, or the masks of a feed-forward stack.
Topology = Snapshot | Sequence[NDArray[np.bool_]]


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
