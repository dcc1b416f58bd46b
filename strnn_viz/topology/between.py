"""Two runs compared, position by position: what only one of them connects, what both do, and what chance would give."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.churn import BORN, DIED, EMPTY, SURVIVED, states

#: States of a position in a comparison, by the names they have between two runs instead of two epochs.
NEITHER, BOTH, ONLY_B, ONLY_A = EMPTY, SURVIVED, BORN, DIED


@dataclass(frozen=True)
class Shared:
    """Connections two masks of one shape share, and those of one of them alone.

    Attributes
    ----------
    only_a, both, only_b : int
        Connections.
    by_chance : float
        Connections that two independent random masks of the same numbers of connections share on average:
        ``nnz_a * nnz_b / size``, summed over matrices.
    variance : float
        Of that number (hypergeometric), summed over matrices.
    size : int
        Positions, connected or not.
    """

    only_a: int
    both: int
    only_b: int
    by_chance: float
    variance: float
    size: int

    @property
    def a(self) -> int:
        """Connections of the first mask."""
        return self.only_a + self.both

    @property
    def b(self) -> int:
        """Connections of the second mask."""
        return self.only_b + self.both

    @property
    def deviation(self) -> float:
        """Standard deviation of the connections shared by chance."""
        return math.sqrt(self.variance)

    @property
    def jaccard(self) -> float:
        """Share of the connections of either that both have; 1 where neither has any."""
        either = self.only_a + self.both + self.only_b
        return self.both / either if either else 1.0

    @property
    def chance_jaccard(self) -> float:
        """:attr:`jaccard` with as many connections shared as chance gives."""
        either = self.a + self.b - self.by_chance
        return self.by_chance / either if either else 1.0

    @property
    def overlap(self) -> float:
        """Share of the smaller mask's connections that the other has too; 1 where the smaller has none."""
        smaller = min(self.a, self.b)
        return self.both / smaller if smaller else 1.0

    @property
    def chance_overlap(self) -> float:
        """:attr:`overlap` with as many connections shared as chance gives."""
        smaller = min(self.a, self.b)
        return self.by_chance / smaller if smaller else 1.0

    def __add__(self, other: Shared) -> Shared:
        """Several matrices counted together."""
        return Shared(
            self.only_a + other.only_a,
            self.both + other.both,
            self.only_b + other.only_b,
            self.by_chance + other.by_chance,
            self.variance + other.variance,
            self.size + other.size,
        )


NOTHING = Shared(0, 0, 0, 0.0, 0.0, 0)

_counted: Bounded[Shared] = Bounded(65536)


def shared(a: NDArray[np.uint8], b: NDArray[np.uint8], size: int) -> Shared:
    """Count what two masks share.

    Parameters
    ----------
    a, b : ndarray of uint8, shape (ceil(size / 8),)
        Packed masks, as :attr:`strnn_viz.runs.LayerSnapshot.bits`.
    size : int
        Positions in each.
    """
    both, nnz_a, nnz_b = (int(np.bitwise_count(bits).sum(dtype=np.int64)) for bits in (a & b, a, b))
    expected = nnz_a * nnz_b / size if size else 0.0
    spread = expected * (1 - nnz_a / size) * (size - nnz_b) / (size - 1) if size > 1 else 0.0
    return Shared(nnz_a - both, both, nnz_b - both, expected, spread, size)


def shared_between(a: Run, epoch_a: int, b: Run, epoch_b: int, names: Iterable[str]) -> Shared:
    """What two runs share at an epoch of each, over some matrices; counted once for everyone who asks.

    Parameters
    ----------
    a, b : Run
        With matrices of these names, in one shape in both.
    epoch_a, epoch_b : int
    names : iterable of str

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read or was not recorded.
    """
    keys = (snapshot_key(a, epoch_a), snapshot_key(b, epoch_b))
    total = NOTHING
    for name in names:

        def count(name: str = name) -> Shared:
            return shared(a.bits(epoch_a, name), b.bits(epoch_b, name), a.layers[name].size)

        total += _counted.get((*keys, name), count)
    return total


def differing(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Where two masks of one shape differ: :data:`NEITHER`, :data:`BOTH`, :data:`ONLY_A` or :data:`ONLY_B`."""
    return states(b, a)


def nearest_epoch(epochs: Sequence[int], wanted: int | None) -> int | None:
    """The recorded epoch nearest to the one wanted, the earlier of two equally near; None where there is none."""
    if not epochs or wanted is None:
        return None
    after = bisect_right(epochs, wanted)
    return min(epochs[max(after - 1, 0) : after + 1], key=lambda epoch: (abs(epoch - wanted), epoch))


def common_matrices(a: Run, b: Run) -> list[LayerInfo]:
    """The matrices that two runs have under one name and in one shape, in the order of the first."""
    theirs = b.layers
    return [info for name, info in a.layers.items() if name in theirs and theirs[name].shape == info.shape]


def misfit(a: Run, b: Run) -> str:
    """Why two runs cannot be laid over each other, naming both shapes; empty where every matrix can."""
    ours, theirs = a.layers, b.layers
    if not ours or not theirs:
        return ""  # nothing is known of one of them yet
    for name, info in ours.items():
        if name not in theirs:
            return f"{a.name} has a matrix {name} of {_size(info)}, and {b.name} has none of that name."
        if theirs[name].shape != info.shape:
            return f"{name} is {_size(info)} in {a.name} and {_size(theirs[name])} in {b.name}."
    extra = next((info for name, info in theirs.items() if name not in ours), None)
    return "" if extra is None else f"{b.name} has a matrix {extra.name} of {_size(extra)}, and {a.name} has none."


def _size(info: LayerInfo) -> str:
    rows, columns = info.shape
    return f"{rows:,} × {columns:,}"
