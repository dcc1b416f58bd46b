"""Networks so small that what a method does to them can be reckoned by hand."""

from collections.abc import Mapping, Sequence

import torch
from torch import nn

from strnn_viz.sparsity import SparseTraining

Rows = Sequence[Sequence[float]]


class Toy:
    """Matrices without any function, with given weights of which given (row-major) places are active.

    The learning rate is 0 unless another is given: a step then shows gradients to the method and leaves the weights.
    """

    def __init__(self, optimizer=None, lr: float = 0.0, **matrices: tuple[Rows, Sequence[int]]) -> None:
        self.model = nn.ModuleDict()
        for name, (rows, _) in matrices.items():
            weights = torch.tensor(rows, dtype=torch.float32)
            self.model[name] = nn.Linear(*reversed(weights.shape), bias=False)
            self.model[name].weight.data = weights
        self.optimizer = (optimizer or torch.optim.SGD)(self.model.parameters(), lr=lr)
        self._weights = {name: torch.tensor(rows, dtype=torch.float32) for name, (rows, _) in matrices.items()}
        self._active = {name: torch.tensor(active) for name, (_, active) in matrices.items()}

    def attach(self, **options) -> SparseTraining:
        self.sparse = SparseTraining(self.model, self.optimizer, **({"density": 0.5, "updates": 10} | options))
        for name, active in self._active.items():
            self.sparse.matrices[f"{name}.weight"].load(active)
            with torch.no_grad():
                self.weight(name).copy_(self._weights[name] * self.sparse.mask(f"{name}.weight"))
        return self.sparse

    def step(self, **gradients: Rows) -> None:
        """One optimizer step with exactly these gradients."""
        self.optimizer.zero_grad()
        torch.stack([(self.weight(n) * torch.tensor(g)).sum() for n, g in gradients.items()]).sum().backward()
        self.optimizer.step()

    def weight(self, name: str) -> torch.Tensor:
        return self.model[name].weight

    def active(self, name: str) -> list[int]:
        matrix = self.sparse.matrices[f"{name}.weight"]
        assert matrix.mask.flatten().nonzero().squeeze(1).tolist() == matrix.positions.tolist()
        return matrix.positions.tolist()

    def nnz(self) -> dict[str, int]:
        return {name: len(self.active(name)) for name in self._active}


def spread(size: int, values: Mapping[int, float]) -> Rows:
    """One row of zeros with some values."""
    row = [0.0] * size
    for place, value in values.items():
        row[place] = value
    return [row]


def counting(values: Sequence[float], size: int) -> Rows:
    """One row that begins with `values`; zeros follow."""
    return [[*map(float, values), *[0.0] * (size - len(values))]]
