"""One sparse weight matrix: the single door to its weights, its mask and its optimizer state.

Everything that prunes, regrows, records or saves goes through this type and speaks of *positions*: row-major indices
of active weights, sorted. Nothing outside it touches a dense mask, so a form that stores active values only can take
its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from strnn_viz.runs import LayerInfo

#: Looks at (matrix, dense gradient) and may not change the gradient.
Observer = Callable[["MaskedMatrix", Tensor], None]


class MaskedMatrix:
    """A dense parameter of which only some positions are active; the others are held at zero.

    Parameters
    ----------
    info : LayerInfo
        Name, shape, role and gates.
    parameter : Parameter, shape ``info.shape``
    optimizer : Optimizer
        Whose state for `parameter` follows the connections.
    positions : Tensor of int64, shape (nnz,)
        Active positions, sorted.
    """

    def __init__(
        self, info: LayerInfo, parameter: torch.nn.Parameter, optimizer: torch.optim.Optimizer, positions: Tensor
    ) -> None:
        self.info = info
        self.parameter = parameter
        self._optimizer = optimizer
        # A floating mask: multiplying by it in place is several times faster than filling by a boolean one.
        self._mask = torch.zeros_like(parameter, requires_grad=False, memory_format=torch.contiguous_format)
        self.positions = positions
        #: What is kept for every place, active or not, by name: a sum of gradients, a momentum, signs.
        self.signals: dict[str, Tensor] = {}
        self._observers: list[Observer] = []
        self._activate(positions)

    @property
    def nnz(self) -> int:
        """Number of active weights."""
        return len(self.positions)

    @property
    def mask(self) -> Tensor:
        """The mask, boolean, of the matrix's shape."""
        return self._mask.bool()

    @property
    def values(self) -> Tensor:
        """Active weights, shape (nnz,), in order of their positions."""
        return self._flat(self.parameter.detach())[self.positions]

    @property
    def state(self) -> dict[str, Tensor]:
        """Optimizer state of the active weights by name, each of shape (nnz,): momentum, moments, averages."""
        return {key: self._flat(full)[self.positions] for key, full in self._states().items()}

    @property
    def first_moment(self) -> Tensor | None:
        """The optimizer's momentum, or Adam's first moment, of the matrix's shape; None where there is none yet."""
        states = self._states()
        return states.get("momentum_buffer", states.get("exp_avg"))

    def moment_at(self, positions: Tensor) -> Tensor | None:
        """:attr:`first_moment` at some active positions."""
        full = self.first_moment
        return None if full is None else self._flat(full)[positions]

    def observe(self, observer: Observer) -> None:
        """Show `observer` every gradient while it is still dense, right before it is masked."""
        self._observers.append(observer)

    def mask_gradient(self) -> None:
        """Zero the gradient of inactive positions, so that neither clipping nor the optimizer sees it."""
        gradient = self.parameter.grad
        if gradient is None:
            return
        if gradient.layout is not torch.strided:
            raise TypeError(
                f"{self.info.name} has a sparse gradient, which cannot be masked. Build the embedding with "
                "sparse=False, or leave it dense with exclude=."
            )
        for observer in self._observers:
            observer(self, gradient)
        gradient.mul_(self._mask)

    def mask_gradients_from_now_on(self) -> RemovableHandle:
        """Mask every gradient as soon as the backward pass has computed it, until the handle is removed."""
        return self.on_gradient(self.mask_gradient)

    def on_gradient(self, act: Callable[[], None]) -> RemovableHandle:
        """Call `act` whenever a backward pass has computed the gradient, until the handle is removed."""
        handle = self.parameter.register_post_accumulate_grad_hook(lambda _: act())  # type: ignore[no-untyped-call]
        return cast(RemovableHandle, handle)

    @torch.no_grad()
    def mask_weight(self) -> None:
        """Hold inactive positions at zero, whatever the optimizer did."""
        self.parameter.mul_(self._mask)

    @torch.no_grad()
    def rewire(self, removed: Tensor, added: Tensor) -> None:
        """Deactivate some positions, then activate others at zero, with optimizer state zero.

        Parameters
        ----------
        removed : Tensor of int64
            Active positions.
        added : Tensor of int64
            Positions that are inactive once `removed` are.
        """
        self._flat(self._mask)[removed] = 0
        self._flat(self._mask)[added] = 1
        for full in (self.parameter, *self._states().values()):
            self._flat(full)[removed] = 0
            self._flat(full)[added] = 0
        self.positions = torch.nonzero(self._flat(self._mask)).squeeze(1)

    @torch.no_grad()
    def load(self, positions: Tensor, values: Tensor | None = None, state: Mapping[str, Tensor] | None = None) -> None:
        """Take over a topology, and weights and optimizer state where they are given.

        Parameters
        ----------
        positions : Tensor of int64, shape (nnz,)
            Sorted.
        values : Tensor, shape (nnz,), optional
            Active weights; without them, weights at active positions stay.
        state : mapping of str to Tensor of shape (nnz,), optional
            Optimizer state of the active weights; made where the optimizer has none yet.
        """
        self.positions = positions.to(self.parameter.device)
        self._activate(self.positions)
        if values is not None:
            self._flat(self.parameter)[self.positions] = values.to(self.parameter)
        for key, active in (state or {}).items():
            full = self._optimizer.state[self.parameter].setdefault(key, torch.zeros_like(self.parameter.detach()))
            full.zero_()
            self._flat(full)[self.positions] = active.to(full)

    @torch.no_grad()
    def _activate(self, positions: Tensor) -> None:
        self._mask.zero_()
        self._flat(self._mask)[positions] = 1
        for full in (self.parameter, *self._states().values()):
            full.mul_(self._mask)

    def _states(self) -> dict[str, Tensor]:
        """Every tensor the optimizer keeps that has an entry for each weight."""
        kept = self._optimizer.state.get(self.parameter, {})
        return {k: v for k, v in kept.items() if isinstance(v, Tensor) and v.shape == self.parameter.shape}

    @staticmethod
    def _flat(full: Tensor) -> Tensor:
        return full.view(-1)
