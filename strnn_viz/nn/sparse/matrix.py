"""A weight matrix that holds its active weights only: a vector of values beside their pattern."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

import torch
from torch import Tensor, nn

from strnn_viz.nn.sparse.drawing import draw_without_replacement
from strnn_viz.nn.sparse.pattern import Pattern
from strnn_viz.nn.sparse.shapes import expect
from strnn_viz.nn.sparse.shares import Observer, Outer


class SparseMatrix(nn.Module):
    """Active weights of a matrix as one parameter, ``values``: so gradient and optimizer state hold no others.

    Parameters
    ----------
    pattern : Pattern
        Where the weights are.
    values : Tensor, shape (nnz,), optional
        Weights in the order of their positions; zeros by default.

    Notes
    -----
    A weight takes 4 bytes here, 4 in its gradient, 4 in each state of the optimizer, 4 in the index by rows and 8 in
    the index by columns, which is made at the first backward pass. Its ``state_dict`` holds values and positions.
    """

    def __init__(self, pattern: Pattern, values: Tensor | None = None) -> None:
        super().__init__()
        if values is not None:
            expect("the vector of values", values.shape, pattern.nnz)
        self.pattern = pattern
        zeros = torch.zeros(0 if values is not None else pattern.nnz, device=pattern.indices.device)
        self.values = nn.Parameter(zeros if values is None else values)
        #: Is shown the gradient at every place, as factors; a copy of the matrix has none.
        self.observer: Observer | None = None

    @classmethod
    def random(cls, shape: tuple[int, int], density: float, generator: torch.Generator, scale: float = 0.1) -> Self:
        """Weights drawn uniformly from ± `scale` at ``round(density * places)`` places, all choices equally likely.

        Nothing of the matrix's full size is made, however large it is.
        """
        places = shape[0] * shape[1]
        count = round(density * places)
        pattern = Pattern.of(draw_without_replacement(places, count, generator), shape)
        return cls(pattern, torch.empty(count).uniform_(-scale, scale, generator=generator))

    @classmethod
    def from_dense(cls, dense: Tensor, positions: Tensor | None = None) -> Self:
        """Active weights of a dense matrix: those at `positions`, or where they are not given, all that are not 0."""
        flat = dense.detach().reshape(-1)
        if positions is None:
            positions = torch.nonzero(flat).squeeze(1)
        return cls(Pattern.of(positions, (dense.shape[0], dense.shape[1])), flat[positions].clone())

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.pattern.shape

    @property
    def nnz(self) -> int:
        """Number of weights."""
        return self.pattern.nnz

    def to_dense(self, values: Tensor | None = None) -> Tensor:
        """The dense matrix, detached: of the weights, or of something else that has an entry for each of them."""
        values = (self.values if values is None else values).detach()
        dense = values.new_zeros(self.shape[0] * self.shape[1])
        dense[self.pattern.positions] = values
        return dense.view(self.shape)

    @torch.no_grad()
    def rewire(self, removed: Tensor, added: Tensor, state: Mapping[str, Tensor] | None = None) -> dict[str, Tensor]:
        """Remove some weights and add others at zero; each remaining one keeps its value and its state.

        Parameters
        ----------
        removed, added : Tensor of int64
            As of :meth:`Pattern.rewired`.
        state : mapping of str to Tensor of shape (nnz,), optional
            What the optimizer keeps for every weight.

        Returns
        -------
        dict of str to Tensor
            The state in the order of the new weights, zero for those that are new. The parameter stays the same
            object, so an optimizer goes on with it; its gradient is dropped.
        """
        self.pattern, source = self.pattern.rewired(removed, added)
        new = source < 0

        def moved(old: Tensor) -> Tensor:
            if not len(old):
                return old.new_zeros(len(source))
            return old[source.clamp(min=0)].masked_fill_(new, 0)

        self._replace(moved(self.values.data))
        return {key: moved(value) for key, value in (state or {}).items()}

    def show(self, g: Tensor, x: Tensor) -> None:
        """Tell :attr:`observer`, where there is one, of g xᵀ: a share of the gradient; shapes as of :class:`Outer`."""
        if self.observer is not None:
            self.observer(Outer(g, x))

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"observer": None}

    def extra_repr(self) -> str:
        """Shape and weights, for ``print(model)``."""
        return f"{self.shape[0]}, {self.shape[1]}, nnz={self.nnz}"

    def _replace(self, values: Tensor) -> None:
        """Give the parameter other values, of another number perhaps, also while a graph of the old ones is alive."""
        self.values.grad = None
        # Autograd remembers a parameter's size for as long as some graph has it, and forgets it when the type changes.
        other = torch.float32 if values.dtype == torch.float64 else torch.float64
        self.values.data = values.new_empty(0, dtype=other)
        self.values.data = values

    def _apply(self, fn: Callable[..., Any], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.pattern = self.pattern.to(self.values.device)
        return self

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        destination[prefix + "positions"] = self.pattern.positions

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        positions = state_dict.pop(prefix + "positions", None)
        if positions is None:
            args[2].append(prefix + "positions")  # the keys that are missing
        else:
            self.pattern = Pattern.of(positions.to(self.values.device), self.shape)
            if len(positions) != len(self.values):
                self._replace(self.values.detach().new_zeros(len(positions)))
        super()._load_from_state_dict(state_dict, prefix, *args)
