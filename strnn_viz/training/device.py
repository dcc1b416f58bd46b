"""Where to compute."""

from __future__ import annotations

import torch

from strnn_viz.errors import UsageError


def find_device(name: str) -> torch.device:
    """The device to compute on: ``auto`` is CUDA where there is one.

    Raises
    ------
    UsageError
        If CUDA is asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "training.device = cuda, but PyTorch finds no CUDA device here. Use training.device=auto or cpu."
        )
    return torch.device(name)
