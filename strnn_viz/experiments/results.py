"""What an experiment's runs say: one number a row and seed, and which of the paper's orders hold."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from strnn_viz.config import RunConfig
from strnn_viz.experiments.cost import cost
from strnn_viz.experiments.experiment import Experiment, Row
from strnn_viz.runs import ACCURACY, Measure, Run, measure_of


@dataclass(frozen=True)
class Found:
    """One run, at the epoch of its best validation.

    Attributes
    ----------
    run : str
    seed, epoch : int
    valid, test : float
        Perplexity, or accuracy in percent.
    active : float
        Active weights then: of all matrices of a language model, of the masked ones of a classifier, as in the paper.
    train : float or None
        FLOPs of all its training relative to training the row's model dense on the same words; None where the run
        recorded none.
    """

    run: str
    seed: int
    epoch: int
    valid: float
    test: float
    active: float
    train: float | None


@dataclass(frozen=True)
class RowResult:
    """A row with what was found, or why nothing was.

    Attributes
    ----------
    row : Row
    found : tuple of Found
        One for each seed that finished.
    problem : str
    """

    row: Row
    found: tuple[Found, ...]
    problem: str = ""

    def mean(self, name: str) -> float | None:
        """Mean of ``valid``, ``test``, ``active`` or ``train`` over seeds; None where there is none."""
        values = [getattr(f, name) for f in self.found]
        return fmean(values) if values and None not in values else None

    def spread(self, name: str) -> float | None:
        """Standard deviation over seeds (n - 1); None for fewer than two."""
        values = [getattr(f, name) for f in self.found]
        return stdev(values) if len(values) > 1 and None not in values else None


@dataclass(frozen=True)
class Pair:
    """One comparison of a claim.

    Attributes
    ----------
    better, worse : str
        Keys of rows, as the paper orders them.
    margin : float
        How much the first is ahead here, in the unit of the measure; negative if it is behind.
    spread : float or None
        Standard deviation of such a difference between two single runs; None for a single seed.
    """

    better: str
    worse: str
    margin: float
    spread: float | None

    @property
    def clear(self) -> bool | None:
        """Whether the margin is larger than its spread, either way; None where the spread is not known."""
        return None if self.spread is None else abs(self.margin) > self.spread


@dataclass(frozen=True)
class Verdict:
    """What became of one of the paper's claims.

    Attributes
    ----------
    words : str
    pairs : tuple of Pair
        Comparisons that could be made.
    missing : int
        Comparisons that could not.
    """

    words: str
    pairs: tuple[Pair, ...]
    missing: int = 0

    @property
    def holds(self) -> str:
        """``holds``, ``holds in part``, ``does not hold`` or ``not known``."""
        if not self.pairs:
            return "not known"
        ahead = sum(pair.margin > 0 for pair in self.pairs)
        return "holds" if ahead == len(self.pairs) else "holds in part" if ahead else "does not hold"

    @property
    def sentence(self) -> str:
        """The verdict with counts, margins and how they compare with the spread over seeds."""
        if not self.pairs:
            return "Not known: its runs are not there."
        ahead = sum(pair.margin > 0 for pair in self.pairs)
        margins = [pair.margin for pair in self.pairs]
        many = len(margins) > 1
        text = f"{self.holds[0].upper()}{self.holds[1:]}: {ahead} of {len(margins)} comparisons, "
        text += f"margins {min(margins):+.2f} to {max(margins):+.2f}" if many else f"margin {margins[0]:+.2f}"
        if self.pairs[0].clear is None:
            text += "; one seed, so chance is not excluded"
        else:
            text += f"; {sum(bool(pair.clear) for pair in self.pairs)} beyond the spread over seeds"
        return text + (f"; {self.missing} could not be made." if self.missing else ".")


def read_row(row: Row, runs: Mapping[int, Path], problem: str = "") -> RowResult:
    """What the runs of a row say.

    Parameters
    ----------
    row : Row
    runs : mapping of int to Path
        Directory of the run of each seed; those that are not finished are left out.
    problem : str
        Why some are not there.
    """
    found = []
    for seed, path in runs.items():
        best = best_epoch(Run(path))
        if best is not None:
            found.append(_found(path.name, seed, row, *best))
    return RowResult(row, tuple(found), problem)


def best_epoch(run: Run) -> tuple[Measure, Mapping[str, Any], Mapping[str, Any]] | None:
    """The measure of a run, its epoch of best validation, and its last epoch; None where there is none.

    Of a run that began dense, only epochs count in which it has become, to one percent, as sparse as it was to be.
    """
    rows = run.rows
    if len(rows) < 2:
        return None
    measure = measure_of(rows[-1])
    fewest = min(_nnz(row) for row in rows)
    # A perplexity too large for a number is recorded as none.
    whole = [row for row in rows if row.get(f"test_{measure.name}") is not None]
    best = measure.best([row for row in whole if _nnz(row) <= 1.01 * fewest])
    return None if best is None else (measure, best, rows[-1])


def verdicts(experiment: Experiment, results: Sequence[RowResult]) -> list[Verdict]:
    """Each claim of the paper, compared by test perplexity or accuracy."""
    by_key = {result.row.key: result for result in results}
    told = []
    for claim in experiment.claims:
        pairs = [(by_key.get(better), by_key.get(worse)) for better, worse in claim.pairs]
        made = [_pair(a, b) for a, b in pairs if a is not None and b is not None and a.found and b.found]
        told.append(Verdict(claim.words, tuple(made), len(pairs) - len(made)))
    return told


def _pair(better: RowResult, worse: RowResult) -> Pair:
    a, b = better.mean("test"), worse.mean("test")
    assert a is not None
    assert b is not None
    lower = better.row.config is not None and better.row.config.task == "language modelling"
    s, t = better.spread("test"), worse.spread("test")
    spread = None if s is None or t is None else math.hypot(s, t)
    return Pair(better.row.key, worse.row.key, b - a if lower else a - b, spread)


def _found(name: str, seed: int, row: Row, measure: Measure, best: Mapping[str, Any], last: Mapping[str, Any]) -> Found:
    assert row.config is not None
    factor = 100.0 if measure is ACCURACY else 1.0
    valid, test = (factor * best[f"{split}_{measure.name}"] for split in ("valid", "test"))
    return Found(name, seed, int(best["epoch"]), valid, test, _weights(row.config, best), _relative(row.config, last))


def _relative(config: RunConfig, last: Mapping[str, Any]) -> float | None:
    """Training FLOPs relative to training the configuration's model dense on as many words as the run has read.

    Those are not always as many as were published with a corpus: tweets disappear.
    """
    shares = [last.get(f"{what}_flops_relative") for what in ("train", "forward")]
    if not all(shares) or not last.get("forward_flops"):
        return None
    own = last["forward_flops"] / shares[1]  # of the run's own model, which may be a smaller one
    return float(shares[0] * own / cost(config).dense_forward)


def _weights(config: RunConfig, best: Mapping[str, Any]) -> float:
    # A language model may leave a matrix dense, which counts; the paper's classifiers count none of their outputs.
    every = best.get("active_parameters") if config.task == "language modelling" else None
    return float(_nnz(best) if every is None else every)


def _nnz(row: Mapping[str, Any]) -> int:
    return sum(layer["nnz"] for layer in row["layers"].values())
