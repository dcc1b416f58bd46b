"""DeepR: noise and a pull towards zero at every step; what changes its sign loses its place.

Bellec et al. 2018, Algorithm 1. Every connection has a sign for as long as it lives; its weight may shrink to zero,
not cross it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import Method
from strnn_viz.sparsity.positions import draw_few
from strnn_viz.sparsity.rewiring import Rewiring, regrow


def give_signs(matrix: MaskedMatrix, positions: Tensor, signs: Tensor) -> None:
    """Give connections their signs, -1 or 1."""
    if "sign" not in matrix.signals:
        matrix.signals["sign"] = torch.zeros_like(matrix.parameter, dtype=torch.int8, requires_grad=False)
    matrix.signals["sign"].view(-1)[positions] = signs.to(torch.int8).to(positions.device)


def random_signs(n: int, generator: torch.Generator) -> Tensor:
    """Draw `n` signs, -1 or 1, shape (n,)."""
    return 2 * torch.randint(2, (n,), generator=generator) - 1


def first_signs(matrix: MaskedMatrix, generator: torch.Generator) -> None:
    """Give every active weight the sign it has; to one of exactly zero, a random one."""
    values = matrix.values
    signs = values.sign().cpu()
    signs[signs == 0] = random_signs(int((signs == 0).sum()), generator).to(signs)
    give_signs(matrix, matrix.positions, signs)


@torch.no_grad()
def move(matrix: MaskedMatrix, lr: float, l1: float, temperature: float, generator: torch.Generator) -> Tensor:
    """Add noise to the active weights and pull them towards zero.

    Parameters
    ----------
    lr : float
        η, the learning rate.
    l1 : float
        α, the pull.
    temperature : float
        T: the noise has the standard deviation √(2 η T).

    Returns
    -------
    Tensor of int64
        Positions of the weights that now have the wrong sign.
    """
    positions = matrix.positions
    sign = matrix.signals["sign"].view(-1)[positions].to(matrix.parameter.dtype)
    noise = torch.randn(len(positions), generator=generator).to(matrix.parameter)
    values = matrix.values - lr * l1 * sign + math.sqrt(2 * lr * temperature) * noise
    matrix.parameter.view(-1)[positions] = values
    return positions[values * sign < 0]


@torch.no_grad()
def no_more_than(
    room: int, wrong: Mapping[str, Tensor], matrices: Mapping[str, MaskedMatrix], generator: torch.Generator
) -> dict[str, Tensor]:
    """Choose who goes where there are fewer free places than weights of the wrong sign: the others are held at zero.

    Parameters
    ----------
    room : int
        Free places of all matrices.
    wrong : mapping of str to Tensor of int64
        Positions of the weights of the wrong sign, by matrix.
    matrices : mapping of str to MaskedMatrix
    generator : Generator

    Returns
    -------
    dict of str to Tensor of int64
        Positions of those that go, sorted, by matrix.
    """
    counts = [len(positions) for positions in wrong.values()]
    if sum(counts) <= room:
        return dict(wrong)
    goes = torch.zeros(sum(counts), dtype=torch.bool)
    goes[draw_few(sum(counts), room, generator)] = True
    chosen = {}
    marks: tuple[Tensor, ...] = torch.split(goes, counts)
    for (name, positions), mark in zip(wrong.items(), marks, strict=True):
        mark = mark.to(positions.device)
        matrices[name].parameter.view(-1)[positions[~mark]] = 0
        chosen[name] = positions[mark]
    return chosen


def replace(
    method: Method,
    blocks: Sequence[Block],
    wrong: Mapping[str, Tensor],
    reactivate: bool,
    generator: torch.Generator,
) -> dict[str, Rewiring]:
    """Prune the weights of the wrong sign and grow as many, each with a random sign for as long as it lives.

    Parameters
    ----------
    method : Method
    blocks : sequence of Block
        Of all matrices.
    wrong : mapping of str to Tensor of int64
        Positions that go, by matrix.
    reactivate : bool
    generator : Generator

    Returns
    -------
    dict of str to Rewiring
        By matrix.
    """
    marks = [torch.isin(b.positions, wrong[b.matrix.info.name], assume_unique=True) for b in blocks]
    matrices = {block.matrix.info.name: block.matrix for block in blocks}
    before = {name: matrix.positions for name, matrix in matrices.items()}
    done = regrow(method, blocks, marks, reactivate, generator)
    for name, rewiring in done.items():
        if rewiring.grown:
            positions = matrices[name].positions
            stayed = torch.isin(positions, before[name], assume_unique=True)
            stayed &= ~torch.isin(positions, wrong[name], assume_unique=True)
            new = positions[~stayed]
            give_signs(matrices[name], new, random_signs(len(new), generator))
    return done
