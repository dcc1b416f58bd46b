"""An experiment on paper: Markdown to read, CSV to compute with, and a figure."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from pathlib import Path

from strnn_viz.errors import RunError
from strnn_viz.experiments.figure import draw
from strnn_viz.experiments.reproduce import Reproduction
from strnn_viz.experiments.results import RowResult

HOW = (
    "Test is taken at the epoch of best validation; of a method that begins dense, only once it is as sparse as it is "
    "to be. ± is the standard deviation over seeds. FLOPs are relative to training the model dense on the same words."
)


def save(made: Reproduction, folder: str | os.PathLike[str]) -> list[Path]:
    """Write ``NAME-SCALE.md``, ``.csv`` and ``.svg`` into a directory, and say where.

    Raises
    ------
    RunError
        If one cannot be written.
    """
    stem = Path(folder) / made.experiment.stem
    texts = {".md": markdown(made), ".csv": table_csv(made), ".svg": draw(made.experiment, made.results)}
    paths = []
    for suffix, text in texts.items():
        path = stem.with_name(stem.name + suffix)
        try:
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise RunError(f"cannot write {path}: {error.strerror}. Make room or choose another --runs.") from error
        paths.append(path)
    return paths


def markdown(made: Reproduction) -> str:
    """Ours beside the paper's, and what became of the paper's orders."""
    experiment = made.experiment
    unit = _unit(made)
    lines = [f"# {experiment.title}, scale {experiment.scale}", "", experiment.about]
    if made.changes:
        lines += ["", "Changed: " + ", ".join(f"{key} = {value}" for key, value in made.changes.items()) + "."]
    lines += ["", f"{made.seeds} seed{'s' if made.seeds > 1 else ''}; {unit}. {HOW}", ""]
    head = ["system", "of", "weights", "FLOPs", "validation", "test", "paper: validation", "paper: test"]
    lines += ["| " + " | ".join(head) + " |", "|:--|:--|" + "--:|" * 6]
    for result in made.results:
        lines.append("| " + " | ".join(cells(result)) + " |")
    problems = [f"- {result.row.key}: {result.problem}" for result in made.results if result.problem]
    if problems:
        lines += ["", "Not there:", "", *problems]
    lines += ["", "What the paper says of the order, and whether it holds here (by test):", ""]
    lines += [f"- **{verdict.words}.** {verdict.sentence}" for verdict in made.verdicts]
    lines += ["", f"![The same as a figure]({experiment.stem}.svg)"]
    return "\n".join(lines) + "\n"


def cells(result: RowResult) -> list[str]:
    """A row as texts."""
    active, train = result.mean("active"), result.mean("train")
    return [
        result.row.label,
        result.row.part,
        "–" if active is None else f"{active:,.0f}",
        "–" if train is None else f"{train:.3f}",
        with_spread(result.mean("valid"), result.spread("valid")),
        with_spread(result.mean("test"), result.spread("test")),
        with_spread(result.row.paper.get("valid"), None),
        with_spread(result.row.paper.get("test"), result.row.paper.get("spread")),
    ]


def with_spread(mean: float | None, spread: float | None) -> str:
    """``77.31 ± 0.12``, or a dash."""
    if mean is None:
        return "–"
    return f"{mean:.2f}" if spread is None else f"{mean:.2f} ± {spread:.2f}"


def table_csv(made: Reproduction) -> str:
    """A line for each row and seed; a row without a run has one line all the same."""
    out = io.StringIO()
    names = ["experiment", "scale", "system", "part", "run", "seed", "epoch", "active", "train_flops_relative", "valid",
             "test", "paper_valid", "paper_test"]  # fmt: skip
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for result in made.results:
        row = result.row
        common: Mapping[str, object] = {
            "experiment": made.experiment.name, "scale": made.experiment.scale, "system": row.label, "part": row.part,
            "paper_valid": row.paper.get("valid"), "paper_test": row.paper.get("test"),
        }  # fmt: skip
        if not result.found:
            writer.writerow(common)
        for f in result.found:
            writer.writerow(
                {**common, "run": f.run, "seed": f.seed, "epoch": f.epoch, "active": round(f.active),
                 "train_flops_relative": f.train, "valid": f.valid, "test": f.test}
            )  # fmt: skip
    return out.getvalue()


def _unit(made: Reproduction) -> str:
    tasks = dict.fromkeys(row.config.task for row in made.experiment.rows if row.config is not None)
    words = {"language modelling": "perplexity (lower is better)", "classification": "accuracy in % (higher is better)"}
    return ", ".join(words[task] for task in tasks)
