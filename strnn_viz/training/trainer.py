"""The training loop, as a generator that can be left and taken up again between any two steps."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from strnn_viz.config import RunConfig
from strnn_viz.errors import TrainingError
from strnn_viz.nn.lstm import State
from strnn_viz.runs import LayerSnapshot, Snapshot, capture
from strnn_viz.sparsity import Rewiring
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.training.accounting import Meter
from strnn_viz.training.averaged_sgd import AveragedSGD
from strnn_viz.training.device import find_device
from strnn_viz.training.execution import Execution, choose
from strnn_viz.training.making import make
from strnn_viz.training.randomness import OwnRandomness
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.tasks import make_task


@dataclass(frozen=True)
class Step:
    """One optimizer step, told so that a progress bar can move.

    Attributes
    ----------
    epoch : int
        The epoch under way, counted from 1.
    step, steps : int
        Steps done in this epoch, and how many it has.
    tokens : int
        Words this step read.
    loss : float
        Mean cross-entropy of this epoch so far, in nats a prediction.
    """

    epoch: int
    step: int
    steps: int
    tokens: int
    loss: float


class Trainer:
    """Everything that changes while a run trains.

    Parameters
    ----------
    config : RunConfig
    execution : Execution, optional
        What was chosen when the run began; by default it is chosen now.

    Attributes
    ----------
    epoch : int
        Epochs completed.
    execution : Execution
        In which form matrices are held, and why.
    task : Task
    model : Module
    optimizer : Optimizer
    sparse : SparseTraining
    ranks : Ranks
        The processes that train this run together; usually this one alone.

    Raises
    ------
    DataError
        If the corpus is missing or is not what it should be.
    UsageError
        If CUDA is asked for and there is none, or what the configuration asks for does not fit the model.
    """

    def __init__(self, config: RunConfig, execution: Execution | None = None) -> None:
        self.config = config
        self.device = find_device(config.training.device)
        if config.training.threads:
            torch.set_num_threads(config.training.threads)
        self.ranks = Ranks.join()
        self.task = make_task(config, self.ranks)
        weights, topology, dropout = self._seeds()
        self.execution = choose(config, self.task, self.device, (weights, topology), execution)
        self.made = make(config, self.task, self.execution.form, self.device, weights, topology)
        self.model, self.optimizer, self.sparse = self.made.model, self.made.optimizer, self.made.sparse
        self.task.model = self.model
        self._parallel = self.ranks.wrap(self.model, self.device)
        self._dropout_seed = dropout
        self.randomness = OwnRandomness(self.device)
        self.randomness.seed(dropout)
        self.epoch, self.step, self.step_in_epoch = 0, 0, 0
        self.valid_losses: list[float] = []
        self.state: State | None = None
        self.loss_sum, self.right_sum, self.prediction_sum = 0.0, 0.0, 0
        self.rewirings: dict[str, Rewiring] = {}
        self.first: dict[str, np.ndarray] = {}
        self.previous: dict[str, np.ndarray] = {}
        infos = [info for info, _ in weight_matrices(self.model)]
        self.meter = Meter(infos, config.sparsity, steps=self.task.steps, passage=self.task.passage)
        self._leaving = self.left = False

    @property
    def lr(self) -> float:
        """The learning rate now."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def _nnz(self) -> dict[str, int]:
        return {name: matrix.nnz for name, matrix in self.sparse.matrices.items()}

    @property
    def done(self) -> bool:
        """Whether every epoch has been trained."""
        return self.epoch >= self.config.training.epochs

    def _seeds(self) -> list[int]:
        """Seeds of weights, topology and dropout: independent streams of one seed.

        Two initializations of one seed start so from the same weights.
        """
        seeds: list[int] = np.random.SeedSequence(self.config.seed).generate_state(3, np.uint64).tolist()
        return seeds

    def reseed(self) -> None:
        """Draw topology and dropout from now on as the configuration's seed says, whatever was loaded."""
        _, topology, dropout = self._seeds()
        self.sparse.generator.manual_seed(topology)
        self.randomness.seed(dropout)

    def leave(self) -> None:
        """Ask to leave :meth:`events` between two steps; with several processes, all of them leave after one more."""
        self._leaving = True
        self.left = self.left or self.ranks.alone

    def events(self) -> Iterator[Step | Snapshot]:
        """Train, telling of every step, and of every epoch by a snapshot; epoch 0 comes before any training.

        Between two events the trainer is in a state from which it can go on exactly.

        Raises
        ------
        TrainingError
            If the loss is not finite.
        """
        if not self.first:
            yield self._snapshot(self.evaluate())
        while not (self.done or self.left):
            while self.step_in_epoch < self.task.steps and not self.left:
                tokens = self._train_step()
                loss = self.loss_sum / self.prediction_sum
                yield Step(self.epoch + 1, self.step_in_epoch, self.task.steps, tokens, loss)
            if self.step_in_epoch == self.task.steps:
                yield self._end_epoch()

    def evaluate(self) -> dict[str, float]:
        """Metrics of the validation and test splits, dropout off, of averaged weights where they are averaged.

        Raises
        ------
        TrainingError
            If the validation loss is not finite.
        """
        averaged = self.optimizer.averaged() if isinstance(self.optimizer, AveragedSGD) else contextlib.nullcontext()
        with averaged:
            metrics = self.task.evaluate()
        self._require_finite(metrics["valid_loss"], "validation loss")
        return metrics

    def _train_step(self) -> int:
        if self.step_in_epoch == 0 and not self.ranks.alone:
            # Each process drops other units; drawn anew for every epoch, so that a resumed run drops the same.
            self.randomness.seed(self._dropout_seed, self.ranks.rank, self.epoch)
        batch = self.task.batch("train", self.step_in_epoch, self.epoch)
        every = self.config.sparsity.update_every or self.task.steps
        to_go = every - self.step_in_epoch % every
        self.sparse.collecting = to_go <= self.config.sparsity.gradient_batches
        self.model.train()
        with self.randomness.drawing():
            self.optimizer.zero_grad(set_to_none=True)
            loss, right, self.state = self.task.loss(self._parallel, batch, self.state)
            total, hits, leaving = self.ranks.sum([float(loss.detach()), right, self._leaving])
            self._require_finite(total, "training loss")
            # Processes average their gradients, and the loss is a sum over all of them.
            self.made.descend(loss * self.ranks.size / batch.count, self.config.optimizer)
        self.loss_sum += total
        self.right_sum += hits
        self.prediction_sum += batch.count
        self.step += 1
        self.step_in_epoch += 1
        self.left = self.left or leaving > 0
        self.meter.trained(self._nnz, batch.tokens)
        if self.config.sparsity.update_every and self.step_in_epoch % every == 0:
            self._rewire()
        return batch.tokens

    def _rewire(self) -> None:
        for name, done in self.sparse.update().items():
            self.rewirings[name] = self.rewirings.get(name, Rewiring()) + done

    def _end_epoch(self) -> Snapshot:
        """Evaluate and record first, then rewire (Algorithm 1), and note in the record what the rewiring did."""
        count = self.prediction_sum
        metrics = self.task.metrics("train", self.loss_sum / count, self.right_sum / count) | self.evaluate()
        self.epoch += 1
        snapshot = self._snapshot(metrics)
        self._after_validation(metrics["valid_loss"])
        if not self.config.sparsity.update_every:
            self._rewire()
        snapshot = self._with_rewirings(snapshot)
        self.step_in_epoch, self.state = 0, None
        self.loss_sum, self.right_sum, self.prediction_sum, self.rewirings = 0.0, 0.0, 0, {}
        return snapshot

    def _after_validation(self, loss: float) -> None:
        """Lower the learning rate where validation has not improved, and begin to average where it has not for long."""
        if loss >= min(self.valid_losses, default=math.inf):
            for group in self.optimizer.param_groups:
                group["lr"] /= self.config.optimizer.lr_decay
        before = self.valid_losses[: -self.config.optimizer.patience]
        self.valid_losses.append(loss)
        if isinstance(self.optimizer, AveragedSGD) and before and loss > min(before):
            self.optimizer.begin_averaging()  # the non-monotone trigger of Merity et al. 2018

    def _snapshot(self, metrics: dict[str, float]) -> Snapshot:
        metrics |= self.task.references
        metrics |= {
            "lr": self.lr,
            "prune_rate": self.sparse.next_rate if self.epoch else 0.0,
        } | self.meter.metrics(self._nnz)
        layers: dict[str, LayerSnapshot] = {}
        for name, matrix in self.sparse.matrices.items():
            bits, values = matrix.bits(), matrix.values.cpu().numpy()
            layers[name] = capture(matrix.info, bits, values, self.previous.get(name), self.first.get(name))
        self.previous = {name: layer.bits for name, layer in layers.items()}
        self.first = self.first or self.previous
        return Snapshot(self.epoch, self.step, metrics, layers)

    def _with_rewirings(self, snapshot: Snapshot) -> Snapshot:
        layers = {}
        for name, layer in snapshot.layers.items():
            done = self.rewirings.get(name, Rewiring())
            churn = replace(layer.churn, pruned=done.pruned, reactivated=done.reactivated, threshold=done.threshold)
            layers[name] = replace(layer, churn=churn)
        return replace(snapshot, layers=layers)

    def _require_finite(self, loss: float, what: str) -> None:
        if not math.isfinite(loss):
            c = self.config.optimizer
            raise TrainingError(
                f"the {what} is {loss} in epoch {self.epoch + 1}, step {self.step}: training diverged. Lower "
                f"optimizer.lr (now {self.lr:g}) or optimizer.clip_norm (now {c.clip_norm:g}, 0 is off). The "
                "epochs before are recorded."
            )


def train(config: RunConfig) -> Iterator[Snapshot]:
    """Train a model, giving a snapshot before any training (epoch 0) and one after every epoch.

    Pausing is not asking for the next one. The same configuration and seed give identical snapshots on the same
    machine with the same number of threads.

    Parameters
    ----------
    config : RunConfig

    Yields
    ------
    Snapshot

    Raises
    ------
    DataError, UsageError, TrainingError
        See :class:`Trainer`.

    Examples
    --------
    >>> from strnn_viz import preset, train
    >>> for snapshot in train(preset("demo", epochs=3)):  # doctest: +SKIP
    ...     print(snapshot.epoch, snapshot.metrics["valid_perplexity"])
    """
    return (event for event in Trainer(config).events() if isinstance(event, Snapshot))
