"""One sparse weight matrix that is stored as its active weights only: pruned and regrown without a dense mask."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from strnn_viz.nn.sparse import Pattern, SparseMatrix
from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.matrix import MaskedMatrix, Observer


class StoredMatrix(MaskedMatrix):
    """What :class:`MaskedMatrix` is to a dense parameter, for a :class:`~strnn_viz.nn.sparse.SparseMatrix`.

    Its parameter, gradient and optimizer state have an entry for each active weight, so there is nothing to mask; a
    rewiring inserts and removes entries. Only :attr:`mask` makes something of the matrix's full size.

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
        self.positions = matrix.pattern.positions
        self.signals = {}
        self._matrix = matrix

    @property
    def mask(self) -> Tensor:
        """The mask, boolean, of the matrix's shape; made anew at every call."""
        return self._matrix.to_dense(torch.ones_like(self.parameter)).bool()

    @property
    def values(self) -> Tensor:
        """Active weights, shape (nnz,), in order of their positions."""
        return self.parameter.detach().clone()

    @property
    def state(self) -> dict[str, Tensor]:
        """Optimizer state of the active weights by name, each of shape (nnz,)."""
        return {key: kept.clone() for key, kept in self._states().items()}

    def moment_at(self, positions: Tensor) -> Tensor | None:
        """The optimizer's momentum, or Adam's first moment, at some active positions; None where there is none yet."""
        kept = self.first_moment
        return None if kept is None else kept[torch.searchsorted(self.positions, positions)]

    def observe(self, _: Observer) -> None:
        """Refuse: gradients of inactive weights are never computed."""
        raise TypeError(f"{self.info.name} is stored as its active weights: there is no dense gradient to look at.")

    def mask_gradient(self) -> None:
        """Do nothing: the gradient is that of active weights."""

    def mask_weight(self) -> None:
        """Do nothing: there are no inactive weights."""

    def rewire(self, removed: Tensor, added: Tensor) -> None:
        """Remove weights at some positions, then insert others at zero, with optimizer state zero.

        Parameters
        ----------
        removed : Tensor of int64
            Active positions.
        added : Tensor of int64
            Positions that are inactive once `removed` are.
        """
        moved = self._matrix.rewire(removed.sort().values, added.sort().values, self._states())
        if moved:
            self._optimizer.state[self.parameter].update(moved)
        self.positions = self._matrix.pattern.positions

    @torch.no_grad()
    def load(self, positions: Tensor, values: Tensor | None = None, state: Mapping[str, Tensor] | None = None) -> None:
        """Take over a topology, and weights and optimizer state where they are given; as of a masked matrix."""
        positions = positions.to(self.parameter.device)
        Pattern.of(positions, self._matrix.shape)  # refuses what cannot be
        own = self.positions
        self.rewire(own[~torch.isin(own, positions)], positions[~torch.isin(positions, own)])
        if values is not None:
            self.parameter.copy_(values)
        for key, active in (state or {}).items():
            self._optimizer.state[self.parameter][key] = active.to(self.parameter, copy=True)

    def _states(self) -> dict[str, Tensor]:
        kept = self._optimizer.state.get(self.parameter, {})
        shape = (self._matrix.nnz,)
        return {k: v for k, v in kept.items() if isinstance(v, Tensor) and v.shape == shape}
