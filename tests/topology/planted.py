"""Recurrent topologies whose units can be put in another order: what a distance must see through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Snapshot, capture

Mask = NDArray[np.bool_]
Masks = list[Mask]
Orders = dict[str, NDArray[np.intp]]


@dataclass(frozen=True)
class Model:
    """Matrices, each with the set of units its rows and its columns are; empty where their order is fixed."""

    infos: tuple[LayerInfo, ...]
    rows: tuple[str, ...]
    columns: tuple[tuple[str, ...], ...]
    sizes: Mapping[str, int]

    def draw(self, rng: np.random.Generator, density: float) -> Masks:
        return [exactly(rng, i.shape, round(density * i.size)) for i in self.infos]

    def orders(self, rng: np.random.Generator) -> Orders:
        return {name: rng.permutation(size) for name, size in self.sizes.items()}

    def reorder(self, masks: Masks, orders: Orders) -> Masks:
        """New unit i of every set is old unit orders[set][i]."""
        result = []
        for mask, info, rows, columns in zip(masks, self.infos, self.rows, self.columns, strict=True):
            n = info.shape[0] // max(1, len(info.gates))
            if rows:
                mask = mask[np.concatenate([g * n + orders[rows] for g in range(info.shape[0] // n)])]
            starts = np.cumsum([0, *(self.sizes[c] for c in columns)])
            if columns:
                mask = mask[:, np.concatenate([s + orders[c] for s, c in zip(starts, columns, strict=False)])]
            result.append(mask)
        return result

    def units(self, layer: str) -> str:
        """The set of units a layer leads to."""
        if layer in self.sizes:
            return layer
        return next(
            columns[0] if info.role == "embedding" else rows
            for info, rows, columns in zip(self.infos, self.rows, self.columns, strict=True)
            if layer in (info.name, info.group)
        )

    def snapshot(self, masks: Masks) -> Snapshot:
        ones = (np.ones(int(mask.sum()), dtype=np.float32) for mask in masks)
        rows = zip(self.infos, masks, ones, strict=True)
        return Snapshot(0, 0, {}, {info.name: capture(info, mask, values) for info, mask, values in rows})


def exactly(rng: np.random.Generator, shape: tuple[int, int], nnz: int) -> Mask:
    flat = np.zeros(shape[0] * shape[1], dtype=bool)
    flat[rng.choice(len(flat), nnz, replace=False)] = True
    return flat.reshape(shape)


def moved(rng: np.random.Generator, masks: Masks, share: float) -> Masks:
    """A share of the connections of every mask put somewhere they were not."""
    result = []
    for mask in masks:
        flat = mask.ravel().copy()
        on, off = np.flatnonzero(flat), np.flatnonzero(~flat)
        count = round(share * len(on))
        flat[rng.choice(on, count, replace=False)] = False
        flat[rng.choice(off, count, replace=False)] = True
        result.append(flat.reshape(mask.shape))
    return result


def recurrent(
    gates: Sequence[str],
    hidden: int,
    *,
    layers: int = 1,
    words: int = 0,
    tied: bool = False,
    depth: int = 1,
    backward: bool = False,
    projection: int = 0,
) -> Model:
    """An LSTM (four gates), a GRU (three) or an RHN (two, and a depth); with embedding and decoder if it has words."""
    found: list[tuple[LayerInfo, str, tuple[str, ...]]] = []
    sizes: dict[str, int] = {}
    top = f"layer {layers} projection" if projection else f"layer {layers}"
    size = projection if projection and tied else hidden
    below: tuple[str, ...] = ()
    if words:
        dims = top if tied else "embedding"
        other = ("decoder.weight",) if tied else ()
        found.append((LayerInfo("embedding.weight", (words, size), "embedding", "Embedding", (), other), "", (dims,)))
        below, sizes[dims] = (dims,), size
    for i in range(1, layers + 1):
        inputs = sum(sizes[b] for b in below) or hidden
        above: tuple[str, ...] = ()
        for name in (f"layer {i}", f"layer {i} backward")[: 1 + backward]:
            sizes[name] = hidden
            carried = f"{name} projection" if projection else name
            sizes[carried] = projection or hidden
            n = len(gates) * hidden
            found.append((LayerInfo(f"{name}.ih", (n, inputs), "input", name, tuple(gates)), name, below))
            for d in range(depth):
                info = LayerInfo(f"{name}.hh.{d}", (n, sizes[carried]), "recurrent", name, tuple(gates))
                found.append((info, name, (carried,)))
            if projection:
                found.append((LayerInfo(f"{name}.hr", (projection, hidden), "linear", name), carried, (name,)))
            above += (carried,)
        below = above
    if words and not tied:
        columns = sum(sizes[b] for b in below)
        found.append((LayerInfo("decoder.weight", (words, columns), "linear", "Decoder"), "", below))
    infos, rows, columns_of = zip(*found, strict=True)
    return Model(infos, rows, columns_of, sizes)


LSTM, GRU, RHN = ("i", "f", "g", "o"), ("r", "z", "n"), ("h", "t")

MODELS = {
    "LSTM alone": recurrent(LSTM, 48),
    "LSTM language model": recurrent(LSTM, 40, words=150),
    "stacked LSTM": recurrent(LSTM, 40, layers=3, words=150),
    "stacked LSTM, tied": recurrent(LSTM, 40, layers=2, words=150, tied=True),
    "stacked LSTM, both directions": recurrent(LSTM, 36, layers=2, words=150, backward=True),
    "stacked LSTM with projections": recurrent(LSTM, 120, layers=2, words=150, projection=24),
    "LSTM with projection, tied": recurrent(LSTM, 120, words=150, tied=True, projection=24),
    "GRU": recurrent(GRU, 48, words=150),
    "stacked GRU": recurrent(GRU, 48, layers=2, words=150),
    "RHN": recurrent(RHN, 40, depth=5, words=150),
    "RHN, tied": recurrent(RHN, 40, depth=5, words=150, tied=True),
}
