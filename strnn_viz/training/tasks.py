"""What is learned: the model, its batches, its loss, and how well it does. One class a task."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from strnn_viz.config import RunConfig
from strnn_viz.data import load_corpus, load_passages, majority_accuracy, unigram_perplexity
from strnn_viz.data.batches import IGNORE, LanguageModelBatches, PassageBatches
from strnn_viz.errors import UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.loss import cross_entropy_in_place
from strnn_viz.nn.lstm import State
from strnn_viz.nn.models import LanguageModel
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.small_dense import model_config
from strnn_viz.waiting import bar_after

EVALUATED = ("valid", "test")


@dataclass(frozen=True)
class Batch:
    """What one step reads, this process's share of it.

    Attributes
    ----------
    inputs, targets : Tensor
    count : int
        Predictions of the whole batch, over all processes: what its loss is divided by.
    tokens : int
        Words the whole batch reads.
    """

    inputs: Tensor
    targets: Tensor
    count: int
    tokens: int


class Task(ABC):
    """A model and the data it learns from.

    Parameters
    ----------
    config : RunConfig
    ranks : Ranks
        The processes that share each batch.

    Attributes
    ----------
    model : Module
        What is evaluated: one that :meth:`build` made, or its sparse form; set by whoever made it.
    references : dict of str to float
        What a model that learned nothing but frequencies would reach; part of every snapshot's metrics.
    steps : int
        Batches of one pass over the training text.
    tokens : int
        Words of one pass.
    passage : int
        Words a classifier reads before it answers once; 0 of a language model.
    remark : str
        What should be known of the data, such as that it is only a sample; usually empty.
    """

    passage = 0
    remark = ""
    model: LanguageModel | TextClassifier
    references: dict[str, float]
    steps: int
    tokens: int

    def __init__(self, config: RunConfig, ranks: Ranks) -> None:
        self.ranks = ranks
        if config.training.batch_size % ranks.size:
            raise UsageError(
                f"training.batch_size = {config.training.batch_size} cannot be shared by {ranks.size} processes. "
                f"Choose a multiple of {ranks.size}."
            )

    @abstractmethod
    def build(self) -> LanguageModel | TextClassifier:
        """The model, not yet initialized, on PyTorch's default device."""

    @abstractmethod
    def batch(self, split: str, step: int, epoch: int | None = None) -> Batch:
        """One batch of a split; with an epoch, in the order of that epoch."""

    @abstractmethod
    def loss(self, model: nn.Module, batch: Batch, state: State | None) -> tuple[Tensor, int, State | None]:
        """Cross-entropy summed over predictions, how many of them were right, and the state to carry on."""

    @abstractmethod
    def count(self, split: str) -> tuple[int, int]:
        """Batches and predictions of a split."""

    @staticmethod
    @abstractmethod
    def metrics(split: str, loss: float, right: float) -> dict[str, float]:
        """Names for the mean loss in nats and for the share of right predictions."""

    def evaluate(self) -> dict[str, float]:
        """Metrics of the validation and test splits, dropout off."""
        self.model.eval()
        found: dict[str, float] = {}
        for split in EVALUATED:
            steps, predictions = self.count(split)
            total, right = 0.0, 0
            state: State | None = None
            with torch.no_grad():
                for step in range(steps):
                    loss, hits, state = self.loss(self.model, self.batch(split, step), state)
                    total, right = total + float(loss), right + hits
            total, hits_ = self.ranks.sum([total, right])
            found |= self.metrics(split, total / predictions, hits_ / predictions)
        return found


class LanguageModelling(Task):
    """Predict every next word (Zaremba et al. 2014); the state is carried from one batch to the next."""

    model: LanguageModel

    def __init__(self, config: RunConfig, ranks: Ranks) -> None:
        super().__init__(config, ranks)
        corpus = load_corpus(config.data)
        size, bptt, eos = config.training.batch_size, config.training.bptt, corpus.vocabulary.eos
        self._batches = {
            split: LanguageModelBatches(tokens, size, bptt, eos)
            for split, tokens in [("train", corpus.train), ("valid", corpus.valid), ("test", corpus.test)]
        }
        self.references = {"unigram_perplexity": unigram_perplexity(corpus)}
        words = len(corpus.vocabulary)
        self._words, self._config = words, model_config(config, lambda m: LanguageModel(words, m))
        self.steps, self.tokens = self.count("train")

    def build(self) -> LanguageModel:
        """The language model, not yet initialized."""
        return LanguageModel(self._words, self._config)

    def batch(self, split: str, step: int, epoch: int | None = None) -> Batch:
        """One batch; a language model reads its text in order, whatever the epoch."""
        del epoch
        inputs, targets = self._batches[split][step]
        count = int((targets != IGNORE).sum())
        return Batch(self.ranks.share(inputs, 1), self.ranks.share(targets, 1), count, count)

    def loss(self, model: nn.Module, batch: Batch, state: State | None) -> tuple[Tensor, int, State]:
        """Cross-entropy of the words of a batch; how many were guessed right is not counted."""
        device = next(model.parameters()).device
        logits, state = model(batch.inputs.to(device), state)
        loss = cross_entropy_in_place(logits.flatten(0, 1), batch.targets.to(device).flatten())
        return loss, 0, [cast("tuple[Tensor, ...]", tuple(s.detach() for s in layer)) for layer in state or []]

    def count(self, split: str) -> tuple[int, int]:
        """Batches and words."""
        return len(self._batches[split]), self._batches[split].tokens

    @staticmethod
    def metrics(split: str, loss: float, right: float) -> dict[str, float]:
        """Loss and perplexity."""
        del right
        return {f"{split}_loss": loss, f"{split}_perplexity": perplexity(loss)}


class Classification(Task):
    """Tell the class of a passage (Section 4.2 of Liu et al. 2021); passages are shuffled anew for every epoch."""

    model: TextClassifier

    def __init__(self, config: RunConfig, ranks: Ranks) -> None:
        super().__init__(config, ranks)
        with bar_after("Reading passages") as progress:
            passages = load_passages(config.data, progress)
        self.remark = passages.remark
        size = config.training.batch_size
        self._batches = {
            name: PassageBatches(split.words, split.labels, size)
            for name, split in [("train", passages.train), ("valid", passages.valid), ("test", passages.test)]
        }
        self.passage, self._seed = config.data.passage, config.seed
        self._order: tuple[int, Tensor] | None = None
        self.references = {"majority_accuracy": majority_accuracy(passages)}
        words, classes = len(passages.vocabulary), len(passages.classes)
        self._words, self._classes = words, classes
        self._config = model_config(config, lambda m: TextClassifier(words, classes, m))
        self.steps, count = self.count("train")
        self.tokens = count * self.passage

    def build(self) -> TextClassifier:
        """The classifier, not yet initialized."""
        return TextClassifier(self._words, self._classes, self._config)

    def batch(self, split: str, step: int, epoch: int | None = None) -> Batch:
        """One batch of passages."""
        batches = self._batches[split]
        words, labels = batches.batch(step, None if epoch is None else self._order_of(batches, epoch))
        count = len(labels)
        # A last batch may be smaller than the number of processes: one without a share reads a passage for nothing.
        own = self.ranks.share(labels, 0) if self.ranks.rank < count else labels[:1].new_tensor([IGNORE])
        inputs = self.ranks.share(words, 0) if self.ranks.rank < count else words[:1]
        return Batch(inputs, own, count, count * self.passage)

    def loss(self, model: nn.Module, batch: Batch, state: State | None) -> tuple[Tensor, int, None]:
        """Cross-entropy of the classes of a batch, and how many were told right."""
        del state
        device = next(model.parameters()).device
        targets = batch.targets.to(device)
        logits = model(batch.inputs.to(device))
        right = int((logits.argmax(1) == targets).sum())
        return F.cross_entropy(logits, targets, reduction="sum", ignore_index=IGNORE), right, None

    def count(self, split: str) -> tuple[int, int]:
        """Batches and passages."""
        return len(self._batches[split]), self._batches[split].passages

    @staticmethod
    def metrics(split: str, loss: float, right: float) -> dict[str, float]:
        """Loss and accuracy."""
        return {f"{split}_loss": loss, f"{split}_accuracy": right}

    def _order_of(self, batches: PassageBatches, epoch: int) -> Tensor:
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, batches.order(self._seed, epoch)
        return self._order[1]


def make_task(config: RunConfig, ranks: Ranks) -> Task:
    """The task of a configuration: its corpus decides."""
    return (LanguageModelling if config.task == "language modelling" else Classification)(config, ranks)


def perplexity(loss: float) -> float:
    """exp(loss), infinite where that overflows."""
    return math.exp(loss) if loss < 700 else math.inf
