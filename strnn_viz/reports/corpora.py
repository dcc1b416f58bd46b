"""Corpora: found or not, with counts."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from strnn_viz.reports.tables import Parts, make_table


def data(path: str) -> list[dict[str, Any]]:
    """Every corpus: found or not, with counts."""
    from strnn_viz.data import catalogue

    return [info.to_dict() for info in catalogue(path)]


def data_table(value: list[dict[str, Any]]) -> Parts:
    """The same as a table, and a sentence for each corpus that is not there."""
    table = make_table("corpus", "what it is", "found", "training tokens", "validation", "test", "licence")
    notes: Parts = []
    for row in value:
        splits = row["splits"]
        counts = [f"{splits[s]['tokens']:,}" if s in splits else "–" for s in ("train", "valid", "test")]
        table.add_row(row["name"], row["title"], "yes" if row["found"] else "no", *counts, row["licence"])
        if row["problem"] or not row["found"]:
            notes.append(escape(f"{row['name']}: {row['problem'] or row['how_to_get']}"))
    return [table, *notes]
