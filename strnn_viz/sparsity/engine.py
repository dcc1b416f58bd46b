"""Dynamic sparse training of any PyTorch model: prune and regrow at a fixed budget (Algorithm 1 of Liu et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from strnn_viz.errors import UsageError
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.sparsity.initialization import allocate, random_positions
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import Method
from strnn_viz.sparsity.methods import method as find_method
from strnn_viz.sparsity.scores import FreePlaces


@dataclass(frozen=True)
class Rewiring:
    """What one update of the topology did to one matrix.

    Attributes
    ----------
    pruned : int
        Connections removed; as many were grown.
    reactivated : int
        Those of them that were grown again in the same place, at zero.
    threshold : float
        The largest magnitude pruned (γ of Eq. 6); nan where nothing was.
    """

    pruned: int = 0
    reactivated: int = 0
    threshold: float = float("nan")


class SparseTraining:
    """Attach dynamic sparse training to a model and its optimizer.

    Every trainable weight matrix of the model is masked: those of ``nn.Linear``, ``nn.Embedding``, ``nn.LSTM``,
    ``nn.GRU`` and any other two-dimensional parameter; a tied matrix counts once. Biases stay dense. From then on the
    masks hold by themselves through every ``optimizer.step()``; call :meth:`update` once an epoch to prune and regrow.

    Parameters
    ----------
    model : Module
    optimizer : Optimizer
        Must hold the model's matrices. Its state (momentum, Adam moments, averages) follows the connections.
    method : str or Method
        What is pruned and what is regrown.
    density : float
        Active weights of all masked weights, above 0 and at most 1.
    updates : int
        How many times :meth:`update` will be called; the prune rate reaches 0 at the last.
    prune_rate : float
        Share of the active weights replaced by the first update.
    initialization : str
        ``"uniform"`` or ``"erdos_renyi"``.
    granularity : str
        ``"matrix"``: one budget for each matrix; ``"gate"``: one for each gate of it.
    reactivate : bool
        Whether a connection just pruned may be regrown at once.
    exclude : sequence of str
        Shell patterns of parameter names to leave dense.
    gradients : str
        When gradients of inactive weights are zeroed: ``"backward"``, as soon as they are computed, so that a
        gradient norm is that of active weights; or ``"step"``, only within ``optimizer.step()``.
    seed : int
        Of the topology.

    Raises
    ------
    UsageError
        If an argument is out of range, nothing can be masked, or the optimizer lacks a matrix of the model.

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.LSTM(8, 16)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    >>> sparse = SparseTraining(model, optimizer, density=0.25, updates=10, seed=1)
    >>> {name: m.nnz for name, m in sparse.matrices.items()}
    {'weight_ih_l0': 128, 'weight_hh_l0': 256}
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        method: str | Method = "st-rnn",
        density: float,
        updates: int,
        prune_rate: float = 0.5,
        initialization: str = "uniform",
        granularity: str = "matrix",
        reactivate: bool = True,
        exclude: Sequence[str] = (),
        gradients: str = "backward",
        seed: int = 0,
    ) -> None:
        if not 0.0 <= prune_rate <= 1.0:
            raise UsageError(f"prune_rate = {prune_rate:g} is out of range: expected between 0 and 1.")
        if granularity not in ("matrix", "gate"):
            raise UsageError(f"granularity = {granularity!r}: expected 'matrix' or 'gate'.")
        if gradients not in ("backward", "step"):
            raise UsageError(f"gradients = {gradients!r}: expected 'backward' or 'step'.")
        self.method = method if isinstance(method, Method) else find_method(method)
        self.prune_rate, self.updates, self.update_count = prune_rate, updates, 0
        self.reactivate, self.granularity = reactivate, granularity
        self.generator = torch.Generator().manual_seed(seed)
        found = weight_matrices(model, exclude)
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        missing = [info.name for info, p in found if id(p) not in held]
        if missing or not found:
            raise UsageError(
                f"the optimizer does not hold {', '.join(missing)}: give it the model's parameters, or leave these "
                "dense with exclude=."
                if missing
                else "the model has no trainable weight matrix to mask."
            )
        self.matrices: dict[str, MaskedMatrix] = {}
        counts = iter(allocate(initialization, [s for info, _ in found for s in self._blocks(info)], density))
        for info, parameter in found:
            own = [next(counts) for _ in self._blocks(info)]
            positions = random_positions(own, info.size // len(own), self.generator).to(parameter.device)
            self.matrices[info.name] = MaskedMatrix(info, parameter, optimizer, positions)
        self._hooks: list[Any] = [optimizer.register_step_post_hook(self._after_step)]
        if gradients == "backward":
            self._hooks += [m.mask_gradients_from_now_on() for m in self.matrices.values()]
        else:
            self._hooks.append(optimizer.register_step_pre_hook(self._before_step))

    @property
    def next_rate(self) -> float:
        """Prune rate of the next :meth:`update`."""
        return self.method.schedule(self.prune_rate, self.update_count, self.updates)

    def update(self) -> dict[str, Rewiring]:
        """Prune and regrow every matrix once; the number of active weights of each stays what it is.

        Returns
        -------
        dict of str to Rewiring
        """
        rate = self.next_rate
        self.update_count += 1
        return {name: self._rewire(matrix, rate) for name, matrix in self.matrices.items()}

    def mask(self, name: str) -> Tensor:
        """The boolean mask of a matrix, shape (out, in)."""
        return self.matrices[name].mask

    def remove(self) -> None:
        """Detach from the model: masks hold no longer. Weights stay as they are."""
        for hook in self._hooks:
            hook.remove()
        self._hooks.clear()

    def state_dict(self) -> dict[str, Any]:
        """Topology, place in the schedule and random state; weights are in the model's own ``state_dict``."""
        return {
            "positions": {name: m.positions.clone() for name, m in self.matrices.items()},
            "update_count": self.update_count,
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Raises
        ------
        UsageError
            If it belongs to a model with other matrices.
        """
        if set(state["positions"]) != set(self.matrices):
            raise UsageError(
                f"the state holds the matrices {', '.join(state['positions'])}, the model has "
                f"{', '.join(self.matrices)}. Load it into the model it was saved from."
            )
        for name, positions in state["positions"].items():
            self.matrices[name].load(positions)
        self.update_count = int(state["update_count"])
        self.generator.set_state(state["generator"])

    def _blocks(self, info: Any) -> list[tuple[int, int]]:
        """Shapes of the parts of a matrix that keep a budget of their own."""
        parts = len(info.gates) if self.granularity == "gate" and info.gates else 1
        return [(info.shape[0] // parts, info.shape[1])] * parts

    def _rewire(self, matrix: MaskedMatrix, rate: float) -> Rewiring:
        positions = matrix.positions
        score = self.method.prune(matrix)
        magnitudes = matrix.values.abs()
        size = matrix.info.size // len(self._blocks(matrix.info))
        removed_parts, added_parts, threshold = [], [], float("nan")
        for start in range(0, matrix.info.size, size):
            lo, hi = torch.searchsorted(
                positions, torch.tensor([start, start + size], device=positions.device)
            ).tolist()
            own = positions[lo:hi]
            k = round(rate * len(own))
            if not self.reactivate:
                k = min(k, size - len(own))  # no more places to grow than there are
            if k == 0:
                continue
            # A stable sort: among equal scores the first position goes, on every machine alike.
            order = torch.sort(score[lo:hi], stable=True).indices
            gone = torch.zeros(len(own), dtype=torch.bool, device=own.device)
            gone[order[:k]] = True
            free = FreePlaces(own[~gone] if self.reactivate else own, start, start + size)
            removed_parts.append(own[gone])
            added_parts.append(self.method.regrow(matrix, free, k, self.generator))
            largest = float(magnitudes[lo:hi][gone].max())
            threshold = largest if threshold != threshold else max(threshold, largest)  # nan until the first
        if not removed_parts:
            return Rewiring()
        removed, added = torch.cat(removed_parts), torch.cat(added_parts)
        matrix.rewire(removed, added)
        return Rewiring(len(removed), int(torch.isin(added, removed).sum()), threshold)

    def _before_step(self, *_: Any) -> None:
        for matrix in self.matrices.values():
            matrix.mask_gradient()

    def _after_step(self, *_: Any) -> None:
        for matrix in self.matrices.values():
            matrix.mask_weight()
