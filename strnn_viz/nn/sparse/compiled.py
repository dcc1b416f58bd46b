"""Compiling a kernel, and keeping its machine code for as long as no line of any kernel changes."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from numba import config, njit

if config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT keeps numba from compiling: unset it")

if "NUMBA_THREADING_LAYER" not in os.environ and "NUMBA_THREADING_LAYER_PRIORITY" not in os.environ:
    config.THREADING_LAYER_PRIORITY = ["omp", "tbb", "workqueue"]  # OpenMP's threads wait awake between time steps

#: Modules whose text becomes machine code.
SOURCES = ("compiled", "vectors", "tiles", "cells", "kernels", "recurrence")

_log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile a function with parallel loops when it is first called, or load it from disk.

    Numba notices only that the file of the function itself was edited, not those it takes inner loops from: so machine
    code lies in a directory named after the text of them all. Where nothing can be written it is made at every start.
    """
    made: F
    before = config.CACHE_DIR
    try:
        config.CACHE_DIR = str(cache_directory())
        made = njit(parallel=True, cache=True)(function)
    except RuntimeError:  # no directory can be written, or there is no home
        _tell_unkept()
        made = njit(parallel=True)(function)
    finally:
        config.CACHE_DIR = before
    return made


def forget() -> None:
    """Remove all machine code that was kept of these sources: some of it cannot be read."""
    with contextlib.suppress(RuntimeError):  # where there is no home nothing was kept
        shutil.rmtree(cache_directory(), ignore_errors=True)


@cache
def cache_directory() -> Path:
    """``$NUMBA_CACHE_DIR``, else ``$XDG_CACHE_HOME/strnn-viz`` or ``~/.cache/strnn-viz``, and there ``kernels-…``."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    own = (Path(base) if base else Path.home() / ".cache") / "strnn-viz"
    return Path(config.CACHE_DIR or own) / f"kernels-{digest(Path(__file__).parent)}"


@cache
def _tell_unkept() -> None:  # once, not for every kernel
    _log.warning(
        "Sparse kernels are compiled anew at every start, half a minute each time: their machine code cannot be kept. "
        "Set NUMBA_CACHE_DIR to a directory that can be written."
    )


def digest(folder: Path) -> str:
    """Twelve characters that change with any of the :data:`SOURCES` in a folder."""
    text = b"\0".join((folder / f"{name}.py").read_bytes() for name in SOURCES)
    return hashlib.sha256(text).hexdigest()[:12]
