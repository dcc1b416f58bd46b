"""Sparse training of any PyTorch model: prune and regrow at a fixed budget (Algorithm 1 of Liu et al. 2021)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from strnn_viz.errors import UsageError
from strnn_viz.rules import refuse_senseless
from strnn_viz.sparsity import signals
from strnn_viz.sparsity.building import find_units, masked_matrices
from strnn_viz.sparsity.flips import Flips
from strnn_viz.sparsity.growth import random
from strnn_viz.sparsity.masking import Masking
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.methods import METHODS, Method, find_method
from strnn_viz.sparsity.redistribution import apportion
from strnn_viz.sparsity.rewiring import Rewiring, carry_out, regrow
from strnn_viz.sparsity.selection import Moment, mark_lowest


class SparseTraining:
    """Attach sparse training to a model and its optimizer.

    Every trainable weight matrix of the model is masked: those of ``nn.Linear``, ``nn.Embedding``, ``nn.LSTM``,
    ``nn.GRU`` and any other two-dimensional parameter; a tied matrix counts once. Biases stay dense. From then on the
    masks hold by themselves through every ``optimizer.step()``; call :meth:`update` once an epoch to prune and regrow.

    A matrix of :mod:`strnn_viz.nn.sparse` holds its active weights only. It keeps the topology it has, in place of a
    first one drawn here; with another that is loaded into both, it goes the way a masked one goes.
    :func:`~strnn_viz.sparsity.methods.dense_quantity` tells what of dense size a method forms all the same.

    Parameters
    ----------
    model : Module
    optimizer : Optimizer
        Must hold the model's matrices. Its state (momentum, Adam moments, averages) follows the connections.
    method : str or Method
        What is pruned and what is regrown: a name of :data:`~strnn_viz.sparsity.METHODS`.
    density : float
        Active weights of all masked weights, above 0 and at most 1. A method that begins dense ends with it.
    updates : int
        How many times :meth:`update` will be called; the prune rate reaches 0 at the last.
    prune_rate : float
        Share of the active weights replaced by the first update.
    initialization : str
        ``"uniform"`` or ``"erdos_renyi"``.
    epsilon : float
        ε of Eq. 4, which then decides the density; 0: `density` does.
    granularity : str
        ``"matrix"``: one budget for each matrix; ``"gate"``: one for each gate of it.
    prune, regrow, redistribution, schedule : str
        Axes along which a method given by name may be varied; ``"auto"`` leaves its own. See
        :mod:`strnn_viz.rules`.
    reactivate : bool
        Whether a connection just pruned may be regrown at once.
    exclude : sequence of str
        Shell patterns of parameter names to leave dense.
    gradients : str
        When gradients of inactive weights are zeroed: ``"backward"``, as soon as they are computed, so that a
        gradient norm is that of active weights; or ``"step"``, only within ``optimizer.step()``, or when
        :meth:`mask_gradients` is called before it.
    l1, temperature : float
        Of ``deepr``: pull towards zero, and noise.
    group_lasso : float
        Of ``iss``: penalty on the norm of a hidden unit's weights.
    momentum_decay : float
        Of the dense momentum, where one is needed; above 0.
    seed : int
        Of the topology.

    Attributes
    ----------
    collecting : bool
        Whether dense gradients are summed up for the next update, where the method needs them. Summing costs time: set
        it False and, some batches before an update, True. (A momentum is kept at every step in any case.)

    Raises
    ------
    UsageError
        If an argument is out of range, nothing can be masked, the optimizer lacks a matrix of the model, or the method
        makes no sense where active weights only are held.

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
        epsilon: float = 0.0,
        granularity: str = "matrix",
        prune: str = "auto",
        regrow: str = "auto",
        redistribution: str = "auto",
        schedule: str = "auto",
        reactivate: bool = True,
        exclude: Sequence[str] = (),
        gradients: str = "backward",
        l1: float = 1e-5,
        temperature: float = 1e-8,
        group_lasso: float = 1e-4,
        momentum_decay: float = 0.9,
        seed: int = 0,
    ) -> None:
        if not 0.0 <= prune_rate <= 1.0:
            raise UsageError(f"prune_rate = {prune_rate:g} is out of range: expected between 0 and 1.")
        if updates < 1:
            raise UsageError(f"updates = {updates} is out of range: expected at least 1, the times update() is called.")
        for name, value in {"l1": l1, "temperature": temperature, "group_lasso": group_lasso}.items():
            if not value >= 0.0:
                raise UsageError(f"{name} = {value:g} is out of range: expected at least 0; 0 is without it.")
        if granularity not in ("matrix", "gate"):
            raise UsageError(f"granularity = {granularity!r}: expected 'matrix' or 'gate'.")
        if gradients not in ("backward", "step"):
            raise UsageError(f"gradients = {gradients!r}: expected 'backward' or 'step'.")
        axes = {"prune": prune, "regrow": regrow, "redistribution": redistribution, "schedule": schedule}
        method = find_method(method, **axes) if isinstance(method, str) else _unvaried(method, axes)
        if method.name in METHODS:
            refuse_senseless(method.name, initialization=initialization, granularity=granularity, epsilon=epsilon)
        if "momentum" in method.signals and not momentum_decay > 0.0:
            raise UsageError(
                f"regrow = momentum ranks places by a momentum of their gradients, and momentum_decay = "
                f"{momentum_decay:g} leaves the last minibatch's alone, mostly noise. Give one above 0 (in a "
                "configuration optimizer.momentum), or choose another regrow."
            )
        self.method = method
        self.prune_rate, self.updates, self.update_count = prune_rate, updates, 0
        self.reactivate, self.granularity = reactivate, granularity
        self.group_lasso = group_lasso
        self.collecting = True
        self.memory: dict[str, float] = {}
        self.generator = torch.Generator().manual_seed(seed)
        self._optimizer = optimizer
        self.matrices, self._budgets = masked_matrices(
            model,
            optimizer,
            method,
            density=density,
            epsilon=epsilon,
            initialization=initialization,
            granularity=granularity,
            exclude=exclude,
            generator=self.generator,
        )
        self._units = find_units(model, self.matrices, self.budget) if method.units else None
        self._flips: Flips | None = None
        if method.flips:
            self._flips = Flips(
                method, self.matrices, self._budgets, l1=l1, temperature=temperature, reactivate=reactivate,
                generator=self.generator,
            )  # fmt: skip
        for matrix in self.matrices.values():
            if "gradient" in method.signals:
                matrix.gather(signals.gradient(lambda: self.collecting))
            if "momentum" in method.signals:
                matrix.gather(signals.momentum(momentum_decay))
        self._masking = Masking(self.matrices, optimizer, gradients == "backward", self._after_step)

    @property
    def next_rate(self) -> float:
        """Share of the active weights that the next :meth:`update` prunes; 0 of a method that rewires at every step."""
        if self.method.begins_dense and (self.method.prune or self.method.units):
            target = self._budgets.begun_dense(self.update_count + 1, self.updates, self.method.units)
            return max(0.0, 1 - target / self.nnz) if self.nnz else 0.0
        if self.method.prune is None:
            return 0.0
        return self.method.schedule(self.prune_rate, self.update_count, self.updates)

    @property
    def nnz(self) -> int:
        """Active weights of all matrices."""
        return sum(matrix.nnz for matrix in self.matrices.values())

    @property
    def size(self) -> int:
        """Places of all matrices."""
        return self._budgets.size

    @property
    def budget(self) -> int:
        """Active weights to end with: for a method that begins sparse, those of any moment."""
        return self._budgets.total

    def update(self) -> dict[str, Rewiring]:
        """Prune and regrow every matrix once; the number of active weights of the network stays what it is.

        It shrinks where the method begins dense. A method that rewires at every step has done so already: this tells
        of it.

        Returns
        -------
        dict of str to Rewiring
        """
        rate, count = self.next_rate, self.update_count
        self.update_count += 1
        if self._flips is not None:
            return self._flips.tell()
        if self._units is not None:
            gone = self._units.remove_down_to(self._budgets.begun_dense(count + 1, self.updates, True))
            return {name: self._remove(self.matrices[name], removed) for name, removed in gone.items()}
        if self.method.prune is None:
            return {name: Rewiring() for name in self.matrices}
        blocks = self._budgets.blocks(self.matrices)
        limited = self.method.regrow is not None and not self.reactivate
        moment = Moment(rate, count, self.updates, limited, self.memory)
        done = regrow(self.method, blocks, self.method.prune(blocks, moment), self.reactivate, self.generator)
        for matrix in self.matrices.values():
            matrix.forget("gradient")
        return done

    def fit_budget(self) -> None:
        """Prune the smallest weights, or grow at random, until the network has its budget.

        For a topology loaded from a run of another density: every block gains or loses in proportion to what it has.
        """
        blocks = self._budgets.blocks(self.matrices)
        wanted = apportion(self.budget, [len(b) for b in blocks], [b.size for b in blocks])
        marks = [mark_lowest(b.values.abs(), max(0, len(b) - n)) for b, n in zip(blocks, wanted, strict=True)]
        grown = [max(0, n - len(b)) for b, n in zip(blocks, wanted, strict=True)]
        carry_out(blocks, marks, grown, random, self.reactivate, self.generator)
        if self._flips is not None:
            self._flips.sign_newborns()

    def begin(self) -> None:
        """Prepare a topology loaded from a run of another method for this one."""
        self.memory.clear()
        for matrix in self.matrices.values():
            matrix.signals = {}
        if self._flips is not None:
            self._flips.begin()

    def mask_gradients(self) -> None:
        """Zero the gradients of inactive weights now: after the backward pass, before a norm is taken."""
        self._masking.mask_gradients()

    def mask(self, name: str) -> Tensor:
        """The boolean mask of a matrix, shape (out, in)."""
        return self.matrices[name].mask

    def kept_units(self) -> list[Tensor]:
        """Which hidden units of each layer are kept (of a method that removes whole ones), bool, shape (units,)."""
        return [] if self._units is None else [kept.clone() for kept in self._units.kept]

    def remove(self) -> None:
        """Detach from the model: masks hold no longer. Weights stay as they are."""
        self._masking.remove()
        for matrix in self.matrices.values():
            matrix.gather(None)

    def state_dict(self) -> dict[str, Any]:
        """Topology, place in the schedule and random state; weights are in the model's own ``state_dict``."""
        return {
            "positions": {name: m.positions.clone() for name, m in self.matrices.items()},
            "signals": {n: {k: s.clone() for k, s in m.signals.items()} for n, m in self.matrices.items()},
            "memory": dict(self.memory),
            "update_count": self.update_count,
            "generator": self.generator.get_state(),
            "flipped": dict(self.flipped),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned.

        Parameters
        ----------
        state : mapping
            Without ``positions`` where the matrices have been given theirs before.

        Raises
        ------
        UsageError
            If it belongs to a model with other matrices.
        """
        positions = state.get("positions", {})
        if positions and set(positions) != set(self.matrices):
            raise UsageError(
                f"the state holds the matrices {', '.join(positions)}, the model has {', '.join(self.matrices)}. Load "
                "it into the model it was saved from."
            )
        for name, own in positions.items():
            self.matrices[name].load(own)
        for name, matrix in self.matrices.items():
            matrix.signals = state["signals"].get(name, {})
        self.memory = dict(state["memory"])
        self.update_count = int(state["update_count"])
        self.generator.set_state(state["generator"])
        if self._flips is not None:
            self._flips.told = dict(state["flipped"])
        if self._units is not None:
            self._units.take_over()

    @property
    def flipped(self) -> dict[str, Rewiring]:
        """What a method that rewires at every step has done since the last :meth:`update`, by matrix."""
        return {} if self._flips is None else self._flips.told

    def _remove(self, matrix: MaskedMatrix, removed: Tensor) -> Rewiring:
        if not len(removed):
            return Rewiring()
        values = matrix.values[torch.searchsorted(matrix.positions, removed)]
        matrix.rewire(removed, removed[:0])
        return Rewiring(len(removed), 0, float(values.abs().max()))

    def _after_step(self) -> None:
        lr = float(self._optimizer.param_groups[0]["lr"])
        if self._units is not None and self.group_lasso:
            self._units.shrink(lr * self.group_lasso)
        if self._flips is not None:
            self._flips.step(lr)


def _unvaried(method: Method, axes: Mapping[str, str]) -> Method:
    """A method that is given as a value, which says itself what it does along every axis."""
    for axis, value in axes.items():
        if value != "auto":
            raise UsageError(
                f"{axis} = {value!r} varies a method that is given by its name, and here method is a Method. Say it in "
                f"the Method and leave {axis} at 'auto', or give a name."
            )
    return method
