"""Where to regrow: places among the free ones of a block."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from strnn_viz.nn.sparse import draw_without_replacement
from strnn_viz.sparsity.blocks import FreePlaces
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.positions import shuffled

#: (matrix, free places, how many, random generator) -> positions to grow, sorted.
Regrow = Callable[[MaskedMatrix, FreePlaces, int, torch.Generator], Tensor]

#: Numbers of a dense gradient or momentum that are looked at together, in whole rows: 8 MB in float32.
AT_ONCE = 2_000_000


def random(_: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow uniformly at random, without replacement (Eq. 7 of Liu et al. 2021)."""
    return free.at(draw_without_replacement(len(free), k, generator))


def gradient(matrix: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow where the dense gradient, summed over several batches, is largest (RigL, Evci et al. 2020)."""
    return _largest("gradient", matrix, free, k, generator)


def momentum(matrix: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """Grow where the momentum of the dense gradient is largest (SNFS, Dettmers & Zettlemoyer 2019)."""
    return _largest("momentum", matrix, free, k, generator)


def _largest(name: str, matrix: MaskedMatrix, free: FreePlaces, k: int, generator: torch.Generator) -> Tensor:
    """The free places of largest absolute signal; equal ones, such as zeros, in random order.

    Without that, a signal that is zero nearly everywhere would grow the first rows of every matrix. Rows are looked at
    a few at a time, and the best so far are kept: the order is fixed beforehand for every place, so that the choice
    does not depend on how many.
    """
    seed = int(torch.randint(2**62, (), generator=generator))
    columns = max(1, matrix.info.shape[1])
    best_size, best = torch.empty(0, device=free.occupied.device), free.occupied[:0]
    step = max(1, AT_ONCE // columns) * columns
    for start in range(free.start, free.stop if k else free.start, step):
        stop = min(start + step, free.stop)
        rows = matrix.signal_rows(name, start // columns, stop // columns)
        if rows is None:
            return random(matrix, free, k, generator)
        size = rows.abs().view(-1).nan_to_num_(nan=float("inf"))
        low, high = torch.searchsorted(free.occupied, torch.tensor([start, stop]).to(free.occupied)).tolist()
        size[free.occupied[low:high] - start] = -1.0
        most = min(k, stop - start - (high - low))
        if not most:
            continue
        # Of these rows alone no more than the `k` largest, and of them none below those there are.
        floor = torch.kthvalue(size, len(size) - most + 1).values
        if len(best) == k:
            floor = torch.maximum(floor, best_size.min())
        places = torch.nonzero(size >= floor).squeeze(1)
        best_size, best = torch.cat([best_size.to(size), size[places]]), torch.cat([best, places + start])
        if len(best) > k:
            best_size, best = _first(best_size, best, k, seed)
    return best


def _first(size: Tensor, positions: Tensor, k: int, seed: int) -> tuple[Tensor, Tensor]:
    """The `k` largest; of those as large as the smallest of them, the first in an order that `seed` decides."""
    smallest = torch.kthvalue(size, len(size) - k + 1).values
    chosen = size > smallest
    equal = torch.nonzero(size == smallest).squeeze(1)
    order = torch.argsort(shuffled(positions[equal], seed))
    chosen[equal[order[: k - int(chosen.sum())]]] = True
    return size[chosen], positions[chosen]


REGROW: dict[str, Regrow] = {"random": random, "gradient": gradient, "momentum": momentum}
