"""ISS: shrink hidden units by group lasso, and remove whole ones, consistently in every matrix (Wen et al. 2018)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from strnn_viz.nn.units import UnitLayer
from strnn_viz.sparsity.matrix import MaskedMatrix


class Units:
    """The hidden units of a model, and which of them are kept.

    A unit's group is everything that makes or reads it: its rows in all gates of both matrices of its layer, its column
    in the recurrent matrix, and its column in whatever reads the layer. The weight a unit has to another belongs to
    both groups.

    Parameters
    ----------
    layers : sequence of UnitLayer
    matrices : mapping of str to MaskedMatrix
        Those of the model, with every matrix that the layers name.

    Attributes
    ----------
    kept : list of Tensor of bool, shape (units,)
        By layer.
    """

    def __init__(self, layers: Sequence[UnitLayer], matrices: Mapping[str, MaskedMatrix]) -> None:
        self.layers = layers
        self._matrices = matrices
        self.kept = [torch.ones(layer.units, dtype=torch.bool) for layer in layers]

    @property
    def smallest(self) -> int:
        """Active weights left if every layer kept one unit only: no density below that can be reached."""
        return self._nnz([layer.units - 1 for layer in self.layers])

    def norms(self) -> list[Tensor]:
        """Euclidean norm of each unit's group, by layer; shape (units,) each."""
        found = []
        for layer in self.layers:
            squares = torch.zeros(layer.units)
            for matrix, axis, start in self._slices(layer):
                squares += matrix.squares(axis, start, layer.units).float().cpu()
            found.append(squares.sqrt())
        return found

    @torch.no_grad()
    def shrink(self, amount: float) -> None:
        """Proximal step of the group lasso: make every group shorter by `amount`, or zero.

        Where two groups share a weight it shrinks for both, one after the other.
        """
        for layer, norms in zip(self.layers, self.norms(), strict=True):
            factor = (1 - amount / norms.clamp(min=1e-30)).clamp(min=0)
            for matrix, axis, start in self._slices(layer):
                matrix.scale(axis, start, factor)

    def remove_down_to(self, budget: int) -> dict[str, Tensor]:
        """Remove the weakest units until at most `budget` weights are active; every layer keeps one at least.

        Units of different layers are compared by the root mean square of their weights.

        Returns
        -------
        dict of str to Tensor of int64
            Positions of the weights that go, by matrix; the caller removes them.
        """
        sizes = [self._group_size(i) for i in range(len(self.layers))]
        order: list[tuple[float, int, int]] = []
        for i, norms in enumerate(self.norms()):
            alive = torch.nonzero(self.kept[i]).squeeze(1)
            weakest = alive[torch.sort(norms[alive], stable=True).indices][:-1]  # the strongest stays
            order += [(float(norms[j]) / sizes[i] ** 0.5, i, int(j)) for j in weakest]
        order.sort()
        gone = [int((~kept).sum()) for kept in self.kept]
        for _, i, j in order:
            if self._nnz(gone) <= budget:
                break
            self.kept[i][j] = False
            gone[i] += 1
        return {name: matrix.positions[~self._stays(matrix)] for name, matrix in self._matrices.items()}

    def take_over(self) -> None:
        """Find out from the masks which units are kept, after a topology was loaded."""
        for i, layer in enumerate(self.layers):
            alive = torch.zeros(layer.units, dtype=torch.bool)
            for matrix, axis, start in self._slices(layer):
                line = matrix.lines(axis).cpu() - start
                alive[line[(line >= 0) & (line < layer.units)]] = True
            self.kept[i] = alive

    def _slices(self, layer: UnitLayer) -> list[tuple[MaskedMatrix, int, int]]:
        return [
            (self._matrices[s.name], s.axis, start)
            for s in layer.slices
            if s.name in self._matrices
            for start in s.starts
        ]

    def _group_size(self, index: int) -> int:
        layer = self.layers[index]
        return max(1, sum(matrix.info.shape[1 - axis] for matrix, axis, _ in self._slices(layer)))

    def _nnz(self, gone: Sequence[int]) -> int:
        """Active weights when so many units of each layer are gone: a matrix keeps kept rows times kept columns."""
        extent = {name: list(matrix.info.shape) for name, matrix in self._matrices.items()}
        for layer, count in zip(self.layers, gone, strict=True):
            for matrix, axis, _ in self._slices(layer):
                extent[matrix.info.name][axis] -= count
        return sum(rows * columns for rows, columns in extent.values())

    def _stays(self, matrix: MaskedMatrix) -> Tensor:
        """Which active weights of a matrix the kept units leave, shape (nnz,)."""
        rows, columns = (torch.ones(n, dtype=torch.bool) for n in matrix.info.shape)
        for layer, kept in zip(self.layers, self.kept, strict=True):
            for other, axis, start in self._slices(layer):
                if other is matrix:
                    (rows, columns)[axis][start : start + layer.units] = kept
        return rows.to(matrix.positions.device)[matrix.lines(0)] & columns.to(matrix.positions.device)[matrix.lines(1)]
