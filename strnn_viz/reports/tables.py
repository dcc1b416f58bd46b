"""Tables and numbers in one style."""

from __future__ import annotations

import math
from typing import Any

from rich.table import Table

Parts = list[Table | str]


def make_table(*columns: str) -> Table:
    """A table without lines; words to the left, numbers to the right, and names never broken."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        words = column in {"run", "status", "layer", "split", "matrix", "what it is", "expected", "licence", "method",
                           "measure", "initialization"}  # fmt: skip
        name = column in {"run", "matrix", "key", "preset", "corpus"}
        table.add_column(column, justify="left" if words or name else "right", no_wrap=name, overflow="fold")
    return table


def finite(value: Any) -> Any:
    """The value, or None for a number that strict JSON has no word for."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
