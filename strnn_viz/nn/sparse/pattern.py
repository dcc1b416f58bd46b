"""Where a sparse matrix has its weights, by rows and by columns, and nothing of the matrix's full size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from strnn_viz.errors import UsageError

_LARGEST = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Pattern:
    """Active places of a matrix. Weights are a vector beside it, in the order of their positions.

    Parameters
    ----------
    shape : (rows, columns)
    indptr : Tensor of int32, shape (rows + 1,)
        Where each row begins in `indices`.
    indices : Tensor of int32, shape (nnz,)
        Column of every weight, row by row, increasing within a row.
    """

    shape: tuple[int, int]
    indptr: Tensor
    indices: Tensor

    @classmethod
    def of(cls, positions: Tensor, shape: tuple[int, int]) -> Pattern:
        """Make a pattern of row-major positions.

        Parameters
        ----------
        positions : Tensor of int64, shape (nnz,)
            Increasing, each below ``rows * columns``.
        shape : (rows, columns)

        Raises
        ------
        UsageError
            If positions are not increasing or lie outside, or the matrix is too large for 32-bit indices.
        """
        rows, columns = shape
        if len(positions) > _LARGEST or max(rows, columns) > _LARGEST:
            raise UsageError(
                f"a matrix of {rows:,} × {columns:,} with {len(positions):,} weights is too large for 32-bit indices; "
                f"at most {_LARGEST:,} of each are possible."
            )
        if len(positions) and not (int(positions[0]) >= 0 and int(positions[-1]) < rows * columns):
            raise UsageError(
                f"positions reach from {int(positions[0])} to {int(positions[-1])}: expected places of a matrix of "
                f"{rows:,} × {columns:,}, from 0 to {rows * columns - 1}."
            )
        if bool((positions[1:] <= positions[:-1]).any()):
            raise UsageError("positions of a sparse matrix must increase: sort them, and give each only once.")
        width = max(columns, 1)
        starts = torch.arange(rows + 1, device=positions.device) * columns
        indptr = torch.searchsorted(positions, starts).to(torch.int32)
        return cls((rows, columns), indptr, (positions % width).to(torch.int32))

    @property
    def nnz(self) -> int:
        """Number of weights."""
        return len(self.indices)

    @property
    def density(self) -> float:
        """Weights in proportion to places; 0 of a matrix without places."""
        return self.nnz / max(1, self.shape[0] * self.shape[1])

    @property
    def positions(self) -> Tensor:
        """Row-major positions, int64, shape (nnz,), increasing."""
        return self._rows().mul_(self.shape[1]).add_(self.indices)

    @cached_property
    def columnwise(self) -> tuple[Pattern, Tensor]:
        """The transposed matrix's pattern, and for each of its weights its place here, int32, shape (nnz,)."""
        order = torch.argsort(self.indices, stable=True)
        counts = torch.bincount(self.indices, minlength=self.shape[1])[: self.shape[1]]
        indptr = torch.zeros(self.shape[1] + 1, dtype=torch.int32, device=counts.device)
        indptr[1:] = counts.cumsum(0)
        indices = self._rows().to(torch.int32)[order]
        return Pattern((self.shape[1], self.shape[0]), indptr, indices), order.to(torch.int32)

    @property
    def nbytes(self) -> int:
        """Bytes that the index takes by now, that by columns and by blocks included where they were made."""
        made = self.__dict__
        blocked: dict[int, Tensor] = made.get("_blocked", {})
        own = self.indptr.nbytes + self.indices.nbytes + sum(t.nbytes for t in blocked.values())
        if "columnwise" in made:
            transposed, order = self.columnwise
            own += transposed.nbytes + order.nbytes
        return own

    def blocks(self, width: int) -> Tensor:
        """Where the weights of each row in each block of columns begin.

        Parameters
        ----------
        width : int
            Columns of a block; at least the number of columns makes one block.

        Returns
        -------
        Tensor of int32, shape (rows, blocks + 1)
            Block b of row r is ``[r, b]`` to ``[r, b + 1]``.
        """
        rows, columns = self.shape
        if width >= columns or not self.nnz:
            return torch.stack([self.indptr[:-1], self.indptr[1:]], 1)
        if width not in self._blocked:
            edges = torch.arange(0, columns + width, width, device=self.indices.device).clamp_(max=columns)
            keys = torch.arange(rows, device=edges.device)[:, None] * columns + edges
            self._blocked[width] = torch.searchsorted(self.positions, keys).to(torch.int32)
        return self._blocked[width]

    @cached_property
    def _blocked(self) -> dict[int, Tensor]:
        return {}

    def rewired(self, removed: Tensor, added: Tensor) -> tuple[Pattern, Tensor]:
        """The pattern without some positions and with others.

        Parameters
        ----------
        removed : Tensor of int64
            Increasing, all of them active.
        added : Tensor of int64
            Increasing, none active once `removed` are not.

        Returns
        -------
        pattern : Pattern
        source : Tensor of int64, shape (nnz of the new pattern,)
            Place of each weight in the old vector, -1 for one that is new.

        Raises
        ------
        UsageError
            If a position to remove is not there, or one to add already is.
        """
        old = self.positions
        keep = torch.ones(len(old), dtype=torch.bool, device=old.device)
        places = torch.searchsorted(old, removed)
        found = places < len(old)
        if not bool(found.all()) or not torch.equal(old[places], removed):
            raise UsageError("a position to remove is not active: give active positions, increasing.")
        keep[places] = False
        kept = torch.nonzero(keep).squeeze(1)
        stay = old[kept]
        # An added position goes after the stayers below it and the added ones before it: both ranks are known.
        ranks = torch.arange(len(added), device=old.device) + torch.searchsorted(stay, added)
        taken = torch.ones(len(stay) + len(added), dtype=torch.bool, device=old.device)
        taken[ranks] = False
        taken = torch.nonzero(taken).squeeze(1)
        source = torch.full((len(stay) + len(added),), -1, dtype=torch.int64, device=old.device)
        positions = torch.empty_like(source)
        source[taken], positions[taken], positions[ranks] = kept, stay, added
        if bool((positions[1:] <= positions[:-1]).any()):
            raise UsageError("a position to add is active already, or is given twice: give free ones, increasing.")
        return Pattern.of(positions, self.shape), source

    def to(self, device: torch.device | str) -> Pattern:
        """The same pattern on a device."""
        if self.indices.device == torch.device(device):
            return self
        return Pattern(self.shape, self.indptr.to(device), self.indices.to(device))

    def _rows(self) -> Tensor:
        counts = (self.indptr[1:] - self.indptr[:-1]).to(torch.int64)
        return torch.repeat_interleave(torch.arange(self.shape[0], device=counts.device), counts)
