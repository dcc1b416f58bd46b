"""Which code computes sparse products: kernels compiled by numba where they can run, else PyTorch's CSR matrices."""

from __future__ import annotations

import contextlib
import logging
import os
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
_forked = False
_FORKED = "this process was forked from one that has used them: start it by spawning"
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

    ``"auto"`` takes numba for float32 on the CPU where it can be used. Whatever is asked for, other devices and
    precisions are PyTorch's, and so is all in a process forked from one that has used numba, whose threads it lacks.

    Raises
    ------
    UsageError
        If there is no such backend, or numba is asked for and cannot be used.
    """
    if name not in BACKENDS:
        raise UsageError(f"no backend of sparse products is called {name!r}. Expected one of {', '.join(BACKENDS)}.")
    if name == "numba" and isinstance(found := _fast(), str):
        raise UsageError(f"numba's kernels cannot be used: {found}. Use 'torch' or 'auto'.")
    token = _chosen.set(name)
    try:
        yield
    finally:
        _chosen.reset(token)


def backend(x: Tensor) -> Backend:
    """The backend for products with `x`."""
    if _chosen.get() == "torch" or x.device.type != "cpu" or x.dtype != torch.float32:
        return portable
    found = _fast()
    return portable if isinstance(found, str) else found


def installed() -> bool:
    """Whether numba's kernels can be used."""
    return not isinstance(_fast(), str)


def _fast() -> Backend | str:
    """The compiled kernels, ready to run, or why there are none here."""
    return _FORKED if _forked else _prepared()


@cache
def _prepared() -> Backend | str:
    """As :func:`_fast`; a line is logged where the kernels cannot be used, whatever keeps them from it."""
    try:
        from strnn_viz.nn.sparse import fast
        from strnn_viz.nn.sparse.compiled import forget

        try:
            fast.warm_up()
        except Exception:  # what cannot be read of a damaged file of machine code raises errors of many types
            forget()
            fast.warm_up()
    except ModuleNotFoundError as error:
        reason = f"{error.name} is not installed (pip install 'strnn-viz[fast]')"
    except Exception as error:
        reason = f"numba fails with {type(error).__name__}: {' '.join(str(error).split()):.300}".rstrip(": .")
    else:
        return fast
    _log.warning("Sparse layers run on PyTorch's CSR matrices, several times slower than they could: %s.", reason)
    return reason


def _after_fork() -> None:
    """OpenMP ends a process that was forked from one with threads of its own and then uses them."""
    global _forked
    _forked = _forked or _prepared.cache_info().currsize > 0


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
