"""Distances between epochs of a run, each computed once for all views and viewers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.network import Network
from strnn_viz.topology.nnstd import distance
from strnn_viz.topology.wiring import wire

#: Epochs an NNSTD is computed for in one call, by the units of the largest set that is matched: an assignment takes
#: some 10 ms with 64 units, 40 with 256 and seconds with 1,500.
_MOST_BY_UNITS = ((128, 60), (256, 30), (512, 12), (1024, 6))
_MOST_LARGE = 4

_networks: Bounded[Network] = Bounded(4)
_overlaps: Bounded[tuple[int, int]] = Bounded(65536)


class Numbers(NamedTuple):
    """NNSTD of one layer, as :class:`strnn_viz.topology.nnstd.LayerDistance`."""

    raw: float
    expected: float
    identity: float


_distances: Bounded[dict[str, Numbers]] = Bounded(8192)


def most_epochs(run: Run) -> int:
    """How many epochs an NNSTD is computed for in one call, so that a call takes seconds and not minutes."""
    units = max(wire(list(run.layers.values())).sets.values(), default=0)
    return next((most for size, most in _MOST_BY_UNITS if units <= size), _MOST_LARGE)


def standing(epochs: Sequence[int], most: int, span: int) -> list[int]:
    """At most so many epochs, evenly from the first on, that stay the same while others are added.

    Parameters
    ----------
    epochs : sequence of int
    most : int
        At least 1.
    span : int
        The epoch awaited last, or a round one beyond the newest; the stride follows from it.
    """
    stride = max(1, -(-max(1, span) // most))
    return [e for e in epochs if (e - epochs[0]) % stride == 0][: most + 1]


def layer_names(run: Run, layers: Sequence[LayerInfo]) -> list[str]:
    """The layers that some matrices belong to, as :func:`strnn_viz.topology.nnstd` names them."""
    chosen = {info.name for info in layers}
    return list(dict.fromkeys(m.layer for m in wire(list(run.layers.values())).matrices if m.info.name in chosen))


def nnstd_between(run: Run, a: int, b: int) -> dict[str, Numbers]:
    """NNSTD of two epochs by layer.

    Raises
    ------
    RunError
        If one of them cannot be read.
    """

    def make() -> dict[str, Numbers]:
        found = distance(_network(run, a), _network(run, b))
        return {la.name: Numbers(la.raw, la.expected, la.identity) for la in found.layers}

    return _distances.get(tuple(sorted((snapshot_key(run, a), snapshot_key(run, b)))), make)


def total(found: dict[str, Numbers], names: Sequence[str]) -> Numbers:
    """Means over layers, from which the whole is normalised as :class:`strnn_viz.topology.nnstd.Distance` does it."""
    rows = [found[name] for name in names]
    return Numbers(*(sum(column) / len(rows) for column in zip(*rows, strict=True))) if rows else Numbers(0.0, 0.0, 0.0)


def normalized(numbers: Numbers) -> float:
    """The raw distance as a multiple of that of independent masks; 0 where these cannot differ."""
    return numbers.raw / numbers.expected if numbers.expected > 0 else 0.0


def _network(run: Run, epoch: int) -> Network:
    def make() -> Network:
        infos = list(run.layers.values())
        return Network(wire(infos), tuple(run.bits(epoch, info.name) for info in infos))

    return _networks.get(snapshot_key(run, epoch), make)


def jaccard_between(run: Run, epochs: Sequence[int], layers: Sequence[LayerInfo]) -> NDArray[np.float64]:
    """Jaccard distances of the masks of all pairs of epochs; intersections and unions are summed over matrices.

    One matrix is in memory at a time, at the epochs that a pair not known yet needs.

    Returns
    -------
    ndarray of float64, shape (n, n)

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    n = len(epochs)
    both, either = (np.zeros((n, n), dtype=np.int64) for _ in range(2))
    files = [snapshot_key(run, e) for e in epochs]
    for info in layers:
        read: dict[int, NDArray[np.uint8]] = {}

        def bits(i: int, name: str = info.name, read: dict[int, NDArray[np.uint8]] = read) -> NDArray[np.uint8]:
            if i not in read:
                read[i] = run.bits(epochs[i], name)
            return read[i]

        for i in range(n):
            for j in range(i):

                def make(i: int = i, j: int = j, bits=bits) -> tuple[int, int]:  # type: ignore[no-untyped-def]
                    a, b = bits(i), bits(j)
                    return int(np.bitwise_count(a & b).sum()), int(np.bitwise_count(a | b).sum())

                shared, union = _overlaps.get((files[i], files[j], info.name), make)
                both[i, j] += shared
                either[i, j] += union
    apart = np.where(either > 0, 1 - both / np.maximum(either, 1), 0.0)
    return apart + apart.T
