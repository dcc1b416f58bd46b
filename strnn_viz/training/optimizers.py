"""Optimizers by name."""

from __future__ import annotations

import torch
from torch import nn

from strnn_viz.config import OptimizerConfig
from strnn_viz.training.averaged_sgd import AveragedSGD


def make_optimizer(config: OptimizerConfig, model: nn.Module) -> torch.optim.Optimizer:
    """The optimizer a configuration asks for, over all parameters of `model`."""
    parameters, lr, decay = model.parameters(), config.lr, config.weight_decay
    if config.algorithm == "adam":
        return torch.optim.Adam(parameters, lr=lr, betas=(config.momentum, 0.999), weight_decay=decay)
    if config.algorithm == "asgd":
        return AveragedSGD(parameters, lr=lr, momentum=config.momentum, weight_decay=decay)
    return torch.optim.SGD(parameters, lr=lr, momentum=config.momentum, weight_decay=decay)
