"""How long a training step takes in either form of execution, measured once on a machine and kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from strnn_viz.cache import cache_folder
from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError
from strnn_viz.machine import processor
from strnn_viz.nn.lstm import State
from strnn_viz.nn.sparse import portable
from strnn_viz.nn.sparse.backends import backend
from strnn_viz.runs.files import write_whole
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.training.making import Made, make
from strnn_viz.training.randomness import OwnRandomness
from strnn_viz.training.small_dense import excluded
from strnn_viz.training.tasks import Task

FORMAT = 1

# Steps of either form: at least so many, then more until so many seconds or steps have passed.
_LEAST, _MOST, _SECONDS = 3, 15, 0.5


@dataclass(frozen=True)
class Times:
    """Milliseconds of a training step, the median of several, and by what the sparse one was computed."""

    masked: float
    sparse: float
    by: str


def times(
    config: RunConfig, task: Task, device: torch.device, seeds: tuple[int, int], progress: Callable[[int, int], None]
) -> Times:
    """What is known of a machine, a model, a density and a batch; measured now where nothing is.

    Neither the run nor any random state but its own is touched.

    Parameters
    ----------
    config, task, device, seeds
        As of :func:`~strnn_viz.training.execution.choose`.
    progress : callable
        Called with (done, total).
    """
    about = _about(config, task, device)
    file = cache_folder() / "execution.json"
    key = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:16]
    known = _read(file).get(key)
    if known is not None:
        return known
    found = measure(config, task, device, seeds, progress)
    _keep(file, key, about, found)
    return found


def measure(
    config: RunConfig,
    task: Task,
    device: torch.device,
    seeds: tuple[int, int],
    progress: Callable[[int, int], None],
    clock: Callable[[], float] = time.perf_counter,
) -> Times:
    """Take turns between the forms, step by step, so that whatever else the machine does meets both.

    The first step of either is not counted: it compiles kernels, claims memory and makes indexes.
    """
    randomness = OwnRandomness(device)
    randomness.seed(0)
    spent: list[list[float]] = [[], []]
    done, arms = 0, []

    def tell() -> None:
        """Of two models made and the steps there are at least; more of them change nothing."""
        nonlocal done
        done += 1
        progress(min(done, 2 * (_LEAST + 2)), 2 * (_LEAST + 2))

    for form in ("masked", "sparse"):
        arms.append(_Arm(make(config, task, form, device, *seeds), config, task))
        tell()
    total, rounds = 0.0, -1
    with randomness.drawing():
        while rounds < _LEAST or (rounds < _MOST and total < _SECONDS):
            for arm, own in zip(arms, spent, strict=True):
                begun = clock()
                arm.step()
                _wait_for(device)
                elapsed = clock() - begun
                if rounds >= 0:
                    own.append(elapsed)
                    total += elapsed
                tell()
            rounds += 1
    masked, sparse = (1e3 * statistics.median(own) for own in spent)
    compiled = backend(torch.empty(1, device=device)) is not portable
    return Times(masked, sparse, "numba's kernels" if compiled else "PyTorch's CSR matrices")


def places(config: RunConfig, task: Task) -> int:
    """Places of all sparse matrices of a model together."""
    return sum(rows * columns for _, rows, columns in _shapes(config, task))


class _Arm:
    """A model that is trained for nothing, at a learning rate of zero: its loss cannot diverge."""

    def __init__(self, made: Made, config: RunConfig, task: Task) -> None:
        self._made, self._config, self._task = made, config, task
        self._state: State | None = None
        self._batch = task.batch("train", 0, 0)
        made.model.train()
        made.sparse.collecting = False  # as in all but a few steps of a run, those before an update
        for group in made.optimizer.param_groups:
            group["lr"] = 0.0

    def step(self) -> None:
        self._made.optimizer.zero_grad(set_to_none=True)
        loss, _, self._state = self._task.loss(self._made.model, self._batch, self._state)
        self._made.descend(loss / self._batch.count, self._config.optimizer)


def _about(config: RunConfig, task: Task, device: torch.device) -> dict[str, Any]:
    """All that the times depend on."""
    s, t = config.sparsity, config.training
    return {
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
            "threads": torch.get_num_threads(),
            "versions": {name: _version(name) for name in ("strnn-viz", "torch", "numba")},
        },
        "matrices": _shapes(config, task),
        "model": asdict(config.model),
        "sparsity": [s.method, s.regrow, s.density, s.epsilon, s.initialization, s.exclude],
        "batch": [t.batch_size, task.passage or t.bptt],
        "optimizer": config.optimizer.algorithm,
    }


def _shapes(config: RunConfig, task: Task) -> list[tuple[str, int, int]]:
    with torch.device("meta"):
        model = task.build()
    return [(info.name, *info.shape) for info, _ in weight_matrices(model, excluded(config))]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _read(file: Path) -> dict[str, Times]:
    """Everything measured so far; what cannot be read is measured anew."""
    found = {}
    for key, entry in _entries(file).items():
        with contextlib.suppress(KeyError, TypeError, ValueError, OverflowError):
            masked, sparse = float(entry["masked_ms"]), float(entry["sparse_ms"])
            if 0 < masked < float("inf") and 0 < sparse < float("inf") and isinstance(entry["by"], str):
                found[key] = Times(masked, sparse, entry["by"])
    return found


def _entries(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
        entries = content["measured"] if content["format"] == FORMAT else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _keep(file: Path, key: str, about: dict[str, Any], found: Times) -> None:
    """Write what is new, whole. Of two processes that do so at once one may lose its own, and measures again."""
    entry = {"masked_ms": found.masked, "sparse_ms": found.sparse, "by": found.by, "about": about}
    content = json.dumps({"format": FORMAT, "measured": _entries(file) | {key: entry}}, indent=1)
    # A disk that cannot be written must not keep anyone from training: the next run then measures again.
    with contextlib.suppress(RunError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, content.encode(), durable=False)
