"""Presets, and every key of the configuration."""

from __future__ import annotations

import tomllib
from typing import Any

from rich.markup import escape

from strnn_viz import config as configuration
from strnn_viz.reports.tables import Parts, make_table


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
    table = make_table("preset", "what it is")
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
    table = make_table("key", "default", "expected", "what it is")
    for row in value:
        table.add_row(row["key"], str(row["default"]) or "(empty)", row["expected"], row["help"])
    return [table]
