"""What gradient-based regrowth must know of inactive weights, gathered from gradients as they pass by.

It is kept beside the optimizer's state: that is masked, so an inactive weight has no momentum there, and to rank those
zeros would be to choose at random while paying for a dense gradient.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """What is kept of the gradients of all places of a matrix: a sum, which may decay.

    Attributes
    ----------
    name : str
        ``"gradient"`` or ``"momentum"``.
    decay : float
        What is left of it when the next gradient comes; 1: a plain sum.
    wanted : callable
        Whether a gradient that comes now counts.
    """

    name: str
    decay: float
    wanted: Callable[[], bool]


def gradient(wanted: Callable[[], bool]) -> Signal:
    """A sum over batches, for RigL: one batch alone ranks little but its own noise."""
    return Signal("gradient", 1.0, wanted)


def momentum(decay: float) -> Signal:
    """A momentum, for SNFS: at every step and for every weight."""
    return Signal("momentum", decay, lambda: True)
