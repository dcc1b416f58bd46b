"""Which parameters of a model are weight matrices, and what a person would call them."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch

from torch import nn

from strnn_viz.nn.sparse import SparseEmbedding, SparseMatrix
from strnn_viz.runs import LayerInfo

_GATES = {nn.LSTM: ("i", "f", "g", "o"), nn.GRU: ("r", "z", "n")}


def weight_matrices(model: nn.Module, exclude: Sequence[str] = ()) -> list[tuple[LayerInfo, nn.Parameter]]:
    """Every trainable two-dimensional parameter of a model, once, in the order of the model, and every sparse matrix.

    Parameters
    ----------
    model : Module
    exclude : sequence of str
        Shell patterns of parameter names to leave dense, for example ``"embedding.*"``.

    Returns
    -------
    list of (LayerInfo, Parameter)
        A parameter that several modules share appears under its first name, with the others in ``info.tied``. The
        parameter of a :class:`~strnn_viz.nn.sparse.SparseMatrix` is its values; its name is that of the matrix.
    """
    stored = {id(matrix.values): matrix.shape for matrix in sparse_matrices(model)}
    names: dict[int, list[str]] = {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        own = name.removesuffix(".values") if id(parameter) in stored else name
        names.setdefault(id(parameter), []).append(own)
    found = []
    for parameter in model.parameters():
        aliases, shape = names[id(parameter)], stored.get(id(parameter), tuple(parameter.shape))
        if len(shape) != 2 or not parameter.requires_grad or any(fnmatch(a, p) for a in aliases for p in exclude):
            continue
        name, (rows, columns) = aliases[0], shape
        owner_name, _, leaf = name.rpartition(".")
        owner = model.get_submodule(owner_name)
        gates = _GATES.get(type(owner), getattr(owner, "gates", ())) if leaf.startswith("weight_") else ()
        if leaf.startswith("weight_hr"):  # an LSTM's projection has no gates
            gates = ()
        info = LayerInfo(name, (rows, columns), _role(owner, leaf), _group(owner, owner_name, leaf), gates,
                         tuple(aliases[1:]))  # fmt: skip
        found.append((info, parameter))
    return found


def sparse_matrices(model: nn.Module) -> list[SparseMatrix]:
    """The matrices of a model that hold their active weights only."""
    return [module for module in model.modules() if isinstance(module, SparseMatrix)]


def _role(owner: nn.Module, leaf: str) -> str:
    if isinstance(owner, nn.Embedding | SparseEmbedding):
        return "embedding"
    return "input" if leaf.startswith("weight_ih") else "recurrent" if leaf.startswith("weight_hh") else "linear"


def _group(owner: nn.Module, path: str, leaf: str) -> str:
    """``LSTM layer 2`` for the second layer of a recurrent stack; else the module's own name."""
    kind = type(owner).__name__.removeprefix("Sparse").removesuffix("Layer")
    if leaf.startswith("weight_") and isinstance(owner, nn.RNNBase):
        index, _, direction = leaf.partition("_l")[2].partition("_")
        return f"{kind} layer {int(index) + 1}" + (" backward" if direction else "")
    last = path.rpartition(".")[2]
    if last.isdigit() and hasattr(owner, "gates"):
        return f"{kind} layer {int(last) + 1}"
    return path.replace("_", " ").replace(".", " ").capitalize() or kind
