"""Where to regrow: places among the free ones of a block."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from strnn_viz.sparsity.blocks import FreePlaces
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.positions import draw_without_replacement

#: (matrix, free places, how many, random generator) -> positions to grow.
Regrow = Callable[[MaskedMatrix, FreePlaces, int, torch.Generator], Tensor]


def random(_: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow uniformly at random, without replacement (Eq. 7 of Liu et al. 2021)."""
    return free.at(draw_without_replacement(len(free), k, generator))


def gradient(matrix: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow where the dense gradient, summed over several batches, is largest (RigL, Evci et al. 2020)."""
    return _largest(matrix.signals.get("gradient"), free, k, generator)


def momentum(matrix: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow where the momentum of the dense gradient is largest (SNFS, Dettmers & Zettlemoyer 2019)."""
    return _largest(matrix.signals.get("momentum"), free, k, generator)


def _largest(signal: Tensor | None, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """The free places of largest absolute signal; equal ones, such as zeros, in random order.

    Without that, a signal that is zero nearly everywhere would grow the first rows of every matrix.
    """
    shuffled = torch.randperm(len(free), generator=generator)
    places = free.at(shuffled)
    if signal is None:
        return places[:k]
    size = signal.view(-1)[places].abs()
    return places[torch.sort(size, descending=True, stable=True).indices[:k]]


REGROW: dict[str, Regrow] = {"random": random, "gradient": gradient, "momentum": momentum}
