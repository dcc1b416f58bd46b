"""Recorded runs, and one run in full."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from rich.markup import escape

from strnn_viz.errors import UsageError
from strnn_viz.reports.tables import Parts, decimal, finite, make_table
from strnn_viz.runs import Run, list_runs


def find_run(name: str, folder: str) -> Run:
    """The run of a name in a directory of runs, or at a path.

    Raises
    ------
    UsageError
        If there is neither; the nearest name is suggested.
    """
    for path in (Path(folder) / name, Path(name)):
        if path.is_dir():
            return Run(path)
    known = [run.name for run in list_runs(folder)[0]]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]}?" if near else (f" Runs: {', '.join(known)}." if known else " It has none yet.")
    raise UsageError(f"there is no run {name!r} in {folder}, nor a directory of that path.{hint}")


def runs(folder: str) -> dict[str, Any]:
    """Every run in a directory, newest first."""
    found, problems = list_runs(folder)
    rows = []
    for run in found:
        config, table = run.config, run.rows
        rows.append(
            {
                "name": run.name,
                "status": run.status,
                "created": run.about.get("created"),
                "epochs": len([e for e in run.epochs if e > 0]),
                # A run that was recorded elsewhere has no configuration.
                "epochs_planned": config and config.training.epochs,
                "initialization": config and config.sparsity.initialization,
                "density": config and config.sparsity.density,
                "seed": config and config.seed,
                "valid_perplexity": finite(table[-1].get("valid_perplexity")) if table else None,
            }
        )
    return {"folder": folder, "runs": rows, "problems": problems}


def runs_table(value: dict[str, Any]) -> Parts:
    """The same as a table."""
    if not value["runs"] and not value["problems"]:
        return [f"There is no run in {escape(value['folder'])} yet. Start one with: strnn-viz train demo"]
    table = make_table("run", "status", "epoch", "validation perplexity", "initialization", "density", "seed")
    for row in value["runs"]:
        planned, density, seed = row["epochs_planned"], row["density"], row["seed"]
        table.add_row(
            escape(row["name"]),
            row["status"],
            f"{row['epochs']} of {planned}" if planned else str(row["epochs"]),
            decimal(row["valid_perplexity"]),
            row["initialization"] or "–",
            "–" if density is None else f"{density:.1%}",
            "–" if seed is None else str(seed),
        )
    return [table, *(f"[yellow]{escape(p)}[/]" for p in value["problems"])]


def run(run: Run) -> dict[str, Any]:
    """One run: epochs, metrics, and per layer shape, nnz, density, births and deaths."""
    rows = run.rows
    layers = []
    for info in run.layers.values():
        moves = [row["layers"].get(info.name, {}) for row in rows]
        nnz = moves[-1].get("nnz") if moves else None
        if nnz is None and rows:
            nnz = run.layer(int(rows[-1]["epoch"]), info.name).nnz
        layers.append(
            {
                "name": info.name,
                "group": info.group,
                "role": info.role,
                "shape": list(info.shape),
                "nnz": nnz,
                "density": None if nnz is None else nnz / info.size,
                "born": [m.get("born") for m in moves],
                "died": [m.get("died") for m in moves],
            }
        )
    return {
        "name": run.name,
        "path": str(run.path),
        "status": run.status,
        "message": run.about["message"],
        "epochs": run.epochs,
        "layers": layers,
        "metrics": [{k: finite(v) for k, v in row.items() if k != "layers"} for row in rows],
        "config": run.config and run.config.to_dict(),
        "problems": run.problems,
    }


def run_tables(value: dict[str, Any]) -> Parts:
    """The same as two tables."""
    parts: Parts = [f"[bold]{escape(value['name'])}[/]: {value['status']} {escape(value['message'])}".rstrip()]
    layers = make_table("layer", "matrix", "shape", "active", "density", "born", "died")
    for row in value["layers"]:
        layers.add_row(
            row["group"], row["name"], "{:,} × {:,}".format(*row["shape"]), f"{row['nnz'] or 0:,}",
            f"{row['density'] or 0:.1%}", f"{sum(b or 0 for b in row['born']):,}",
            f"{sum(d or 0 for d in row['died']):,}",
        )  # fmt: skip
    known = {key: show for key, show in _COLUMNS.items() if any(key in row for row in value["metrics"])}
    others = {key for row in value["metrics"] for key in row} - set(_COLUMNS) - _UNTOLD
    columns = known | {key: (key.replace("_", " "), "{:.4g}") for key in sorted(others)}
    epochs = make_table("epoch", *(title for title, _ in columns.values()), "born", "died")
    for i, row in enumerate(value["metrics"]):
        moved = (sum(layer[k][i] or 0 for layer in value["layers"]) for k in ("born", "died"))
        shown = (_cell(row.get(key), form) for key, (_, form) in columns.items())
        epochs.add_row(str(row["epoch"]), *shown, *(f"{n:,}" for n in moved))
    if not value["metrics"]:
        return [*parts, "No epoch is recorded yet."]
    return [*parts, layers, epochs, *(f"[yellow]{escape(p)}[/]" for p in value["problems"])]


#: Metrics with a name for people and a form; others are told under their own names.
_COLUMNS = {
    "train_perplexity": ("train ppl", "ppl"),
    "valid_perplexity": ("validation ppl", "ppl"),
    "test_perplexity": ("test ppl", "ppl"),
    "lr": ("learning rate", "{:.3g}"),
    "prune_rate": ("prune rate", "{:.1%}"),
}
_UNTOLD = {"epoch", "step", "train_loss", "valid_loss", "test_loss", "unigram_perplexity", "seconds",
           "tokens_per_second"}  # fmt: skip


def _cell(value: float | None, form: str) -> str:
    if value is None:
        return "–"
    return decimal(value) if form == "ppl" else form.format(value)
