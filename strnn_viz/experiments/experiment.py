"""What an experiment is: rows to train, the paper's numbers beside them, and what the paper says of their order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from strnn_viz.config import RunConfig
from strnn_viz.errors import UsageError
from strnn_viz.experiments.sweep import Planned


@dataclass(frozen=True)
class Row:
    """One system on one data set.

    Attributes
    ----------
    label : str
        What people call it.
    part : str
        Which part of the table it stands in: a data set, or a density.
    config : RunConfig or None
        What to train; None for a number the paper cites from elsewhere.
    paper : mapping of str to float
        The paper's ``valid`` and ``test``: perplexities, or accuracies in percent, with ``spread`` where it gives one.
    x : float or None
        Its place on the axis of a figure; None for one that is drawn as a line across.
    """

    label: str
    part: str
    config: RunConfig | None
    paper: Mapping[str, float] = field(default_factory=dict)
    x: float | None = None

    @property
    def key(self) -> str:
        """What it is called in claims; unique in its experiment."""
        return f"{self.label} · {self.part}"


@dataclass(frozen=True)
class Claim:
    """An order the paper states.

    Attributes
    ----------
    words : str
    pairs : tuple of (str, str)
        Keys of rows: the better one first.
    """

    words: str
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Experiment:
    """A table or figure of the paper at some scale.

    Attributes
    ----------
    name : str
        ``table2`` for example.
    scale : str
    title : str
    about : str
        What is trained at this scale, in a sentence or two.
    rows : tuple of Row
    claims : tuple of Claim
    axis : str
        What the axis of a figure shows; empty for a table.
    only : str
        The one part of it that is trained; empty for all.
    """

    name: str
    scale: str
    title: str
    about: str
    rows: tuple[Row, ...]
    claims: tuple[Claim, ...]
    axis: str = ""
    only: str = ""

    @property
    def stem(self) -> str:
        """How its files are called."""
        return "-".join(filter(None, [self.name, self.scale, self.only]))

    def part(self, name: str) -> Experiment:
        """One part of it, such as a data set or a density, and what is claimed of its rows.

        Raises
        ------
        UsageError
            If it has no such part.
        """
        parts = list(dict.fromkeys(row.part for row in self.rows))
        if name not in parts:
            raise UsageError(f"{self.name} at scale {self.scale} has no part {name!r}. Its parts: {', '.join(parts)}.")
        rows = tuple(row for row in self.rows if row.part == name)
        keys = {row.key for row in rows}
        claims = [replace(c, pairs=tuple(p for p in c.pairs if keys.issuperset(p))) for c in self.claims]
        return replace(self, rows=rows, claims=tuple(c for c in claims if c.pairs), only=name)

    def planned(self, row: Row, seed: int) -> Planned:
        """The run of a row with a seed."""
        assert row.config is not None
        plain = unicodedata.normalize("NFKD", f"{row.label} {row.part}").encode("ascii", "ignore").decode().lower()
        words = re.sub(r"[^a-z0-9.]+", "-", plain.replace("%", "")).strip("-")
        return Planned(f"{self.name}-{self.scale}-{words}-s{seed}", row.config.replace({"seed": seed}))
