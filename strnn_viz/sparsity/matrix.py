"""One sparse weight matrix: the single door to its weights, its mask and its optimizer state.

Everything that prunes, regrows, records or saves goes through this type and speaks of *positions*: row-major indices
of active weights, sorted. Nothing outside it touches a dense mask, so a form that stores active values only can take
its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.hooks import RemovableHandle

from strnn_viz.nn.sparse import Share
from strnn_viz.runs import LayerInfo
from strnn_viz.runs.snapshot import pack
from strnn_viz.sparsity.positions import follow
from strnn_viz.sparsity.signals import Signal
from strnn_viz.sparsity.sums import GradientSum, Whole


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
        self._begin()
        self._activate(positions)

    def _begin(self) -> None:
        #: Sign of each active weight for as long as it lives, int8, shape (nnz,); 0: none yet. Of DeepR only.
        self.signs: Tensor | None = None
        self._gathered: Signal | None = None
        self._sums: dict[str, GradientSum] = {}

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
        """Active weights, shape (nnz,), in order of their positions: a copy. They can be assigned."""
        return self._flat(self.parameter.detach())[self.positions]

    @values.setter
    def values(self, values: Tensor) -> None:
        self._flat(self.parameter.detach())[self.positions] = values.to(self.parameter)

    def bits(self) -> NDArray[np.uint8]:
        """The mask as snapshots keep it: row by row, eight positions a byte (:func:`numpy.packbits`), read-only."""
        return pack(self.mask.cpu().numpy())

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

    def gather(self, signal: Signal | None) -> None:
        """From now on sum the gradients of all places, right before they are masked, into one of :attr:`signals`.

        None: no more.
        """
        self._gathered = signal

    @property
    def signals(self) -> dict[str, Tensor]:
        """What the method keeps of the matrix: by name sums of gradients, of its shape, and ``"sign"``, :attr:`signs`.

        For whoever saves it: sums that are held in less memory are multiplied out. It can be assigned.
        """
        signs = {} if self.signs is None else {"sign": self.signs}
        return {name: held.full() for name, held in self._sums.items()} | signs

    @signals.setter
    def signals(self, signals: Mapping[str, Tensor]) -> None:
        sums = dict(signals)
        signs = sums.pop("sign", None)
        for kept, shape in [(signs, (self.nnz,)), *((full, self.info.shape) for full in sums.values())]:
            if kept is not None and kept.shape != shape:
                raise ValueError(f"{self.info.name}: expected something of shape {shape}, found {tuple(kept.shape)}")
        self.signs = None if signs is None else signs.to(self.parameter.device, copy=True)
        self._sums = {name: GradientSum(self.info.shape, self.parameter, full) for name, full in sums.items()}

    def signal_rows(self, name: str, first: int, last: int) -> Tensor | None:
        """Rows of a sum of gradients, `first` to `last` without it, made anew; None where there is none yet."""
        held = self._sums.get(name)
        return None if held is None else held.rows(first, last)

    def signal_at(self, name: str, positions: Tensor) -> Tensor | None:
        """A sum of gradients at some positions; None where there is none yet."""
        held = self._sums.get(name)
        return None if held is None else self._flat(held.full())[positions]

    def forget(self, name: str) -> None:
        """Drop a sum of gradients, and begin a new one with the next."""
        self._sums.pop(name, None)

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
        if self._gathered is not None and self._gathered.wanted():
            self._add([Whole(gradient.detach())], self._gathered)
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

    def lines(self, axis: int) -> Tensor:
        """Row (axis 0) or column (axis 1) of every active weight, shape (nnz,)."""
        columns = max(1, self.info.shape[1])
        return self.positions % columns if axis else self.positions // columns

    def squares(self, axis: int, start: int, n: int) -> Tensor:
        """Sum of squared weights in each of `n` rows (axis 0) or columns (axis 1) from `start` on, shape (n,)."""
        return self.parameter.detach().narrow(axis, start, n).square().sum(1 - axis)

    @torch.no_grad()
    def scale(self, axis: int, start: int, factors: Tensor) -> None:
        """Multiply as many rows or columns from `start` on by a factor each."""
        own = self.parameter.narrow(axis, start, len(factors))
        own.mul_(factors.to(own).unsqueeze(1 - axis))

    @torch.no_grad()
    def rewire(self, removed: Tensor, added: Tensor) -> None:
        """Deactivate some positions, then activate others at zero, with optimizer state zero.

        Parameters
        ----------
        removed : Tensor of int64
            Active positions, sorted.
        added : Tensor of int64
            Positions that are inactive once `removed` are, sorted.
        """
        self._flat(self._mask)[removed] = 0
        self._flat(self._mask)[added] = 1
        for full in (self.parameter, *self._states().values()):
            self._flat(full)[removed] = 0
            self._flat(full)[added] = 0
        self._move_to(torch.nonzero(self._flat(self._mask)).squeeze(1), removed)

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
        positions = positions.to(self.parameter.device)
        self._move_to(positions, self.positions[~torch.isin(self.positions, positions)])
        self._activate(positions)
        if values is not None:
            self.values = values
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

    def _add(self, gradient: Sequence[Share], signal: Signal) -> None:
        held = self._sums.setdefault(signal.name, GradientSum(self.info.shape, self.parameter))
        held.add(gradient, signal.decay)

    def _move_to(self, positions: Tensor, removed: Tensor) -> None:
        if self.signs is not None:
            self.signs = follow(self.signs, self.positions, removed, positions)
        self.positions = positions

    def _states(self) -> dict[str, Tensor]:
        """Every tensor the optimizer keeps that has an entry for each weight."""
        kept = self._optimizer.state.get(self.parameter, {})
        return {k: v for k, v in kept.items() if isinstance(v, Tensor) and v.shape == self.parameter.shape}

    @staticmethod
    def _flat(full: Tensor) -> Tensor:
        return full.view(-1)
