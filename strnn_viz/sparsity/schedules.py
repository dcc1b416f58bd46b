"""How the prune rate changes from one update of the topology to the next."""

from __future__ import annotations

import math
from collections.abc import Callable

#: (prune rate at the start, update counted from 0, number of updates) -> prune rate.
Schedule = Callable[[float, int, int], float]


def cosine(start: float, update: int, updates: int) -> float:
    """Decay from `start` at the first update to exactly 0 at the last, along half a cosine (Section 3.4)."""
    if update >= updates - 1:
        return 0.0
    return start / 2 * (1 + math.cos(math.pi * update / (updates - 1)))


def linear(start: float, update: int, updates: int) -> float:
    """Decay from `start` at the first update to exactly 0 at the last, along a line."""
    return 0.0 if update >= updates - 1 else start * (1 - update / (updates - 1))


def constant(start: float, update: int, updates: int) -> float:
    """The same at every update but the last, after which nothing could be learned any more: there it is 0."""
    return 0.0 if update >= updates - 1 else start


SCHEDULES: dict[str, Schedule] = {"cosine": cosine, "constant": constant, "linear": linear}

#: Share of the updates after which a method that begins dense has reached its density; the rest is for training on.
PRUNED_BY = 0.75


def cubic_density(final: float, update: int, updates: int) -> float:
    """Density after `update` updates of a network that begins dense: fast at first, slower and slower.

    Parameters
    ----------
    final : float
        Density to end with.
    update : int
        Updates done, 0 to `updates`.
    updates : int
        Updates in all; the density is reached after three quarters of them.

    References
    ----------
    Zhu & Gupta 2018, "To prune, or not to prune", Eq. 1.
    """
    progress = min(1.0, update / max(1, math.floor(PRUNED_BY * updates)))
    return float(final + (1 - final) * (1 - progress) ** 3)
