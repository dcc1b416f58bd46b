"""Which code computes sparse products: kernels compiled by numba where they can run, else PyTorch's CSR matrices."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cache
from typing import Protocol

import torch
from torch import Tensor

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import portable
from strnn_viz.nn.sparse.pattern import Pattern

#: Names that :func:`using` takes.
BACKENDS = ("auto", "numba", "torch")

_chosen: ContextVar[str] = ContextVar("strnn_viz_sparse_backend", default="auto")
_log = logging.getLogger(__name__)


class Backend(Protocol):
    """What a module of sparse products offers; :mod:`strnn_viz.nn.sparse.portable` says what each does."""

    def multiply(self, pattern: Pattern, values: Tensor, x: Tensor, bias: Tensor | None = None) -> Tensor: ...  # noqa: D102
    def multiply_transposed(self, pattern: Pattern, values: Tensor, g: Tensor) -> Tensor: ...  # noqa: D102
    def gradient(self, pattern: Pattern, g: Tensor, x: Tensor, out: Tensor | None = None) -> Tensor: ...  # noqa: D102
    def lined(self, x: Tensor) -> Tensor: ...  # noqa: D102
    def transposed(self, x: Tensor) -> Tensor: ...  # noqa: D102
    def lstm_forward(  # noqa: D102
        self, pattern: Pattern, values: Tensor, gates: Tensor, h: Tensor, c: Tensor
    ) -> tuple[Tensor, Tensor]: ...
    def lstm_backward(  # noqa: D102
        self,
        pattern: Pattern,
        values: Tensor,
        gates: Tensor,
        cells: Tensor,
        c: Tensor,
        gradient_y: Tensor,
        gradient_c: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]: ...


@contextlib.contextmanager
def using(name: str) -> Iterator[None]:
    """Compute sparse products in one way within a ``with`` block: ``"numba"``, ``"torch"`` or, as always, ``"auto"``.

    ``"auto"`` takes numba for float32 on the CPU where it is installed. Whatever is asked for, other devices and
    precisions are PyTorch's.

    Raises
    ------
    UsageError
        If there is no such backend, or numba is asked for and not installed.
    """
    if name not in BACKENDS:
        raise UsageError(f"no backend of sparse products is called {name!r}. Expected one of {', '.join(BACKENDS)}.")
    if name == "numba" and _fast() is None:
        raise UsageError("numba is not installed. Install it with: pip install 'strnn-viz[fast]', or use 'torch'.")
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def backend(x: Tensor) -> Backend:
    """The backend for products with `x`."""
    if _chosen.get() == "torch" or x.device.type != "cpu" or x.dtype != torch.float32:
        return portable
    return _fast() or portable


def installed() -> bool:
    """Whether numba's kernels can be used."""
    return _fast() is not None


@cache
def _fast() -> Backend | None:
    """The compiled kernels, ready to run; None, and a line that says so, where numba is not installed."""
    try:
        from strnn_viz.nn.sparse import fast
    except ModuleNotFoundError as error:
        _log.warning(
            "Sparse layers run on PyTorch's CSR matrices, several times slower than they could: %s is not installed "
            "(pip install 'strnn-viz[fast]').",
            error.name,
        )
        return None
    fast.warm_up()
    return fast
