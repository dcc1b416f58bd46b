"""Whether degrees follow a power law: a discrete fit, how good it is, and whether chance explains the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError

_MOST = 100.0  # exponents above this are no power law any more: each next degree is all but impossible
_TABLE = 1 << 14


@dataclass(frozen=True)
class PowerLaw:
    """A power law p(x) = x^-α / ζ(α, x_min) fitted to the degrees from x_min on.

    Attributes
    ----------
    exponent : float
        α; nan where there was nothing to fit.
    error : float
        Standard error of α, asymptotically.
    minimum : int
        x_min, the degree from which on the law is fitted.
    tail : int
        Units of at least that degree.
    size : int
        Units with any connection.
    distance : float
        Kolmogorov-Smirnov distance of the fit from the tail.
    p : float or None
        Share of samples drawn from the fit that are further from their own fits than the degrees are from theirs: below
        .1 a power law is implausible. None where no samples were asked for.
    """

    exponent: float
    error: float
    minimum: int
    tail: int
    size: int
    distance: float
    p: float | None = None


def fit_power_law(
    degrees: NDArray[np.int64],
    *,
    minimum: int | None = None,
    least_tail: int = 10,
    samples: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> PowerLaw:
    """Fit a discrete power law by maximum likelihood, and test it.

    Clauset, Shalizi and Newman, "Power-Law Distributions in Empirical Data", SIAM Review 51, 2009: the exponent by
    their Eq. 3.5 (not its approximation), x_min as the degree that makes the Kolmogorov-Smirnov distance least
    (section 3.3), p by their semi-parametric bootstrap (section 4.1), whose samples choose their own x_min.

    Parameters
    ----------
    degrees : ndarray of int64, shape (n,)
        Zeros are left out.
    minimum : int, optional
        x_min, where it is known.
    least_tail : int
        Units that must be left from x_min on, for it to be considered.
    samples : int
        Of the bootstrap; 0 for none. p is good to about 1 / (2 sqrt(samples)).
    seed : int
        Of the bootstrap.
    progress : callable, optional
        Told (samples done, samples).

    Returns
    -------
    PowerLaw
        With nan for an exponent where fewer than two different degrees are left.

    Raises
    ------
    UsageError
        If `minimum` is below 1 or a degree is negative.
    """
    if minimum is not None and minimum < 1:
        raise UsageError(f"minimum = {minimum} is out of range: a power law begins at a degree of at least 1.")
    if (degrees < 0).any():
        raise UsageError(f"a degree cannot be negative, but one is {degrees.min()}.")
    found = _fit(degrees[degrees > 0], minimum, least_tail)
    if not samples or np.isnan(found.exponent):
        return found
    rng = np.random.default_rng(seed)
    x = degrees[degrees > 0]
    body, further = x[x < found.minimum], 0
    for i in range(samples):
        in_tail = int(rng.binomial(len(x), found.tail / len(x)))
        drawn = [draw(rng, found.exponent, found.minimum, in_tail)]
        if in_tail < len(x):
            drawn.append(rng.choice(body, len(x) - in_tail))
        other = _fit(np.concatenate(drawn), minimum, least_tail)
        further += not other.distance < found.distance  # also where there is nothing left to fit
        if progress is not None:
            progress(i + 1, samples)
    return PowerLaw(**{**vars(found), "p": further / samples})


def log_zeta(exponent: NDArray[np.float64], start: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithm of the Hurwitz zeta function, the sum of (k + start)^-exponent over k from 0 on.

    Beyond the range where the function itself is a float: a number of terms, then the Euler-Maclaurin formula.

    Parameters
    ----------
    exponent : ndarray of float64, shape (n,)
        Above 1.
    start : ndarray of float64, shape (n,)
        Above 0.
    """
    s, q = np.asarray(exponent, dtype=np.float64)[..., None], np.asarray(start, dtype=np.float64)[..., None]
    terms = int(10 + s.max(initial=1.0))
    head = np.exp(-s * np.log1p(np.arange(terms) / q)).sum(axis=-1)
    m = (q + terms)[..., 0]
    s, q = s[..., 0], q[..., 0]
    rest = m / (s - 1) + 0.5 + s / (12 * m) - s * (s + 1) * (s + 2) / (720 * m**3)
    return np.asarray(-s * np.log(q) + np.log(head + np.exp(-s * np.log(m / q)) * rest))


def draw(rng: np.random.Generator, exponent: float, minimum: int, count: int) -> NDArray[np.int64]:
    """Degrees from a discrete power law; beyond 16,384 of them by rounding a continuous one (Clauset et al., Eq. D.6).

    Parameters
    ----------
    rng : Generator
    exponent : float
    minimum : int
    count : int

    Returns
    -------
    ndarray of int64, shape (count,)
    """
    x = np.arange(minimum, minimum + _TABLE)
    scale = float(log_zeta(np.array([exponent]), np.array([minimum]))[0])
    below = np.cumsum(np.exp(-exponent * np.log(x) - scale))
    place = np.searchsorted(below, rng.random(count), side="right")
    far = place == _TABLE
    result = x[np.minimum(place, _TABLE - 1)]
    edge = x[-1] + 0.5
    tail = edge * (1 - rng.random(int(far.sum()))) ** (-1 / (exponent - 1)) + 0.5
    result[far] = np.minimum(tail, 2.0**62).astype(np.int64)
    return result


def _fit(x: NDArray[np.int64], minimum: int | None, least_tail: int) -> PowerLaw:
    values, counts = np.unique(x, return_counts=True)
    tails = counts[::-1].cumsum()[::-1]
    logs = (counts * np.log(values))[::-1].cumsum()[::-1] if len(values) else np.zeros(0)
    if minimum is None:
        start = np.flatnonzero((tails >= least_tail) & (np.arange(len(values)) < len(values) - 1))
        minima = values[start]
    else:
        start = np.atleast_1d(np.searchsorted(values, minimum))
        start, minima = (start, np.array([minimum])) if start[0] < len(values) - 1 else (start[:0], values[:0])
    if not start.size:
        nan = float("nan")
        return PowerLaw(nan, nan, minimum or int(values.min(initial=1)), 0, len(x), nan)
    exponents = _likeliest(minima.astype(np.float64), logs[start] / tails[start])
    distances = [
        _distance(values[i:], counts[i:], float(a), int(m)) for i, a, m in zip(start, exponents, minima, strict=True)
    ]
    best = int(np.argmin(distances))
    a, m, tail = float(exponents[best]), int(minima[best]), int(tails[start[best]])
    error = 1 / np.sqrt(tail * max(_curvature(a, m), np.finfo(float).tiny))
    return PowerLaw(a, float(error), m, tail, len(x), float(distances[best]))


def _likeliest(minima: NDArray[np.float64], mean_log: NDArray[np.float64]) -> NDArray[np.float64]:
    """The exponents that maximize -log ζ(α, x_min) - α mean(log x), a concave function, by golden section."""
    golden = (np.sqrt(5) - 1) / 2
    low, high = np.full(len(minima), 1 + 1e-6), np.full(len(minima), _MOST)
    for _ in range(48):  # .618 ** 48 of the interval of 100: to 1e-8, where the function is flat to rounding
        a, b = high - golden * (high - low), low + golden * (high - low)
        left = log_zeta(a, minima) + a * mean_log < log_zeta(b, minima) + b * mean_log
        low, high = np.where(left, low, a), np.where(left, b, high)
    return np.asarray((low + high) / 2)


def _curvature(exponent: float, minimum: int, step: float = 1e-3) -> float:
    """Second derivative of log ζ(α, x_min): the information one unit carries about α (Clauset et al., Eq. 3.6)."""
    at = np.array([exponent - step, exponent, exponent + step])
    before, here, after = log_zeta(np.maximum(at, 1 + 1e-9), np.full(3, float(minimum))).tolist()
    return float((before - 2 * here + after) / step**2)


def _distance(values: NDArray[np.int64], counts: NDArray[np.int64], exponent: float, minimum: int) -> float:
    """Largest difference of the distribution functions: just at each degree, and just before it."""
    starts = np.full(len(values), exponent)
    scale = log_zeta(starts[:1], np.array([float(minimum)]))
    law = 1 - np.exp(log_zeta(starts, values.astype(np.float64) + 1) - scale)  # P(X <= value)
    law_before = 1 - np.exp(log_zeta(starts, values.astype(np.float64)) - scale)  # P(X < value)
    seen = counts.cumsum() / counts.sum()
    seen_before = np.concatenate([[0.0], seen[:-1]])
    return float(max(np.abs(seen - law).max(), np.abs(seen_before - law_before).max()))
