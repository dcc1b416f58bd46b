"""Matrices from PyTorch models and from the files they are saved in. Needs torch."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from strnn_viz.errors import RunError, UsageError
from strnn_viz.importing.moment import Matrix, is_number, make_matrix
from strnn_viz.importing.naming import name_layers
from strnn_viz.sparsity.discovery import weight_matrices

_STATES = ("state_dict", "model_state_dict", "model")


def model_matrices(model: nn.Module, masks: Mapping[str, Any] | None = None) -> list[Matrix]:
    """The weight matrices of a model.

    Parameters
    ----------
    model : Module
        One pruned by ``torch.nn.utils.prune`` has its masks with it.
    masks : mapping of str to array or tensor, optional
        By parameter or module name; only these matrices are returned.

    Raises
    ------
    UsageError
        If a mask does not fit a matrix of the model.
    """
    buffers = dict(model.named_buffers())
    found = []
    for info, parameter in weight_matrices(model):
        mask = buffers.get(info.name.removesuffix("_orig") + "_mask") if info.name.endswith("_orig") else None
        if mask is not None:
            backward = info.group.endswith(" backward") and "_reverse" not in info.name
            info = replace(
                info,
                name=info.name.removesuffix("_orig"),
                group=info.group.removesuffix(" backward") if backward else info.group,
                tied=tuple(name.removesuffix("_orig") for name in info.tied),
            )
        found.append((info, mask, parameter))
    if masks is None:
        return [make_matrix(info, mask, weight) for info, mask, weight in found]
    given = _by_parameter(masks, [name for info, *_ in found for name in (info.name, *info.tied)])
    chosen = []
    for info, _, weight in found:
        name = next((n for n in (info.name, *info.tied) if n in given), None)
        if name is not None:
            chosen.append(make_matrix(info, given[name], weight))
    return chosen


def state_matrices(state: Mapping[str, Any], masks: Mapping[str, Any] | None = None) -> list[Matrix]:
    """The weight matrices of a ``state_dict``: two-dimensional tensors whose name has ``weight`` in its last part.

    Parameters
    ----------
    state : mapping of str to Tensor
        With the masks of ``torch.nn.utils.prune`` (``weight_orig``, ``weight_mask``) where it has them. Tensors that
        share their memory are one tied matrix.
    masks : mapping of str to array or tensor, optional
        As for :func:`model_matrices`.

    Raises
    ------
    UsageError
        If a mask does not fit a matrix.
    """
    state = {_plain(name): value for name, value in state.items()}
    weights: dict[str, Tensor] = {}
    pruned: dict[str, Tensor] = {}
    shared: dict[tuple[Any, ...], str] = {}
    tied: dict[str, tuple[str, ...]] = {}
    for name, value in state.items():
        if not isinstance(value, Tensor) or value.ndim != 2 or not value.is_floating_point():
            continue
        leaf, plain = name.rpartition(".")[2], name.removesuffix("_orig")
        if "weight" not in leaf or (leaf.endswith("_mask") and f"{name.removesuffix('_mask')}_orig" in state):
            continue
        if name != plain and f"{plain}_mask" in state:
            pruned[plain] = state[f"{plain}_mask"]
            name = plain
        first = shared.setdefault((value.data_ptr(), value.shape, value.stride()), name)
        if first == name:
            weights[name] = value
        else:
            tied[first] = (*tied.get(first, ()), name)
    infos = name_layers({name: (w.shape[0], w.shape[1]) for name, w in weights.items()}, tied)
    if masks is None:
        return [make_matrix(info, pruned.get(info.name), weights[info.name]) for info in infos]
    given = _by_parameter(masks, [name for info in infos for name in (info.name, *info.tied)])
    chosen = [(info, next((n for n in (info.name, *info.tied) if n in given), None)) for info in infos]
    return [make_matrix(info, given[name], weights[info.name]) for info, name in chosen if name is not None]


def load_file(path: Path) -> tuple[dict[str, Any], dict[str, Any] | None, dict[str, float]]:
    """A saved model as (state_dict, masks or None, numbers beside it).

    The file holds a ``state_dict``, or a dictionary of which one entry is a ``state_dict``, one with ``mask`` in its
    name may be masks, and numbers are metrics. Only tensors and plain values are loaded, never code.

    Raises
    ------
    RunError
        If the file cannot be read, or would need code to be run.
    UsageError
        If it holds no weights, or more than one set of them.
    """
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file as load_tensors

            content: Any = load_tensors(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise RunError(
            f"{path} holds more than tensors and plain values, and to load it would run whatever code is in it. Save "
            f"model.state_dict() in its place. ({str(error).splitlines()[0]})"
        ) from error
    except Exception as error:  # torch and safetensors raise what their readers happen to meet
        raise RunError(f"{path} cannot be read: {error}. Save it again, or leave it out.") from error
    if not isinstance(content, Mapping):
        raise UsageError(f"{path} holds {type(content).__name__}, not a state_dict. Save model.state_dict().")
    if _is_state(content):
        return dict(content), None, {}
    inside = {str(k): dict(v) for k, v in content.items() if isinstance(v, Mapping) and _is_state(v)}
    masks = next((inside.pop(k) for k in list(inside) if "mask" in k.lower()), None)
    name = next((k for k in _STATES if k in inside), None)
    if name is None and len(inside) != 1:
        have = f"several sets of weights: {', '.join(inside)}" if inside else "no weight matrix"
        raise UsageError(f"{path} holds {have}. Save one model.state_dict() in each file.")
    numbers = {str(k): float(v) for k, v in content.items() if is_number(v)}
    return inside[name or next(iter(inside))], masks, numbers


def load_masks(path: Path) -> dict[str, Any]:
    """Masks by name from a file that holds nothing else; raises like :func:`load_file`."""
    state, masks, _ = load_file(path)
    return masks or state


def _is_state(value: Mapping[Any, Any]) -> bool:
    return any(isinstance(v, Tensor) and v.ndim == 2 for v in value.values())


def _plain(name: str) -> str:
    """Without what DataParallel and torch.compile put before every name."""
    for prefix in ("module.", "_orig_mod."):
        name = name.removeprefix(prefix)
    return name


def _by_parameter(masks: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Masks by parameter name, whether they were given by that, by ``name_mask`` or by the module's name."""
    found = {}
    for key, mask in masks.items():
        base = _plain(key)
        tries = (base, base.removesuffix("_mask"), f"{base}.weight", f"{base.removesuffix('.mask')}.weight")
        name = next((t for t in tries if t in names), None)
        if name is None:
            raise UsageError(f"there is a mask {key!r}, but no matrix of that name. Matrices: {', '.join(names)}.")
        found[name] = mask
    return found
