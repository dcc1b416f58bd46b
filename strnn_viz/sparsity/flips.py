"""DeepR: noise and a pull towards zero at every step; what changes its sign loses its place.

Bellec et al. 2018, Algorithm 1. Every connection has a sign for as long as it lives; its weight may shrink to zero,
not cross it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from strnn_viz.nn.sparse import draw_without_replacement
from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.budgets import Budgets
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import Method
from strnn_viz.sparsity.rewiring import Rewiring, regrow


def random_signs(n: int, generator: torch.Generator) -> Tensor:
    """Draw `n` signs, -1 or 1, shape (n,)."""
    return 2 * torch.randint(2, (n,), generator=generator) - 1


def first_signs(matrix: MaskedMatrix, generator: torch.Generator) -> None:
    """Give every active weight the sign it has; to one of exactly zero, a random one."""
    matrix.signs = matrix.values.sign().to(torch.int8)
    sign_newborns(matrix, generator)


def sign_newborns(matrix: MaskedMatrix, generator: torch.Generator) -> None:
    """Give a random sign, for as long as it lives, to every active weight that has none yet."""
    signs = matrix.signs
    assert signs is not None
    new = torch.nonzero(signs == 0).squeeze(1)
    signs[new] = random_signs(len(new), generator).to(signs)


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
    assert matrix.signs is not None
    sign = matrix.signs.to(matrix.parameter.dtype)
    noise = torch.randn(matrix.nnz, generator=generator).to(matrix.parameter)
    values = matrix.values - lr * l1 * sign + math.sqrt(2 * lr * temperature) * noise
    matrix.values = values
    return matrix.positions[values * sign < 0]


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
    goes[draw_without_replacement(sum(counts), room, generator)] = True
    chosen = {}
    marks: tuple[Tensor, ...] = torch.split(goes, counts)
    for (name, positions), mark in zip(wrong.items(), marks, strict=True):
        mark = mark.to(positions.device)
        matrix = matrices[name]
        matrix.values = matrix.values.masked_fill(torch.isin(matrix.positions, positions[~mark]), 0)
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
    done = regrow(method, blocks, marks, reactivate, generator)
    for name, rewiring in done.items():
        if rewiring.grown:
            sign_newborns(matrices[name], generator)
    return done


class Flips:
    """DeepR at work on a network.

    Parameters
    ----------
    method : Method
    matrices : mapping of str to MaskedMatrix
    budgets : Budgets
    l1, temperature : float
        As of :func:`move`.
    reactivate : bool
        Whether a connection may be grown where it was just pruned.
    generator : Generator

    Attributes
    ----------
    told : dict of str to Rewiring
        What has been done since it was last asked for, by matrix.
    """

    def __init__(
        self,
        method: Method,
        matrices: Mapping[str, MaskedMatrix],
        budgets: Budgets,
        *,
        l1: float,
        temperature: float,
        reactivate: bool,
        generator: torch.Generator,
    ) -> None:
        self._method, self._matrices, self._budgets = method, matrices, budgets
        self._l1, self._temperature, self._reactivate, self._generator = l1, temperature, reactivate, generator
        self.told: dict[str, Rewiring] = {}
        self.begin()

    def begin(self) -> None:
        """Give every active weight the sign it has."""
        for matrix in self._matrices.values():
            first_signs(matrix, self._generator)

    def sign_newborns(self) -> None:
        """Give the weights a sign that were grown by someone else; all of them, where none has one yet."""
        for matrix in self._matrices.values():
            (first_signs if matrix.signs is None else sign_newborns)(matrix, self._generator)

    def tell(self) -> dict[str, Rewiring]:
        """What has been done to every matrix since this was last asked for."""
        told, self.told = self.told, {}
        return {name: told.get(name, Rewiring()) for name in self._matrices}

    def step(self, lr: float) -> None:
        """Move all weights after a step of the optimizer, and replace those that changed their sign."""
        wrong = {
            name: move(matrix, lr, self._l1, self._temperature, self._generator)
            for name, matrix in self._matrices.items()
        }
        if not self._reactivate:
            room = self._budgets.size - sum(matrix.nnz for matrix in self._matrices.values())
            wrong = no_more_than(room, wrong, self._matrices, self._generator)
        if any(map(len, wrong.values())):
            blocks = self._budgets.blocks(self._matrices)
            done = replace(self._method, blocks, wrong, self._reactivate, self._generator)
            for name, rewiring in done.items():
                self.told[name] = self.told.get(name, Rewiring()) + rewiring
