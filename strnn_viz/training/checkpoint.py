"""All that a trainer needs to go on exactly, as plain arrays: active weights only, no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from numpy.typing import NDArray
from torch import nn

from strnn_viz.errors import RunError
from strnn_viz.nn.sparse import SparseMatrix
from strnn_viz.runs.snapshot import positions_of
from strnn_viz.sparsity import Rewiring
from strnn_viz.training.averaged_sgd import AveragedSGD
from strnn_viz.training.trainer import Trainer

Arrays = dict[str, NDArray[Any]]


def save(trainer: Trainer) -> tuple[Arrays, dict[str, Any]]:
    """The state of a trainer between two events.

    Returns
    -------
    arrays : dict of str to ndarray
        Masks as packed bits, active weights and their optimizer state, dense parameters, random states.
    header : dict
        Counters and other plain values.
    """
    arrays: Arrays = {}
    masked = {id(m.parameter) for m in trainer.sparse.matrices.values()}
    parameters = _parameters(trainer.model)
    for name, matrix in trainer.sparse.matrices.items():
        arrays[f"matrix/{name}/bits"] = matrix.bits()
        arrays[f"matrix/{name}/values"] = _array(matrix.values)
        for key, value in matrix.state.items():
            arrays[f"matrix/{name}/state/{key}"] = _array(value)
        for key, value in matrix.signals.items():
            arrays[f"matrix/{name}/signal/{key}"] = _array(value)
        arrays[f"mask/first/{name}"] = trainer.first[name]
        arrays[f"mask/previous/{name}"] = trainer.previous[name]
    scalars: dict[str, dict[str, float]] = {}
    for name, (parameter, shape) in parameters.items():
        kept = trainer.optimizer.state.get(parameter, {})
        scalars[name] = {k: float(v) for k, v in kept.items() if _is_number(v)}
        if id(parameter) not in masked:
            arrays[f"dense/{name}/value"] = _array(parameter).reshape(shape)
            for key, value in kept.items():
                if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                    arrays[f"dense/{name}/state/{key}"] = _array(value).reshape(shape)
    for i, layer in enumerate(trainer.state or []):
        for j, part in enumerate(layer):
            arrays[f"carried/{i}/{j}"] = _array(part)
    for i, state in enumerate(trainer.randomness.states):
        arrays[f"rng/{i}"] = _array(state)
    arrays["rng/topology"] = _array(trainer.sparse.generator.get_state())
    header = {
        "config": trainer.config.to_dict(),
        "threads": torch.get_num_threads(),
        "epoch": trainer.epoch,
        "step": trainer.step,
        "step_in_epoch": trainer.step_in_epoch,
        # As text: every digit of a float64 comes back, infinity too.
        "valid_losses": [repr(loss) for loss in trainer.valid_losses],
        "loss_sum": repr(trainer.loss_sum),
        "right_sum": repr(trainer.right_sum),
        "prediction_sum": trainer.prediction_sum,
        "lr": repr(trainer.lr),
        "averaging": isinstance(trainer.optimizer, AveragedSGD) and trainer.optimizer.averaging,
        "update_count": trainer.sparse.update_count,
        "memory": {key: repr(value) for key, value in trainer.sparse.memory.items()},
        "flops": [repr(trainer.meter.train_flops), repr(trainer.meter.dense_flops)],
        "scalars": scalars,
        "rewirings": _told(trainer.rewirings),
        "flipped": _told(trainer.sparse.flipped),
    }
    return arrays, header


def load(trainer: Trainer, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Put a trainer, fresh from the same configuration, into a saved state.

    Raises
    ------
    RunError
        If the checkpoint belongs to another model.
    """
    try:
        _load(trainer, arrays, header)
    except (KeyError, ValueError, TypeError, IndexError, RuntimeError) as error:
        raise RunError(
            f"the checkpoint does not fit the model of this configuration ({type(error).__name__}: {error}). Resume "
            "from another epoch, or train anew."
        ) from error


def _load(trainer: Trainer, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    torch.set_num_threads(int(header["threads"]))  # sums depend on it in their last bits
    optimizer = trainer.optimizer
    parameters = _parameters(trainer.model)
    for name, (parameter, _) in parameters.items():
        for key, number in header["scalars"].get(name, {}).items():
            optimizer.state[parameter][key] = torch.tensor(number)
    for name, matrix in trainer.sparse.matrices.items():
        positions = torch.from_numpy(positions_of(arrays[f"matrix/{name}/bits"]))
        state = {k: torch.from_numpy(v) for k, v in _below(arrays, f"matrix/{name}/state/").items()}
        matrix.load(positions, torch.from_numpy(arrays[f"matrix/{name}/values"]), state)
        trainer.first[name] = arrays[f"mask/first/{name}"]
        trainer.previous[name] = arrays[f"mask/previous/{name}"]
    for key, value in _below(arrays, "dense/").items():
        name, _, part = key.partition("/")
        parameter, shape = parameters[name]
        held = torch.from_numpy(value)
        if held.shape != shape:
            raise ValueError(f"{name}: expected {tuple(shape)}, found {tuple(held.shape)}")
        with torch.no_grad():
            if part == "value":
                parameter.copy_(held.view_as(parameter))
            else:
                key = part.removeprefix("state/")
                optimizer.state[parameter][key] = held.view_as(parameter).to(parameter, copy=True)
    carried: dict[int, dict[int, torch.Tensor]] = {}
    for key, value in _below(arrays, "carried/").items():
        i, j = map(int, key.split("/"))
        carried.setdefault(i, {})[j] = torch.from_numpy(value).to(trainer.device)
    trainer.state = [tuple(carried[i][j] for j in range(len(carried[i]))) for i in range(len(carried))] or None
    if trainer.ranks.alone:
        states = trainer.randomness.states
        trainer.randomness.states = [torch.from_numpy(arrays[f"rng/{i}"]) for i in range(len(states))]
    signals = {
        name: {k: torch.from_numpy(v) for k, v in _below(arrays, f"matrix/{name}/signal/").items()}
        for name in trainer.sparse.matrices
    }
    trainer.sparse.load_state_dict(
        {
            "signals": signals,
            "memory": {key: float(value) for key, value in header["memory"].items()},
            "update_count": header["update_count"],
            "generator": torch.from_numpy(arrays["rng/topology"]),
            "flipped": _heard(header["flipped"]),
        }
    )
    trainer.epoch, trainer.step = int(header["epoch"]), int(header["step"])
    trainer.step_in_epoch, trainer.prediction_sum = int(header["step_in_epoch"]), int(header["prediction_sum"])
    trainer.loss_sum, trainer.right_sum = float(header["loss_sum"]), float(header["right_sum"])
    trainer.valid_losses = [float(loss) for loss in header["valid_losses"]]
    trainer.rewirings = _heard(header["rewirings"])
    trainer.meter.train_flops, trainer.meter.dense_flops = map(float, header["flops"])
    if isinstance(optimizer, AveragedSGD) and header["averaging"]:
        optimizer.begin_averaging()
    for group in optimizer.param_groups:
        group["lr"] = float(header["lr"])


def _parameters(model: nn.Module) -> dict[str, tuple[nn.Parameter, torch.Size]]:
    """Every parameter and its shape, by the name and of the shape it has in the dense form of the model."""
    stored = {id(m.values): m.shape for m in model.modules() if isinstance(m, SparseMatrix)}
    found = {}
    for name, parameter in model.named_parameters():
        shape = stored.get(id(parameter))
        own = name if shape is None else name.removesuffix(".values")
        found[own] = parameter, parameter.shape if shape is None else torch.Size(shape)
    return found


def _told(rewirings: Mapping[str, Rewiring]) -> dict[str, list[Any]]:
    return {n: [r.pruned, r.reactivated, repr(r.threshold), r.grown] for n, r in rewirings.items()}


def _heard(told: Mapping[str, list[Any]]) -> dict[str, Rewiring]:
    return {n: Rewiring(int(p), int(r), float(t), int(g)) for n, (p, r, t, g) in told.items()}


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    return tensor.detach().cpu().contiguous().numpy()


def _is_number(value: Any) -> bool:
    """Adam keeps its step count as a tensor of no dimension."""
    return isinstance(value, (int, float)) or (isinstance(value, torch.Tensor) and value.ndim == 0)


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
