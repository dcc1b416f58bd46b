"""Paths from input to output: how many there are, and which connections lie on any."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.topology.links import Link, Source, Space, links, source_layers, source_mask


@dataclass(frozen=True)
class PathCount:
    """Number of paths through a model.

    Attributes
    ----------
    log10 : float
        Logarithm of the number of paths; -inf where there is none. The number itself soon exceeds any float.
    log10_dense : float
        The same if every position were a connection.
    steps : int
        Time steps from the input to the output.
    """

    log10: float
    log10_dense: float
    steps: int

    @property
    def density(self) -> float:
        """Paths that are left, of those of the dense model."""
        return float(10 ** (self.log10 - self.log10_dense))


def effective_paths(source: Source, *, epoch: int | None = None, steps: int = 1) -> PathCount:
    """Count the paths from any input to any output, through all layers.

    A path is a sequence of active connections, each beginning where the one before ends: what Patil and Dovrolis
    (PHEW, ICML 2021) and Pham et al. ("Towards Data-Agnostic Pruning At Initialization", NeurIPS 2023) count as
    effective paths. In a recurrent layer each gate's connection is a way of its own, and an input shown at the first
    time step may take any route through the unrolled layers to the output `steps` - 1 steps later: every step in time
    is one recurrent connection (all of them in order, where a layer has several, as a highway network has). Routes
    without a weight, such as an LSTM's cell state, are not counted.

    Parameters
    ----------
    source : Run or Snapshot
    epoch : int, optional
        Of a run; its last by default.
    steps : int
        Time steps; 1 is the network without time, where no connection leads to the next step.

    Raises
    ------
    UsageError
        If the layers do not follow each other, or `steps` is not at least 1.
    """
    if steps < 1:
        raise UsageError(f"steps = {steps} is out of range: a path takes at least 1 time step.")
    chain = _chain(source_layers(source))

    def active(link: Link) -> Callable[[_Scaled], _Scaled]:
        from scipy.sparse import csr_array

        @cache
        def counts() -> csr_array:  # read when first used: of one time step, most recurrent matrices are not
            gates = link.by_gate(source_mask(source, link.info, epoch))
            return sum((csr_array(gate, dtype=np.float64) for gate in gates[1:]), csr_array(gates[0], dtype=np.float64))

        return lambda v: _Scaled.of(counts() @ v.values, v.exponent)

    def dense(link: Link) -> Callable[[_Scaled], _Scaled]:
        return lambda v: _Scaled.of(np.full(link.target.size, len(link.gates) * v.values.sum()), v.exponent)

    return PathCount(_count(chain, active, steps), _count(chain, dense, steps), steps)


@dataclass(frozen=True, eq=False)
class EffectiveTopology:
    """What of a topology can carry anything from input to output.

    Attributes
    ----------
    active, effective : mapping of str to int
        Connections of every matrix, and those of them that lie on a path.
    reached : mapping of str to ndarray of bool, shape (units,)
        Units, by the name of their layer, that some input reaches.
    reaching : mapping of str to ndarray of bool, shape (units,)
        Units that reach some output.
    """

    active: Mapping[str, int]
    effective: Mapping[str, int]
    reached: Mapping[str, NDArray[np.bool_]]
    reaching: Mapping[str, NDArray[np.bool_]]

    @property
    def share(self) -> float:
        """Effective connections of all active ones; 1 where there are none."""
        total = sum(self.active.values())
        return sum(self.effective.values()) / total if total else 1.0


def effective_topology(source: Source, *, epoch: int | None = None) -> EffectiveTopology:
    """Which connections lie on a path from an input to an output, in any number of time steps.

    The others change no output (biases aside): Vysogorets and Kempe, "Connectivity Matters: Neural Network Pruning
    Through the Lens of Effective Sparsity", JMLR 24, 2023, here with recurrent connections followed as often as is
    of use. Units that no matrix leads to are inputs, and those that none leads from, outputs. One matrix is in memory
    at a time.

    Parameters
    ----------
    source : Run or Snapshot
    epoch : int, optional
        Of a run; its last by default.
    """
    wired = links(source_layers(source))
    spaces = {space for link in wired for space in (link.source, link.target)}
    reached = {s: np.full(s.size, all(link.target != s for link in wired)) for s in spaces}
    reaching = {s: np.full(s.size, all(link.source != s for link in wired)) for s in spaces}

    def masks(order: list[Link]) -> Iterator[tuple[Link, NDArray[np.bool_]]]:
        return ((link, np.asarray(link.by_gate(source_mask(source, link.info, epoch)).any(axis=0))) for link in order)

    for order, seen, forward in ((wired, reached, True), (wired[::-1], reaching, False)):
        grown = True
        while grown:
            grown = False
            for link, mask in masks(order):
                start, end = (link.source, link.target) if forward else (link.target, link.source)
                new = mask[:, seen[start]].any(axis=1) if forward else mask[seen[start]].any(axis=0)
                grown |= bool((new & ~seen[end]).any())
                seen[end] |= new
    active: dict[str, int] = {}
    effective: dict[str, int] = {}
    for link in wired:
        mask = link.by_gate(source_mask(source, link.info, epoch))
        useful = mask[:, reaching[link.target]][:, :, reached[link.source]]
        active[link.info.name] = int(np.count_nonzero(mask))
        # a tied matrix is passed twice: a connection is effective where it is so at either place, so the larger counts
        effective[link.info.name] = max(int(np.count_nonzero(useful)), effective.get(link.info.name, 0))
    named = [{s.name: seen[s] for s in sorted(spaces, key=lambda s: s.name)} for seen in (reached, reaching)]
    return EffectiveTopology(active, effective, *named)


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Numbers as values · 2 ** exponent, the largest value between 1/2 and 1: counts beyond any float."""

    values: NDArray[np.float64]
    exponent: int

    @classmethod
    def of(cls, values: NDArray[np.float64], exponent: int) -> _Scaled:
        shift = int(np.frexp(values.max(initial=0.0))[1])
        return cls(np.ldexp(values, -shift), exponent + shift)

    @classmethod
    def zeros(cls, size: int) -> _Scaled:
        return cls(np.zeros(size), 0)

    def __add__(self, other: _Scaled) -> _Scaled:
        if not other.values.any():
            return self
        if not self.values.any():
            return other
        high, low = (self, other) if self.exponent >= other.exponent else (other, self)
        return _Scaled.of(high.values + np.ldexp(low.values, low.exponent - high.exponent), high.exponent)

    @property
    def log10_sum(self) -> float:
        total = float(self.values.sum())
        return float(np.log10(total) + self.exponent * np.log10(2)) if total else float("-inf")


def _chain(layers: list[LayerInfo]) -> list[Link]:
    wired = links(layers)
    place: dict[Space, int] = {}
    for link in wired:
        place.setdefault(link.target, len(place))
    wired.sort(key=lambda link: (place[link.target], link.recurrent))  # what a layer reads, before its recurrence
    steps = [link for link in wired if not link.recurrent]
    if not steps:
        raise UsageError("there is no path to count: no matrix leads from an input to an output.")
    for before, after in pairwise(steps):
        if before.target != after.source:
            raise UsageError(
                f"paths cannot be followed from {before.info.name}, which leads to {before.target.size} units, to "
                f"{after.info.name}, which reads {after.source.size} of {after.source.name!r}: these layers do not "
                "follow each other. Count them in a snapshot that holds one stack of layers."
            )
    return wired


def _count(chain: list[Link], transfer: Callable[[Link], Callable[[_Scaled], _Scaled]], steps: int) -> float:
    """Paths from the first space at the first step to the last space at the last, one unrolled step after another."""
    through = [(link, transfer(link)) for link in chain]
    forward = [link for link in chain if not link.recurrent]
    before: dict[Space, _Scaled] = {}
    for step in range(steps):
        first = forward[0].source
        now = {first: _Scaled.of(np.ones(first.size), 0) if step == 0 else _Scaled.zeros(first.size)}
        deep: set[Space] = set()  # layers whose first recurrent matrix of this step was passed
        for link, apply in through:
            if not link.recurrent:
                now[link.target] = now.get(link.target, _Scaled.zeros(link.target.size)) + apply(now[link.source])
            elif link.target in deep:
                now[link.target] = apply(now[link.target])
            elif link.source in before:
                now[link.target] = now.get(link.target, _Scaled.zeros(link.target.size)) + apply(before[link.source])
            if link.recurrent:
                deep.add(link.target)
        before = now
    return before[forward[-1].target].log10_sum
