"""A model, its optimizer and its sparse training, made of a configuration in either form of execution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from strnn_viz.config import OptimizerConfig, RunConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import to_sparse
from strnn_viz.sparsity import Method, SparseTraining
from strnn_viz.sparsity.beginning import first_budgets, first_positions
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.sparsity.methods import find_method
from strnn_viz.training.optimizers import make_optimizer
from strnn_viz.training.small_dense import excluded
from strnn_viz.training.tasks import Task

#: Weights drawn at a time where only some are kept, 4 MB.
_DRAWN = 1 << 20


@dataclass(frozen=True)
class Made:
    """What is trained.

    Attributes
    ----------
    model : LanguageModel or TextClassifier
    optimizer : Optimizer
    sparse : SparseTraining
    """

    model: LanguageModel | TextClassifier
    optimizer: torch.optim.Optimizer
    sparse: SparseTraining

    def descend(self, loss: Tensor, config: OptimizerConfig) -> None:
        """One step of the optimizer, down the gradient of a loss."""
        loss.backward()  # type: ignore[no-untyped-call]
        if config.clip == "active":
            self.sparse.mask_gradients()
        if config.clip_norm:
            nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
        self.optimizer.step()


def make(config: RunConfig, task: Task, form: str, device: torch.device, weights: int, topology: int) -> Made:
    """Make what a configuration says, with weights and topology drawn from two seeds: the same ones in either form.

    Parameters
    ----------
    config : RunConfig
    task : Task
    form : str
        ``"masked"``: dense matrices with masks. ``"sparse"``: active weights only; of a matrix's full size nothing is
        made, not even to draw from.
    device : torch.device
    weights, topology : int
        Seeds.

    Raises
    ------
    UsageError
        If what the configuration asks for does not fit the model.
    """
    updates = _updates(config, task.steps)
    generator = torch.Generator().manual_seed(weights)
    drawing = torch.Generator().manual_seed(topology)
    if form == "sparse":
        model = _sparse_model(config, task, generator, drawing)
    else:
        model = task.build()
        model.initialize(config.model, generator)
    model.to(device)
    optimizer = make_optimizer(config.optimizer, model)
    s = config.sparsity
    sparse = SparseTraining(
        model,
        optimizer,
        method=s.method,
        density=s.density,
        updates=updates,
        prune_rate=s.prune_rate,
        initialization=s.initialization,
        epsilon=s.epsilon,
        granularity=s.granularity,
        prune=s.prune,
        regrow=s.regrow,
        redistribution=s.redistribution,
        schedule=s.schedule,
        reactivate=s.reactivate,
        exclude=excluded(config),
        gradients="step",
        l1=s.l1,
        temperature=s.temperature,
        group_lasso=s.group_lasso,
        momentum_decay=config.optimizer.momentum,
        seed=topology,
    )
    if sparse.size and not sparse.budget:
        what = f"epsilon = {s.epsilon:g}" if s.epsilon else f"density = {s.density:g}"
        raise UsageError(
            f"sparsity.{what} leaves none of {sparse.size:,} weights, and there is nothing to train. Ask for at least "
            f"density={1 / sparse.size:.1g}; a useful network needs many more."
        )
    if form == "sparse":
        sparse.generator.set_state(drawing.get_state())  # what is drawn next follows the first topology
        if sparse.method.flips:
            sparse.begin()
    return Made(model, optimizer, sparse)


def method_of(config: RunConfig) -> Method:
    """The method of a configuration, with the axes it varies."""
    s = config.sparsity
    return find_method(s.method, prune=s.prune, regrow=s.regrow, redistribution=s.redistribution, schedule=s.schedule)


def _updates(config: RunConfig, steps: int) -> int:
    """How often the topology changes in the whole run."""
    every = config.sparsity.update_every
    updates = config.training.epochs * (steps // every if every else 1)
    if updates == 0:
        raise UsageError(
            f"sparsity.update_every = {every} steps is longer than an epoch, which has {steps}. Use 0 to rewire "
            f"once an epoch, or at most {steps}."
        )
    return updates


def _sparse_model(
    config: RunConfig, task: Task, generator: torch.Generator, drawing: torch.Generator
) -> LanguageModel | TextClassifier:
    with torch.device("meta"):
        model = task.build()
    s, method = config.sparsity, method_of(config)
    infos = [info for info, _ in weight_matrices(model, excluded(config))]
    budgets = first_budgets(
        infos, method,
        density=s.density, epsilon=s.epsilon, initialization=s.initialization, granularity=s.granularity,
    )  # fmt: skip
    positions = {info.name: first_positions(info, budgets[info.name], method, drawing) for info in infos}
    values = _draw(model, positions, config.model.init_range, generator)
    to_sparse(model, positions, values)
    materialize(model, values)
    model.initialize_biases(config.model)
    return model


def _draw(
    model: nn.Module, positions: Mapping[str, Tensor], scale: float, generator: torch.Generator
) -> dict[str, Tensor]:
    """The weights that ``model.initialize`` would draw, of these positions only; of other matrices all, flat.

    The generator gives a matrix its numbers one after the other, however many are asked for at a time.
    """
    values = {}
    for name, parameter in model.named_parameters():
        if parameter.ndim < 2:
            continue
        size, kept = parameter.numel(), positions.get(name)
        parts = []
        for start in range(0, size, _DRAWN):
            stop = min(size, start + _DRAWN)
            drawn = torch.empty(stop - start).uniform_(-scale, scale, generator=generator)
            if kept is not None:
                low, high = torch.searchsorted(kept, torch.tensor([start, stop])).tolist()
                drawn = drawn[kept[low:high] - start]
            parts.append(drawn)
        values[name] = torch.cat(parts)
    return values


def materialize(model: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Give memory to what is left dense of a model on the meta device: its weights, and zeros."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    made: dict[int, nn.Parameter] = {}
    for module in model.modules():
        for key, parameter in list(module.named_parameters(recurse=False)):
            if parameter.is_meta:
                if id(parameter) not in made:
                    drawn = values.get(names[id(parameter)])
                    whole = torch.zeros(parameter.shape) if drawn is None else drawn.view(parameter.shape)
                    made[id(parameter)] = nn.Parameter(whole)
                setattr(module, key, made[id(parameter)])
        for key, buffer in list(module.named_buffers(recurse=False)):
            if buffer.is_meta:
                setattr(module, key, torch.zeros(buffer.shape))
