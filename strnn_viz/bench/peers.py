"""Other packages for sparse training beside this one, where they are installed: on a linear layer, which all have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import torch
from torch import nn

from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import SPARSITIES, about, columns, compared, heading, line, take_turns
from strnn_viz.nn.sparse import SparseLinear, SparseMatrix

#: What pip calls them, and the module each brings.
PEERS = {"sparselab": "sparselab", "rigl-torch": "rigl_torch.RigL"}


def peers(
    progress: Progress | None = None,
    *,
    hidden: int = 1500,
    batch: int = 20,
    steps: int = 35,
    sparsities: Sequence[float] = SPARSITIES,
    repeats: int = 5,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    A linear layer from `hidden` to four times as many features, forward and backward, on as many rows as a language
    model's batch has words.

    Parameters
    ----------
    progress : callable, optional
    hidden, batch, steps : int
    sparsities : sequence of float
    repeats : int

    Returns
    -------
    dict
        ``machine`` and ``rows`` as of :func:`~strnn_viz.bench.kernels.kernels`, with ``"strnn-viz"`` or a peer's name
        as ``backend``; dense is :class:`torch.nn.Linear`. ``missing``: by name, why a peer was not measured.
    """
    x = torch.randn(batch * steps, hidden, generator=torch.Generator().manual_seed(0)).requires_grad_()
    direction = torch.ones(batch * steps, 4 * hidden)

    def turn(layer: nn.Module) -> Callable[[], None]:
        def run() -> None:
            x.grad = None
            layer.zero_grad(set_to_none=True)
            layer(x).backward(direction)

        return run

    missing = {name: why for name, module in PEERS.items() if (why := _missing(module))}
    arms = {("dense", 0.0): turn(nn.Linear(hidden, 4 * hidden))}
    for name in ("strnn-viz", *(name for name in PEERS if name not in missing)):
        arms |= {(name, s): turn(_layer(name, hidden, s)) for s in sparsities}
    taken = take_turns(arms, repeats, progress)
    rows = [
        {"backend": name, "hidden": hidden, "batch": batch, "steps": steps, "sparsity": sparsity,
         **compared(own, taken["dense", 0.0])}
        for (name, sparsity), own in taken.items() if name != "dense"
    ]  # fmt: skip
    return {"machine": about(), "rows": rows, "missing": missing}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`peers` as text of a few columns."""
    rows, missing = result["rows"], result["missing"]
    lines = [
        heading(result["machine"]),
        "",
        columns(f"Linear, {rows[0]['hidden']:,} to {4 * rows[0]['hidden']:,}"),
        *(line(row, row["backend"]) for row in rows),
    ]
    if missing:
        lines += ["", f"Not measured: {', '.join(f'{name} ({why})' for name, why in missing.items())}."]
    return "\n".join(lines)


def _missing(module: str) -> str:
    """Why a module cannot be imported; nothing where it can."""
    try:
        import_module(module)
    except ImportError as error:
        lacking = (error.name or str(error)).partition(".")[0]
        return "not installed" if lacking == module.partition(".")[0] else f"{lacking} is not installed"
    return ""


def _layer(name: str, hidden: int, sparsity: float) -> nn.Module:
    if name == "strnn-viz":
        generator = torch.Generator().manual_seed(0)
        return SparseLinear(SparseMatrix.random((4 * hidden, hidden), 1 - sparsity, generator))
    if name == "sparselab":
        layer: nn.Module = import_module("sparselab").SparseLinear(hidden, 4 * hidden, sparsity=sparsity)
        return layer
    # It masks the weights and gradients of a dense layer.
    model = nn.Sequential(nn.Linear(hidden, 4 * hidden))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    import_module("rigl_torch.RigL").RigLScheduler(
        model, optimizer, dense_allocation=1 - sparsity, T_end=100, ignore_linear_layers=False
    )
    return model
