"""Degrees of a layer's units, and what chance alone would give them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from strnn_viz.runs import Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology import default_matrix, matrices
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.links import Link, find_space, links

Counts = NDArray[np.int64]
Shares = NDArray[np.float64]

_counted: Bounded[tuple[Counts, Counts]] = Bounded(1024)
_chances: Bounded[Shares] = Bounded(128)


@dataclass(frozen=True, eq=False)
class Side:
    """Degrees of some units in one direction.

    Attributes
    ----------
    name : str
        ``"in"`` or ``"out"``.
    units : str
        Whose degrees these are.
    degrees : ndarray of int64, shape (units,)
    chance : ndarray of float64, shape (m,)
        Probability of each degree from 0 on, had every matrix as many connections at random places.
    """

    name: str
    units: str
    degrees: Counts
    chance: Shares

    @property
    def mean(self) -> float:
        """Mean degree."""
        return float(self.degrees.mean()) if self.degrees.size else 0.0

    @property
    def sd(self) -> float:
        """Standard deviation among the units."""
        return float(self.degrees.std()) if self.degrees.size else 0.0

    @property
    def chance_sd(self) -> float:
        """Standard deviation that chance would give."""
        k = np.arange(len(self.chance))
        return float(np.sqrt(max(0.0, (self.chance * k**2).sum() - (self.chance * k).sum() ** 2)))

    @property
    def dead(self) -> int:
        """Units without any."""
        return int((self.degrees == 0).sum())


def sides(run: Run, epoch: int, name: str) -> tuple[Side, ...]:
    """Degrees of the units of a layer, or of those that one matrix connects, in and out.

    A direction in which no recorded matrix leads is left out.
    """
    wired = links(run.layers.values())
    if name in run.layers:
        link = next(link for link in wired if link.info.name == name)
        parts = [("in", link.target, [link]), ("out", link.source, [link])]
    else:
        space = find_space(wired, name)
        parts = [("in", space, [li for li in wired if li.target == space])]
        parts += [("out", space, [li for li in wired if li.source == space])]
    found = []
    for direction, space, through in parts:
        if not through:
            continue
        counts = [unit_counts(run, epoch, link)[direction == "out"] for link in through]
        held = [
            (int(c.sum()), link.info.size, link.info.size // max(1, space.size))
            for c, link in zip(counts, through, strict=True)
        ]
        degrees = np.sum(counts, axis=0, dtype=np.int64)
        found.append(Side(direction, space.name, np.asarray(degrees), chance(held)))
    return tuple(found)


def unit_count(run: Run, layer: str | None) -> int:
    """How many units a layer has; none in an empty run. Raises like :func:`find_space`."""
    name = shown_layer(run, layer)
    return 0 if name is None else find_space(links(run.layers.values()), name).size


def unit_counts(run: Run, epoch: int, link: Link) -> tuple[Counts, Counts]:
    """Connections of one matrix into each unit of its target, and from each of its source."""

    def make() -> tuple[Counts, Counts]:
        info = link.info
        mask = link.by_gate(unpack(run.bits(epoch, info.name), info.shape))
        return np.count_nonzero(mask, axis=(0, 2)), np.count_nonzero(mask, axis=(0, 1))

    return _counted.get((snapshot_key(run, epoch), link.info.name, link.by_rows), make)


def shown_layer(run: Run, layer: str | None) -> str | None:
    """The layer or matrix meant: that of the first recurrent matrix where none is; None in an empty run."""
    chosen = matrices(run, layer)
    if layer is not None or not chosen:
        return layer if chosen else None
    first = default_matrix(run)
    return None if first is None else first.group or first.name


def chance(parts: Sequence[tuple[int, int, int]]) -> Shares:
    """Distribution of the degree of one unit, if the connections of each matrix lay at random places.

    Parameters
    ----------
    parts : sequence of (connections, positions, positions of this unit)
        For each matrix: the degree in it is hypergeometric, and those in several are independent.

    Returns
    -------
    ndarray of float64, shape (m,)
        Probability of degree 0, 1 and so on.
    """
    return _chances.get(tuple(parts), lambda: _chance(parts))


def _chance(parts: Sequence[tuple[int, int, int]]) -> Shares:
    total = np.ones(1)
    for active, size, slots in parts:
        k = np.arange(min(active, slots) + 1)
        k = k[slots - k <= size - active]
        log = _log_choose(active, k) + _log_choose(size - active, slots - k) - _log_choose(size, np.array(slots))
        part = np.zeros(int(k[-1]) + 1)
        part[k] = np.exp(log)
        part[part < 1e-15] = 0
        first = int(np.flatnonzero(part)[0])  # without the zeros before it, it is short
        total = np.concatenate([np.zeros(first), np.convolve(total, np.trim_zeros(part))])
    return np.asarray(total / total.sum())


def _log_choose(n: int, k: NDArray[np.int64]) -> Shares:
    return np.asarray(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1), dtype=np.float64)
