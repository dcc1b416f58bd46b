"""Sparse products by the compiled kernels: what :mod:`.portable` does, for float32 on the CPU."""

from __future__ import annotations

import sys
import threading
from typing import Any

import numba
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strnn_viz.nn.sparse import kernels, recurrence
from strnn_viz.nn.sparse.pattern import Pattern
from strnn_viz.nn.sparse.pool import room
from strnn_viz.nn.sparse.shapes import expect

# The columns of a matrix are worked through in blocks, so that the activations they meet, of so many bytes, stay in a
# cache.
_L1, _L2 = 36_000, 600_000

#: Below this density a row has too few weights in a block that fits into the first cache.
_SPARSE = 0.15

#: Lanes that the gradient of the weights takes at a time, and bytes of activations, for either cache.
_SPANS = {_L1: (176, 45_000), _L2: (704, 600_000)}


def multiply(pattern: Pattern, values: Tensor, x: Tensor, bias: Tensor | None = None) -> Tensor:
    """W x + b, as :func:`.portable.multiply`."""
    rows, columns = pattern.shape
    bias = x.new_zeros(rows) if bias is None else bias
    expect("the vector of values", values.shape, pattern.nnz)
    expect("the input of a sparse product", x.shape, columns, *x.shape[1:2])
    expect("the bias of a sparse product", bias.shape, rows)
    y = _rows(x, rows, x.shape[1])
    _multiply(pattern, values, x, bias, y)
    return y


def multiply_transposed(pattern: Pattern, values: Tensor, g: Tensor) -> Tensor:
    """Wᵀ g, as :func:`.portable.multiply_transposed`."""
    expect("the vector of values", values.shape, pattern.nnz)
    transposed, order = pattern.columnwise
    return multiply(transposed, _taken(values, order), g)


def gradient(pattern: Pattern, g: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor:
    """Compute g xᵀ at the active places only, as :func:`.portable.gradient`."""
    out = g.new_zeros(pattern.nnz) if out is None else out
    lanes = g.shape[1]
    expect("the gradient of a sparse product", g.shape, pattern.shape[0], lanes)
    expect("the input of a sparse product", x.shape, pattern.shape[1], lanes)
    expect("the vector of gradients", out.shape, pattern.nnz)
    if pattern.nnz and lanes:
        _threads()
        span, cached = _SPANS[_cache(pattern)]
        ptr, blocks = _blocks(pattern, cached // (4 * min(span, lanes)))
        kernels.gradient(
            _flat(g), g.stride(0), _flat(x), x.stride(0), lanes, _flat(pattern.indices), ptr, blocks,
            _balanced(pattern), span, _flat(out),
        )  # fmt: skip
    return out


def lined(x: Tensor) -> Tensor:
    """Activations of which every row begins with a line of the cache: else most vectors lie across two."""
    if not x.numel() or (x.stride() == (_width(x.shape[1]), 1) and x.data_ptr() % 64 == 0):
        return x
    out = _rows(x, *x.shape)
    return _turn(x, out) if x.stride(0) == 1 and x.shape[0] > 1 else out.copy_(x)


def transposed(x: Tensor) -> Tensor:
    """The transposed matrix, as :func:`.portable.transposed`."""
    out = _room(x, *reversed(x.shape))
    return _turn(x.t(), out) if x.numel() and x.stride(1) == 1 else out.copy_(x.t())


def lstm_forward(pattern: Pattern, values: Tensor, gates: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
    """All time steps of an LSTM, as :func:`.portable.lstm_forward`; gates as :func:`multiply` made them."""
    hidden, batch = h.shape
    lanes = gates.shape[1]
    _expect_time_steps(pattern, values, gates, hidden, batch)
    expect("the cell state", c.shape, hidden, batch)
    y, cells = _rows(gates, hidden, lanes), _rows(gates, hidden, lanes)
    if y.numel():
        _threads()
        states = torch.cat([_packed(h), h.new_empty(h.numel())])
        recurrence.lstm_forward(
            _flat(values), _flat(pattern.indices), _flat(pattern.indptr), _even(hidden), hidden, batch,
            lanes // batch, gates.stride(0), _flat(gates), _flat(states), _flat(c.clone()), _flat(y), _flat(cells),
            _flat(_room(gates, 4 * hidden, batch)), _flat(gates.new_zeros(4 * hidden)),
        )  # fmt: skip
    return y, cells


def lstm_backward(
    pattern: Pattern, values: Tensor, gates: Tensor, cells: Tensor, c: Tensor, gradient_y: Tensor, gradient_c: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Backward pass of :func:`lstm_forward`, as :func:`.portable.lstm_backward`."""
    hidden, batch = c.shape
    _expect_time_steps(pattern, values, gates, hidden, batch)
    for name, own in (("of cells", cells), ("of gradients", gradient_y)):
        expect(f"the matrix {name}", own.shape, hidden, gates.shape[1])
    expect("the gradient of the cell state", gradient_c.shape, hidden, batch)
    carried, slopes = torch.zeros_like(c), gradient_c.clone()
    if gates.numel():
        _threads()
        transposed, order = pattern.columnwise
        recurrence.lstm_backward(
            _flat(_taken(values, order)), _flat(transposed.indices), _flat(transposed.indptr), _even(hidden), hidden,
            batch, gates.shape[1] // batch, gates.stride(0), _flat(gates), _flat(cells), _flat(c),
            _flat(gradient_y), _flat(carried), _flat(slopes),
            _flat(_room(gates, 8 * hidden, batch)), _flat(gates.new_zeros(hidden)),
        )  # fmt: skip
        torch.autograd.graph.increment_version(gates)  # a second pass through the same graph is refused
    return gates, carried, slopes


def warm_up() -> None:
    """Compile every kernel, or load it from Numba's cache; say so where it takes longer than a moment."""
    notice = "Preparing sparse kernels for this machine; the first time takes half a minute."
    told = threading.Timer(1.5, print, [notice], {"file": sys.stderr, "flush": True})
    told.daemon = True
    told.start()
    threads = torch.get_num_threads()
    try:
        pattern, one = Pattern.of(torch.zeros(1, dtype=torch.int64), (4, 1)), torch.ones(1)
        x = torch.ones(1, 1)
        gates = multiply(pattern, one, x)
        multiply_transposed(pattern, one, gates)
        gradient(pattern, transposed(gates).t(), x)
        y, cells = lstm_forward(pattern, one, gates, x, x)
        lstm_backward(pattern, one, gates, cells, x, y, x)
    finally:
        told.cancel()
        torch.set_num_threads(threads)  # numba's pool, when it begins, sets OpenMP's number for PyTorch too


def _expect_time_steps(pattern: Pattern, values: Tensor, gates: Tensor, hidden: int, batch: int) -> None:
    expect("the recurrent matrix", pattern.shape, 4 * hidden, hidden)
    expect("the vector of values", values.shape, pattern.nnz)
    steps = gates.shape[1] // batch if batch else 0
    expect("the matrix of gates", gates.shape, 4 * hidden, steps * batch)


def _multiply(pattern: Pattern, values: Tensor, x: Tensor, bias: Tensor, y: Tensor) -> None:
    lanes = x.shape[1]
    if not y.numel():
        return
    _threads()
    if lanes > kernels.TILE or _cache(pattern) == _L1:  # else a copy costs more than it saves
        x = lined(x)
    ptr, blocks = _blocks(pattern, _cache(pattern) // (4 * min(kernels.TILE, lanes)))
    kernels.multiply(
        _flat(values), _flat(pattern.indices), ptr, blocks, _balanced(pattern), _flat(x), x.stride(0), lanes,
        _flat(bias), _flat(y), y.stride(0),
    )  # fmt: skip


def _cache(pattern: Pattern) -> int:
    return _L1 if pattern.density >= _SPARSE else _L2


def _blocks(pattern: Pattern, width: int) -> tuple[NDArray[np.int32], int]:
    ptr = pattern.blocks(max(width, 16))
    return ptr.view(-1).numpy(), ptr.shape[1] - 1


def _taken(values: Tensor, order: Tensor) -> Tensor:
    out = _room(values, len(order))
    if len(order):
        _threads()
        kernels.take(_flat(values), _flat(order), _flat(out))
    return out


def _room(like: Tensor, *shape: int) -> Tensor:
    # Of another type there is no room; kernels refuse it in a moment.
    return room(*shape) if like.dtype == torch.float32 else like.new_empty(shape)


def _rows(like: Tensor, rows: int, lanes: int) -> Tensor:
    """Room for activations as :func:`lined` ones."""
    return _room(like, rows, _width(lanes))[:, :lanes]


def _width(lanes: int) -> int:
    return -(-lanes // 16) * 16


def _turn(x: Tensor, out: Tensor) -> Tensor:
    """Copy a matrix of which columns lie in one piece to one of which rows do."""
    _threads()
    kernels.transpose(_flat(x.t()), x.shape[1], x.shape[0], x.stride(1), _flat(out), out.stride(0))
    return out


def _packed(h: Tensor) -> Tensor:
    """A state as time steps read it: tiles of lanes, of each the whole vectors of all units, then what remains.

    So a vector of sixteen never lies across two lines of the cache.
    """
    parts = []
    for tile in torch.split(h, kernels.TILE, dim=1):
        whole = tile.shape[1] // 16 * 16
        parts += [tile[:, :whole].reshape(-1), tile[:, whole:].reshape(-1)]
    return torch.cat(parts)


def _balanced(pattern: Pattern) -> NDArray[np.int64]:
    """Ranges of rows of about as many weights each, several for every thread."""
    parts = 4 * torch.get_num_threads()
    indptr = pattern.indptr.numpy()
    bounds = np.searchsorted(indptr, np.linspace(0, pattern.nnz, parts + 1)).astype(np.int64)
    bounds[0], bounds[-1] = 0, pattern.shape[0]
    return bounds


def _even(units: int) -> NDArray[np.int64]:
    return np.linspace(0, units, torch.get_num_threads() + 1).astype(np.int64)


def _flat(x: Tensor) -> NDArray[Any]:
    """The memory of a tensor from its first to its last element, as one row."""
    if x.dtype not in (torch.float32, torch.int32):  # kernels would take its bytes for something else
        raise TypeError(f"weights and activations are of different types: float32 was expected, and found {x.dtype}.")
    x = x.detach()
    if x.is_contiguous():
        return x.view(-1).numpy()
    return x.as_strided((sum((n - 1) * s for n, s in zip(x.shape, x.stride(), strict=True)) + 1,), (1,)).numpy()


def _threads() -> None:
    numba.set_num_threads(min(torch.get_num_threads(), numba.config.NUMBA_NUM_THREADS))
