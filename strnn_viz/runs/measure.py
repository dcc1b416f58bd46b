"""What a run is judged by: perplexity in language modelling, accuracy in classification."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Measure:
    """One of the two.

    Attributes
    ----------
    name : str
        ``"perplexity"`` or ``"accuracy"``; metrics are called ``train_``, ``valid_`` and ``test_`` of it.
    lower_is_better : bool
    reference : str
        The metric that says what a model would reach that knows only how frequent words or classes are.
    reference_title : str
        What people call that model.
    """

    name: str
    lower_is_better: bool
    reference: str
    reference_title: str

    def text(self, value: float | None) -> str:
        """A value as people write it: ``53.9``, ``1,204`` or ``85.3%``; a dash where there is none."""
        if value is None or math.isnan(value):
            return "–"
        if self.name == "accuracy":
            return f"{value:.1%}"
        return f"{value:.1f}" if value < 99.95 else f"{value:,.0f}" if math.isfinite(value) else "∞"

    def best(self, rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The epoch of best validation, the first of equal ones; None where there is none after epoch 0."""
        key, sign = f"valid_{self.name}", 1 if self.lower_is_better else -1
        known = [row for row in rows if row["epoch"] > 0 and row.get(key) is not None]
        return min(known, key=lambda row: (sign * row[key], row["epoch"]), default=None)


PERPLEXITY = Measure("perplexity", True, "unigram_perplexity", "a unigram model")
ACCURACY = Measure("accuracy", False, "majority_accuracy", "always the most frequent class")


def measure_of(metrics: Mapping[str, Any]) -> Measure:
    """The measure of a run, from the metrics of any of its epochs."""
    return ACCURACY if "valid_accuracy" in metrics else PERPLEXITY
