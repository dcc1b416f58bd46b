"""What the command line tells of runs, presets and corpora: plain values for JSON, and tables made of them."""

from __future__ import annotations

import difflib
import math
import tomllib
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from strnn_viz import config as configuration
from strnn_viz.errors import UsageError
from strnn_viz.progress import number
from strnn_viz.runs import Run, list_runs

Parts = list[Table | str]


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
                "epochs_planned": config.training.epochs,
                "initialization": config.sparsity.initialization,
                "density": config.sparsity.density,
                "seed": config.seed,
                "valid_perplexity": _finite(table[-1].get("valid_perplexity")) if table else None,
            }
        )
    return {"folder": folder, "runs": rows, "problems": problems}


def runs_table(value: dict[str, Any]) -> Parts:
    """The same as a table."""
    if not value["runs"] and not value["problems"]:
        return [f"There is no run in {escape(value['folder'])} yet. Start one with: strnn-viz train demo"]
    table = _table("run", "status", "epoch", "validation perplexity", "initialization", "density", "seed")
    for row in value["runs"]:
        table.add_row(
            escape(row["name"]), row["status"], f"{row['epochs']} of {row['epochs_planned']}",
            _number(row["valid_perplexity"]), row["initialization"], f"{row['density']:.1%}", str(row["seed"]),
        )  # fmt: skip
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
        "metrics": [{k: _finite(v) for k, v in row.items() if k != "layers"} for row in rows],
        "config": run.config.to_dict(),
        "problems": run.problems,
    }


def run_tables(value: dict[str, Any]) -> Parts:
    """The same as two tables."""
    parts: Parts = [f"[bold]{escape(value['name'])}[/]: {value['status']} {escape(value['message'])}".rstrip()]
    layers = _table("layer", "matrix", "shape", "active", "density", "born", "died")
    for row in value["layers"]:
        layers.add_row(
            row["group"], row["name"], "{:,} × {:,}".format(*row["shape"]), f"{row['nnz'] or 0:,}",
            f"{row['density'] or 0:.1%}", f"{sum(b or 0 for b in row['born']):,}",
            f"{sum(d or 0 for d in row['died']):,}",
        )  # fmt: skip
    epochs = _table("epoch", "train", "validation", "test", "learning rate", "prune rate", "born", "died",
                    title="Perplexity by epoch, and how many connections were born and died")  # fmt: skip
    for i, row in enumerate(value["metrics"]):
        born, died = (sum(layer[k][i] or 0 for layer in value["layers"]) for k in ("born", "died"))
        epochs.add_row(
            str(row["epoch"]), *(_number(row.get(f"{s}_perplexity")) for s in ("train", "valid", "test")),
            f"{row.get('lr') or math.nan:.3g}", f"{row.get('prune_rate') or 0:.1%}", f"{born:,}", f"{died:,}",
        )  # fmt: skip
    if not value["metrics"]:
        return [*parts, "No epoch is recorded yet."]
    return [*parts, layers, epochs, *(f"[yellow]{escape(p)}[/]" for p in value["problems"])]


def presets() -> list[dict[str, Any]]:
    """Every preset with its values and the comment it begins with."""
    found = []
    for name in configuration.presets():
        text, _ = configuration.preset_text(name)
        words = [part.lstrip("# ") for part in text.split("\n") if part.startswith("#")]
        found.append({"name": name, "description": " ".join(words), "values": tomllib.loads(text)})
    return found


def presets_table(value: list[dict[str, Any]]) -> Parts:
    """The same as a table."""
    table = _table("preset", "what it is")
    for row in value:
        table.add_row(row["name"], escape(row["description"]))
    return [table, "Train one with: strnn-viz train PRESET. Keys for --set: strnn-viz presets --keys"]


def keys() -> list[dict[str, Any]]:
    """Every key of the configuration."""
    default = configuration.RunConfig()
    return [
        {"key": key, "default": default.get(key), "expected": knob.expected, "help": knob.help}
        for key, knob in configuration.knobs().items()
    ]


def keys_table(value: list[dict[str, Any]]) -> Parts:
    """The same as a table."""
    table = _table("key", "default", "expected", "what it is")
    for row in value:
        table.add_row(row["key"], str(row["default"]) or "(empty)", row["expected"], row["help"])
    return [table]


def data(path: str) -> list[dict[str, Any]]:
    """Every corpus: found or not, with counts."""
    from strnn_viz.data import catalogue

    return [info.to_dict() for info in catalogue(path)]


def data_table(value: list[dict[str, Any]]) -> Parts:
    """The same as a table, and a sentence for each corpus that is not there."""
    table = _table("corpus", "what it is", "found", "training tokens", "validation", "test", "licence")
    notes: Parts = []
    for row in value:
        splits = row["splits"]
        counts = [f"{splits[s]['tokens']:,}" if s in splits else "–" for s in ("train", "valid", "test")]
        table.add_row(row["name"], row["title"], "yes" if row["found"] else "no", *counts, row["licence"])
        if row["problem"] or not row["found"]:
            notes.append(escape(f"{row['name']}: {row['problem'] or row['how_to_get']}"))
    return [table, *notes]


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0), title=title,
                  title_justify="left", title_style="italic")  # fmt: skip
    for column in columns:
        words = column in {"run", "status", "layer", "matrix", "what it is", "expected", "licence"}
        name = column in {"run", "matrix", "key", "preset", "corpus"}
        table.add_column(column, justify="left" if words or name else "right", no_wrap=name, overflow="fold")
    return table


def _number(value: float | None) -> str:
    return "–" if value is None else number(value)


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
