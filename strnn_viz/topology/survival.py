"""How long connections live: Kaplan-Meier curves, by birth cohort or pooled, with those still alive censored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.topology.lives import LifeTable

Band = Literal["log-log", "greenwood"]


@dataclass(frozen=True, eq=False)
class Survival:
    """A survival curve: a step function that falls at each `time`.

    Attributes
    ----------
    time : ndarray of int64, shape (n,)
        Ages in epochs at which lives ended or left observation, in order; 0 first.
    at_risk : ndarray of int64, shape (n,)
        Lives that reached that age and were still observed.
    died, censored : ndarray of int64, shape (n,)
        Lives that ended at that age, and those of which no more is known (a life that leaves at an age at which others
        end counts as at risk there).
    survival : ndarray of float64, shape (n,)
        Estimated probability to live longer than `time`.
    lower, upper : ndarray of float64, shape (n,)
        Pointwise confidence band; nan where it is not defined, once nobody survives.
    level : float
        Of the band.
    """

    time: NDArray[np.int64]
    at_risk: NDArray[np.int64]
    died: NDArray[np.int64]
    censored: NDArray[np.int64]
    survival: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    level: float

    @property
    def size(self) -> int:
        """Lives observed."""
        return int(self.died.sum() + self.censored.sum())

    @property
    def median(self) -> float:
        """The first age that at most half survive, in epochs; inf where more than half still live."""
        below = np.flatnonzero(self.survival <= 0.5)
        return float(self.time[below[0]]) if below.size else float("inf")

    def at(self, time: float) -> float:
        """Estimated probability to live longer than `time` epochs; nan before 0."""
        place = int(np.searchsorted(self.time, time, side="right"))
        return float(self.survival[place - 1]) if place else float("nan")


def kaplan_meier(
    time: NDArray[np.int64],
    died: NDArray[np.int64],
    censored: NDArray[np.int64],
    *,
    level: float = 0.95,
    band: Band = "log-log",
) -> Survival:
    """The product-limit estimate of survival from counts by age.

    S(t) is the product of 1 - d/n over the ages up to t (Kaplan and Meier, "Nonparametric Estimation from Incomplete
    Observations", JASA 53, 1958), its variance S² times the sum of d / (n (n - d)) (Greenwood 1926). The band is
    symmetric about S and cut to [0, 1] (``"greenwood"``), or symmetric about log(-log S), which stays inside by itself
    and holds its level better in the tails (``"log-log"``; Kalbfleisch and Prentice 1980, section 1.4).

    Parameters
    ----------
    time : ndarray of int64, shape (n,)
        Ages, not negative, in any order; an age may occur more than once.
    died, censored : ndarray of int64, shape (n,)
        How many lives ended, and how many left observation, at each.
    level : float
        Of the band, between 0 and 1.
    band : {"log-log", "greenwood"}

    Raises
    ------
    UsageError
        If `level` or `band` is not one of these, or an age is negative.
    """
    if not 0 < level < 1:
        raise UsageError(f"level = {level!r} is out of range: a confidence level is between 0 and 1, such as 0.95.")
    if band not in ("log-log", "greenwood"):
        raise UsageError(f"band = {band!r} is not known. Choose log-log or greenwood.")
    if (np.asarray(time) < 0).any():
        raise UsageError(f"an age cannot be negative, but one is {np.min(time)}.")
    ages, place = np.unique(np.append(0, time).astype(np.int64), return_inverse=True)
    d, c = np.zeros((2, len(ages)), dtype=np.int64)
    np.add.at(d, place[1:], died)
    np.add.at(c, place[1:], censored)
    leaving = d + c
    n = leaving[::-1].cumsum()[::-1]
    survival = np.cumprod(1 - d / np.maximum(n, 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        # sum of d / (n (n - d)); infinite once nobody is left
        spread = np.sqrt(np.cumsum(np.where(d > 0, d / (n * (n - d).astype(np.float64)), 0.0)))
        z = NormalDist().inv_cdf(0.5 + level / 2)
        if band == "greenwood":
            low, high = (np.clip(survival * (1 + sign * z * spread), 0.0, 1.0) for sign in (-1, 1))
        else:
            power = np.exp(z * spread / np.log(survival))  # below 1
            low, high = survival ** (1 / power), survival**power
    low, high = (np.where(survival == 1, 1.0, np.where(survival == 0, np.nan, side)) for side in (low, high))
    return Survival(ages, n, d, c, survival, low, high, level)


def survival_curve(
    lives: LifeTable, cohorts: Sequence[int] | None = None, *, level: float = 0.95, band: Band = "log-log"
) -> Survival:
    """Survival of the connections born at some epochs, pooled; those of the last snapshot are censored there.

    Deaths between two snapshots are dated by the later one, so curves of a run recorded every few epochs fall late by
    less than that many epochs.

    Parameters
    ----------
    lives : LifeTable
        Of one matrix, or of several (:func:`total_lives`).
    cohorts : sequence of int, optional
        Epochs of birth; all by default.
    level, band
        As for :func:`kaplan_meier`.

    Raises
    ------
    UsageError
        If an epoch of birth was not recorded.
    """
    chosen = np.arange(len(lives.epochs))
    if cohorts is not None:
        unknown = sorted(set(cohorts) - set(lives.epochs.tolist()))
        if unknown:
            raise UsageError(f"no snapshot was recorded at epoch {unknown[0]}, so there is no cohort of it.")
        chosen = np.flatnonzero(np.isin(lives.epochs, np.asarray(list(cohorts), dtype=np.int64)))
    durations = lives.epochs[None, :] - lives.epochs[chosen, None]  # (cohorts, t)
    deaths = lives.deaths[chosen]
    later = durations > 0
    ages = np.concatenate([durations[later], lives.ages[chosen]])
    died = np.concatenate([deaths[later], np.zeros(len(chosen), dtype=np.int64)])
    censored = np.concatenate([np.zeros(int(later.sum()), dtype=np.int64), lives.alive[chosen]])
    seen = (died > 0) | (censored > 0)
    return kaplan_meier(ages[seen], died[seen], censored[seen], level=level, band=band)


def survival_by_cohort(lives: LifeTable, *, level: float = 0.95, band: Band = "log-log") -> dict[int, Survival]:
    """A curve for each epoch at which connections were born, in order; parameters as for :func:`survival_curve`."""
    born = lives.epochs[lives.entered > 0].tolist()
    return {epoch: survival_curve(lives, [epoch], level=level, band=band) for epoch in born}
