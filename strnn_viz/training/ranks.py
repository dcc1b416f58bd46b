"""One run trained by several processes side by side: who this process is, and what they agree on.

``torchrun --nproc-per-node 2 -m strnn_viz train ...`` starts as many processes; each reads its share of every batch,
and gradients are averaged (:class:`torch.nn.parallel.DistributedDataParallel`). Masks need no exchange: every process
draws them from the same random state, from weights and averaged gradients that are the same everywhere.
"""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

#: How long one process waits for the others: a paused run stands still for as long as a person likes.
_PATIENCE = timedelta(days=30)
_PARTING = timedelta(seconds=10)


@dataclass(frozen=True)
class Ranks:
    """The processes that train one run.

    Attributes
    ----------
    rank : int
        This process; 0 is the one that records.
    size : int
        How many there are.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def join(cls) -> Ranks:
        """Join the processes that ``torchrun`` started; alone where it did not."""
        if int(os.environ.get("WORLD_SIZE", "1")) == 1 or not dist.is_available():
            return cls()
        if not dist.is_initialized():
            cuda = torch.cuda.is_available()
            if cuda:
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())
            dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_PATIENCE)
            atexit.register(_part)
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def alone(self) -> bool:
        """Whether one process does it all."""
        return self.size == 1

    def share(self, tensor: torch.Tensor, dim: int) -> torch.Tensor:
        """Part of a batch that is this process's: every `size`-th entry along `dim`."""
        if self.alone:
            return tensor
        return tensor.movedim(dim, 0)[self.rank :: self.size].movedim(0, dim)

    def sum(self, numbers: Sequence[float]) -> list[float]:
        """Numbers added up over all processes, in double precision."""
        if self.alone:
            return list(numbers)
        total = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(total)
        return [float(x) for x in total]

    def tell(self, value: Any) -> Any:
        """What process 0 says, in every process."""
        if self.alone:
            return value
        box = [value]
        dist.broadcast_object_list(box, src=0)
        return box[0]

    def wrap(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model as it is to be called in training, so that its gradients are averaged."""
        if self.alone:
            return model
        return nn.parallel.DistributedDataParallel(model, device_ids=[device] if device.type == "cuda" else None)


def _part() -> None:
    """Leave together: a process that still sends to one that has gone is aborted.

    One that ends early, by an error, is waited for no longer than a moment.
    """
    with contextlib.suppress(RuntimeError, ValueError):  # ValueError: of a backend that knows no such barrier
        dist.monitored_barrier(timeout=_PARTING)
    dist.destroy_process_group()
