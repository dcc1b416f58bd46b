"""The numbers of a run as a table: a row an epoch."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strnn_viz.runs import Run
from strnn_viz.topology import matrices

MOVES = ("nnz", "born", "died")


def columns(run: Run, layer: str | None = None) -> list[str]:
    """Names of the columns: ``epoch``, ``step``, every metric of any epoch, then ``MATRIX.nnz``, ``.born``, ``.died``.

    Parameters
    ----------
    run : Run
    layer : str or None
        Name of a matrix or of a group, for the columns of its matrices alone; None for all.
    """
    metrics = dict.fromkeys(name for row in run.rows for name in row)
    for name in ("epoch", "step", "layers"):
        metrics.pop(name, None)
    return ["epoch", "step", *metrics, *(f"{info.name}.{move}" for info in matrices(run, layer) for move in MOVES)]


def write_csv(run: Run, out: Path, layer: str | None = None) -> None:
    """Write a row for every readable epoch; what was not recorded, or is not finite, is left empty.

    ``nnz`` counts the active weights of a matrix at the epoch, ``born`` and ``died`` those that came and went since the
    snapshot before. Other columns are the metrics under the names and in the units that the run has them: losses in
    nats, accuracies and prune rates from 0 to 1, ``seconds`` of the epoch.

    Raises
    ------
    RunError
        If a matrix has to be read and cannot.
    """
    names = columns(run, layer)
    infos = matrices(run, layer)
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        for row in run.rows:
            values = dict(row)
            for info in infos:
                moves = row["layers"].get(info.name, {})
                values |= {f"{info.name}.{move}": moves.get(move) for move in MOVES}
                if moves.get("nnz") is None:  # a row recovered from a snapshot does not say
                    values[f"{info.name}.nnz"] = run.layer(int(row["epoch"]), info.name).nnz
            writer.writerow([_cell(values, name) for name in names])


def _cell(values: Mapping[str, Any], name: str) -> Any:
    value = values.get(name)
    return "" if value is None or (isinstance(value, float) and not math.isfinite(value)) else value
