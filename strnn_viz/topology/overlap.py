"""How far apart two neurons are by what feeds them, for all pairs of neurons at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

#: Product of two densities below which a sparse product is faster than counting bits; measured with 1,500 units.
_SPARSE = 0.004

_TILE = 2**15  # pairs of units compared at once: they and their counts stay in the cache


class Overlap:
    """Incoming connections that units of one network share with units of another, through one matrix.

    Sparse masks are multiplied as such, others compared 64 slots at a time. Both are exact, use one core and let
    other threads run; unlike a dense product by BLAS, which a training beside them would slow down many times over.

    Parameters
    ----------
    a, b : ndarray of bool, shape (units, gates, m)
        The masks of the two networks. A slot is a gate and one of the m units a connection can come from; only
        connections in the same slot are shared.
    """

    def __init__(self, a: NDArray[np.bool_], b: NDArray[np.bool_]) -> None:
        self._a, self._b = a, b
        self._sparse = np.count_nonzero(a) * np.count_nonzero(b) < _SPARSE * a.size * b.size
        self._ours = _csr(a) if self._sparse else None
        self._words = None if self._sparse else _words(a)

    def counts(self, columns: NDArray[np.intp] | None = None) -> NDArray[np.float64]:
        """Shared connections of every unit of `a` (rows) with every unit of `b` (columns): I = A Bᵀ.

        Parameters
        ----------
        columns : ndarray of int, shape (m,), or None
            The column of `b` that corresponds to each column of `a`; None where they correspond as they are.

        Returns
        -------
        ndarray of float64, shape (units, units)
            Whole numbers.
        """
        theirs = self._b if columns is None else self._b[:, :, columns]
        if self._ours is not None:
            return np.asarray((self._ours @ _csr(theirs).T).toarray())
        assert self._words is not None
        return _count(self._words, _words(theirs)).astype(np.float64)


def _csr(mask: NDArray[np.bool_]) -> sparse.csr_array:
    shape = (len(mask), mask[0].size)
    row, column = np.divmod(np.flatnonzero(mask), shape[1])
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(mask)))])
    return sparse.csr_array((np.ones(len(column)), column, starts), shape=shape)


def _words(mask: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Slots as bits of 64-bit words, shape (words, units)."""
    packed = np.packbits(mask.reshape(len(mask), -1), axis=1)
    padded: NDArray[np.uint8] = np.pad(np.ascontiguousarray(packed), ((0, 0), (0, -packed.shape[1] % 8)))
    return np.ascontiguousarray(padded.view(np.uint64).T)


def _count(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> NDArray[np.unsignedinteger]:
    """Bits that every column of `a` shares with every column of `b`."""
    n = a.shape[1]
    counts = np.zeros((n, b.shape[1]), dtype=np.uint16 if 64 * len(a) < 2**16 else np.uint32)
    step = max(1, _TILE // max(1, b.shape[1]))
    both = np.empty((step, b.shape[1]), dtype=np.uint64)
    bits = np.empty((step, b.shape[1]), dtype=np.uint8)
    for first in range(0, n, step):
        tile = counts[first : first + step]
        rows = len(tile)
        for ours, theirs in zip(a[:, first : first + step], b, strict=True):
            np.bitwise_and(ours[:, None], theirs, out=both[:rows])
            np.bitwise_count(both[:rows], out=bits[:rows])
            tile += bits[:rows]
    return counts


def fan_in(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Incoming connections of every unit; `mask` has shape (units, gates, m)."""
    packed = np.packbits(mask.reshape(len(mask), -1), axis=1)
    counts: NDArray[np.float64] = np.bitwise_count(packed).sum(axis=1, dtype=np.float64)
    return counts


def neuron_distance(
    shared: NDArray[np.float64], size_a: NDArray[np.float64], size_b: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Normalized edit distance between sets of incoming connections: |a xor b| / |a or b|.

    It is the Jaccard distance: 0 for equal sets, also for two empty ones; 1 for sets that share nothing. (NED of
    Liu et al. 2020, Sect. 3.)

    Parameters
    ----------
    shared, size_a, size_b : ndarray of float64
        |a and b|, |a| and |b|; shapes that broadcast together.
    """
    union = size_a + size_b
    union -= shared
    result = union - shared
    np.maximum(union, 1, out=union)  # where it is 0, so is what is divided
    result /= union
    return result


def paired_distance(parts: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> NDArray[np.float64]:
    """Distance of each unit of one network to the unit of the same place in another, whose order is already changed.

    Parameters
    ----------
    parts : list of (ndarray of bool, ndarray of bool), shapes (units, gates, m)
        One pair for each matrix that leads to these units.

    Returns
    -------
    ndarray of float64, shape (units,)
    """
    shared, size_a, size_b = (
        np.sum([fan_in(mask) for mask in masks], axis=0)
        for masks in ([a & b for a, b in parts], [a for a, _ in parts], [b for _, b in parts])
    )
    return neuron_distance(shared, size_a, size_b)
