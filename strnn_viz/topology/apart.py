"""How far the topologies of two runs are apart, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strnn_viz.runs import Run
from strnn_viz.topology.between import Shared, shared_between
from strnn_viz.topology.network import Network, check_comparable
from strnn_viz.topology.nnstd import distance
from strnn_viz.topology.wiring import wire


@dataclass(frozen=True)
class Apart:
    """Two topologies of one epoch.

    Attributes
    ----------
    epoch : int
    shared : Shared
        Connections they have in common, of all matrices.
    nnstd : float
        Up to the order of units, as a multiple of what independent masks of these densities have; nan where it was not
        asked for.
    """

    epoch: int
    shared: Shared
    nnstd: float

    @property
    def jaccard(self) -> float:
        """Position by position: 1 - |and| / |or|, 0 to 1."""
        return 1 - self.shared.jaccard

    @property
    def chance(self) -> float:
        """:attr:`jaccard` of independent masks of these densities."""
        return 1 - self.shared.chance_jaccard


def apart(a: Run, b: Run, epoch: int, *, units: bool = False) -> Apart:
    """How far two runs are apart at one epoch.

    Parameters
    ----------
    a, b : Run
        With the same matrices, in the same shapes.
    epoch : int
        That both have recorded.
    units : bool
        Whether to compute the distance up to the order of units too, which takes an assignment problem a layer.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read or was not recorded, or the runs are of different architectures.
    """
    names = list(a.layers)
    found = shared_between(a, epoch, b, epoch, names)
    return Apart(epoch, found, _nnstd(a, b, epoch) if units else float("nan"))


def matched_units(run: Run) -> int:
    """Units of the largest set that NNSTD matches: what decides how long one takes."""
    return max(wire(list(run.layers.values())).sets.values(), default=0)


def epochs_apart(a: Sequence[int], b: Sequence[int], most: int) -> list[int]:
    """At most `most` of the epochs that two runs both have, evenly over them, the first and the last among them.

    Parameters
    ----------
    a, b : sequence of int
        Epochs recorded, in order.
    most : int
        At least 2.
    """
    theirs = set(b)
    common = [epoch for epoch in a if epoch in theirs]
    if len(common) <= most:
        return common
    stride = -(-(len(common) - 1) // (most - 1))
    return sorted({*common[::stride], common[-1]})


def _nnstd(a: Run, b: Run, epoch: int) -> float:
    x, y = (Network(wire(list(r.layers.values())), tuple(r.bits(epoch, name) for name in r.layers)) for r in (a, b))
    check_comparable(x, y)
    return distance(x, y).normalized
