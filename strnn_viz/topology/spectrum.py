"""How well a layer mixes: its two largest singular values beside those of a random regular graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GRAM = 2048  # up to this many units on the smaller side, eigenvalues are exact


@dataclass(frozen=True)
class Spectrum:
    """The spectral gap of a bipartite graph.

    Attributes
    ----------
    first, second : float
        The two largest singular values of the 0/1 matrix, which are the two largest eigenvalues of the graph.
    row_degree, column_degree : float
        Mean degrees.
    bound : float
        sqrt(row_degree - 1) + sqrt(column_degree - 1): what `second` is at most in a biregular Ramanujan graph, and
        what it tends to in a random one. Degrees below 1 count as 1.
    """

    first: float
    second: float
    row_degree: float
    column_degree: float
    bound: float

    @property
    def gap(self) -> float:
        """`first` - `second`: large where no part of the graph is cut off from the rest."""
        return self.first - self.second

    @property
    def regular_gap(self) -> float:
        """Gap to expect in a random regular graph of these mean degrees, where `first` is their geometric mean."""
        return float(np.sqrt(self.row_degree * self.column_degree)) - self.bound

    @property
    def ramanujan(self) -> bool:
        """Whether `second` is within the bound."""
        return self.second <= self.bound * (1 + 1e-9)


def spectral_gap(mask: NDArray[np.bool_]) -> Spectrum:
    """Spectral gap of a layer as a bipartite graph of rows and columns.

    The bound is that of biregular Ramanujan graphs (Feng and Li 1996); random ones meet it but for a vanishing part
    (Brito, Dumitriu and Harris, "Spectral gap in random bipartite biregular graphs", Combinatorics, Probability and
    Computing 31, 2022). For a layer with unequal degrees the mean degrees stand in, as in Pal et al., "A Study on the
    Ramanujan Graph Property of Winning Lottery Tickets", ICML 2022.

    Parameters
    ----------
    mask : ndarray of bool, shape (rows, columns)
        For a recurrent layer either all gates, or one.
    """
    rows, columns = mask.shape
    nnz = int(np.count_nonzero(mask))
    row_degree, column_degree = nnz / max(1, rows), nnz / max(1, columns)
    bound = float(np.sqrt(max(0.0, row_degree - 1)) + np.sqrt(max(0.0, column_degree - 1)))
    first, second = _largest_two(mask) if nnz else (0.0, 0.0)
    return Spectrum(first, second, row_degree, column_degree, bound)


def _largest_two(mask: NDArray[np.bool_]) -> tuple[float, float]:
    side = min(mask.shape)
    if side == 1:
        return float(np.sqrt(np.count_nonzero(mask))), 0.0
    if side <= _GRAM:
        from scipy.linalg import eigh

        a = (mask if mask.shape[0] >= mask.shape[1] else mask.T).astype(np.float32)
        gram = (a.T @ a).astype(np.float64)  # whole numbers below 2^24: exact
        squares = eigh(gram, eigvals_only=True, subset_by_index=(side - 2, side - 1))
    else:
        from scipy.sparse import csr_array
        from scipy.sparse.linalg import svds

        start = np.full(side, 1 / np.sqrt(side))  # the same in every call, and near the first vector
        start[::2] *= 1.1
        values = svds(csr_array(mask, dtype=np.float64), k=2, v0=start, return_singular_vectors=False)
        squares = np.sort(values) ** 2
    second, first = np.sqrt(np.maximum(squares, 0.0))
    return float(first), float(second)
