"""The training loop, as a generator that can be left and taken up again between any two steps."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from strnn_viz.config import RunConfig
from strnn_viz.data import load_corpus, unigram_perplexity
from strnn_viz.data.batches import IGNORE, LanguageModelBatches
from strnn_viz.errors import TrainingError, UsageError
from strnn_viz.nn.loss import cross_entropy_in_place
from strnn_viz.nn.lstm import State
from strnn_viz.nn.models import LanguageModel
from strnn_viz.runs import LayerSnapshot, Snapshot, capture
from strnn_viz.sparsity import Rewiring, SparseTraining
from strnn_viz.training.optimizers import make_optimizer


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
        Tokens this step trained on.
    loss : float
        Mean cross-entropy of this epoch so far, in nats a token.
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

    Attributes
    ----------
    epoch : int
        Epochs completed.
    model : LanguageModel
    optimizer : Optimizer
    sparse : SparseTraining

    Raises
    ------
    DataError
        If the corpus is missing or is not what it should be.
    UsageError
        If CUDA is asked for and there is none.
    """

    def __init__(self, config: RunConfig) -> None:
        self.config = config
        self.device = find_device(config.training.device)
        if config.training.threads:
            torch.set_num_threads(config.training.threads)
        corpus = load_corpus(config.data)
        size, bptt = config.training.batch_size, config.training.bptt
        eos = corpus.vocabulary.eos
        self.batches = {
            split: LanguageModelBatches(tokens, size, bptt, eos)
            for split, tokens in [("train", corpus.train), ("valid", corpus.valid), ("test", corpus.test)]
        }
        self._unigram = unigram_perplexity(corpus)
        # One seed, several independent streams: two initializations of one seed start from the same weights.
        weights, topology, dropout = np.random.SeedSequence(config.seed).generate_state(3, np.uint64).tolist()
        self.model = LanguageModel(len(corpus.vocabulary), config.model)
        self.model.initialize(config.model.init_range, torch.Generator().manual_seed(weights))
        self.model.to(self.device)
        self.optimizer = make_optimizer(config.optimizer, self.model)
        per_epoch = config.sparsity.update_every
        steps = len(self.batches["train"])
        updates = config.training.epochs * (steps // per_epoch if per_epoch else 1)
        if updates == 0:
            raise UsageError(
                f"sparsity.update_every = {per_epoch} steps is longer than an epoch, which has {steps}. Use 0 to "
                f"rewire once an epoch, or at most {steps}."
            )
        self.sparse = SparseTraining(
            self.model,
            self.optimizer,
            method=config.sparsity.method,
            density=config.sparsity.density,
            updates=updates,
            prune_rate=config.sparsity.prune_rate,
            initialization=config.sparsity.initialization,
            granularity=config.sparsity.granularity,
            reactivate=config.sparsity.reactivate,
            gradients="backward" if config.optimizer.clip == "active" else "step",
            seed=topology,
        )
        self.rng = self._seed_rng(dropout)
        self.epoch, self.step, self.step_in_epoch = 0, 0, 0
        self.best_valid = math.inf
        self.state: State | None = None
        self.loss_sum, self.token_sum = 0.0, 0
        self.rewirings: list[dict[str, Rewiring]] = []
        self.first: dict[str, np.ndarray] = {}
        self.previous: dict[str, np.ndarray] = {}

    @property
    def lr(self) -> float:
        """The learning rate now."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def done(self) -> bool:
        """Whether every epoch has been trained."""
        return self.epoch >= self.config.training.epochs

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
        while not self.done:
            train = self.batches["train"]
            while self.step_in_epoch < len(train):
                tokens = self._train_step()
                yield Step(self.epoch + 1, self.step_in_epoch, len(train), tokens, self.loss_sum / self.token_sum)
            snapshot = self._end_epoch()
            yield snapshot

    def evaluate(self) -> dict[str, float]:
        """Loss and perplexity on the validation and test splits, dropout off.

        Raises
        ------
        TrainingError
            If the validation loss is not finite.
        """
        self.model.eval()
        metrics: dict[str, float] = {}
        for split in ("valid", "test"):
            total, state = 0.0, None
            with torch.no_grad():
                for inputs, targets in self.batches[split]:
                    loss, state = self._loss(inputs, targets, state)
                    total += float(loss)
            mean = total / self.batches[split].tokens
            metrics[f"{split}_loss"], metrics[f"{split}_perplexity"] = mean, perplexity(mean)
        self._require_finite(metrics["valid_loss"], "validation loss")
        return metrics

    def _train_step(self) -> int:
        inputs, targets = self.batches["train"][self.step_in_epoch]
        tokens = int((targets != IGNORE).sum())
        self.model.train()
        with self._own_rng():
            self.optimizer.zero_grad(set_to_none=True)
            loss, self.state = self._loss(inputs, targets, self.state)
            total = float(loss.detach())
            self._require_finite(total, "training loss")
            (loss / tokens).backward()  # type: ignore[no-untyped-call]
            if self.config.optimizer.clip_norm:
                nn.utils.clip_grad_norm_(self.model.parameters(), self.config.optimizer.clip_norm)
            self.optimizer.step()
        self.loss_sum += total
        self.token_sum += tokens
        self.step += 1
        self.step_in_epoch += 1
        every = self.config.sparsity.update_every
        if every and self.step_in_epoch % every == 0:
            self.rewirings.append(self.sparse.update())
        return tokens

    def _loss(self, inputs: torch.Tensor, targets: torch.Tensor, state: State | None) -> tuple[torch.Tensor, State]:
        """Cross-entropy summed over tokens, and the state to carry on, cut from the graph."""
        logits, state = self.model(inputs.to(self.device), state)
        loss = cross_entropy_in_place(logits.flatten(0, 1), targets.to(self.device).flatten())
        return loss, [(h.detach(), c.detach()) for h, c in state]

    def _end_epoch(self) -> Snapshot:
        """Evaluate and record first, then rewire (Algorithm 1), and note in the record what the rewiring did."""
        train_loss = self.loss_sum / self.token_sum
        metrics = {"train_loss": train_loss, "train_perplexity": perplexity(train_loss)} | self.evaluate()
        self.epoch += 1
        snapshot = self._snapshot(metrics)
        if metrics["valid_loss"] < self.best_valid:
            self.best_valid = metrics["valid_loss"]
        else:
            for group in self.optimizer.param_groups:
                group["lr"] /= self.config.optimizer.lr_decay
        if not self.config.sparsity.update_every:
            self.rewirings.append(self.sparse.update())
        snapshot = self._with_rewirings(snapshot)
        self.step_in_epoch, self.state = 0, None
        self.loss_sum, self.token_sum, self.rewirings = 0.0, 0, []
        return snapshot

    def _snapshot(self, metrics: dict[str, float]) -> Snapshot:
        metrics |= {
            "unigram_perplexity": self._unigram,
            "lr": self.lr,
            "prune_rate": self.sparse.next_rate if self.epoch else 0.0,
        }
        layers: dict[str, LayerSnapshot] = {}
        for name, matrix in self.sparse.matrices.items():
            mask, values = matrix.mask.cpu().numpy(), matrix.values.cpu().numpy()
            layers[name] = capture(matrix.info, mask, values, self.previous.get(name), self.first.get(name))
        self.previous = {name: layer.bits for name, layer in layers.items()}
        self.first = self.first or self.previous
        return Snapshot(self.epoch, self.step, metrics, layers)

    def _with_rewirings(self, snapshot: Snapshot) -> Snapshot:
        layers = {}
        for name, layer in snapshot.layers.items():
            done = [rewiring[name] for rewiring in self.rewirings]
            churn = replace(
                layer.churn,
                pruned=sum(r.pruned for r in done),
                reactivated=sum(r.reactivated for r in done),
                threshold=done[-1].threshold if done else math.nan,
            )
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

    def _seed_rng(self, seed: int) -> list[torch.Tensor]:
        with torch.random.fork_rng(self._cuda):
            torch.manual_seed(seed)
            return self._rng_states()

    def _rng_states(self) -> list[torch.Tensor]:
        return [torch.get_rng_state(), *(torch.cuda.get_rng_state(d) for d in self._cuda)]

    @property
    def _cuda(self) -> list[int]:
        return [torch.cuda.current_device()] if self.device.type == "cuda" else []

    @contextlib.contextmanager
    def _own_rng(self) -> Iterator[None]:
        """Draw dropout from this run's own random state, whatever the program around the generator draws."""
        with torch.random.fork_rng(self._cuda):
            torch.set_rng_state(self.rng[0])
            for device, state in zip(self._cuda, self.rng[1:], strict=True):
                torch.cuda.set_rng_state(state, device)
            yield
            self.rng = self._rng_states()


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


def find_device(name: str) -> torch.device:
    """The device to compute on: ``auto`` is CUDA where there is one.

    Raises
    ------
    UsageError
        If CUDA is asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "training.device = cuda, but PyTorch finds no CUDA device here. Use training.device=auto or cpu."
        )
    return torch.device(name)


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    return math.exp(loss) if loss < 700 else math.inf
