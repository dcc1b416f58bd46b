"""One moment of a run: its topology, its active weights and its numbers, as plain read-only NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError

#: Edges of the magnitude histograms, in log10 |w|: twelve bins a decade, the same for every run, layer and epoch, so
#: that histograms can be laid over each other. Magnitudes beyond either end are counted in the outermost bin.
LOG10_EDGES: NDArray[np.float64] = np.linspace(-6.0, 2.0, 97)
LOG10_EDGES.setflags(write=False)

#: Bytes of packed masks that are unpacked at a time.
_PIECE = 1 << 17


@dataclass(frozen=True)
class LayerInfo:
    """What a masked weight matrix is, the same in every epoch.

    Attributes
    ----------
    name : str
        Name of the parameter in the model, for example ``lstm.0.weight_hh``.
    shape : tuple of int
        Rows and columns as stored: (out, in) for linear and recurrent layers; an embedding has a row for each word.
    role : str
        ``"input"`` or ``"recurrent"`` (the two matrices of a recurrent layer), ``"embedding"`` or ``"linear"``.
    group : str
        The layer it belongs to, in words a person reads, for example ``LSTM layer 1``.
    gates : tuple of str
        Names of the equal blocks of rows, from the top: ``("i", "f", "g", "o")`` for an LSTM; empty for other layers.
    tied : tuple of str
        Other names of the same parameter; a tied matrix is counted once.
    """

    name: str
    shape: tuple[int, int]
    role: str = "linear"
    group: str = ""
    gates: tuple[str, ...] = ()
    tied: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Number of positions, active or not."""
        return self.shape[0] * self.shape[1]

    def to_dict(self) -> dict[str, Any]:
        """As plain values for JSON."""
        return {
            "name": self.name,
            "shape": list(self.shape),
            "role": self.role,
            "group": self.group,
            "gates": list(self.gates),
            "tied": list(self.tied),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LayerInfo:
        """The inverse of :meth:`to_dict`."""
        rows, columns = values["shape"]
        return cls(
            name=str(values["name"]),
            shape=(int(rows), int(columns)),
            role=str(values["role"]),
            group=str(values["group"]),
            gates=tuple(map(str, values["gates"])),
            tied=tuple(map(str, values["tied"])),
        )


@dataclass(frozen=True)
class Churn:
    """How the topology of one matrix moved, in connections.

    `born` and `died` compare the mask with the previous snapshot's. The rest says what the rewiring right after this
    snapshot was recorded did; where one rewires every few steps, what the rewirings of the epoch it ends did. A
    connection pruned and regrown at once is in `reactivated`, and neither born nor died.

    Attributes
    ----------
    born, died : int
        Active now but not in the previous snapshot, and the reverse.
    kept : int
        Active now and in the first snapshot of the run.
    pruned, reactivated : int
        Removed by the rewiring after this snapshot, and those of them it regrew in the same place.
    threshold : float
        The largest magnitude that rewiring pruned (γ of Eq. 6); nan where it pruned nothing.
    """

    born: int = 0
    died: int = 0
    kept: int = 0
    pruned: int = 0
    reactivated: int = 0
    threshold: float = float("nan")


@dataclass(frozen=True, eq=False)
class LayerSnapshot:
    """One masked matrix at one epoch.

    Attributes
    ----------
    info : LayerInfo
    bits : ndarray of uint8, shape (ceil(rows * columns / 8),)
        The mask, row by row, eight positions a byte, the first in the highest bit (:func:`numpy.packbits`).
    values : ndarray of float32, shape (nnz,)
        The active weights, in row-major order of their positions.
    survived_histogram, born_histogram : ndarray of int64, shape (1 + len(LOG10_EDGES) - 1,)
        Active weights by log10 magnitude, those that were active in the previous snapshot and those that were not.
        Entry 0 counts exact zeros, entry ``1 + i`` those between ``LOG10_EDGES[i]`` and ``LOG10_EDGES[i + 1]``.
    churn : Churn
    """

    info: LayerInfo
    bits: NDArray[np.uint8]
    values: NDArray[np.float32]
    survived_histogram: NDArray[np.int64]
    born_histogram: NDArray[np.int64]
    churn: Churn = Churn()

    @property
    def name(self) -> str:
        """Name of the matrix."""
        return self.info.name

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.info.shape

    @property
    def nnz(self) -> int:
        """Number of active weights."""
        return len(self.values)

    @property
    def density(self) -> float:
        """Active weights as a fraction of all positions."""
        return self.nnz / self.info.size

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The mask as a fresh boolean array of shape `shape`."""
        return unpack(self.bits, self.shape)

    @property
    def weight(self) -> NDArray[np.float32]:
        """The weights as a fresh dense array of shape `shape`, zero where inactive."""
        dense = np.zeros(self.info.size, dtype=np.float32)
        dense[self.mask.ravel()] = self.values
        return dense.reshape(self.shape)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run at the end of one epoch, after evaluation and before the rewiring that follows it.

    Epoch 0 is the state before any training. The arrays are on the CPU and read-only.

    Attributes
    ----------
    epoch : int
        Passes over the training text so far.
    step : int
        Optimizer steps so far.
    metrics : mapping of str to float
        For example ``train_perplexity``, ``valid_perplexity``, ``lr`` and ``prune_rate``.
    layers : mapping of str to LayerSnapshot
        The masked matrices by name, in the order of the model.
    """

    epoch: int
    step: int
    metrics: Mapping[str, float]
    layers: Mapping[str, LayerSnapshot]

    def __post_init__(self) -> None:
        object.__setattr__(self, "metrics", MappingProxyType(dict(self.metrics)))
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))

    def layer(self, name: str) -> LayerSnapshot:
        """The matrix called `name`.

        Raises
        ------
        UsageError
            If there is none.
        """
        try:
            return self.layers[name]
        except KeyError:
            known = ", ".join(self.layers)
            raise UsageError(f"this snapshot has no layer {name!r}. Its layers are: {known}.") from None

    def mask(self, name: str) -> NDArray[np.bool_]:
        """The mask of a matrix, boolean, shape (out, in): True where a connection is active."""
        return self.layer(name).mask

    def weight(self, name: str) -> NDArray[np.float32]:
        """The weights of a matrix, float32, shape (out, in): dense, zero where inactive."""
        return self.layer(name).weight

    @cached_property
    def nnz(self) -> int:
        """Active weights of all masked matrices."""
        return sum(layer.nnz for layer in self.layers.values())

    @property
    def density(self) -> float:
        """Active weights as a fraction of all positions of all masked matrices."""
        return self.nnz / max(1, sum(layer.info.size for layer in self.layers.values()))


def pack(mask: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """A boolean array as bits, row by row, eight positions a byte."""
    return read_only(np.packbits(mask.ravel()))


def unpack(bits: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """The inverse of :func:`pack`."""
    return np.unpackbits(bits, count=shape[0] * shape[1]).view(np.bool_).reshape(shape)


def pack_positions(positions: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """The bits of a mask of `size` places, of which increasing row-major positions are active."""
    bits = np.zeros(-(-size // 8), dtype=np.uint8)
    byte = positions >> 3
    first = np.flatnonzero(np.diff(byte, prepend=-1))  # of each byte that has any
    if len(first):
        bits[byte[first]] = np.add.reduceat((128 >> (positions & 7)).astype(np.uint8), first)
    return read_only(bits)


def positions_of(bits: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The inverse of :func:`pack_positions`: active positions, increasing; a few bits at a time are unpacked."""
    found = [
        np.flatnonzero(np.unpackbits(bits[start : start + _PIECE])) + 8 * start for start in range(0, len(bits), _PIECE)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def magnitude_histogram(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Count magnitudes by the fixed bins of :data:`LOG10_EDGES`, exact zeros apart in entry 0.

    Parameters
    ----------
    values : ndarray of float32, shape (n,)

    Returns
    -------
    ndarray of int64, shape (len(LOG10_EDGES),)
        Its sum is n.
    """
    nonzero = np.abs(values[values != 0]).astype(np.float64)
    bins = len(LOG10_EDGES) - 1
    index = np.searchsorted(LOG10_EDGES, np.log10(nonzero), side="right") - 1
    counts = np.bincount(np.clip(index, 0, bins - 1), minlength=bins)
    return read_only(np.concatenate([[len(values) - len(nonzero)], counts]).astype(np.int64))


def capture(
    info: LayerInfo,
    mask: NDArray[np.bool_] | NDArray[np.uint8],
    values: NDArray[np.float32],
    previous: NDArray[np.uint8] | None = None,
    first: NDArray[np.uint8] | None = None,
) -> LayerSnapshot:
    """A :class:`LayerSnapshot` of a mask and its active weights, compared with earlier masks.

    Nothing of the matrix's size is made of packed masks.

    Parameters
    ----------
    info : LayerInfo
    mask : ndarray of bool, shape ``info.shape``, or of uint8
        As it is, or packed (:func:`pack`).
    values : ndarray of float32, shape (nnz,)
        Active weights in row-major order.
    previous, first : ndarray of uint8 or None
        Packed masks of the snapshot before and of the run's first; None where this is the first, of which nothing
        counts as born.
    """
    bits = pack(mask.view(np.bool_)) if mask.dtype == np.bool_ else read_only(mask.view(np.uint8))
    born = np.zeros(len(values), dtype=bool) if previous is None else ~_among(bits, previous)
    churn = Churn(
        born=int(born.sum()),
        died=0 if previous is None else int(np.bitwise_count(previous & ~bits).sum()),
        kept=len(values) if first is None else int(np.bitwise_count(bits & first).sum()),
    )
    return LayerSnapshot(
        info=info,
        bits=bits,
        values=read_only(np.array(values, dtype=np.float32)),
        survived_histogram=magnitude_histogram(values[~born]),
        born_histogram=magnitude_histogram(values[born]),
        churn=churn,
    )


def _among(bits: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """For each active position of a mask, in their order, whether it is active in another one as well."""
    found = [
        np.unpackbits(others[start : start + _PIECE]).view(np.bool_)[
            np.unpackbits(bits[start : start + _PIECE]).view(np.bool_)
        ]
        for start in range(0, len(bits), _PIECE)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=bool)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """The same array, no longer writable."""
    array.setflags(write=False)
    return array


def total_churn(layers: Iterable[LayerSnapshot]) -> Churn:
    """Births, deaths and pruning summed over matrices; the threshold has no sum and is nan."""
    rows = [layer.churn for layer in layers]
    return Churn(
        born=sum(c.born for c in rows),
        died=sum(c.died for c in rows),
        pruned=sum(c.pruned for c in rows),
        reactivated=sum(c.reactivated for c in rows),
    )
