"""What one kind of run reaches against another, over epochs and over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import Run, forks

#: Keys that two runs of one kind may differ in: the seed, and what decides nothing but where and how long is waited.
_IMMATERIAL = ("seed", "training.threads", "training.checkpoints", "training.device")

Curve = Mapping[int, float]


@dataclass(frozen=True, eq=False)
class Gap:
    """Differences of a measure between two kinds of run, epoch by epoch.

    Attributes
    ----------
    epochs : ndarray of int64, shape (n,)
        Epochs that every run which counts has.
    middle, low, high : ndarray of float64, shape (n,)
        Mean difference, second kind minus first, and the band around it; the band has no width for one pair.
    absolute : ndarray of float64, shape (n,)
        The mean difference in units of the measure; the same as `middle` unless that is a share.
    paired : bool
        Whether runs of one seed were subtracted from each other, and the band is one standard deviation of these
        differences; otherwise every run of one kind was subtracted from every run of the other, and the band reaches
        from the smallest to the largest of these differences.
    seeds : tuple of int
        Runs of the first kind and of the second that count.
    """

    epochs: NDArray[np.int64]
    middle: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    absolute: NDArray[np.float64]
    paired: bool
    seeds: tuple[int, int]

    @property
    def banded(self) -> bool:
        """Whether there is more than one difference an epoch."""
        return max(self.seeds) > 1


def gap(first: Mapping[int, Curve], second: Mapping[int, Curve], *, share: bool = False) -> Gap:
    """The difference of two kinds of run.

    With two or more seeds in common only these count, each subtracted from its like. So what a seed does to both kinds
    does not widen the band.

    Parameters
    ----------
    first, second : mapping of int to mapping of int to float
        A measure by epoch, by the seed of the run.
    share : bool
        Differences as shares of what the first kind reaches, for measures that fall over orders of magnitude.
    """
    common = sorted(set(first) & set(second))
    paired = len(common) > 1
    pairs = [(s, s) for s in common] if paired else [(a, b) for a in sorted(first) for b in sorted(second)]
    curves = [first[a] for a, _ in pairs] + [second[b] for _, b in pairs]
    epochs = sorted(set.intersection(*(set(curve) for curve in curves))) if curves else []
    ours, theirs = (np.array([[c[e] for e in epochs] for c in half], dtype=float).reshape(len(half), len(epochs))
                    for half in (curves[: len(pairs)], curves[len(pairs) :]))  # fmt: skip
    keep = (np.isfinite(ours) & np.isfinite(theirs)).all(axis=0) if pairs else np.zeros(0, dtype=bool)
    if share and pairs:
        keep &= (ours > 0).all(axis=0)
    ours, theirs, kept = ours[:, keep], theirs[:, keep], np.array(epochs, dtype=np.int64)[keep]
    absolute = theirs - ours
    each = absolute / ours if share else absolute
    if not pairs or not len(kept):
        none = np.zeros(0)
        return Gap(kept, none, none, none, none, paired, (len(first), len(second)))
    middle = each.mean(axis=0)
    if paired:
        spread = each.std(axis=0, ddof=1)
        low, high, seeds = middle - spread, middle + spread, (len(common), len(common))
    else:
        low, high, seeds = each.min(axis=0), each.max(axis=0), (len(first), len(second))
    return Gap(kept, middle, low, high, absolute.mean(axis=0), paired, seeds)


def same_kind(a: Run, b: Run) -> bool:
    """Whether two runs differ in their seed at most; forks are of a kind only where they part at one epoch."""
    if a.config is None or b.config is None or (a.parent and a.parent.epoch) != (b.parent and b.parent.epoch):
        return False
    return set(forks.differences(a.config, b.config)) <= set(_IMMATERIAL)


def seeds_of_kind(run: Run, others: Iterable[Run]) -> dict[int, Run]:
    """The runs of one kind by their seed, this one first of those with its own; the newest first in `others`.

    A run that was recorded elsewhere, of which no seed is known, stands for seed 0 alone.
    """
    if run.config is None:
        return {0: run}
    found = {run.config.seed: run}
    for other in others:
        if other.config is not None and same_kind(run, other):
            found.setdefault(other.config.seed, other)
    return found


def measured(run: Run, key: str) -> dict[int, float]:
    """A metric of a run by epoch, left out where it was not recorded."""
    rows = ((row["epoch"], row.get(key)) for row in run.rows)
    return {epoch: float(value) for epoch, value in rows if value is not None}
