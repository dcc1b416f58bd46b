"""How long one LSTM layer takes when it is sparse: forward and backward, against PyTorch's dense kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import nn

from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import (
    ONEDNN,
    SPARSITIES,
    about,
    break_even,
    columns,
    compared,
    density_text,
    growth,
    heading,
    line,
    part,
    runs_onednn,
    take_turns,
)
from strnn_viz.nn.sparse import SparseLSTMLayer, SparseMatrix, installed, using

#: (hidden units and inputs, batch, time steps): Penn Treebank's layers at the paper's size, and smaller ones beside it;
#: the paper's text classifiers.
SHAPES = ((1500, 20, 35), (750, 20, 35), (375, 20, 35), (256, 64, 100))

_NAMES = {"numba": "numba", "torch": "torch CSR"}


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
        Turns of every arm of the largest shape. Smaller ones, more easily disturbed, take up to four times as many.

    Returns
    -------
    dict
        ``machine``: what it ran on, with ``isa`` (vector instructions), ``threads`` and ``dense`` (the operation that
        `nn.LSTM` was seen to run). ``rows``: ``backend``, ``hidden``, ``batch``, ``steps``, ``sparsity``, ``ms`` and
        ``dense_ms`` (medians), ``speedup`` (median of the ratios turn by turn), and ``low`` and ``high``, between which
        the middle half of these ratios lies. ``break_even``: for each shape and backend the density at which it is as
        fast as dense; 1 where it is faster at all those measured, 0 where at none. ``growth``: by backend the power of
        the number of weights that time grows with, of the largest layer.
    """
    backends = ("numba", "torch") if installed() else ("torch",)
    rows: list[dict[str, Any]] = []
    operation = ""
    work = [hidden**2 * batch * steps for hidden, batch, steps in shapes]
    for number, (hidden, batch, steps) in enumerate(shapes):
        turns, operation = _arms(hidden, batch, steps, sparsities, backends)
        rounds = round(repeats * min(4, max(work) / work[number]))
        taken = take_turns(turns, rounds, part(progress, number, len(shapes)))
        rows += list(_rows(taken, hidden, batch, steps))
    return {"machine": about(operation), "rows": rows, "break_even": break_even(rows), "growth": growth(rows)}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`kernels` as text of a few columns."""
    dense = result["machine"]["dense"] or "not oneDNN"
    lines = [
        heading(result["machine"]),
        f"One LSTM layer, forward and backward, in float32. Dense is nn.LSTM, here {dense}.",
    ]
    before = None
    for row in result["rows"]:
        shape = row["hidden"], row["batch"], row["steps"]
        if shape != before:
            before = shape
            what = f"{shape[0]:,} units, batch {shape[1]}, {shape[2]} steps"
            lines += ["", columns(what)]
        lines.append(line(row, _NAMES[row["backend"]]))
    for backend, power in result["growth"].items():
        told = f"Time of {_NAMES[backend]} grows with the number of weights to the power of {power:.2f}."
        lines += ["", told] if backend == next(iter(result["growth"])) else [told]
    lines += ["", f"{'As fast as dense up to a density of':<51}{'numba':>9}{'torch CSR':>12}"]
    shapes = dict.fromkeys((r["hidden"], r["batch"], r["steps"]) for r in result["break_even"])
    found = {(r["hidden"], r["batch"], r["steps"], r["backend"]): r["density"] for r in result["break_even"]}
    for shape in shapes:
        own = [found.get((*shape, backend)) for backend in ("numba", "torch")]
        what = f"  {shape[0]:,} units, batch {shape[1]}, {shape[2]} steps"
        lines.append(f"{what:<51}{density_text(own[0]):>9}{density_text(own[1]):>12}")
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
    return arms, ONEDNN if runs_onednn(dense(x)[0]) else ""


def _rows(taken: dict[Any, list[float]], hidden: int, batch: int, steps: int) -> Iterator[dict[str, Any]]:
    dense = taken["dense", 0.0]
    for (backend, sparsity), own in sorted(taken.items(), key=lambda item: (item[0][0] != "numba", item[0])):
        if backend == "dense":
            continue
        shape = {"hidden": hidden, "batch": batch, "steps": steps}
        yield {"backend": backend, **shape, "sparsity": sparsity, **compared(own, dense)}
