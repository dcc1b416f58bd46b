"""Sparse products on PyTorch's own CSR matrices: on any device, in any precision, and the check of faster ones.

Activations are feature-major: a row for each feature, and a lane for each sequence of the batch at each time step.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor

from strnn_viz.nn.sparse.pattern import Pattern


def multiply(pattern: Pattern, values: Tensor, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """W x + b.

    Parameters
    ----------
    pattern : Pattern of a matrix (rows, columns)
    values : Tensor, shape (nnz,)
    x : Tensor, shape (columns, lanes)
    bias : Tensor, shape (rows,), optional

    Returns
    -------
    Tensor, shape (rows, lanes)
    """
    lanes = x.shape[1]
    y = _csr(pattern, values) @ x if pattern.nnz and lanes else x.new_zeros(pattern.shape[0], lanes)
    return y if bias is None else y.add_(bias[:, None])


def multiply_transposed(pattern: Pattern, values: Tensor, g: Tensor) -> Tensor:
    """Wᵀ g, of shape (columns, lanes), for g of shape (rows, lanes)."""
    transposed, order = pattern.columnwise
    return multiply(transposed, values[order], g)


def gradient(pattern: Pattern, g: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
    """Compute g xᵀ at the active places only (a sampled dense-dense product).

    Parameters
    ----------
    pattern : Pattern of a matrix (rows, columns)
    g : Tensor, shape (rows, lanes)
    x : Tensor, shape (columns, lanes)
    out : Tensor, shape (nnz,), optional
        To which it is added, in place.

    Returns
    -------
    Tensor, shape (nnz,)
    """
    out = g.new_zeros(pattern.nnz) if out is None else out
    if pattern.nnz and g.shape[1]:
        sampled = torch.sparse.sampled_addmm(_csr(pattern, out), g.contiguous(), x.contiguous().t(), beta=0.0)
        out += sampled.values()
    return out


def lined(x: Tensor) -> Tensor:
    """Activations, (features, lanes), in memory from which products are fastest: the same where they lie there."""
    return x.contiguous()


def transposed(x: Tensor) -> Tensor:
    """The transposed matrix, in memory of its own, row by row."""
    return x.t().clone(memory_format=torch.contiguous_format)


def lstm_forward(pattern: Pattern, values: Tensor, gates: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """All time steps of an LSTM (Eq. 1 of Liu et al. 2021), the input's share of the gates given.

    Parameters
    ----------
    pattern, values
        The recurrent matrix, (4 hidden, hidden), gates in the order i, f, g, o.
    gates : Tensor, shape (4 hidden, time * batch)
        Input's share and bias. In place it becomes what the gates are after their nonlinearities.
    h, c : Tensor, shape (hidden, batch)
        State before the first step.

    Returns
    -------
    y, cells : Tensor, shape (hidden, time * batch)
        Hidden and cell state at every step.
    """
    hidden, batch = h.shape
    y, cells = gates.new_empty(hidden, gates.shape[1]), gates.new_empty(hidden, gates.shape[1])
    for start in range(0, gates.shape[1], batch):
        now = slice(start, start + batch)
        pre = gates[:, now] + multiply(pattern, values, h.contiguous())
        i, f, g, o = pre.chunk(4)
        i.sigmoid_(), f.sigmoid_(), g.tanh_(), o.sigmoid_()
        c = f * c + i * g
        h = o * torch.tanh(c)
        gates[:, now], cells[:, now], y[:, now] = pre, c, h
    return y, cells


def lstm_backward(
    pattern: Pattern, values: Tensor, gates: Tensor, cells: Tensor, c: Tensor, gradient_y: Tensor, gradient_c: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Backward pass of :func:`lstm_forward`, but for the gradient of the weights.

    Parameters
    ----------
    pattern, values, gates, cells
        As :func:`lstm_forward` left them.
    c : Tensor, shape (hidden, batch)
        Cell state before the first step.
    gradient_y : Tensor, shape (hidden, time * batch)
    gradient_c : Tensor, shape (hidden, batch)
        Gradient of the cell state after the last step.

    Returns
    -------
    inputs : Tensor, shape (4 hidden, time * batch)
        Gradient of the gates before their nonlinearities.
    h, c : Tensor, shape (hidden, batch)
        Gradient of the state before the first step.
    """
    batch = c.shape[1]
    inputs = torch.empty_like(gates)
    carried, slope = torch.zeros_like(c), gradient_c
    for start in range(gates.shape[1] - batch, -1, -batch):
        now = slice(start, start + batch)
        i, f, g, o = gates[:, now].chunk(4)
        squashed = torch.tanh(cells[:, now])
        before = cells[:, start - batch : start] if start else c
        of_h = gradient_y[:, now] + carried
        slope = slope + of_h * o * (1 - squashed * squashed)
        step = torch.cat(
            [
                slope * g * i * (1 - i),
                slope * before * f * (1 - f),
                slope * i * (1 - g * g),
                of_h * squashed * o * (1 - o),
            ]
        )
        inputs[:, now] = step
        slope = slope * f
        carried = multiply_transposed(pattern, values, step)
    return inputs, carried, slope


def _csr(pattern: Pattern, values: Tensor) -> Tensor:
    with warnings.catch_warnings():
        # PyTorch announces with the first such matrix that its interface may change.
        warnings.filterwarnings("ignore", category=UserWarning, message=".*(beta state|invariant checks).*")
        return torch.sparse_csr_tensor(
            pattern.indptr, pattern.indices, values.detach(), pattern.shape, check_invariants=False
        )
