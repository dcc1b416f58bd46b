"""All that a trainer needs to go on exactly, as plain arrays: active weights only, no pickle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from strnn_viz.errors import RunError
from strnn_viz.runs.snapshot import pack, unpack
from strnn_viz.sparsity import Rewiring
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
    for name, matrix in trainer.sparse.matrices.items():
        arrays[f"matrix/{name}/bits"] = pack(matrix.mask.cpu().numpy())
        arrays[f"matrix/{name}/values"] = _array(matrix.values)
        for key, value in matrix.state.items():
            arrays[f"matrix/{name}/state/{key}"] = _array(value)
        arrays[f"mask/first/{name}"] = trainer.first[name]
        arrays[f"mask/previous/{name}"] = trainer.previous[name]
    scalars: dict[str, dict[str, float]] = {}
    for name, parameter in trainer.model.named_parameters():
        kept = trainer.optimizer.state.get(parameter, {})
        scalars[name] = {k: float(v) for k, v in kept.items() if _is_number(v)}
        if id(parameter) not in masked:
            arrays[f"dense/{name}/value"] = _array(parameter)
            for key, value in kept.items():
                if isinstance(value, torch.Tensor) and value.shape == parameter.shape:
                    arrays[f"dense/{name}/state/{key}"] = _array(value)
    for i, (h, c) in enumerate(trainer.state or []):
        arrays[f"carried/{i}/h"], arrays[f"carried/{i}/c"] = _array(h), _array(c)
    for i, state in enumerate(trainer.rng):
        arrays[f"rng/{i}"] = _array(state)
    arrays["rng/topology"] = _array(trainer.sparse.generator.get_state())
    header = {
        "config": trainer.config.to_dict(),
        "threads": torch.get_num_threads(),
        "epoch": trainer.epoch,
        "step": trainer.step,
        "step_in_epoch": trainer.step_in_epoch,
        # As text: every digit of a float64 comes back, infinity too.
        "best_valid": repr(trainer.best_valid),
        "loss_sum": repr(trainer.loss_sum),
        "token_sum": trainer.token_sum,
        "lr": repr(trainer.lr),
        "update_count": trainer.sparse.update_count,
        "scalars": scalars,
        "rewirings": [{n: [r.pruned, r.reactivated, repr(r.threshold)] for n, r in u.items()}
                      for u in trainer.rewirings],
    }  # fmt: skip
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
    parameters = dict(trainer.model.named_parameters())
    for name, parameter in parameters.items():
        for key, number in header["scalars"].get(name, {}).items():
            optimizer.state[parameter][key] = torch.tensor(number)
    for name, matrix in trainer.sparse.matrices.items():
        mask = unpack(arrays[f"matrix/{name}/bits"], matrix.info.shape)
        positions = torch.from_numpy(np.flatnonzero(mask))
        state = {k: torch.from_numpy(v) for k, v in _below(arrays, f"matrix/{name}/state/").items()}
        matrix.load(positions, torch.from_numpy(arrays[f"matrix/{name}/values"]), state)
        trainer.first[name] = arrays[f"mask/first/{name}"]
        trainer.previous[name] = arrays[f"mask/previous/{name}"]
    for key, value in _below(arrays, "dense/").items():
        name, _, part = key.partition("/")
        parameter = parameters[name]
        with torch.no_grad():
            if part == "value":
                parameter.copy_(torch.from_numpy(value))
            else:
                optimizer.state[parameter][part.removeprefix("state/")] = torch.from_numpy(value).to(parameter)
    layers = len(_below(arrays, "carried/")) // 2
    carried = [(arrays[f"carried/{i}/h"], arrays[f"carried/{i}/c"]) for i in range(layers)]
    trainer.state = [tuple(torch.from_numpy(a).to(trainer.device) for a in pair) for pair in carried] or None  # type: ignore[misc]
    trainer.rng = [torch.from_numpy(arrays[f"rng/{i}"]) for i in range(len(trainer.rng))]
    trainer.sparse.generator.set_state(torch.from_numpy(arrays["rng/topology"]))
    trainer.sparse.update_count = int(header["update_count"])
    trainer.epoch, trainer.step = int(header["epoch"]), int(header["step"])
    trainer.step_in_epoch, trainer.token_sum = int(header["step_in_epoch"]), int(header["token_sum"])
    trainer.best_valid, trainer.loss_sum = float(header["best_valid"]), float(header["loss_sum"])
    trainer.rewirings = [
        {n: Rewiring(int(p), int(r), float(t)) for n, (p, r, t) in u.items()} for u in header["rewirings"]
    ]
    for group in optimizer.param_groups:
        group["lr"] = float(header["lr"])


def _array(tensor: torch.Tensor) -> NDArray[Any]:
    return tensor.detach().cpu().contiguous().numpy()


def _is_number(value: Any) -> bool:
    """Adam keeps its step count as a tensor of no dimension."""
    return isinstance(value, (int, float)) or (isinstance(value, torch.Tensor) and value.ndim == 0)


def _below(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
