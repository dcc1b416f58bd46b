"""Holding masks through every step of an optimizer, whatever it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from strnn_viz.sparsity.matrix import MaskedMatrix


class Masking:
    """Mask gradients before a step and weights after it, from now until it is removed.

    Parameters
    ----------
    matrices : mapping of str to MaskedMatrix
    optimizer : Optimizer
    at_once : bool
        Mask a gradient as soon as it is computed; else within the step, or when :meth:`mask_gradients` is called.
    after : callable
        Called after every step, weights masked.
    """

    def __init__(
        self,
        matrices: Mapping[str, MaskedMatrix],
        optimizer: torch.optim.Optimizer,
        at_once: bool,
        after: Callable[[], None],
    ) -> None:
        self._matrices, self._at_once, self._after = matrices, at_once, after
        self._masked = False
        self._hooks: list[Any] = [optimizer.register_step_post_hook(self._after_step)]
        if at_once:
            self._hooks += [m.mask_gradients_from_now_on() for m in matrices.values()]
        else:
            self._hooks.append(optimizer.register_step_pre_hook(lambda *_: self.mask_gradients()))
            # Also where a step was skipped after its gradient had been masked, the next gradient is a new one.
            self._hooks += [m.on_gradient(self._unmasked) for m in matrices.values()]

    def mask_gradients(self) -> None:
        """Zero the gradients of inactive weights now, if that has not been done since they were computed."""
        if not (self._masked or self._at_once):
            for matrix in self._matrices.values():
                matrix.mask_gradient()
        self._masked = True

    def remove(self) -> None:
        """Mask no longer."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def _unmasked(self) -> None:
        self._masked = False

    def _after_step(self, *_: Any) -> None:
        self._masked = False
        for matrix in self._matrices.values():
            matrix.mask_weight()
        self._after()
