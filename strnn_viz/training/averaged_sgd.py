"""SGD that averages its weights, and knows that a sparse weight has only lived since it was grown."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, overload

import torch
from torch import Tensor


class AveragedSGD(torch.optim.Optimizer):
    """SGD with momentum that, once told to, keeps the mean of every weight over the steps since then.

    The mean of a weight begins anew when it is regrown: each weight counts its own steps, and count and mean are state
    of the weight's size, which :class:`~strnn_viz.sparsity.SparseTraining` sets to zero where a connection is grown.
    With an average that counts steps for all alike, a weight grown late would be pulled towards the zero it came from.

    Parameters
    ----------
    params : iterable of Tensor
    lr, momentum, weight_decay : float

    References
    ----------
    Polyak & Juditsky 1992; Merity et al. 2018 (non-monotone trigger); Liu et al. 2021b, "Selfish sparse RNN training",
    Section 3.4 (sparse weights).
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.0, weight_decay: float = 0.0) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "averaging": False})

    @property
    def averaging(self) -> bool:
        """Whether it averages."""
        return bool(self.param_groups[0]["averaging"])

    def begin_averaging(self) -> None:
        """Average from the next step on."""
        for group in self.param_groups:
            group["averaging"] = True

    @overload
    def step(self, closure: None = None) -> None: ...
    @overload
    def step(self, closure: Callable[[], float]) -> float: ...
    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self._move(p, group)
        return loss

    def _move(self, p: Tensor, group: dict[str, Any]) -> None:
        state, change = self.state[p], p.grad
        assert change is not None
        if group["weight_decay"]:
            change = change.add(p, alpha=group["weight_decay"])
        if group["momentum"]:
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = torch.zeros_like(p)
            change = state["momentum_buffer"].mul_(group["momentum"]).add_(change)
        p.sub_(change, alpha=group["lr"])
        if group["averaging"]:
            if "mean" not in state:
                state["mean"], state["steps"] = torch.zeros_like(p), torch.zeros_like(p)
            state["steps"] += 1
            state["mean"].add_((p - state["mean"]) / state["steps"])

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """Have the means in place of the weights, where there are any, for as long as the context lasts."""
        swapped = [p for group in self.param_groups for p in group["params"] if "mean" in self.state.get(p, {})]
        self._swap(swapped)
        try:
            yield
        finally:
            self._swap(swapped)

    @torch.no_grad()
    def _swap(self, parameters: list[Tensor]) -> None:
        for p in parameters:
            # A weight grown after the last step has no mean yet: it is itself, zero.
            mean, held = self.state[p]["mean"], p.clone()
            p.copy_(mean)
            mean.copy_(held)
