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
