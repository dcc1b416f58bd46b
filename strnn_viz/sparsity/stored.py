"""One sparse weight matrix that is stored as its active weights only: pruned and regrown without a dense mask."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from strnn_viz.nn.sparse import Pattern, Share, SparseMatrix
from strnn_viz.runs import LayerInfo
from strnn_viz.runs.snapshot import pack_positions
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.positions import follow
from strnn_viz.sparsity.signals import Signal


class StoredMatrix(MaskedMatrix):
    """What :class:`MaskedMatrix` is to a dense parameter, for a :class:`~strnn_viz.nn.sparse.SparseMatrix`.

    Its parameter, gradient and optimizer state have an entry for each active weight, so there is nothing to mask; a
    rewiring inserts and removes entries. Of the matrix's full size are only :attr:`mask`, made when asked for, and what
    a method that regrows by gradients keeps of inactive weights: see :class:`~strnn_viz.sparsity.sums.GradientSum`.

    The topology is the matrix's own: where it is loaded with the state of a model, everything here follows. Saved
    states of model, optimizer and sparse training can be loaded in any order but one: optimizer, sparse training,
    model. Sparse training would take the optimizer's loaded state, which has nothing of where it belongs, for that of
    the weights there were before, and reorder it; so load the optimizer last, or sparse training.

    Parameters
    ----------
    info : LayerInfo
        Name, shape, role and gates.
    matrix : SparseMatrix
        Which keeps the topology it has.
    optimizer : Optimizer
        Whose state for the matrix's values follows the connections.
    """

    def __init__(self, info: LayerInfo, matrix: SparseMatrix, optimizer: torch.optim.Optimizer) -> None:
        self.info, self.parameter, self._optimizer = info, matrix.values, optimizer
        self._matrix, self._pattern = matrix, matrix.pattern
        self._positions = self._pattern.positions
        self._begin()
        self._arrived: list[Share] = []
        self._complete = False
        self._hook: RemovableHandle | None = None

    @property
    def positions(self) -> Tensor:  # type: ignore[override]
        """Active positions, sorted, of the matrix as it is now."""
        self._catch_up()
        return self._positions

    @property
    def mask(self) -> Tensor:
        """The mask, boolean, of the matrix's shape; made anew at every call."""
        return self._matrix.to_dense(torch.ones_like(self.parameter)).bool()

    @property
    def values(self) -> Tensor:
        """Active weights, shape (nnz,), in order of their positions: a copy. They can be assigned."""
        return self.parameter.detach().clone()

    @values.setter
    def values(self, values: Tensor) -> None:
        self.parameter.detach().copy_(values)

    def bits(self) -> NDArray[np.uint8]:
        """The mask as snapshots keep it, as of a masked matrix; no dense mask is made."""
        return pack_positions(self.positions.cpu().numpy(), self.info.size)

    @property
    def state(self) -> dict[str, Tensor]:
        """Optimizer state of the active weights by name, each of shape (nnz,)."""
        return {key: kept.clone() for key, kept in self._states().items()}

    def moment_at(self, positions: Tensor) -> Tensor | None:
        """The optimizer's momentum, or Adam's first moment, at some active positions; None where there is none yet."""
        kept = self.first_moment
        return None if kept is None else kept[torch.searchsorted(self.positions, positions)]

    def gather(self, signal: Signal | None) -> None:
        """From now on sum the gradients of all places, of which the layer tells in shares. None: no more."""
        self._gathered = signal
        self._arrived.clear()
        if self._hook is not None:
            self._hook.remove()
        self._matrix.observer = None if signal is None else self._arrive
        self._hook = None if signal is None else self.on_gradient(self._arrived_all)

    def mask_gradient(self) -> None:
        """Take what arrived of the gradient at every place; that of active weights needs no mask."""
        shares, self._arrived = self._arrived, []
        if shares and self._gathered is not None:
            self._add(shares, self._gathered)

    def squares(self, axis: int, start: int, n: int) -> Tensor:
        """Sum of squared weights in each of some rows or columns, as of a masked matrix."""
        line, inside = self._lines(axis, start, n)
        squares = self.parameter.detach()[inside].square()
        return squares.new_zeros(n).index_add_(0, line[inside] - start, squares)

    @torch.no_grad()
    def scale(self, axis: int, start: int, factors: Tensor) -> None:
        """Multiply some rows or columns by a factor each, as of a masked matrix."""
        line, inside = self._lines(axis, start, len(factors))
        self.parameter[inside] *= factors.to(self.parameter)[line[inside] - start]

    def mask_weight(self) -> None:
        """Do nothing: there are no inactive weights."""

    def rewire(self, removed: Tensor, added: Tensor) -> None:
        """Remove weights at some positions, then insert others at zero, with optimizer state zero.

        Parameters
        ----------
        removed : Tensor of int64
            Active positions, sorted.
        added : Tensor of int64
            Positions that are inactive once `removed` are, sorted.
        """
        self._catch_up()
        moved = self._matrix.rewire(removed, added, self._states())
        if moved:
            self._optimizer.state[self.parameter].update(moved)
        self._follow(removed)

    @torch.no_grad()
    def load(self, positions: Tensor, values: Tensor | None = None, state: Mapping[str, Tensor] | None = None) -> None:
        """Take over a topology, and weights and optimizer state where they are given; as of a masked matrix."""
        positions = positions.to(self.parameter.device)
        Pattern.of(positions, self._matrix.shape)  # refuses what cannot be
        own = self.positions
        self.rewire(own[~torch.isin(own, positions)], positions[~torch.isin(positions, own)])
        if values is not None:
            self.values = values
        for key, active in (state or {}).items():
            self._optimizer.state[self.parameter][key] = active.to(self.parameter, copy=True)

    def _catch_up(self) -> None:
        """Take over a pattern that the matrix was given elsewhere, with the state of a model or on another device."""
        new = self._matrix.pattern
        if self._pattern is not new:
            own = self._positions.to(new.indices.device)
            self._follow(own[~torch.isin(own, new.positions)])

    def _follow(self, removed: Tensor) -> None:
        """Take over the matrix's pattern, in which of the weights known here some are no more."""
        before, self._pattern = self._positions, self._matrix.pattern
        new = self._positions = self._pattern.positions
        if self.signs is not None:
            self.signs = follow(self.signs.to(new.device), before.to(new.device), removed, new)

    def _lines(self, axis: int, start: int, n: int) -> tuple[Tensor, Tensor]:
        """Row or column of every active weight, and which of them are among `n` from `start` on."""
        line = self.lines(axis)
        return line, torch.nonzero((line >= start) & (line < start + n)).squeeze(1)

    def _arrive(self, share: Share) -> None:
        assert self._gathered is not None
        if not self._gathered.wanted():
            return
        if self._complete and self.parameter.grad is None:
            self._arrived.clear()  # of a gradient that was dropped: its step was skipped
        self._complete = False
        self._arrived.append(share)

    def _arrived_all(self) -> None:
        self._complete = True

    def _states(self) -> dict[str, Tensor]:
        kept = self._optimizer.state.get(self.parameter, {})
        shape = (self._matrix.nnz,)
        return {k: v for k, v in kept.items() if isinstance(v, Tensor) and v.shape == shape}
