"""Hidden units as groups of weights: all that goes when a unit goes (Wen et al. 2018, intrinsic sparse structures)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from strnn_viz.errors import UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.lstm import LSTMLayer
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.rhn import RHNLayer
from strnn_viz.nn.sparse import SparseLSTMLayer, SparseMatrix, SparseRHNLayer

Model = TypeVar("Model", LanguageModel, TextClassifier)

_LAYERS = (LSTMLayer, RHNLayer, SparseLSTMLayer, SparseRHNLayer)


@dataclass(frozen=True)
class UnitSlice:
    """Where the units of a layer stand in one weight matrix.

    Attributes
    ----------
    name : str
        The parameter; a tied one by its first name.
    axis : int
        0 if a unit owns rows, 1 if it owns columns.
    starts : tuple of int
        Unit j owns index ``start + j`` along `axis` for every start: one for each gate, where rows have gates.
    """

    name: str
    axis: int
    starts: tuple[int, ...]


@dataclass(frozen=True)
class UnitLayer:
    """The hidden units of one recurrent layer, and all their weights.

    A unit has rows in the input and recurrent matrices, in every gate; a column in the recurrent ones; and a column in
    the matrix that reads the layer. Where the last layer's decoder is tied to the embedding, that column is a dimension
    of the word vectors too, which the first layer reads: it goes with the unit.

    Attributes
    ----------
    title : str
        For example ``LSTM layer 1``.
    units : int
    slices : tuple of UnitSlice
        Weights only: a bias has no meaning without them.
    """

    title: str
    units: int
    slices: tuple[UnitSlice, ...]


def unit_layers(model: nn.Module) -> list[UnitLayer]:
    """The unit groups of a model, one :class:`UnitLayer` for each recurrent layer, from the bottom.

    Raises
    ------
    UsageError
        If the model is not one whose structure is known.
    """
    model, reader = _known(model)
    names = {id(parameter): name for name, parameter in _weights(model)}
    layers = [layer for layer in model.recurrent if isinstance(layer, _LAYERS)]
    found = []
    for i, layer in enumerate(layers):
        gates = tuple(range(0, len(layer.gates) * layer.hidden, layer.hidden))
        slices = []
        for name, parameter in _weights(layer):
            slices.append(UnitSlice(names[id(parameter)], 0, gates))
            if not name.startswith("weight_ih"):
                slices.append(UnitSlice(names[id(parameter)], 1, (0,)))
        last = i == len(layers) - 1
        above = reader.weight if last else layers[i + 1].weight_ih
        slices.append(UnitSlice(names[_identity(above)], 1, (0,)))
        if last and above is model.embedding.weight:
            slices.append(UnitSlice(names[_identity(layers[0].weight_ih)], 1, (0,)))
        found.append(UnitLayer(f"{model.config.cell.upper()} layer {i + 1}", layer.hidden, tuple(slices)))
    return found


def positions(layer: UnitLayer, unit: Tensor, shapes: Mapping[str, tuple[int, int]]) -> dict[str, Tensor]:
    """All weights of some units.

    Parameters
    ----------
    layer : UnitLayer
    unit : Tensor of int64
        Which units.
    shapes : mapping of str to (int, int)
        Of every matrix of the layer's slices, by name.

    Returns
    -------
    dict of str to Tensor of int64
        Row-major positions in each matrix: sorted, none twice, on the device of `unit`.
    """
    chosen: dict[str, Tensor] = {}
    for part in layer.slices:
        shape = shapes[part.name]
        along = torch.zeros(shape[part.axis], dtype=torch.bool, device=unit.device)
        along[_indices(part.starts, unit)] = True
        table = chosen.setdefault(part.name, torch.zeros(shape, dtype=torch.bool, device=unit.device))
        table |= along.unsqueeze(1 - part.axis)
    return {name: table.flatten().nonzero().squeeze(1) for name, table in chosen.items()}


def connected_units(model: nn.Module) -> list[Tensor]:
    """Which hidden units of each recurrent layer of a dense model have a weight left that is not zero.

    Returns
    -------
    list of Tensor of bool, shape (units,)
        One for each of :func:`unit_layers`, as :func:`compact` takes them.
    """
    found = []
    for layer in unit_layers(model):
        alive = torch.zeros(layer.units, dtype=torch.bool)
        for part in layer.slices:
            lines = model.get_parameter(part.name).detach().any(1 - part.axis).cpu()
            for start in part.starts:
                alive |= lines[start : start + layer.units]
        found.append(alive)
    return found


def compact(model: Model, keep: Sequence[Tensor]) -> Model:
    """A smaller dense model of the same class: only the units kept, with their weights and biases.

    In evaluation it computes what `model` computes: the weights that read the units left out must be zero. Their biases
    and the weights they read by may be anything.

    Parameters
    ----------
    model : LanguageModel or TextClassifier
    keep : sequence of Tensor
        For each of :func:`unit_layers`, the numbers of the units to keep, or a boolean for every unit. They keep
        their order.

    Returns
    -------
    LanguageModel or TextClassifier
        On the same device, in the same mode; nothing is shared with `model`.

    Raises
    ------
    UsageError
        If a layer would be left without any unit, a unit left out is still read, `keep` does not fit the model, or it
        holds its active weights only.
    """
    if any(isinstance(module, SparseMatrix) for module in model.modules()):
        raise UsageError(
            "the model holds its active weights only, and a smaller dense one is made of a dense one. Load "
            "strnn_viz.nn.sparse.dense_state_dict(model) into a dense model of its configuration first."
        )
    layers = unit_layers(model)
    if len(keep) != len(layers):
        raise UsageError(f"{len(keep)} sets of units to keep for {len(layers)} recurrent layers. Give one for each.")
    kept = [_kept(layer, chosen) for layer, chosen in zip(layers, keep, strict=True)]
    sizes = [len(units) for units in kept]
    smaller: Model
    if isinstance(model, TextClassifier):
        smaller = TextClassifier(model.words, model.classes, model.config, sizes)
    else:
        smaller = LanguageModel(model.words, model.config, sizes)
    reference = model.embedding.weight
    smaller.to(device=reference.device, dtype=reference.dtype).train(model.training)
    taken: dict[tuple[str, int], Tensor] = {}
    for layer, units in zip(layers, kept, strict=True):
        for part in layer.slices:
            taken[part.name, part.axis] = _indices(part.starts, units).to(reference.device)
    for layer, units in zip(layers, kept, strict=True):
        _refuse_read(model, layer, units.to(reference.device), taken)
    for name, parameter in model.named_parameters():
        owner = name.rpartition(".")[0]
        if parameter.ndim == 1 and (f"{owner}.weight_ih", 0) in taken:
            taken[name, 0] = taken[f"{owner}.weight_ih", 0]  # a recurrent layer's bias goes with its gates' rows
        value = parameter.data
        for axis in range(value.ndim):
            if (name, axis) in taken:
                value = value.index_select(axis, taken[name, axis])
        smaller.get_parameter(name).data.copy_(value)
    return smaller


def _weights(module: nn.Module) -> list[tuple[str, Tensor]]:
    """The weight matrices of a module by the names they have in dense layers: a dense one, or the values of another."""
    stored = {id(matrix.values) for matrix in module.modules() if isinstance(matrix, SparseMatrix)}
    return [
        (name.removesuffix(".values") if id(parameter) in stored else name, parameter)
        for name, parameter in module.named_parameters()
        if parameter.ndim == 2 or id(parameter) in stored
    ]


def _identity(weight: Tensor | nn.Module) -> int:
    return id(weight.values if isinstance(weight, SparseMatrix) else weight)


def _known(model: nn.Module) -> tuple[LanguageModel | TextClassifier, nn.Module]:
    """The model, and what reads its last recurrent layer."""
    if isinstance(model, LanguageModel):
        return model, model.decoder
    if isinstance(model, TextClassifier):
        return model, model.output
    raise UsageError(
        f"the hidden units of a {type(model).__name__} are not known: whole units can be removed from a LanguageModel "
        "or a TextClassifier of strnn_viz.nn, with LSTM or RHN layers. Choose another method for other models."
    )


def _refuse_read(model: nn.Module, layer: UnitLayer, kept: Tensor, taken: Mapping[tuple[str, int], Tensor]) -> None:
    """Raise if a weight that stays reads a unit that goes."""
    for part in layer.slices:
        if part.axis == 0:
            continue
        weight = model.get_parameter(part.name).data
        rows = taken.get((part.name, 0))
        read = (weight if rows is None else weight[rows]).any(0)
        read[kept] = False
        if read.any():
            raise UsageError(
                f"unit {int(read.nonzero()[0])} of {layer.title} is still read by {part.name}, so the model would "
                "compute something else without it. Keep it, or mask that matrix too: its weights go with the unit."
            )


def _indices(starts: Sequence[int], units: Tensor) -> Tensor:
    """Where `units` stand along an axis: all of them from every start."""
    return torch.cat([units + start for start in starts])


def _kept(layer: UnitLayer, chosen: Tensor) -> Tensor:
    """The units to keep, as sorted numbers."""
    if chosen.dtype == torch.bool:
        if chosen.shape != (layer.units,):
            raise UsageError(f"{layer.title} has {layer.units} units, and keep is of shape {tuple(chosen.shape)}.")
        chosen = chosen.nonzero().squeeze(1)
    units: Tensor = torch.unique(chosen.to("cpu", torch.int64))
    if not len(units):
        raise UsageError(f"no unit of {layer.title} is kept, and a layer needs one. Keep the unit of the largest norm.")
    if units[0] < 0 or units[-1] >= layer.units:
        wrong = int(units[0] if units[0] < 0 else units[-1])
        raise UsageError(f"{layer.title} has units 0 to {layer.units - 1}, and unit {wrong} was to be kept.")
    return units
