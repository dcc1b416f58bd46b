"""Recorded runs, and one run in full."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.markup import escape

from strnn_viz.errors import UsageError
from strnn_viz.reports.tables import Parts, finite, make_table
from strnn_viz.rules import METHODS
from strnn_viz.runs import ACCURACY, PERPLEXITY, Run, forks, list_runs, measure_of


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
    known = {run.name: run for run in found}
    rows = []
    for run in found:
        config, table = run.config, run.rows
        measure = measure_of(table[-1]) if table and config else PERPLEXITY
        first = config and "initialization" not in METHODS[config.sparsity.method].fixed
        rows.append(
            {
                "name": run.name,
                "status": run.status,
                "created": run.about.get("created"),
                "epochs": len([e for e in run.epochs if e > 0]),
                # A run that was recorded elsewhere has no configuration.
                "epochs_planned": config and config.training.epochs,
                "method": config and config.sparsity.method,
                "initialization": config.sparsity.initialization if config and first else None,
                "density": _density(run) if table else config and config.sparsity.density,
                "seed": config and config.seed,
                "measure": measure.name,
                f"valid_{measure.name}": finite(table[-1].get(f"valid_{measure.name}")) if table else None,
                "fork": fork(run, known.get(run.parent.name) if run.parent else None),
            }
        )
    return {"folder": folder, "runs": rows, "problems": problems}


def runs_table(value: dict[str, Any]) -> Parts:
    """The same as a table."""
    if not value["runs"] and not value["problems"]:
        return [f"There is no run in {escape(value['folder'])} yet. Start one with: strnn-viz train demo"]
    table = make_table("run", "status", "epoch", "method", "validation", "measure", "initialization", "density", "seed")
    for row in value["runs"]:
        planned, density, seed = row["epochs_planned"], row["density"], row["seed"]
        table.add_row(
            escape(row["name"]),
            escape(row["status"]),
            f"{row['epochs']} of {planned}" if planned else str(row["epochs"]),
            METHODS[row["method"]].title if row["method"] else "–",
            *_validation(row),
            row["initialization"] or "–",
            "–" if density is None else f"{density:.1%}",
            "–" if seed is None else str(seed),
        )
    told = [f"{escape(row['name'])}: {escape(row['fork']['words'])}" for row in value["runs"] if row["fork"]]
    return [table, *told, *(f"[yellow]{escape(p)}[/]" for p in value["problems"])]


def fork(run: Run, parent: Run | None) -> dict[str, Any] | None:
    """Where a fork came from, and what was changed if `parent` is there to compare with; None for other runs."""
    if run.parent is None:
        return None
    found = forks.changed(run, parent)
    return {
        "parent": run.parent.name,
        "epoch": run.parent.epoch,
        "changes": None if found is None else {key: {"was": was, "is": now} for key, (was, now) in found.items()},
        "words": forks.words(run, parent),
    }


def _density(run: Run) -> float | None:
    """Active weights of all that are masked, at the newest epoch: what is asked for may be decided by ε, or not yet."""
    counts = [layer.get("nnz") for layer in run.rows[-1]["layers"].values()]
    size = sum(info.size for info in run.layers.values())
    return None if None in counts or not size else sum(counts) / size


def _validation(row: dict[str, Any]) -> tuple[str, str]:
    """A value and what it is of."""
    measure = ACCURACY if row["measure"] == ACCURACY.name else PERPLEXITY
    value = row[f"valid_{measure.name}"]
    return measure.text(value), "–" if value is None else measure.name


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
        "fork": fork(run, forks.parent_run(run)),
        "problems": run.problems,
    }


def run_tables(value: dict[str, Any]) -> Parts:
    """The same as two tables, with what the run has cost between them."""
    parts: Parts = [f"[bold]{escape(value['name'])}[/]: {escape(value['status'])} {escape(value['message'])}".rstrip()]
    parts += [escape(value["fork"]["words"])] if value["fork"] else []
    layers = make_table("layer", "matrix", "shape", "active", "density", "born", "died")
    for row in value["layers"]:
        layers.add_row(
            escape(row["group"]), escape(row["name"]), "{:,} × {:,}".format(*row["shape"]), f"{row['nnz'] or 0:,}",
            f"{row['density'] or 0:.1%}", f"{sum(b or 0 for b in row['born']):,}",
            f"{sum(d or 0 for d in row['died']):,}",
        )  # fmt: skip
    there = {key for row in value["metrics"] for key in row}
    if value["config"] is None:  # what others call accuracy may be a percentage
        known = {key: show for key, show in _COLUMNS.items() if key in there and not key.endswith(ACCURACY.name)}
    else:
        known = {key: show for key, show in _COLUMNS.items() if key in there}
    others = there - set(known) - _UNTOLD
    columns = known | {key: (escape(key.replace("_", " ")), "{:.4g}".format) for key in sorted(others)}
    epochs = make_table("epoch", *(title for title, _ in columns.values()), "born", "died")
    for i, row in enumerate(value["metrics"]):
        moved = (sum(layer[k][i] or 0 for layer in value["layers"]) for k in ("born", "died"))
        shown = (_cell(row.get(key), form) for key, (_, form) in columns.items())
        epochs.add_row(str(row["epoch"]), *shown, *(f"{n:,}" for n in moved))
    problems = [f"[yellow]{escape(p)}[/]" for p in value["problems"]]
    if not value["metrics"]:
        return [*parts, "No epoch can be read." if problems else "No epoch is recorded yet.", *problems]
    return [*parts, layers, *cost(value["metrics"][-1]), epochs, *problems]


def cost(row: Mapping[str, Any]) -> Parts:
    """What an epoch says of active weights and FLOPs, in one line; nothing where it does not say."""
    if any(row.get(key) is None for key in COST):
        return []
    return [
        f"active {row['active_parameters']:,.0f} of {row['parameters']:,.0f} weights; forward "
        f"{row['forward_flops_relative']:.2f}x ({flops_text(row['forward_flops'])} FLOPs a token), training so far "
        f"{row['train_flops_relative']:.2f}x of dense ({flops_text(row['train_flops'])} FLOPs)"
    ]


def flops_text(value: float) -> str:
    """A number of operations with three digits and a word for the rest: ``102 thousand``, ``1.53 trillion``."""
    for size, word in (
        (1e15, "quadrillion"),
        (1e12, "trillion"),
        (1e9, "billion"),
        (1e6, "million"),
        (1e3, "thousand"),
    ):
        if value >= size:
            return f"{value / size:,.3g} {word}"
    return f"{value:.3g}"


#: Metrics with a name for people and a form; others are told under their own names.
_COLUMNS = {
    f"{split}_{measure.name}": (f"{title} {short}", measure.text)
    for measure, short in ((PERPLEXITY, "ppl"), (ACCURACY, "accuracy"))
    for split, title in (("train", "train"), ("valid", "validation"), ("test", "test"))
} | {"lr": ("learning rate", "{:.3g}".format), "prune_rate": ("prune rate", "{:.1%}".format)}
#: What a run costs, told in a line of its own.
COST = ("active_parameters", "parameters", "forward_flops", "forward_flops_relative", "train_flops",
        "train_flops_relative")  # fmt: skip
_UNTOLD = {"epoch", "step", "train_loss", "valid_loss", "test_loss", PERPLEXITY.reference, ACCURACY.reference,
           "seconds", "tokens_per_second", *COST}  # fmt: skip


def _cell(value: float | None, form: Callable[[float], str]) -> str:
    return "–" if value is None else form(value)
