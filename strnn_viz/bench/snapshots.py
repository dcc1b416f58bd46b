"""How long it takes to capture a topology, and how many bytes it is: from active positions, against a dense mask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from strnn_viz.bench.topology import Progress
from strnn_viz.bench.turns import SPARSITIES, by_sparsity, columns, heading, line
from strnn_viz.nn.sparse import SparseMatrix
from strnn_viz.runs import LayerInfo, LayerSnapshot, capture
from strnn_viz.runs.snapshot import pack_positions


def snapshots(
    progress: Progress | None = None,
    *,
    hidden: int = 1500,
    sparsities: Sequence[float] = SPARSITIES,
    repeats: int = 5,
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    One recurrent matrix of an LSTM, compared with its mask of the epoch before.

    Parameters
    ----------
    progress : callable, optional
    hidden : int
    sparsities : sequence of float
    repeats : int

    Returns
    -------
    dict
        ``machine`` and ``rows`` as of :func:`~strnn_viz.bench.update.update`, with ``weights``, ``bytes`` (mask and
        active weights of a snapshot) and ``dense_bytes`` (a dense matrix and its mask of bytes); dense is capturing
        these.
    """
    return by_sparsity(lambda sparsity: _arms(hidden, sparsity), hidden, sparsities, repeats, progress)


def table(result: dict[str, Any]) -> str:
    """The result of :func:`snapshots` as text of a few columns."""
    rows = result["rows"]
    return "\n".join(
        [
            heading(result["machine"]),
            "Capturing one recurrent matrix from its active positions. Dense is from the dense matrix and its mask.",
            "",
            columns(f"LSTM of {rows[0]['hidden']:,} units: snapshot, dense"),
            *(line(row, f"{row['bytes'] / 1e6:,.2f} MB, {row['dense_bytes'] / 1e6:,.2f} MB") for row in rows),
        ]
    )


def _arms(
    hidden: int, sparsity: float
) -> tuple[Callable[[], LayerSnapshot], Callable[[], LayerSnapshot], dict[str, int]]:
    generator = torch.Generator().manual_seed(0)
    info = LayerInfo("lstm.weight_hh", (4 * hidden, hidden), "recurrent", "LSTM", ("i", "f", "g", "o"))
    matrix, before = (SparseMatrix.random(info.shape, 1 - sparsity, generator) for _ in range(2))
    previous = pack_positions(before.pattern.positions.numpy(), info.size)
    weights, mask = matrix.to_dense().numpy(), matrix.to_dense(torch.ones(matrix.nnz)).bool().numpy()

    def sparse() -> LayerSnapshot:
        bits = pack_positions(matrix.pattern.positions.numpy(), info.size)
        return capture(info, bits, matrix.values.detach().numpy(), previous)

    def dense() -> LayerSnapshot:
        values: NDArray[np.float32] = weights[mask]
        return capture(info, mask, values, previous)

    made = sparse()
    sizes = {
        "weights": matrix.nnz, "bytes": made.bits.nbytes + made.values.nbytes,
        "dense_bytes": weights.nbytes + mask.nbytes,
    }  # fmt: skip
    return sparse, dense, sizes
