"""How long it takes to prune and regrow a language model once: as active weights only, against dense with masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch

from strnn_viz.bench.models import LanguageModel, optimizer_of
from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import SPARSITIES, by_sparsity, columns, heading, line
from strnn_viz.sparsity import SparseTraining


def update(
    progress: Progress | None = None,
    *,
    hidden: int = 1500,
    words: int = 10_000,
    sparsities: Sequence[float] = SPARSITIES,
    repeats: int = 5,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    Half of the active weights go, those of smallest magnitude, and as many are grown at random; the optimizer's
    momentum moves with its connections.

    Parameters
    ----------
    progress : callable, optional
    hidden, words : int
    sparsities : sequence of float
    repeats : int

    Returns
    -------
    dict
        ``machine`` and ``rows`` as of :func:`~strnn_viz.bench.kernels.kernels`, with ``weights``, the active ones;
        dense is the masked form. An update knows no ``batch`` and no ``steps``: they are 0.
    """

    def arms(sparsity: float) -> tuple[Callable[[], object], Callable[[], object], dict[str, int]]:
        sparse, weights = _arm(LanguageModel(words, hidden, sparsity), sparsity, repeats)
        masked, _ = _arm(LanguageModel(words, hidden, 0.0), sparsity, repeats)
        return sparse, masked, {"weights": weights}

    return by_sparsity(arms, hidden, sparsities, repeats, progress)


def table(result: dict[str, Any]) -> str:
    """The result of :func:`update` as text of a few columns."""
    rows = result["rows"]
    return "\n".join(
        [
            heading(result["machine"]),
            "Pruning half of the active weights and regrowing as many. Dense is the masked form.",
            "",
            columns(f"Language model of {rows[0]['hidden']:,} units"),
            *(line(row, f"{row['weights']:,} weights") for row in rows),
        ]
    )


def _arm(model: LanguageModel, sparsity: float, repeats: int) -> tuple[Callable[[], object], int]:
    optimizer = optimizer_of(model)
    # So many updates that the prune rate is still what it was at the last.
    sparse = SparseTraining(model, optimizer, density=1 - sparsity, updates=10**6 * (repeats + 1), prune_rate=0.5)
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step()  # now there is a momentum
    optimizer.zero_grad()
    return sparse.update, sparse.nnz
