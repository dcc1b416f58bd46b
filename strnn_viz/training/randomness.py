"""Dropout drawn from a run's own random state, whatever the program around it draws."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import torch


class OwnRandomness:
    """The random state of one run, on the CPU and on the CUDA device it computes on.

    Parameters
    ----------
    device : torch.device

    Attributes
    ----------
    states : list of Tensor of uint8
        That of the CPU first; what is saved with a run.
    """

    def __init__(self, device: torch.device) -> None:
        self._cuda = [torch.cuda.current_device()] if device.type == "cuda" else []
        self.states: list[torch.Tensor] = []

    def seed(self, *numbers: int) -> None:
        """Begin anew; several numbers give a stream that has nothing to do with that of other numbers."""
        number = numbers[0]
        if len(numbers) > 1:
            number = int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
        with torch.random.fork_rng(self._cuda):
            torch.manual_seed(number)
            self.states = self._now()

    @contextlib.contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw from this state within the context, and leave the global one as it was."""
        with torch.random.fork_rng(self._cuda):
            torch.set_rng_state(self.states[0])
            for device, state in zip(self._cuda, self.states[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
            self.states = self._now()

    def _now(self) -> list[torch.Tensor]:
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(d) for d in self._cuda)]
