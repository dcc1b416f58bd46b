"""Carrying a rewiring out: remove what was chosen, share out what is regrown, choose places, and tell of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from strnn_viz.sparsity.blocks import Block, FreePlaces
from strnn_viz.sparsity.growth import Regrow
from strnn_viz.sparsity.methods import Method
from strnn_viz.sparsity.positions import among


@dataclass(frozen=True)
class Rewiring:
    """What one update of the topology, or several, did to one matrix.

    Attributes
    ----------
    pruned : int
        Connections removed.
    reactivated : int
        Those of them that were grown again in the same place, at zero.
    threshold : float
        The largest magnitude pruned (γ of Eq. 6); nan where nothing was. Of several updates, the last's.
    grown : int
        Connections grown: as many as were pruned, unless matrices share what is regrown or nothing is.
    """

    pruned: int = 0
    reactivated: int = 0
    threshold: float = float("nan")
    grown: int = 0

    def __add__(self, later: Rewiring) -> Rewiring:
        return Rewiring(
            self.pruned + later.pruned,
            self.reactivated + later.reactivated,
            self.threshold if math.isnan(later.threshold) else later.threshold,
            self.grown + later.grown,
        )


def regrow(
    method: Method, blocks: Sequence[Block], marks: Sequence[Tensor], reactivate: bool, generator: torch.Generator
) -> dict[str, Rewiring]:
    """Prune the marked weights of every block and regrow as the method says.

    Parameters
    ----------
    method : Method
    blocks : sequence of Block
        Of whole matrices, in order.
    marks : sequence of Tensor of bool, shape (n,)
        True for the active weights that go, by block.
    reactivate : bool
        Whether what just went may come back at once.
    generator : Generator

    Returns
    -------
    dict of str to Rewiring
        By matrix.
    """
    pruned = [int(mark.sum()) for mark in marks]
    if method.regrow is None:
        return carry_out(blocks, marks, [0] * len(blocks), None, reactivate, generator)
    grown = pruned
    if method.redistribute is not None and any(pruned):
        kept = pruned if reactivate else [0] * len(blocks)
        room = [b.size - len(b) + k for b, k in zip(blocks, kept, strict=True)]
        grown = method.redistribute(blocks, pruned, room, generator)
    return carry_out(blocks, marks, grown, method.regrow, reactivate, generator)


def carry_out(
    blocks: Sequence[Block],
    marks: Sequence[Tensor],
    grown: Sequence[int],
    choose: Regrow | None,
    reactivate: bool,
    generator: torch.Generator,
) -> dict[str, Rewiring]:
    """Prune the marked weights of every block and grow so many in each, where `choose` says; else as :func:`regrow`."""
    removed: dict[str, list[Tensor]] = {}
    added: dict[str, list[Tensor]] = {}
    thresholds: dict[str, float] = {}
    for block, mark, k in zip(blocks, marks, grown, strict=True):
        name = block.matrix.info.name
        removed.setdefault(name, []).append(block.positions[mark])
        places = added.setdefault(name, [])
        if k and choose is not None:
            occupied = block.positions[~mark] if reactivate else block.positions
            places.append(choose(block.matrix, FreePlaces(occupied, block.start, block.stop), k, generator))
        largest = float(block.values[mark].abs().max()) if bool(mark.any()) else math.nan
        thresholds[name] = max(largest, thresholds.get(name, math.nan), key=lambda x: -math.inf if x != x else x)
    done = {}
    for matrix in {block.matrix.info.name: block.matrix for block in blocks}.values():
        name = matrix.info.name
        gone = torch.cat(removed[name])
        new = torch.cat(added[name]) if added[name] else gone[:0]
        if len(gone) or len(new):
            matrix.rewire(gone, new)
        again = int(among(new, gone).sum())
        done[name] = Rewiring(len(gone), again, thresholds[name], len(new))
    return done
