"""Whether a layer is a small world: more clustered than chance, with paths as short as by chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError


@dataclass(frozen=True)
class SmallWorld:
    """Clustering and path length of a bipartite graph beside those of its references.

    Attributes
    ----------
    clustering, path_length : float
        Of the graph, see :func:`clustering` and :func:`path_length`.
    random_clustering, random_path_length : float
        Means over random graphs with the same units and number of connections.
    lattice_clustering : float
        Of a lattice in which every row has the same degree, its connections side by side.
    sigma : float
        (C / C_random) / (L / L_random): clearly above 1 in a small world (Humphries and Gurney, "Network
        'Small-World-Ness'", PLoS ONE 3, 2008).
    omega : float
        L_random / L - C / C_lattice: near 0 in a small world, towards 1 in a sparse random graph (less in a
        dense one, whose clustering is a good part of a lattice's) and -1 in a lattice
        (Telesford et al., "The Ubiquity of Small-World Networks", Brain Connectivity 1, 2011).
    """

    clustering: float
    path_length: float
    random_clustering: float
    random_path_length: float
    lattice_clustering: float
    sigma: float
    omega: float


def small_worldness(mask: NDArray[np.bool_], *, samples: int = 4, sources: int = 256, seed: int = 0) -> SmallWorld:
    """Small-world coefficients of a layer as a bipartite graph of rows and columns.

    A bipartite graph has no triangles, so the usual clustering coefficient is 0 in every layer; in its place stands
    that of Robins and Alexander (:func:`clustering`). Results that have nothing to be divided by (no connections, or a
    reference without squares) are nan.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        For a recurrent layer either all gates, each row one gate of a unit, or :func:`any_gate` of it.
    samples : int
        Random graphs to compare with.
    sources : int
        Units whose paths are measured; all where there are no more. Drawn at random, the same in every call.
    seed : int

    Returns
    -------
    SmallWorld
    """
    if samples < 1 or sources < 1:
        raise UsageError(f"samples = {samples} and sources = {sources} must be at least 1.")
    rng = np.random.default_rng(seed)
    starts = np.sort(rng.choice(sum(mask.shape), min(sources, sum(mask.shape)), replace=False))
    nnz = int(np.count_nonzero(mask))
    by_chance = np.zeros((samples, 2))
    for i in range(samples):
        other = np.zeros(mask.shape, dtype=bool)
        other.flat[rng.choice(mask.size, nnz, replace=False, shuffle=False)] = True
        by_chance[i] = clustering(other), path_length(other, starts)
    c, length = clustering(mask), path_length(mask, starts)
    c_random, length_random = by_chance.mean(axis=0).tolist()
    c_lattice = clustering(_lattice(mask))
    return SmallWorld(
        c, length, c_random, length_random, c_lattice,
        sigma=_ratio(_ratio(c, c_random), _ratio(length, length_random)),
        omega=_ratio(length_random, length) - _ratio(c, c_lattice),
    )  # fmt: skip


def clustering(mask: NDArray[np.bool_]) -> float:
    """Bipartite clustering: the share of paths of three connections that are closed to a square by a fourth.

    4 × squares / paths of length 3 (Robins and Alexander, "Small Worlds Among Interlocking Directors", 2004). Between
    independent random connections it is their density, in a complete graph 1; nan where no such path is.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    """
    a = (mask if mask.shape[0] >= mask.shape[1] else mask.T).astype(np.float32)
    shared = (a.T @ a).astype(np.float64)  # common neighbours of the units of the smaller side; exact below 2^24
    pairs = shared * (shared - 1)
    squares = (pairs.sum() - np.trace(pairs)) / 4
    rows, columns = a.sum(axis=1, dtype=np.float64) - 1, a.sum(axis=0, dtype=np.float64) - 1
    paths = float(rows @ (a @ columns.astype(np.float64)))
    return _ratio(4 * float(squares), paths)


def path_length(mask: NDArray[np.bool_], starts: NDArray[np.int64]) -> float:
    """Mean length of the shortest paths from some units to all units they reach; nan where they reach none.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    starts : ndarray of int64, shape (n,)
        Units to begin at: rows count from 0, columns from `rows` on.
    """
    rows, place = mask.shape[0], np.arange(len(starts))
    neighbours = (_neighbours(mask), _neighbours(mask.T))
    # one bit for each start, so that a step from all of them at once is a bitwise or
    seen = np.zeros((sum(mask.shape), -(-len(starts) // 64)), dtype=np.uint64)
    seen[starts, place // 64] = np.uint64(1) << (place % 64).astype(np.uint64)
    front, length, total, reached = seen, 0, 0, 0
    while front.any():
        after = [_any_of(front[rows:], *neighbours[0]), _any_of(front[:rows], *neighbours[1])]
        front = np.concatenate(after) & ~seen
        seen = seen | front
        length += 1
        new = int(np.bitwise_count(front).sum())
        total, reached = total + length * new, reached + new
    return _ratio(total, reached)


def _neighbours(mask: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns of every row's connections, one row after another, and where each row begins."""
    rows, columns = np.nonzero(mask)
    return columns, np.searchsorted(rows, np.arange(mask.shape[0]))


def _any_of(front: NDArray[np.uint64], columns: NDArray[np.int64], begin: NDArray[np.int64]) -> NDArray[np.uint64]:
    """For every row, the bits of all its neighbours together."""
    result = np.zeros((len(begin), front.shape[1]), dtype=np.uint64)
    filled = np.flatnonzero(np.diff(begin, append=len(columns)))
    for part in np.array_split(filled, max(1, len(columns) >> 20)):  # about a million connections at a time
        if part.size:
            last = begin[part[-1] + 1] if part[-1] + 1 < len(begin) else len(columns)
            gathered = front[columns[begin[part[0]] : last]]
            result[part] = np.bitwise_or.reduceat(gathered, begin[part] - begin[part[0]], axis=0)
    return result


def any_gate(mask: NDArray[np.bool_], gates: int) -> NDArray[np.bool_]:
    """Whether a unit reads another through any of its gates; shape (rows / gates, columns).

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
    gates : int
        Equal blocks of rows; at least 1.
    """
    return np.asarray(mask.reshape(gates, -1, mask.shape[1]).any(axis=0))


def _lattice(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every row's connections side by side, beginning where the row stands among the rows, round the edge."""
    rows, columns = mask.shape
    offset = (np.arange(columns)[None] - (np.arange(rows) * columns // max(1, rows))[:, None]) % max(1, columns)
    return np.asarray(offset < np.count_nonzero(mask, axis=1)[:, None])


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")
