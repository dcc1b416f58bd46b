"""Which units a matrix connects: how the matrices of a model hang together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run, Snapshot
from strnn_viz.runs.snapshot import unpack

#: Where masks are read from: a run, at one of its epochs, or one snapshot.
Source = Run | Snapshot


@dataclass(frozen=True)
class Space:
    """A set of units that connections lead from or to.

    Attributes
    ----------
    name : str
        What a person calls them, for example ``LSTM layer 1``.
    role : str
        ``"word"`` (rows of an embedding), ``"input"``, ``"embedding"``, ``"hidden"`` or ``"output"``.
    size : int
        Number of units.
    """

    name: str
    role: str
    size: int


@dataclass(frozen=True)
class Link:
    """A matrix as connections from the units of one space to those of another.

    Attributes
    ----------
    info : LayerInfo
    source, target : Space
        The same for the recurrent matrix of a layer. A unit of the target has one row in each gate.
    by_rows : bool
        Whether rows are sources: an embedding has a row for each word.
    """

    info: LayerInfo
    source: Space
    target: Space
    by_rows: bool = False

    @property
    def recurrent(self) -> bool:
        """Whether it leads from one time step to the next."""
        return self.info.role == "recurrent"

    @property
    def gates(self) -> tuple[str, ...]:
        """Names of the gates; one without a name where there are none."""
        return self.info.gates or ("",)

    def by_gate(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The mask with a gate, a target and a source axis; shape (gates, target.size, source.size), not copied."""
        if self.by_rows:
            return mask.T[None]
        return mask.reshape(len(self.gates), self.target.size, self.source.size)


def links(layers: Iterable[LayerInfo]) -> list[Link]:
    """How matrices connect units, in the order of the model.

    Layers (matrices of one `group`) are taken to follow each other in the order given, a recurrent one reading its own
    units and those of the layer below. Where the width a layer reads is not that of the layer before, as behind a
    bidirectional layer, it gets an input of its own. A tied embedding is there twice, at the end as the decoder.

    Parameters
    ----------
    layers : iterable of LayerInfo
        As of ``run.layers.values()``.
    """
    groups: dict[str, list[LayerInfo]] = {}
    for info in layers:
        groups.setdefault(info.group or info.name, []).append(info)
    found: list[Link] = []
    below: Space | None = None  # what the next layer reads
    read: Space | None = None  # what the layer before has read
    tied: LayerInfo | None = None
    for group, infos in groups.items():
        backward = group.endswith(" backward")
        read = below = read if backward else below  # the halves of a bidirectional layer read the same
        if infos[0].role == "embedding":
            rows, columns = infos[0].shape
            below = Space(group, "embedding", columns)
            found.append(Link(infos[0], Space(f"{group}: words", "word", rows), below, by_rows=True))
            tied = infos[0] if infos[0].tied else None
            continue
        last = group == list(groups)[-1] and tied is None
        added, below = _layer(group, infos, below, "output" if last else "hidden")
        found += added
        below = None if backward else below  # the next layer reads both halves
    if tied is not None and below is not None and below.size == tied.shape[1] and below.role != "embedding":
        found.append(Link(tied, below, Space(f"{tied.group or tied.name}: next word", "output", tied.shape[0])))
    return found


def _layer(group: str, infos: list[LayerInfo], below: Space | None, role: str) -> tuple[list[Link], Space]:
    """The links of one layer, and the units that the next one reads."""
    found: list[Link] = []
    gated = next((info for info in infos if info.role in ("input", "recurrent")), None)
    state = None if gated is None else Space(group, "hidden", gated.shape[0] // max(1, len(gated.gates)))
    output = state
    for info in infos:
        rows, columns = info.shape
        if state is None:
            output = Space(group if len(infos) == 1 else info.name, role, rows)
            found.append(Link(info, _reads(below, group, columns), output))
            below = output
        elif info.role == "input":
            found.append(Link(info, _reads(below, group, columns), state))
        elif info.role == "recurrent":
            # a layer with a projection reads its projected output, not its state
            own = state if columns == state.size else Space(f"{group}: projection", "hidden", columns)
            found.append(Link(info, own, state))
        else:
            output = Space(f"{group}: projection", "hidden", rows)
            found.append(Link(info, state, output))
    assert output is not None
    return found, output


def _reads(below: Space | None, group: str, width: int) -> Space:
    return below if below is not None and below.size == width else Space(f"{group}: input", "input", width)


def find_space(wired: list[Link], layer: str) -> Space:
    """The units called `layer`, or those that the matrix of that name leads to.

    Raises
    ------
    UsageError
        If there are none.
    """
    spaces = {space.name: space for link in wired for space in (link.source, link.target)}
    by_matrix = {link.info.name: link.target for link in reversed(wired)}
    found = spaces.get(layer) or by_matrix.get(layer)
    if found is None:
        raise UsageError(f"there are no units called {layer!r}. There are: {', '.join([*spaces, *by_matrix])}.")
    return found


def source_layers(source: Source) -> list[LayerInfo]:
    """The matrices of a run or of a snapshot, in the order of the model."""
    if isinstance(source, Run):
        return list(source.layers.values())
    return [layer.info for layer in source.layers.values()]


def source_mask(source: Source, info: LayerInfo, epoch: int | None = None) -> NDArray[np.bool_]:
    """The mask of a matrix, shape ``info.shape``.

    Parameters
    ----------
    source : Run or Snapshot
    info : LayerInfo
    epoch : int, optional
        Of a run; its last by default.

    Raises
    ------
    UsageError, RunError
        If there is no such epoch or matrix, or it cannot be read.
    """
    if isinstance(source, Snapshot):
        return source.mask(info.name)
    return unpack(source.bits(at_epoch(source, epoch), info.name), info.shape)


def at_epoch(run: Run, epoch: int | None) -> int:
    """`epoch`, or the last one a run has.

    Raises
    ------
    UsageError
        If it has none.
    """
    if epoch is not None:
        return epoch
    if not run.epochs:
        raise UsageError(f"run {run.name} has no epoch yet. Wait for its first, or choose another run.")
    return run.epochs[-1]
