"""The model of a recorded epoch, to use elsewhere: one that computes sparsely, and plain PyTorch's weights."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from strnn_viz.config import ModelConfig, RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import dense_state_dict, to_sparse
from strnn_viz.nn.units import compact, connected_units
from strnn_viz.runs import Run, files
from strnn_viz.runs.forks import check_epoch
from strnn_viz.runs.snapshot import positions_of
from strnn_viz.training.making import materialize
from strnn_viz.training.small_dense import model_config


@dataclass(frozen=True)
class Exported:
    """A model at one epoch.

    Attributes
    ----------
    epoch : int
    module : LanguageModel or TextClassifier
        With layers that hold and multiply active weights only; dropout is off.
    state_dict : dict of str to Tensor
        Its weights, dense, by the names of plain PyTorch: ``embedding.weight``, those of a :class:`torch.nn.LSTM` after
        ``lstm.`` (gates in its own order, the second of its two biases zero), and ``decoder.`` or ``output.`` of a
        :class:`torch.nn.Linear`. Layers of a recurrent highway network, which PyTorch has none of, keep the names they
        have in :class:`~strnn_viz.nn.models.LanguageModel`.
    """

    epoch: int
    module: LanguageModel | TextClassifier
    state_dict: dict[str, Tensor]

    def part(self, name: str) -> dict[str, Tensor]:
        """The weights of one part, such as ``lstm``, for that part alone."""
        return {key.removeprefix(f"{name}."): v for key, v in self.state_dict.items() if key.startswith(f"{name}.")}

    def compact(self) -> LanguageModel | TextClassifier:
        """The smaller dense model that is left where whole hidden units were removed, as by ISS; the same outputs.

        Raises
        ------
        UsageError
            If a layer has no unit left.
        """
        module, state = self.module, dense_state_dict(self.module)
        if isinstance(module, TextClassifier):
            classifier = TextClassifier(module.words, module.classes, module.config).eval()
            classifier.load_state_dict(state)
            return compact(classifier, connected_units(classifier))
        dense = LanguageModel(module.words, module.config).eval()
        dense.load_state_dict(state)
        return compact(dense, connected_units(dense))


def export(run: Run | str | os.PathLike[str], epoch: int | None = None) -> Exported:
    """The model of a run as it was evaluated at an epoch, before the rewiring that followed.

    Weights come from the snapshot of the epoch, biases and dense matrices, which snapshots do not hold, from its
    checkpoint. Where weights were averaged by then, the averages are taken: those that the checkpoint has, of the
    topology after the rewiring.

    Parameters
    ----------
    run : Run or path-like
    epoch : int, optional
        By default the newest that has a checkpoint.

    Raises
    ------
    UsageError
        If the epoch has no checkpoint; those that have one are named.
    RunError
        If the run was not trained here, or its files do not fit together.

    Examples
    --------
    >>> from strnn_viz import export
    >>> model = export("runs/demo-uniform", 30)  # doctest: +SKIP
    >>> lstm = torch.nn.LSTM(64, 64, num_layers=2)  # doctest: +SKIP
    >>> lstm.load_state_dict(model.part("lstm"))  # doctest: +SKIP
    """
    run = run if isinstance(run, Run) else Run(run)
    if run.config is None:
        raise RunError(f"{run.path} was recorded elsewhere: of its model only the weights that are masked are known.")
    kept = run.checkpoints()
    if epoch is None and not kept:
        raise UsageError(f"{run.name} has no checkpoint yet, which holds the biases of its model. Train it first.")
    epoch = kept[-1] if epoch is None else epoch
    check_epoch(run, epoch)
    arrays, header = files.read_arrays(files.epoch_file(run.path / files.CHECKPOINTS, epoch))
    try:
        module = _module(run.config, *_weights(run, epoch, arrays, bool(header["averaging"])))
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise RunError(
            f"the checkpoint of epoch {epoch} does not fit the model of {run.name} ({type(error).__name__}: {error}). "
            "Export another epoch."
        ) from error
    return Exported(epoch, module, _plain(dense_state_dict(module)))


def _weights(
    run: Run, epoch: int, arrays: Mapping[str, NDArray[Any]], averaged: bool
) -> tuple[dict[str, Tensor], dict[str, NDArray[Any]], dict[str, tuple[int, int]]]:
    """Active positions of the sparse matrices, active weights and dense parameters, and shapes of the matrices."""
    positions, values, shapes = {}, {}, {}
    for name, layer in run[epoch].layers.items():
        bits, active = layer.bits, layer.values
        if averaged:
            prefix = f"matrix/{name}"
            bits, active = arrays[f"{prefix}/bits"], arrays.get(f"{prefix}/state/mean", arrays[f"{prefix}/values"])
        positions[name] = torch.from_numpy(positions_of(bits))
        values[name], shapes[name] = active, layer.shape
    for key in arrays:
        if key.startswith("dense/") and key.endswith("/value"):
            name = key.removeprefix("dense/").removesuffix("/value")
            mean = arrays.get(f"dense/{name}/state/mean") if averaged else None
            values[name] = arrays[key] if mean is None else mean
            if values[name].ndim == 2:
                shapes[name] = values[name].shape[0], values[name].shape[1]
    return positions, values, shapes


def _module(
    config: RunConfig,
    positions: Mapping[str, Tensor],
    values: Mapping[str, NDArray[Any]],
    shapes: Mapping[str, tuple[int, int]],
) -> LanguageModel | TextClassifier:
    words = shapes["embedding.weight"][0]

    def build(model: ModelConfig) -> LanguageModel | TextClassifier:
        if config.task == "language modelling":
            return LanguageModel(words, model)
        return TextClassifier(words, shapes["output.weight"][0], model)

    with torch.device("meta"):
        module = build(model_config(config, build))
    flat = {name: torch.from_numpy(np.array(value, dtype=np.float32)).reshape(-1) for name, value in values.items()}
    to_sparse(module, positions, flat)
    materialize(module, flat)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.rpartition(".")[2].startswith("bias"):
                parameter.copy_(flat[name])
    return module.eval()


def _plain(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same weights, those of LSTM layers by the names of :class:`torch.nn.LSTM`."""
    plain = {}
    for name, value in state.items():
        layer = re.fullmatch(r"lstm\.(\d+)\.(weight_ih|weight_hh|bias)", name)
        if layer is None:
            plain[name] = value
        elif layer[2] == "bias":
            plain[f"lstm.bias_ih_l{layer[1]}"], plain[f"lstm.bias_hh_l{layer[1]}"] = value, torch.zeros_like(value)
        else:
            plain[f"lstm.{layer[2]}_l{layer[1]}"] = value
    return plain
