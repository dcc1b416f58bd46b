"""How much memory one training step of a language model takes, by sparsity, each in a process of its own."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from strnn_viz.bench.models import LanguageModel, optimizer_of, random_text, training_step
from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import about, heading
from strnn_viz.errors import StrnnVizError
from strnn_viz.nn.sparse import SparseMatrix, installed

SPARSITIES = (0.0, 0.67, 0.9, 0.957, 0.99)

_BATCH, _STEPS = 20, 35


def memory(
    progress: Progress | None = None,
    *,
    words: int = 10_000,
    hidden: int = 1500,
    sparsities: Sequence[float] = SPARSITIES,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    Parameters
    ----------
    progress : callable, optional
    words, hidden : int
        Size of the vocabulary, and of the embedding and both layers: by default the paper's 66 million weights.
    sparsities : sequence of float
        0 stands for dense layers.

    Returns
    -------
    dict
        ``machine``: what it ran on. ``rows``: ``backend``, ``hidden``, ``batch``, ``steps``, ``sparsity``; ``weights``
        (active ones of all matrices), ``held`` (bytes of weights, their gradients, momentum and indices after a step),
        ``per_weight`` (`held` for each weight) and ``peak`` (most bytes resident while the model was made and took
        three steps, above those after all imports). ``ms`` is the last of these steps, ``dense_ms`` that of the dense
        model and ``speedup`` their ratio, None where it was not measured: a glance, which ``bench step`` measures.

    Raises
    ------
    StrnnVizError
        If a process that measures fails, as where there is too little memory.
    """
    rows = []
    for number, sparsity in enumerate(sparsities):
        if progress is not None:
            progress(number, len(sparsities))
        code = f"from strnn_viz.bench.memory import tell; tell({words}, {hidden}, {sparsity})"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["without a word: probably too little memory"])[-1]
            raise StrnnVizError(f"measuring memory at a sparsity of {sparsity:g} failed: {last}")
        rows.append(json.loads(done.stdout.splitlines()[-1]))
    if progress is not None:
        progress(len(sparsities), len(sparsities))
    dense = next((row["ms"] for row in rows if row["backend"] == "dense"), None)
    for row in rows:
        row |= {"dense_ms": dense, "speedup": dense and dense / row["ms"]}
    return {"machine": about(), "rows": rows}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`memory` as text of a few columns."""
    lines = [
        heading(result["machine"]),
        "A training step of a language model, SGD with momentum: what weights, gradients, momentum and indices hold,",
        "and the most that is in use above what the imports take.",
        "",
        f"{'sparsity':>8}{'weights':>14}{'held MB':>12}{'bytes a weight':>18}{'peak MB':>12}",
    ]
    lines += [
        f"{row['sparsity'] or 'dense':>8}{row['weights']:>14,}{row['held'] / 1e6:>12,.1f}{row['per_weight']:>18.1f}"
        f"{row['peak'] / 1e6:>12,.0f}"
        for row in result["rows"]
    ]
    return "\n".join(lines)


def tell(words: int, hidden: int, sparsity: float) -> None:
    """Measure one model in this process, and print it as one line of JSON."""
    compiled = installed()  # kernels are loaded before the first reading
    resident = _Resident()
    model = LanguageModel(words, hidden, sparsity)
    optimizer, text = optimizer_of(model), random_text(words, _STEPS, _BATCH)
    for _ in range(3):
        began = time.perf_counter()
        training_step(model, optimizer, text)
        ms = 1e3 * (time.perf_counter() - began)
    row = {
        "backend": "dense" if not sparsity else "numba" if compiled else "torch", "hidden": hidden, "batch": _BATCH,
        "steps": _STEPS, "sparsity": sparsity, **held(model, optimizer), "peak": resident.peak(), "ms": ms,
    }  # fmt: skip
    print(json.dumps(row))  # noqa: T201


def held(model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """Active weights of all matrices, and the bytes that they, their gradients, states and indices take.

    Returns
    -------
    dict
        ``weights``, ``held`` and ``per_weight``.
    """
    matrices = [m for m in model.modules() if isinstance(m, SparseMatrix)]
    parameters = [m.values for m in matrices] or [p for p in model.parameters() if p.ndim > 1]
    taken = sum(m.pattern.nbytes for m in matrices)
    for p in parameters:
        states = [s for s in optimizer.state.get(p, {}).values() if isinstance(s, Tensor) and s.shape == p.shape]
        taken += sum(t.nbytes for t in (p, *([] if p.grad is None else [p.grad]), *states))
    weights = sum(p.numel() for p in parameters)
    return {"weights": weights, "held": taken, "per_weight": taken / max(1, weights)}


class _Resident:
    """Bytes resident in this process, from now on."""

    def __init__(self) -> None:
        gc.collect()
        self._linux = Path("/proc/self/clear_refs")
        if self._linux.exists():
            self._linux.write_text("5")  # the kernel forgets the most so far
        self._before = self._read()

    def peak(self) -> int:
        """The most of them above those at the beginning."""
        return self._read() - self._before

    def _read(self) -> int:
        if self._linux.exists():
            status = Path("/proc/self/status").read_text()
            return 1024 * int(status.partition("VmHWM:")[2].split()[0])
        import resource  # not there on Windows

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
