"""What a matrix is, told from its name and shape where no module says it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from strnn_viz.runs import LayerInfo

_KINDS = {1: ("RNN", ()), 3: ("GRU", ("r", "z", "n")), 4: ("LSTM", ("i", "f", "g", "o"))}
_RHN = ("RHN", ("h", "t"))
_LEAF = re.compile(r"weight_(ih|hh|hr)(?:_l(\d+)|_\d+)?(_reverse)?(?:_raw)?")


def name_layers(
    shapes: Mapping[str, tuple[int, int]], tied: Mapping[str, tuple[str, ...]] | None = None
) -> list[LayerInfo]:
    """What matrices of these names and shapes are, by the conventions of PyTorch.

    ``weight_ih_l0`` and ``weight_hh_l0`` (or ``0.weight_ih`` and ``0.weight_hh``) are a recurrent layer, with the gates
    of an LSTM, a GRU or a plain RNN as the recurrent matrix has 4, 3 or 1 times as many rows as columns. Recurrent
    matrices ``weight_hh_0``, ``weight_hh_1`` and so on are those of a recurrent highway network. A name with
    ``emb`` in its module, or ``encoder.weight`` beside a recurrent layer, is an embedding; anything else is linear.

    Parameters
    ----------
    shapes : mapping of str to (int, int)
        Rows and columns by name, in the order of the model.
    tied : mapping of str to tuple of str, optional
        Other names of a matrix.

    Returns
    -------
    list of LayerInfo
        In the same order.
    """
    found = {name: _LEAF.fullmatch(name.rpartition(".")[2]) for name in shapes}
    stacks = {_stack(name) for name, match in found.items() if match}
    infos = []
    for name, shape in shapes.items():
        owner, match = name.rpartition(".")[0], found[name]
        others = (tied or {}).get(name, ())
        if match is None:
            module = owner.rpartition(".")[2].lower()
            embedding = "emb" in module or (bool(stacks) and name == "encoder.weight")
            role = "embedding" if embedding else "linear"
            infos.append(LayerInfo(name, shape, role, _words(owner or name), (), others))
            continue
        part, index, reverse = match.groups()
        kind, gates = _kind(name, part, shapes)
        number = index or owner.rpartition(".")[2]
        label = f"{kind} layer {int(number) + 1}" if number.isdigit() else _words(owner) or kind
        if len(stacks) > 1 and number.isdigit():
            label = f"{_words(_stack(name))}, {label}"
        label += " backward" if reverse else ""
        role = {"ih": "input", "hh": "recurrent", "hr": "linear"}[part]
        infos.append(LayerInfo(name, shape, role, label, () if part == "hr" else gates, others))
    return infos


def _kind(name: str, part: str, shapes: Mapping[str, tuple[int, int]]) -> tuple[str, tuple[str, ...]]:
    """What a recurrent layer is; one with a projection is an LSTM, the only one PyTorch gives a projection."""
    owner, dot, leaf = name.rpartition(".")
    if f"{owner}{dot}weight_hh_0" in shapes:
        return _RHN
    names = {p: owner + dot + leaf.replace(f"weight_{part}", f"weight_{p}") for p in ("hh", "hr")}
    rows, columns = shapes.get(names["hh"], (0, 0))
    if names["hr"] in shapes:
        return _KINDS[4]
    times = rows // columns if columns and rows % columns == 0 else 0
    return _KINDS.get(times, ("Recurrent", ()))


def _stack(name: str) -> str:
    """The module that a recurrent layer belongs to: ``lstm`` of ``lstm.0.weight_hh`` and of ``lstm.weight_hh_l0``."""
    owner = name.rpartition(".")[0]
    head, _, last = owner.rpartition(".")
    return head if last.isdigit() else owner


def _words(path: str) -> str:
    return path.replace("_", " ").replace(".", " ").strip().capitalize()
