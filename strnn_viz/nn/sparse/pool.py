"""Memory of activations, used again: pages fresh from the system cost more than what a sparse product writes there."""

from __future__ import annotations

import math
import threading
import weakref
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

#: Bytes that may lie idle; beyond them those that have been taken longest ago are given back.
IDLE = 192 << 20

_LINE = 64  # bytes of a line of the cache, where every piece begins


@dataclass(eq=False)
class _Piece:
    """Some memory, and the array through which a tensor has it, for as long as there is one."""

    memory: NDArray[Any]
    user: weakref.ref[NDArray[Any]]

    def taken(self, shape: tuple[int, ...]) -> Tensor:
        # The tensor keeps this array alive, and so do all its views: it is gone when the last of them is.
        array = self.memory.view()
        self.user = weakref.ref(array)
        return torch.from_numpy(array).view(shape)


_pieces: list[_Piece] = []  # those taken last at the end
_lock = threading.Lock()


def room(*shape: int) -> Tensor:
    """A float32 tensor of any content, in memory that an earlier one no longer needs where there is some."""
    count = math.prod(shape)
    with _lock:
        idle = [piece for piece in _pieces if piece.user() is None]
        piece = next((p for p in reversed(idle) if p.memory.size == count), None)
        if piece is None:
            memory = _aligned(count)
            piece = _Piece(memory, weakref.ref(memory))
        else:
            idle.remove(piece)
            _pieces.remove(piece)
        free = sum(p.memory.nbytes for p in idle)
        for old in idle:
            if free > IDLE:
                _pieces.remove(old)
                free -= old.memory.nbytes
        _pieces.append(piece)
        return piece.taken(shape)


def idle_bytes() -> int:
    """Bytes that are kept and in no tensor."""
    with _lock:
        return sum(piece.memory.nbytes for piece in _pieces if piece.user() is None)


def _aligned(count: int) -> NDArray[Any]:
    spare = np.empty(4 * count + _LINE, dtype=np.uint8)
    begin = -spare.ctypes.data % _LINE
    return spare[begin : begin + 4 * count].view(np.float32)
