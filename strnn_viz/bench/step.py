"""How long a whole training step of a language model takes, sparse and masked, against PyTorch's dense kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from strnn_viz.bench.models import LanguageModel, optimizer_of, random_text, training_step
from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import (
    ONEDNN,
    SPARSITIES,
    about,
    break_even,
    columns,
    compared,
    density_text,
    heading,
    line,
    runs_onednn,
    take_turns,
)
from strnn_viz.sparsity import SparseTraining


def step(
    progress: Progress | None = None,
    *,
    hidden: int = 1500,
    words: int = 10_000,
    batch: int = 20,
    steps: int = 35,
    sparsities: Sequence[float] = SPARSITIES,
    repeats: int = 5,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    A step is forward pass, loss, backward pass, clipping and SGD with momentum. All arms take turns.

    Parameters
    ----------
    progress : callable, optional
    hidden, words : int
        Units of the embedding and both layers, and words: by default the paper's 66 million weights.
    batch, steps : int
    sparsities : sequence of float
    repeats : int

    Returns
    -------
    dict
        ``machine``, ``rows`` and ``break_even`` as of :func:`~strnn_viz.bench.kernels.kernels`. The rows' ``backend``
        is ``"masked"`` (dense kernels, with masks applied, at the first of the sparsities: it costs the same at all)
        or ``"sparse"``; dense is the same model of :class:`torch.nn.LSTM`.
    """
    text = random_text(words, steps, batch)
    arms: dict[tuple[str, float], Callable[[], None]] = {}
    plain = LanguageModel(words, hidden, 0.0, plain=True)
    arms["dense", 0.0] = _turn(plain, text)
    arms["masked", sparsities[0]] = _turn(LanguageModel(words, hidden, 0.0), text, 1 - sparsities[0])
    for sparsity in sparsities:
        arms["sparse", sparsity] = _turn(LanguageModel(words, hidden, sparsity), text)
    taken = take_turns(arms, repeats, progress)
    rows = [
        {"backend": backend, "hidden": hidden, "batch": batch, "steps": steps, "sparsity": sparsity,
         **compared(own, taken["dense", 0.0])}
        for (backend, sparsity), own in taken.items() if backend != "dense"
    ]  # fmt: skip
    operation = ONEDNN if runs_onednn(plain.loss(text)) else ""
    sparse = [row for row in rows if row["backend"] == "sparse"]
    return {"machine": about(operation), "rows": rows, "break_even": break_even(sparse)}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`step` as text of a few columns."""
    rows, dense = result["rows"], result["machine"]["dense"] or "not oneDNN"
    what = f"{rows[0]['hidden']:,} units, batch {rows[0]['batch']}, {rows[0]['steps']} steps"
    masked = rows[0]
    lines = [
        heading(result["machine"]),
        "A whole training step: embedding, two LSTM layers and decoder; forward, loss, backward, clipping, SGD with",
        f"momentum. Dense is nn.LSTM, here {dense}.",
        "",
        columns(what),
        *(line(row, row["backend"]) for row in rows),
        "",
        f"A masked step takes {1 / masked['speedup'] - 1:+.1%} against a dense one.",
    ]
    lines += [
        f"Densities up to which sparse is as fast as dense: {density_text(r['density'])}." for r in result["break_even"]
    ]
    return "\n".join(lines)


def _turn(model: LanguageModel, text: Any, density: float = 0.0) -> Callable[[], None]:
    optimizer = optimizer_of(model)
    if density:  # its hooks on model and optimizer keep it alive
        SparseTraining(model, optimizer, density=density, updates=1)
    return lambda: training_step(model, optimizer, text)
