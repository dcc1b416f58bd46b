"""Experiments of the paper: ours beside its numbers, and which of its orders hold."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.markup import escape

from strnn_viz.experiments.reproduce import Reproduction
from strnn_viz.experiments.write import HOW, cells
from strnn_viz.reports.tables import Parts, make_table


def reproduction(made: Reproduction, saved: list[Path]) -> dict[str, Any]:
    """All of a reproduction as plain values."""
    experiment = made.experiment
    return {
        "experiment": experiment.name,
        "scale": experiment.scale,
        "title": experiment.title,
        "about": experiment.about,
        "seeds": made.seeds,
        "changes": dict(made.changes),
        "rows": [
            {
                "system": result.row.label,
                "part": result.row.part,
                "paper": dict(result.row.paper),
                "runs": [asdict(found) for found in result.found],
                "means": {name: result.mean(name) for name in ("active", "train", "valid", "test")},
                "spreads": {name: result.spread(name) for name in ("valid", "test")},
                "cells": cells(result),
                "problem": result.problem,
            }
            for result in made.results
        ],
        "claims": [
            {"claim": v.words, "verdict": v.holds, "sentence": v.sentence, "pairs": [asdict(pair) for pair in v.pairs]}
            for v in made.verdicts
        ],
        "finished": len(made.outcome.finished),
        "failed": made.outcome.failed,
        "stopped": made.outcome.stopped,
        "saved": [str(path) for path in saved],
    }


def reproduction_tables(value: dict[str, Any]) -> Parts:
    """The same as a table and sentences."""
    table = make_table("system", "of", "weights", "FLOPs", "validation", "test", "paper val.", "paper test")
    for name in ("system", "of"):
        column = next(c for c in table.columns if c.header == name)
        column.justify, column.no_wrap = "left", True
    for row in value["rows"]:
        table.add_row(*map(escape, row["cells"]))
    parts: Parts = [f"[bold]{escape(value['title'])}[/], scale {value['scale']}", escape(value["about"]), table, HOW]
    parts += ["", "What the paper says of the order, and whether it holds here (by test):"]
    parts += [f"• {escape(claim['claim'])}. {escape(claim['sentence'])}" for claim in value["claims"]]
    parts += [
        f"[yellow]{escape(row['system'])} · {escape(row['part'])}: {escape(row['problem'])}[/]"
        for row in value["rows"]
        if row["problem"]
    ]
    if value["stopped"]:
        parts.append(f"Stopped with {len(value['stopped'])} runs to go; the same command goes on with them.")
    parts.append(f"Saved: {escape(', '.join(value['saved']))}")
    return parts
