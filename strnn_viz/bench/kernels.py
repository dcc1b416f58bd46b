"""How long one LSTM layer takes when it is sparse: forward and backward, against PyTorch's dense kernels."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from strnn_viz.bench.topology import Progress, machine
from strnn_viz.nn.sparse import SparseLSTMLayer, SparseMatrix, installed, using

#: (hidden units and inputs, batch, time steps): Penn Treebank's layers at the paper's size, and smaller ones beside it;
#: the paper's text classifiers.
SHAPES = ((1500, 20, 35), (750, 20, 35), (375, 20, 35), (256, 64, 100))
SPARSITIES = (0.67, 0.8, 0.9, 0.957, 0.991)

_NAMES = {"numba": "numba", "torch": "torch CSR"}
_DENSE = "mkldnn_rnn_layer"


def kernels(
    progress: Progress | None = None,
    *,
    shapes: Sequence[tuple[int, int, int]] = SHAPES,
    sparsities: Sequence[float] = SPARSITIES,
    repeats: int = 7,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    All arms of a shape take turns, so that a busy moment of the machine meets all of them; the first round only warms
    up. A turn is the forward pass, and the backward pass to the input and all weights.

    Parameters
    ----------
    progress : callable, optional
    shapes : sequence of (hidden, batch, steps)
    sparsities : sequence of float
    repeats : int
        Turns of every arm.

    Returns
    -------
    dict
        ``machine``: what it ran on, with ``isa`` (vector instructions), ``threads`` and ``dense`` (the operation that
        `nn.LSTM` was seen to run). ``rows``: ``backend``, ``hidden``, ``batch``, ``steps``, ``sparsity``, ``ms`` and
        ``dense_ms`` (medians), ``speedup`` (median of the ratios turn by turn), and ``low`` and ``high``, between which
        the middle half of these ratios lies. ``break_even``: for each shape and backend the density at which it is as
        fast as dense; 1 where it is faster at all those measured, 0 where at none.
    """
    backends = ("numba", "torch") if installed() else ("torch",)
    arms = len(backends) * len(sparsities) + 1
    total = len(shapes) * (repeats + 1) * arms
    rows: list[dict[str, Any]] = []
    dense_operation = ""
    for number, (hidden, batch, steps) in enumerate(shapes):
        turns, dense_operation = _arms(hidden, batch, steps, sparsities, backends)
        taken: dict[Any, list[float]] = {key: [] for key in turns}
        for turn in range(repeats + 1):
            for place, (key, run) in enumerate(turns.items()):
                if progress is not None:
                    progress((number * (repeats + 1) + turn) * arms + place, total)
                began = time.perf_counter()
                run()
                if turn:
                    taken[key].append(1e3 * (time.perf_counter() - began))
        rows += list(_rows(taken, hidden, batch, steps))
    if progress is not None:
        progress(total, total)
    about = {
        **machine(),
        "torch": torch.__version__,
        "isa": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "dense": dense_operation,
    }
    return {"machine": about, "rows": rows, "break_even": _break_even(rows)}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`kernels` as text of a few columns."""
    about = result["machine"]
    lines = [
        f"{about['processor']} ({about['isa']}), {about['threads']} of {about['cores']} cores, load "
        f"{about['load']:.1f}; Python {about['python']}, PyTorch {about['torch']}",
        f"One LSTM layer, forward and backward, in float32. Dense is nn.LSTM, here {about['dense'] or 'not oneDNN'}.",
    ]
    before = None
    for row in result["rows"]:
        shape = row["hidden"], row["batch"], row["steps"]
        if shape != before:
            before = shape
            what = f"{shape[0]:,} units, batch {shape[1]}, {shape[2]} steps"
            lines += ["", f"{what:<42}{'sparsity':>9}{'ms':>9}{'dense ms':>10}{'speed-up':>10}   middle half"]
        lines.append(
            f"  {_NAMES[row['backend']]:<40}{row['sparsity']:>9.3g}{row['ms']:>9.1f}{row['dense_ms']:>10.1f}"
            f"{row['speedup']:>9.2f}×   {row['low']:.2f}–{row['high']:.2f}"
        )
    lines += ["", f"{'As fast as dense at a density of':<51}{'numba':>9}{'torch CSR':>12}"]
    shapes = dict.fromkeys((r["hidden"], r["batch"], r["steps"]) for r in result["break_even"])
    found = {(r["hidden"], r["batch"], r["steps"], r["backend"]): r["density"] for r in result["break_even"]}
    for shape in shapes:
        own = [found.get((*shape, backend)) for backend in ("numba", "torch")]
        what = f"  {shape[0]:,} units, batch {shape[1]}, {shape[2]} steps"
        lines.append(f"{what:<51}{_density(own[0]):>9}{_density(own[1]):>12}")
    return "\n".join(lines)


def _arms(
    hidden: int, batch: int, steps: int, sparsities: Sequence[float], backends: Sequence[str]
) -> tuple[dict[Any, Callable[[], None]], str]:
    """What takes turns, by (backend, sparsity), first the dense layer, and the operation that this one runs."""
    generator = torch.Generator().manual_seed(hidden)
    x = torch.randn(steps, batch, hidden, generator=generator).requires_grad_()
    direction = torch.randn(steps, batch, hidden, generator=generator)
    dense, start = nn.LSTM(hidden, hidden), torch.zeros(batch, hidden)

    def turn(layer: nn.Module, state: tuple[torch.Tensor, torch.Tensor], backend: str) -> Callable[[], None]:
        def run() -> None:
            x.grad = None
            layer.zero_grad(set_to_none=True)
            with using(backend):
                layer(x, state)[0].backward(direction)

        return run

    arms = {("dense", 0.0): turn(dense, (start[None], start[None]), "auto")}
    for sparsity in sparsities:
        shape = (4 * hidden, hidden)
        layer = SparseLSTMLayer(*(SparseMatrix.random(shape, 1 - sparsity, generator) for _ in range(2)))
        arms |= {(backend, sparsity): turn(layer, (start, start), backend) for backend in backends}
    return arms, _DENSE if _runs_onednn(dense(x)[0]) else ""


def _runs_onednn(y: torch.Tensor) -> bool:
    """Whether a result came out of oneDNN's LSTM, of which its history tells."""
    ahead, seen = [y.grad_fn], set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        if node.name().lower().startswith(_DENSE.replace("_", "")):
            return True
        seen.add(node)
        ahead += [before for before, _ in node.next_functions]
    return False


def _rows(taken: dict[Any, list[float]], hidden: int, batch: int, steps: int) -> Iterator[dict[str, Any]]:
    dense = taken["dense", 0.0]
    for (backend, sparsity), own in sorted(taken.items(), key=lambda item: (item[0][0] != "numba", item[0])):
        if backend == "dense":
            continue
        ratios = [d / o for d, o in zip(dense, own, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
        yield {
            "backend": backend, "hidden": hidden, "batch": batch, "steps": steps, "sparsity": sparsity,
            "ms": statistics.median(own), "dense_ms": statistics.median(dense), "speedup": statistics.median(ratios),
            "low": low, "high": high,
        }  # fmt: skip


def _break_even(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Where the speed-up passes 1, between two densities measured: straight between their logarithms."""
    found = []
    keys = ("backend", "hidden", "batch", "steps")
    for key in dict.fromkeys(tuple(row[k] for k in keys) for row in rows):
        own = [(1 - r["sparsity"], r["speedup"]) for r in rows if tuple(r[k] for k in keys) == key]
        found.append({**dict(zip(keys, key, strict=True)), "density": passing(own)})
    return found


def passing(points: Sequence[tuple[float, float]]) -> float:
    """The density at which a speed-up is 1, of (density, speed-up): 0 where all are below, 1 where none is."""
    points = sorted(points)
    if points[0][1] < 1:
        return 0.0
    for (d0, s0), (d1, s1) in itertools.pairwise(points):
        if s1 < 1:
            share = math.log(s0) / math.log(s0 / s1)
            return float(d0 * (d1 / d0) ** share)
    return 1.0


def _density(value: float | None) -> str:
    if value is None:
        return "–"
    return "always" if value == 1.0 else "never" if value == 0.0 else f"{value:.2f}"
