"""Whole models between their dense form and the one that holds active weights only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import torch
from torch import Tensor, nn

from strnn_viz.errors import UsageError
from strnn_viz.nn.lstm import LSTMLayer
from strnn_viz.nn.rhn import RHNLayer
from strnn_viz.nn.sparse.embedding import SparseEmbedding
from strnn_viz.nn.sparse.linear import SparseLinear
from strnn_viz.nn.sparse.lstm import SparseLSTMLayer
from strnn_viz.nn.sparse.matrix import SparseMatrix
from strnn_viz.nn.sparse.pattern import Pattern
from strnn_viz.nn.sparse.rhn import SparseRHNLayer

M = TypeVar("M", bound=nn.Module)


def to_sparse(model: M, positions: Mapping[str, Tensor] | None = None, values: Mapping[str, Tensor] | None = None) -> M:
    """Replace the layers of a model, in place, by those that hold their active weights only.

    Layers are :class:`torch.nn.Linear`, :class:`torch.nn.Embedding` without options of its own, and this package's
    LSTM and RHN layers; others stay as they are. A matrix that several layers share is shared afterwards, too. An
    optimizer must be made anew.

    Parameters
    ----------
    model : Module
    positions : mapping of str to Tensor of int64, optional
        Active positions by name of the weight matrix, increasing, as of ``SparseTraining.matrices[name].positions``. A
        layer none of whose matrices is named stays dense; of one with some, the others keep all places. By default
        weights that are not zero are active.
    values : mapping of str to Tensor, optional
        Weights at these positions, by the same names, in place of those of the model: which may then be on the meta
        device, and have none. So nothing dense is ever made. What of such a model is not replaced stays there.

    Returns
    -------
    Module
        The same object.

    Raises
    ------
    UsageError
        If there are positions of something that is no matrix of such a layer. The model is then as it was.

    Examples
    --------
    >>> model = torch.nn.Sequential(torch.nn.Linear(3, 2, bias=False))
    >>> to_sparse(model, {"0.weight": torch.tensor([0, 4])})
    Sequential(
      (0): SparseLinear(
        (weight): SparseMatrix(2, 3, nnz=2)
      )
    )
    """
    found = dict(positions) if positions is not None else None
    made: dict[int, SparseMatrix] = {}
    shared: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        shared.setdefault(id(parameter), []).append(name)

    def matrix(parameter: Tensor) -> SparseMatrix:
        if id(parameter) not in made:
            given = None
            if found is not None:
                known = [found[n] for n in shared[id(parameter)] if n in found]
                given = known[0] if known else torch.arange(parameter.numel(), device=_device(parameter))
            drawn = [values[n] for n in shared[id(parameter)] if n in values] if values is not None else []
            if drawn and given is not None:
                pattern = Pattern.of(given.to(drawn[0].device), (parameter.shape[0], parameter.shape[1]))
                made[id(parameter)] = SparseMatrix(pattern, drawn[0])
            else:
                made[id(parameter)] = SparseMatrix.from_dense(parameter, given)
        return made[id(parameter)]

    # While these layers are kept here, no other parameter gets the identity of one of theirs.
    replaced = {
        path: module
        for path, module in model.named_modules(remove_duplicate=False)
        if path and _replaceable(module) and (found is None or any(n in found for n in _names(module, shared)))
    }
    unused = set(found or ()) - {name for module in replaced.values() for name in _names(module, shared)}
    if unused:
        raise UsageError(
            f"there are positions of {', '.join(sorted(unused))}: expected names of weight matrices within the model, "
            "of layers that have a sparse form: Linear, Embedding without padding_idx, max_norm or "
            "scale_grad_by_freq, LSTMLayer and RHNLayer. Leave out the others."
        )
    for path, module in replaced.items():
        parent, _, leaf = path.rpartition(".")
        setattr(model.get_submodule(parent), leaf, _replacement(module, matrix).train(module.training))
    return model


def _device(parameter: Tensor) -> torch.device:
    return torch.device("cpu") if parameter.is_meta else parameter.device


def _names(module: nn.Module, shared: Mapping[int, list[str]]) -> list[str]:
    """All names that a layer's own matrices have in the model."""
    return [name for p in module.parameters(recurse=False) if p.ndim == 2 for name in shared[id(p)]]


def _replaceable(module: nn.Module) -> bool:
    """Whether there is such a layer of sparse matrices."""
    if type(module) is nn.Embedding:
        return module.padding_idx is None and module.max_norm is None and not module.scale_grad_by_freq
    return type(module) in (nn.Linear, LSTMLayer, RHNLayer)


def _replacement(module: nn.Module, matrix: Callable[[Tensor], SparseMatrix]) -> nn.Module:
    """The same layer of sparse matrices, with the biases of the dense one."""
    made: nn.Module
    if type(module) is nn.Linear:
        made = SparseLinear(matrix(module.weight), module.bias is not None)
    elif type(module) is nn.Embedding:
        made = SparseEmbedding(matrix(module.weight))
    elif type(module) is LSTMLayer:
        made = SparseLSTMLayer(matrix(module.weight_ih), matrix(module.weight_hh))
    else:
        assert type(module) is RHNLayer
        recurrent = [matrix(module.get_parameter(f"weight_hh_{i}")) for i in range(module.depth)]
        made = SparseRHNLayer(matrix(module.weight_ih), recurrent, module.input_dropout, module.hidden_dropout)
    with torch.no_grad():
        for name, bias in module.named_parameters(recurse=False):
            if bias.ndim == 1 and not bias.is_meta:
                made.get_parameter(name).copy_(bias)
    return made


def dense_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """The state of a model with every sparse matrix dense, for the model that :func:`to_sparse` was given.

    Returns
    -------
    dict of str to Tensor
        Detached copies, by the names of the dense model.
    """
    state = {name: value.detach().clone() for name, value in model.state_dict().items()}
    for path, module in model.named_modules(remove_duplicate=False):
        if isinstance(module, SparseMatrix):
            del state[f"{path}.values"], state[f"{path}.positions"]
            state[path] = module.to_dense()
    return state
