"""Cross-entropy of logits as a sparse layer leaves them, words first, in no more memory than they have."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from strnn_viz.nn.sparse.products import feature_major

_WORDS = 256  # at a time: what is made of them stays in a cache


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy, as :func:`torch.nn.functional.cross_entropy` computes it.

    The gradient takes the place of the logits, which is a large part of a language model's memory: after a backward
    pass they are no more, and a second one through the same graph is refused.

    Parameters
    ----------
    logits : Tensor, shape (..., words)
        A view of feature-major memory, as of :class:`SparseLinear`; others are copied.
    targets : Tensor of int64, shape (...)

    Returns
    -------
    Tensor, shape ()
    """
    loss: Tensor = _CrossEntropy.apply(feature_major(logits), targets.reshape(-1))  # type: ignore[no-untyped-call]
    return loss


class _CrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor) -> Tensor:
        largest = logits.amax(0)
        total = torch.zeros_like(largest)
        for words in torch.split(logits, _WORDS):
            total += (words - largest).exp_().sum(0)
        log_total = largest + total.log_()
        ctx.save_for_backward(logits, targets, log_total)
        return (log_total - logits.gather(0, targets[None])[0]).mean()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor, None]:
        logits, targets, log_total = ctx.saved_tensors
        share = g / len(targets)
        for words in torch.split(logits, _WORDS):
            words.sub_(log_total).exp_().mul_(share)
        logits.scatter_add_(0, targets[None], -share.expand(1, len(targets)))
        return logits, None
