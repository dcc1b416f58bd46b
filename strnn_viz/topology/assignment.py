"""Which unit of one network corresponds to which of another, and how far corresponding units are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.topology.network import Network
from strnn_viz.topology.overlap import Overlap, fan_in, neuron_distance, paired_distance

Permutation = NDArray[np.intp]

#: Which of several equally good assignments is taken: see :func:`assign`.
Ties = Literal["order", "identity"]

LIMIT = 50  # assignments solved from one start
PATIENCE = 3  # of them in a row without a better one
SWEEPS = 6  # times over a network whose sets of units depend on each other in a circle

_SLIGHT = 1e-12  # far below any difference that matters, far above rounding


@dataclass(frozen=True, eq=False)
class Matching:
    """The units of one set of `a` and the units of `b` they correspond to.

    Attributes
    ----------
    permutation : ndarray of int, shape (units,)
        Unit i of `a` corresponds to unit ``permutation[i]`` of `b`.
    iterations : int
        Assignments solved.
    converged : bool
        Whether the assignment is optimal given itself as the order of the units it depends on.
    """

    permutation: Permutation
    iterations: int
    converged: bool


def assign(distances: NDArray[np.float64], ties: Ties = "order") -> Permutation:
    """The assignment of rows to columns with the smallest sum (the Hungarian problem).

    Parameters
    ----------
    distances : ndarray of float64, shape (n, n)
    ties : {"order", "identity"}
        Among equally good assignments: the one SciPy comes to, which gives each row in turn the first free column, or
        one that leaves most units in their place.
    """
    from scipy.optimize import linear_sum_assignment  # loading it takes longer than loading this whole package

    if ties == "identity":
        stay = distances.diagonal().copy()
        distances = distances + _SLIGHT
        np.fill_diagonal(distances, stay)
    return np.asarray(linear_sum_assignment(distances)[1], dtype=np.intp)


def match(a: Network, b: Network, *, ties: Ties = "order", limit: int = LIMIT) -> dict[str, Matching]:
    """Match the units of every set of two networks, from the inputs upward.

    Sets below are matched first, and the columns of a matrix are put in the order found for the units they come from.
    A set that feeds back on itself (recurrence) is a quadratic assignment: see :class:`_Search`. Where sets depend
    on each other in a circle (a tied embedding above which more than one layer stands), they are matched in turn,
    each first by what is known of it, until none changes.

    Parameters
    ----------
    a, b : Network
        Of one architecture.
    ties : {"order", "identity"}
    limit : int
        Most assignments to solve from one start; with 1, starts are compared and not improved.

    Returns
    -------
    dict of str to Matching
        By the name of the set, in the order of the model.
    """
    found: dict[str, Matching] = {}
    version = dict.fromkeys(a.wiring.sets, 0)
    seen: dict[str, tuple[int, ...]] = {}
    for _ in range(SWEEPS):
        before = dict(seen)
        for name in a.wiring.sets:
            into = [m for m in a.wiring.matrices if m.out == name]
            needed = sorted({c for m in into for c in m.columns} - {name})
            state = tuple(version[c] for c in needed)
            if seen.get(name) == state:
                continue
            seen[name] = state
            last = found.get(name)
            now = _match_set(a, b, name, {n: f.permutation for n, f in found.items()}, ties, limit)
            if last is None or not np.array_equal(last.permutation, now.permutation):
                version[name] += 1
            found[name] = now if last is None else replace(now, iterations=last.iterations + now.iterations)
        if seen == before:
            return {name: found[name] for name in a.wiring.sets}
    return {name: replace(found[name], converged=False) for name in a.wiring.sets}


def layer_distances(
    a: Network, b: Network, layer: str, known: dict[str, Permutation], gate: str | None = None
) -> NDArray[np.float64]:
    """Distance of every unit of a layer of `a` to the unit of `b` that it corresponds to.

    Parameters
    ----------
    a, b : Network
    layer : str
    known : dict of str to ndarray of int
        Permutations by the name of the set; an absent one keeps its order.
    gate : str or None
        Only the connections into this gate.

    Returns
    -------
    ndarray of float64, shape (units,)
    """
    parts = []
    for place in a.wiring.layers[layer]:
        matrix = a.wiring.matrices[place]
        if gate is not None and gate not in matrix.info.gates:
            continue
        ours, theirs = a.blocks(place), b.blocks(place)
        if gate is not None:
            at = matrix.info.gates.index(gate)
            ours, theirs = ours[:, at : at + 1], theirs[:, at : at + 1]
        if matrix.out in known:
            theirs = theirs[known[matrix.out]]
        if any(c in known for c in matrix.columns):
            columns = _columns(matrix.columns, known)
            theirs = theirs if columns is None else theirs[:, :, columns]
        parts.append((ours, theirs))
    return paired_distance(parts)


def _columns(names: Sequence[str], known: dict[str, Permutation]) -> Permutation | None:
    """The column of `b` for each column of `a`, where columns are these sets of units one after the other."""
    if not names:
        return None
    parts, start = [], 0
    for name in names:
        parts.append(known[name] + start)
        start += len(known[name])
    return np.concatenate(parts)


def _match_set(a: Network, b: Network, name: str, known: dict[str, Permutation], ties: Ties, limit: int) -> Matching:
    """Match the units of one set by all matrices that lead to it from sets that are known, or from itself."""
    n = a.wiring.sets[name]
    shared, sizes = np.zeros((n, n)), [np.zeros(n), np.zeros(n)]
    loops, loop_sizes = [], [np.zeros(n), np.zeros(n)]
    for place, matrix in enumerate(a.wiring.matrices):
        recurrent = name in matrix.columns
        if matrix.out != name or not all(c in known for c in matrix.columns if c != name):
            continue
        blocks = [network.blocks(place) for network in (a, b)]
        for total, block in zip(loop_sizes if recurrent else sizes, blocks, strict=True):
            total += fan_in(block)
        overlap = Overlap(*blocks)
        if recurrent:
            loops.append(overlap)
        else:
            shared += overlap.counts(_columns(matrix.columns, known))
    by_input = neuron_distance(shared, sizes[0][:, None], sizes[1])
    if not loops:
        return Matching(assign(by_input, ties), 1, True)

    size_a, size_b = sizes[0] + loop_sizes[0], sizes[1] + loop_sizes[1]

    def distances(permutation: Permutation) -> NDArray[np.float64]:
        total = shared.copy()
        for overlap in loops:
            total += overlap.counts(permutation)
        return neuron_distance(total, size_a[:, None], size_b)

    starts = [np.arange(n), assign(by_input, ties)]
    if name in known:
        starts.append(known[name])
    search = _Search(distances, ties, limit, starts[0])
    for start in starts:
        search.alternate(start)
    return Matching(search.best, search.iterations + 1, search.converged)


class _Search:
    """The best of several alternations for a permutation that stands on both sides of its own assignment problem.

    The recurrent connections two units share depend on the permutation being sought, so it is taken as given, the
    assignment solved, and its solution taken as given in turn. That need not improve at every step, so the best
    permutation met is kept. It ends at a permutation that is optimal given itself, at one met before, after `limit`
    steps, or after `PATIENCE` steps in a row without a new best. Between independent masks it wanders about, and what
    is kept is a start; the more two networks have in common, the sooner it arrives.
    """

    def __init__(
        self, distances: Callable[[Permutation], NDArray[np.float64]], ties: Ties, limit: int, start: Permutation
    ) -> None:
        self._distances, self._ties, self._limit = distances, ties, limit
        self._met: set[bytes] = set()
        self.best, self.value, self.converged, self.iterations = start, np.inf, False, 0

    def alternate(self, permutation: Permutation) -> None:
        """Go on from `permutation`, unless nothing better is possible."""
        units = np.arange(len(permutation))
        lowest, waited = np.inf, 0
        for step in range(self._limit):
            if self.value == 0 or permutation.tobytes() in self._met:
                return
            self._met.add(permutation.tobytes())
            distances = self._distances(permutation)
            value = float(distances[units, permutation].mean())
            lowest, waited = (value, 0) if value < lowest - _SLIGHT else (lowest, waited + 1)
            better = value < self.value - _SLIGHT
            if better:
                self.best, self.value, self.converged = permutation, value, value == 0
            if value == 0 or step + 1 == self._limit or waited >= PATIENCE:
                return
            following = assign(distances, self._ties)
            self.iterations += 1
            if float(distances[units, following].mean()) >= value - _SLIGHT:
                self.converged = self.converged or better
                return
            permutation = following
