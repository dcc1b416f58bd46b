"""How far two recorded topologies are apart."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from strnn_viz.errors import UsageError
from strnn_viz.reports.runs import find_run
from strnn_viz.reports.tables import Parts, make_table
from strnn_viz.runs import Snapshot
from strnn_viz.topology.nnstd import nnstd


def find_snapshot(place: str, folder: str) -> tuple[str, Snapshot]:
    """The snapshot at ``RUN`` (its newest) or ``RUN@EPOCH``, and what to call it.

    Raises
    ------
    UsageError
        If there is no such run or epoch.
    RunError
        If it cannot be read.
    """
    name, at, epoch = place.rpartition("@")
    if not at or not epoch.isdecimal():
        name, epoch = place, ""
    run = find_run(name, folder)
    if not epoch and run.newest is None:
        raise UsageError(f"run {run.name} has no epoch yet, so there is no topology to compare.")
    number = int(epoch) if epoch else run.epochs[-1]
    return f"{run.name}@{number}", run[number]


def distance(a: str, b: str, folder: str) -> dict[str, Any]:
    """NNSTD between two recorded topologies, of the whole and of each layer."""
    (first, x), (second, y) = find_snapshot(a, folder), find_snapshot(b, folder)
    found = nnstd(x, y)
    return {
        "a": first,
        "b": second,
        "raw": found.raw,
        "normalized": found.normalized,
        "identity": found.identity,
        "iterations": found.iterations,
        "converged": found.converged,
        "layers": [
            {
                "name": layer.name,
                "raw": layer.raw,
                "normalized": layer.normalized,
                "identity": layer.identity,
                "gates": dict(layer.gates),
            }
            for layer in found.layers
        ],
    }


def distance_table(value: dict[str, Any]) -> Parts:
    """The same as a table."""
    table = make_table("layer", "raw", "normalized", "identity", "by gate")
    for row in [
        *value["layers"],
        {"name": "mean", "gates": {}} | {k: value[k] for k in ("raw", "normalized", "identity")},
    ]:
        gates = "  ".join(f"{gate} {distance:.3f}" for gate, distance in row["gates"].items())
        table.add_row(escape(row["name"]), *(f"{row[k]:.4f}" for k in ("raw", "normalized", "identity")), escape(gates))
    found = "an optimum" if value["converged"] else "the best matching met, not a proven optimum,"
    return [
        f"Topology distance (NNSTD) of {escape(value['a'])} and {escape(value['b'])}: {value['raw']:.4f}",
        table,
        "raw: units matched; 0 is one topology, 1 nothing in common. normalized: raw over what independent random",
        f"masks are apart. identity: units in their own order. Found {found} after {value['iterations']} assignments.",
    ]
