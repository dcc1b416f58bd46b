"""Topologies as points in the plane whose distances are, as nearly as possible, those of a distance matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from strnn_viz.errors import UsageError

_STEPS = 1000
_ENOUGH = 1e-9  # relative fall of the stress in one step


@dataclass(frozen=True, eq=False)
class Layout:
    """Points in the plane.

    Attributes
    ----------
    points : ndarray of float64, shape (n, 2)
        In the units of the distances; their centre is the origin, or where an earlier layout had it.
    stress : float
        Kruskal's stress-1 of all points, sqrt(Σ (d - δ)² / Σ δ²): 0 where the plane shows the distances δ exactly.
    """

    points: NDArray[np.float64]
    stress: float


def layout(distances: ArrayLike, *, previous: ArrayLike | None = None) -> Layout:
    """Multidimensional scaling in the plane.

    Begins from classical scaling (Torgerson 1952) and lowers the stress by majorization (SMACOF: de Leeuw 1977), every
    pair of the same weight. Nothing is random. A plane cannot show every matrix: see the stress.

    Parameters
    ----------
    distances : array-like, shape (n, n)
        Symmetric, not negative, zero on the diagonal.
    previous : array-like, shape (m, 2), or None
        An earlier layout of the first m of these topologies, for a picture that moves little when one is added. It is
        what majorization begins from; the others are first put where their distances to these points say (landmark
        scaling: de Silva and Tenenbaum 2004). The result is turned, reflected and shifted, but not scaled, to meet it
        (Procrustes). Rows of nan count as absent, so any of the topologies may be new.

    Returns
    -------
    Layout

    Raises
    ------
    UsageError
        If `distances` is no distance matrix, or `previous` does not fit it.
    """
    delta = _checked(distances)
    n = len(delta)
    start = classical(delta)
    if previous is None:
        points = _majorize(delta, start)
        return Layout(points, stress(delta, points))
    held = np.full((n, 2), np.nan)
    given = np.asarray(previous, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] != 2 or len(given) > n:
        raise UsageError(f"a previous layout of {n} topologies has shape (at most {n}, 2), not {given.shape}.")
    held[: len(given)] = given
    known = np.isfinite(held).all(axis=1)
    if not known.any():
        return layout(delta)
    points = _majorize(delta, _placed(delta, held, known, start))
    points = _aligned(points, held, known)
    return Layout(points, stress(delta, points))


def classical(delta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Classical scaling: the two largest principal axes of the doubly centred squared distances.

    Parameters
    ----------
    delta : ndarray of float64, shape (n, n)

    Returns
    -------
    ndarray of float64, shape (n, 2)
        Each axis points to where its largest coordinate is positive.
    """
    n = len(delta)
    if n < 2:
        return np.zeros((n, 2))
    centred = delta**2 - (delta**2).mean(axis=0)
    centred = -0.5 * (centred - centred.mean(axis=1, keepdims=True))
    values, vectors = np.linalg.eigh((centred + centred.T) / 2)
    points = np.zeros((n, 2))
    axes = np.argsort(values)[::-1][:2]
    points[:, : len(axes)] = vectors[:, axes] * np.sqrt(np.maximum(values[axes], 0))
    largest = points[np.abs(points).argmax(axis=0), [0, 1]]
    return points * np.where(largest < 0, -1.0, 1.0)


def stress(delta: NDArray[np.float64], points: NDArray[np.float64]) -> float:
    """Kruskal's stress-1 of points for a distance matrix; 0 where all distances are 0."""
    scale = float((delta**2).sum())
    return float(np.sqrt(((_between(points) - delta) ** 2).sum() / scale)) if scale else 0.0


def _checked(distances: ArrayLike) -> NDArray[np.float64]:
    delta = np.asarray(distances, dtype=np.float64)
    if delta.ndim != 2 or delta.shape[0] != delta.shape[1]:
        raise UsageError(f"a distance matrix is square, and this has shape {delta.shape}.")
    wrong = [
        (not np.isfinite(delta).all(), "has entries that are not finite"),
        (bool((delta < 0).any()), "has negative entries"),
        (bool((np.diagonal(delta) != 0).any()), "is not zero on its diagonal"),
        (not np.allclose(delta, delta.T, rtol=0, atol=1e-9), "is not symmetric"),
    ]
    for is_so, what in wrong:
        if is_so:
            raise UsageError(f"a distance matrix is symmetric, not negative and zero on its diagonal; this {what}.")
    return (delta + delta.T) / 2


def _between(points: NDArray[np.float64]) -> NDArray[np.float64]:
    difference = points[:, None, :] - points[None, :, :]
    return np.hypot(difference[..., 0], difference[..., 1])


def _majorize(delta: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lower the stress, step by step, until it falls no more; the centre of the points becomes the origin.

    A step is the Guttman transform X ← B(X) X / n, with B the Laplacian of δ / d: it never raises the stress.
    """
    n = len(points)
    last = np.inf
    for _ in range(_STEPS if n else 0):
        apart = _between(points)
        raw = float(((apart - delta) ** 2).sum())
        if raw == 0 or last - raw < _ENOUGH * raw:
            break
        last = raw
        pull = np.divide(delta, apart, out=np.zeros_like(delta), where=apart > 0)
        laplacian = np.diag(pull.sum(axis=1)) - pull
        points = laplacian @ points / n
    return points - points.mean(axis=0) if n else points


def _placed(
    delta: NDArray[np.float64], held: NDArray[np.float64], known: NDArray[np.bool_], start: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where to begin: old points where they are, new ones by their distances to them.

    With the old points x centred, |x|² and squared distances δ² to them, a new point y solves, in least squares,
    2 x·y = |x|² - mean |x|² - δ² + mean δ²: Gower's formula, from three points on that are not on one line.
    """
    points = held.copy()
    old = held[known]
    centre = old.mean(axis=0)
    x = old - centre
    new = np.flatnonzero(~known)
    if len(new) and np.linalg.matrix_rank(x) < 2:
        return _aligned(start, held, known)
    squared = (x**2).sum(axis=1)
    for i in new:
        away = delta[i, known] ** 2
        side = (squared - squared.mean()) - (away - away.mean())
        points[i] = centre + np.linalg.lstsq(2 * x, side, rcond=None)[0]
    return points


def _aligned(points: NDArray[np.float64], held: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Turn, reflect and shift points so that the known ones come nearest to where they were (Procrustes)."""
    ours, theirs = points[known].mean(axis=0), held[known].mean(axis=0)
    u, _, v = np.linalg.svd((points[known] - ours).T @ (held[known] - theirs))
    turned: NDArray[np.float64] = (points - ours) @ (u @ v) + theirs
    return turned
