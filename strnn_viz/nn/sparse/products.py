"""The product with a sparse matrix, as autograd sees it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from strnn_viz.nn.sparse.backends import Backend, backend
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.shapes import expect


def product(matrix: SparseMatrix, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """W x + b of feature-major activations.

    Parameters
    ----------
    matrix : SparseMatrix, (rows, columns)
    x : Tensor, shape (columns, lanes)
    bias : Tensor, shape (rows,), optional

    Returns
    -------
    Tensor, shape (rows, lanes)
        Its gradient with respect to the weights is computed at active places only.

    Raises
    ------
    UsageError
        If shapes do not fit.
    """
    expect("the input of a sparse product", x.shape, matrix.shape[1], *x.shape[1:2])
    if bias is not None:
        expect("the bias of a sparse product", bias.shape, matrix.shape[0])
    y: Tensor = _Product.apply(matrix, matrix.values, x, bias)  # type: ignore[no-untyped-call]
    return y


def feature_major(x: Tensor) -> Tensor:
    """Activations of shape (..., features) as (features, lanes): free of a copy where a sparse layer made them."""
    flat = x.movedim(-1, 0).reshape(x.shape[-1], x.shape[:-1].numel())
    out: Tensor = _Lined.apply(flat)  # type: ignore[no-untyped-call]
    return out


def feature_last(y: Tensor, shape: torch.Size | tuple[int, ...]) -> Tensor:
    """Activations of shape (features, lanes) as a view of (*shape, features)."""
    return y.view(y.shape[0], *shape).movedim(0, -1)


class _Lined(torch.autograd.Function):
    """Activations in memory that products read fastest; their gradient in memory as the activations came."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        by = backend(x)
        lined = by.lined(x)
        ctx.backend, ctx.turned = by, x.stride(0) == 1 and x.stride(1) > 1
        return x.view_as(x) if lined is x else lined

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> Tensor:
        by: Backend = ctx.backend
        return by.transposed(g).t() if ctx.turned else g


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: SparseMatrix, values: Tensor, x: Tensor, bias: Tensor | None) -> Tensor:
        ctx.matrix, ctx.pattern, ctx.backend = matrix, matrix.pattern, backend(x)
        ctx.save_for_backward(values, x)
        return ctx.backend.multiply(matrix.pattern, values, x, bias)  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Tensor) -> tuple[Tensor | None, ...]:
        values, x = ctx.saved_tensors
        g = ctx.backend.lined(g)
        of_values = None
        if ctx.needs_input_grad[1]:
            of_values = ctx.backend.gradient(ctx.pattern, g, x)
            ctx.matrix.show(g, x)
        of_x = ctx.backend.multiply_transposed(ctx.pattern, values, g) if ctx.needs_input_grad[2] else None
        return None, of_values, of_x, g.sum(1) if ctx.needs_input_grad[3] else None
