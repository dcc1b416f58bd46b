"""How large a dense network is that has as many weights as a sparse one (Section 4.1.1 of Liu et al. 2021)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import nn

from strnn_viz.config import ModelConfig, RunConfig
from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity import METHODS
from strnn_viz.sparsity.beginning import first_budgets
from strnn_viz.sparsity.discovery import weight_matrices


def model_config(config: RunConfig, build: Callable[[ModelConfig], nn.Module]) -> ModelConfig:
    """The model a configuration asks for: with method ``small-dense``, one of as many hidden units as the budget pays.

    Parameters
    ----------
    config : RunConfig
    build : callable
        From a model's configuration to the model; called without memory for its weights.

    Raises
    ------
    UsageError
        If not even one hidden unit is paid for.
    """
    model = config.model
    if config.sparsity.method != "small-dense":
        return model

    def infos(hidden: int) -> list[LayerInfo]:
        embedding = max(1, round(model.embedding * hidden / model.hidden)) if model.embedding else 0
        with torch.device("meta"):
            small = build(replace(model, hidden=hidden, embedding=embedding))
        return [info for info, _ in weight_matrices(small, excluded(config))]

    def count(hidden: int) -> int:
        return sum(info.size for info in infos(hidden))

    s, budget = config.sparsity, sum(sparse_budgets(config, infos(model.hidden)).values())
    low, high = 1, model.hidden
    if count(low) > budget:
        key, value, more = ("epsilon", s.epsilon, "ε") if s.epsilon else ("density", s.density, "density")
        raise UsageError(
            f"sparsity.{key} = {value:g} leaves {budget:,} weights, and a dense network of one hidden unit has "
            f"{count(low):,}. Ask for a higher {more}."
        )
    while high - low > 1:  # the largest that is paid for is between low and high
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) <= budget else (low, middle)
    nearest = min((low, high), key=lambda h: abs(count(h) - budget))
    embedding = max(1, round(model.embedding * nearest / model.hidden)) if model.embedding else 0
    return replace(model, hidden=nearest, embedding=embedding)


def sparse_budgets(config: RunConfig, infos: Iterable[LayerInfo]) -> dict[str, int]:
    """Active weights of each matrix once a configuration's density or ε is met, as of a method that begins sparse."""
    s = config.sparsity
    budgets = first_budgets(
        infos, METHODS["st-rnn"],
        density=s.density, epsilon=s.epsilon, initialization=s.initialization, granularity=s.granularity,
    )  # fmt: skip
    return {name: sum(parts) for name, parts in budgets.items()}


def excluded(config: RunConfig) -> list[str]:
    """Patterns of the matrices that stay dense."""
    return [part.strip() for part in config.sparsity.exclude.split(",") if part.strip()]
