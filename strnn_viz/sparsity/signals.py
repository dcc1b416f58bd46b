"""What gradient-based regrowth must know of inactive weights, gathered from dense gradients as they pass by.

Both are buffers of their own, beside the optimizer's: the optimizer's state is masked, so an inactive weight has no
momentum there, and to rank those zeros would be to choose at random while paying for a dense gradient.
"""

from __future__ import annotations

import torch
from torch import Tensor

from strnn_viz.sparsity.matrix import MaskedMatrix


@torch.no_grad()
def add_gradient(matrix: MaskedMatrix, gradient: Tensor) -> None:
    """Sum gradients over batches, for RigL: one batch alone ranks little but its own noise."""
    held = matrix.signals.get("gradient")
    if held is None:
        matrix.signals["gradient"] = gradient.clone()
    else:
        held += gradient


@torch.no_grad()
def add_momentum(matrix: MaskedMatrix, gradient: Tensor, decay: float) -> None:
    """Keep an exponentially decaying sum of gradients, for SNFS: at every step and for every weight."""
    held = matrix.signals.get("momentum")
    if held is None:
        matrix.signals["momentum"] = gradient.clone()
    else:
        held.mul_(decay).add_(gradient)
