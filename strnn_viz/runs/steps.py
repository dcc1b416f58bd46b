"""The training loss within epochs: a file beside the metrics, with a line an epoch, that a run may lack."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from strnn_viz.runs import files, limits
from strnn_viz.runs.refusal import RefusedError, is_number

FILE = "steps.jsonl"
PARTS = 50  # of an epoch that are told of, at most


def append_steps(path: Path, epoch: int, parts: Sequence[tuple[float, float]]) -> None:
    """Record how the loss went within an epoch, before the epoch itself is recorded.

    Parameters
    ----------
    path : Path
        Of the run.
    epoch : int
        Counted from 1.
    parts : sequence of (float, float)
        Where in the epoch a part ends, above 0 and at most 1, and its mean cross-entropy in nats a prediction.

    Raises
    ------
    RunError
        If the disk cannot be written.
    """
    with files.writing(path / FILE), (path / FILE).open("ab") as file:
        file.write(files.to_json({"epoch": epoch, "parts": [list(part) for part in parts]}))


def forget_steps(path: Path, epoch: int) -> None:
    """Drop what was recorded after an epoch; a resumed run records it again."""
    if (path / FILE).exists():
        kept = [row for row in _rows(path) if row["epoch"] <= epoch]
        files.write_whole(path / FILE, b"".join(map(files.to_json, kept)))


def read_steps(path: Path, epochs: Collection[int]) -> list[tuple[float, float]]:
    """The loss within epochs, as (time in epochs, mean cross-entropy in nats), in the order of time.

    Of an epoch told of twice the last counts; a line that is torn or no such record is left out, since the epochs do
    not depend on it.

    Parameters
    ----------
    path : Path
        Of the run.
    epochs : collection of int
        Epochs that can be read; others are left out.
    """
    found = {row["epoch"]: row["parts"] for row in _rows(path) if row["epoch"] in epochs}
    return [(epoch - 1 + at, loss) for epoch in sorted(found) for at, loss in found[epoch]]


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        content = limits.read_bytes(path / FILE, limits.METRICS_BYTES)
    except (OSError, RefusedError):
        return []
    rows = []
    for line in islice(BytesIO(content[: content.rfind(b"\n") + 1]), limits.EPOCHS):
        try:
            rows.append(_checked(limits.loads(line)))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            continue
    return rows


def _checked(row: Any) -> dict[str, Any]:
    parts = [(at, loss) for at, loss in row["parts"] if is_number(at) and is_number(loss)]
    if type(row["epoch"]) is not int or len(parts) > PARTS + 1 or not all(0 < at <= 1 for at, _ in parts):
        raise ValueError("steps")
    return {"epoch": row["epoch"], "parts": parts}
