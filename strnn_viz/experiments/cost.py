"""What a configuration will cost, worked out from the shapes of its model before any training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatch

import torch
from torch import nn

from strnn_viz.config import ModelConfig, RunConfig
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.rules import METHODS
from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.sparsity.schedules import cubic_density
from strnn_viz.training.accounting import dense_gradient_share, forward_flops, training_flops
from strnn_viz.training.small_dense import excluded, model_config, sparse_budgets

#: What a corpus counts for in an epoch: words to predict, or passages to classify, with how many classes.
TOKENS = {"ptb": 929_589, "sotu": 460_494, "wikitext-2": 2_088_628}
PASSAGES = {
    "sotu-era": (5_145, 4),
    "twitter": (4_410, 4),
    "imdb": (25_000, 2),
    "yelp-2018": (120_000, 5),
    "ag-news": (120_000, 4),
    "amazon": (454_763, 5),
    "yelp-polarity": (560_000, 2),
}
_OWN_VALIDATION = ("sotu-era",)  # the others hold out a share of their training passages


@dataclass(frozen=True)
class Cost:
    """Parameters and FLOPs of a configuration.

    Attributes
    ----------
    matrices : tuple of LayerInfo
        Every weight matrix.
    nnz : mapping of str to int
        Active weights of each masked matrix once the network has its final density.
    forward, dense_forward : float
        FLOPs of a forward pass for one token, at that density and were the reference model dense.
    train, dense_train : float or None
        FLOPs of all training; None where the size of the corpus is not known.
    """

    matrices: tuple[LayerInfo, ...]
    nnz: Mapping[str, int]
    forward: float
    dense_forward: float
    train: float | None
    dense_train: float | None

    @property
    def parameters(self) -> int:
        """Weights of the masked matrices."""
        return sum(info.size for info in self.matrices if info.name in self.nnz)

    @property
    def active(self) -> int:
        """Active weights of the masked matrices."""
        return sum(self.nnz.values())


def cost(config: RunConfig, sizes: Sequence[int] = ()) -> Cost:
    """What a configuration costs.

    Parameters
    ----------
    config : RunConfig
    sizes : sequence of int
        Hidden units of each LSTM layer where they differ, as after ISS has removed some: those that remain.

    Returns
    -------
    Cost
        ISS, where no `sizes` are given, counts as if the density were met in every matrix alike.
    """
    method = config.sparsity.method
    dense = forward_flops(matrices(config.replace({"sparsity.method": "st-rnn"})), {}, _passage(config))
    infos = matrices(config, sizes)
    masked = [info for info in infos if not _excluded(config, info)]
    full = method in ("dense", "small-dense") or bool(sizes)
    nnz = {info.name: info.size for info in masked} if full else sparse_budgets(config, masked)
    forward = forward_flops(infos, nnz, _passage(config))
    tokens = trained_tokens(config)
    share = dense_gradient_share(config.sparsity, config.sparsity.update_every or steps(config))
    mean = forward
    if METHODS[method].begins_dense and METHODS[method].rewires:
        # FLOPs are a sum over the weights there are, and every matrix is pruned on the same schedule.
        mean = forward + (dense - forward) * _left_to_prune(config)
    spent = None if tokens is None else tokens * training_flops(mean, dense, share)
    return Cost(tuple(infos), nnz, forward, dense, spent, None if tokens is None else tokens * 3 * dense)


def matrices(config: RunConfig, sizes: Sequence[int] = ()) -> list[LayerInfo]:
    """Every weight matrix of the model a configuration describes, in its order; no memory is taken for the weights.

    Parameters
    ----------
    config : RunConfig
        Its vocabulary is taken to be filled.
    sizes : sequence of int
        Hidden units of each layer, where they differ.
    """
    words, given = config.data.vocabulary, tuple(sizes) or None

    def build(model: ModelConfig) -> nn.Module:
        if config.task == "language modelling":
            return LanguageModel(words, model, given)
        return TextClassifier(words, PASSAGES[config.data.corpus][1], model, given)

    with torch.device("meta"):
        return [info for info, _ in weight_matrices(build(model_config(config, build)))]


def resized(config: RunConfig, units: int) -> RunConfig:
    """The same model with other hidden units; word vectors as wide as the hidden state stay so."""
    model = config.model
    size = 0 if model.embedding in (0, model.hidden) else model.embedding
    return replace(config, model=replace(model, hidden=units, embedding=size))


def trained_tokens(config: RunConfig) -> int | None:
    """Words trained on in all epochs; None where the size of the corpus is not known beforehand."""
    corpus = config.data.corpus
    if corpus in TOKENS:
        return TOKENS[corpus] * config.training.epochs
    if corpus not in PASSAGES:
        return None
    held = 0.0 if corpus in _OWN_VALIDATION else config.data.validation
    return round(PASSAGES[corpus][0] * (1 - held)) * config.data.passage * config.training.epochs


def steps(config: RunConfig) -> int:
    """Optimizer steps of an epoch."""
    tokens = (trained_tokens(config) or 0) / config.training.epochs
    length = config.data.passage if config.task == "classification" else config.training.bptt
    return max(1, math.ceil(tokens / (config.training.batch_size * length)))


def _left_to_prune(config: RunConfig) -> float:
    """Share of what is to go that a method which begins dense still has, on the mean over all steps."""
    epochs, length = config.training.epochs, steps(config)
    every = config.sparsity.update_every or length
    each = length // every  # updates in an epoch, each after `every` steps; the rest follows the last of them
    updates = epochs * each
    left = [cubic_density(0.0, update, updates) for update in range(updates + 1)]
    rest = (length - each * every) * sum(left[(epoch + 1) * each] for epoch in range(epochs))
    return (every * sum(left[:updates]) + rest) / (epochs * length)


def _passage(config: RunConfig) -> int:
    return config.data.passage if config.task == "classification" else 0


def _excluded(config: RunConfig, info: LayerInfo) -> bool:
    return any(fnmatch(name, p) for p in excluded(config) for name in (info.name, *info.tied))
