"""Distances once computed, kept on disk by the content of the two topologies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TypedDict

from strnn_viz.cache import cache_folder
from strnn_viz.errors import RunError
from strnn_viz.runs.files import write_whole

FORMAT = 1


class Entry(TypedDict):
    """The distance of two topologies, by layer in the order of the model."""

    raw: list[float]
    expected: list[float]
    identity: list[float]


def default_folder() -> Path:
    """``distances`` in :func:`~strnn_viz.cache.cache_folder`."""
    return cache_folder() / "distances"


class DistanceCache:
    """A directory of JSON files, one for each topology that is the first of a pair.

    Entries are found by what they are about, so they never go stale; a file that cannot be read counts as empty and
    is written anew. Files are replaced whole. Two processes that write the same file at once lose at most entries,
    which are then computed again.

    Parameters
    ----------
    folder : Path
    layers : int
        Numbers an entry must have.
    """

    def __init__(self, folder: Path, layers: int) -> None:
        self.folder, self.layers = folder, layers
        self._rows: dict[str, dict[str, Entry]] = {}
        self._changed: set[str] = set()

    def get(self, a: str, b: str) -> Entry | None:
        """The distance of two topologies, by their digests in either order."""
        first, second = sorted((a, b))
        if first not in self._rows:
            self._rows[first] = self._read(first)
        return self._rows[first].get(second)

    def put(self, a: str, b: str, entry: Entry) -> None:
        """Keep a distance, in memory until :meth:`write`."""
        first, second = sorted((a, b))
        self._rows.setdefault(first, {})[second] = entry
        self._changed.add(first)

    def write(self) -> None:
        """Write what is new.

        Raises
        ------
        RunError
            If it cannot be written.
        """
        if not self._changed:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"cannot keep distances in {self.folder}: {error}. Give another cache.") from error
        for first in sorted(self._changed):
            row = self._read(first) | self._rows[first]
            write_whole(self._path(first), json.dumps({"format": FORMAT, "to": row}).encode(), durable=False)
        self._changed.clear()

    def _path(self, digest: str) -> Path:
        return self.folder / f"{digest}.json"

    def _read(self, digest: str) -> dict[str, Entry]:
        try:
            content = json.loads(self._path(digest).read_bytes())
            rows = content["to"].items() if content["format"] == FORMAT else ()
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return {}
        return {str(other): row for other, row in rows if self._whole(row)}

    def _whole(self, row: object) -> bool:
        """Whether this is an :class:`Entry` of as many layers as there are."""
        if not isinstance(row, dict) or set(row) != set(Entry.__annotations__):
            return False
        return all(
            isinstance(part, list) and len(part) == self.layers and all(isinstance(x, float) for x in part)
            for part in row.values()
        )
