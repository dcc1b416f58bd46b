"""Corpora: found or not, with counts."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from strnn_viz.reports.tables import Parts, make_table


def data(path: str) -> list[dict[str, Any]]:
    """Every corpus: found or not, with the counts of those that are not large."""
    from strnn_viz.data import catalogue
    from strnn_viz.waiting import bar_after

    with bar_after("Counting (bytes)") as progress:
        return [info.to_dict() for info in catalogue(path, progress)]


def data_table(value: list[dict[str, Any]]) -> Parts:
    """The same as a table, with a sentence for each corpus that is there but broken, or not whole."""
    table = make_table("corpus", "what it is", "found", "train", "validation", "test")
    notes: Parts = []
    absent = []
    for row in value:
        counts = [_size(row["splits"].get(split)) for split in ("train", "valid", "test")]
        table.add_row(row["name"], row["title"], "yes" if row["found"] else "no", *counts)
        if row["path"] and (told := row["problem"] or row["remark"]):
            notes.append(escape(f"{row['name']}: {told}"))
        elif not row["path"]:
            absent.append(row)
    notes.append("Counts are tokens for language modelling, passages for classification; a dash is not counted here.")
    if absent:
        if absent[0]["problem"] and not any(row["found"] and row["path"] != value[0]["path"] for row in value):
            notes.append(escape(f"{absent[0]['name']}: {absent[0]['problem']}"))
        names = ", ".join(row["name"] for row in absent)
        notes.append(f"Not found: {names}. How to get one: strnn-viz data NAME")
    return [table, *notes]


def corpus(name: str, path: str) -> dict[str, Any]:
    """One corpus: where it is from, what is expected, what was found and how much of it."""
    from strnn_viz.data import look
    from strnn_viz.waiting import bar_after

    with bar_after(f"Counting {name} (bytes)") as progress:
        return look(name, path, progress).to_dict()


def corpus_table(value: dict[str, Any]) -> Parts:
    """The same as lines, and a table of the splits."""
    lines = {
        "task": value["task"],
        "from": value["source"],
        "licence": value["licence"],
        "files": ", ".join(value["files"]),
        "found": f"yes, in {value['path']}" if value["found"] else "no" + (value["path"] and f", see {value['path']}"),
        "problem": value["problem"],
        "note": value["remark"],
        "how": "" if value["problem"] else value["how_to_get"],
    }
    parts: Parts = [f"[bold]{escape(value['name'])}[/]  {escape(value['title'])}"]
    parts += [escape(f"{word + ':':<9}{line}") for word, line in lines.items() if line]
    if not value["splits"]:
        return parts
    first = next(iter(value["splits"].values()))
    classes = list(first.get("classes", {}))
    table = make_table("split", *(["passages", *classes] if classes else ["tokens", "different words"]))
    for split, counts in value["splits"].items():
        numbers = [counts["passages"], *counts["classes"].values()] if classes else [counts["tokens"], counts["types"]]
        table.add_row(split, *(f"{number:,}" for number in numbers))
    parts.append(table)
    if classes and "valid" not in value["splits"]:
        parts.append("A share of train (data.validation) is held out for validation.")
    return parts


def get(name: str, to: str) -> dict[str, Any]:
    """Download a corpus and say where it is."""
    from strnn_viz.data.download import download
    from strnn_viz.waiting import bar_after

    with bar_after(f"Getting {name} (bytes or files)", seconds=1.0) as bar:
        return download(name, to, lambda _, done, total: bar(done, total))


def get_lines(value: dict[str, Any]) -> Parts:
    """The same as lines."""
    lines = [
        f"{value['name']} is in {value['path']}" + ("." if value["files"] else " already; nothing was downloaded.")
    ]
    lines += [f"No published hash of {url} is known to us: its content was not checked." for url in value["unchecked"]]
    lines += [f"downloaded and checked: {url}" for url in value["files"] if url not in value["unchecked"]]
    if not value["embedded"]:
        lines.append(f"Train on it with: --set data.corpus={value['name']} --set data.path={value['path']}")
    return [escape(line) for line in lines]


def _size(counts: dict[str, Any] | None) -> str:
    return "–" if counts is None else f"{counts.get('tokens', counts.get('passages')):,}"
