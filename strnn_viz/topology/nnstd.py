"""NNSTD: how far two sparse topologies are apart, whatever the order of their hidden units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from strnn_viz.topology.assignment import Matching, Permutation, Ties, layer_distances, match
from strnn_viz.topology.network import Network, Topology, check_comparable, network
from strnn_viz.topology.null import expected_matched


@dataclass(frozen=True, eq=False)
class LayerDistance:
    """Distance of two topologies in one layer.

    Attributes
    ----------
    name : str
        The layer: a group of a snapshot, or ``layer 1`` and so on of a stack.
    raw : float
        Mean distance of corresponding units, 0 to 1.
    expected : float
        What `raw` is expected to be between independent random masks of the same densities, after matching.
    identity : float
        Mean distance of units in the order they have, nothing matched.
    gates : mapping of str to float
        `raw` by the connections into one gate only; empty where there are no gates.
    permutation : ndarray of int, shape (units,), or None
        Unit i of `a` corresponds to unit ``permutation[i]`` of `b`; None for outputs, which are not matched.
    """

    name: str
    raw: float
    expected: float
    identity: float
    gates: Mapping[str, float]
    permutation: Permutation | None

    @property
    def normalized(self) -> float:
        """`raw` over `expected`: 0 for one topology, about 1 for independent ones."""
        return normalized(self.raw, self.expected)


@dataclass(frozen=True, eq=False)
class Distance:
    """Distance of two topologies: see :func:`nnstd`.

    Attributes
    ----------
    layers : tuple of LayerDistance
        In the order of the model.
    iterations : int
        Assignment problems solved.
    converged : bool
        Whether every matching is optimal given itself. Between topologies that have little in common it need not be,
        and the best one met is what counts.
    """

    layers: tuple[LayerDistance, ...]
    iterations: int
    converged: bool

    @property
    def raw(self) -> float:
        """Mean of the layers' distances, as in Liu et al. 2020, 0 to 1."""
        return mean(layer.raw for layer in self.layers)

    @property
    def expected(self) -> float:
        """Mean of what the layers' distances are expected to be between independent masks."""
        return mean(layer.expected for layer in self.layers)

    @property
    def normalized(self) -> float:
        """`raw` over `expected`: 0 for one topology, about 1 for independent ones."""
        return normalized(self.raw, self.expected)

    @property
    def identity(self) -> float:
        """Mean of the layers' distances, nothing matched."""
        return mean(layer.identity for layer in self.layers)

    @property
    def permutations(self) -> Mapping[str, Permutation]:
        """Of every matched layer by its name: unit i of `a` corresponds to unit ``permutation[i]`` of `b`."""
        return MappingProxyType({la.name: la.permutation for la in self.layers if la.permutation is not None})


def nnstd(a: Topology, b: Topology, *, ties: Ties = "order", pin_outputs: bool = True) -> Distance:
    """Neural network sparse topology distance (Liu et al. 2020), for feed-forward stacks and recurrent models.

    Two neurons are as far apart as the sets of their incoming connections: NED = |a xor b| / |a or b|. A layer's
    distance is the mean over the assignment of its units that makes it smallest; the columns of the matrices above
    are put in that order before they are compared. Inputs and words are never permuted, nor are the outputs of a
    last, linear matrix.

    A unit of an LSTM, GRU or recurrent highway network has one place for all its gates, depths and roles: one
    permutation orders the rows and the columns of its matrices. It is the best of two alternations, begun from the
    units' order and from the assignment by input connections alone. The dimensions of an embedding are units that
    words lead to. Tied to the decoder, the embedding shares the uppermost layer's permutation and is part of what
    begins it.

    Parameters
    ----------
    a, b : Snapshot, or sequence of ndarray of bool
        Of one architecture. Masks of a feed-forward stack have shape (out, in), from the input upward.
    ties : {"order", "identity"}
        Assignments can be equally good (units without any connection are all alike), and the layers above then depend
        on the one taken: the first SciPy finds, as in the published code, or one that leaves most units in place,
        which is the better one between epochs of one very sparse run.
    pin_outputs : bool
        False matches the rows of a last, linear matrix too, which the published code does.

    Returns
    -------
    Distance
        The same for (a, b) and (b, a), with the inverse permutations; 0 if the masks are equal.

    Raises
    ------
    UsageError
        If `a` and `b` are not topologies of one architecture.

    References
    ----------
    Liu et al., Topological Insights into Sparse Neural Networks, ECML PKDD 2020 (arXiv:2006.14085).

    Examples
    --------
    >>> nnstd(run[0], run[10]).normalized  # doctest: +SKIP
    0.73
    """
    x, y = (network(topology, pin_outputs=pin_outputs) for topology in (a, b))
    check_comparable(x, y)
    return distance(x, y, ties=ties)


def distance(a: Network, b: Network, *, ties: Ties = "order") -> Distance:
    """:func:`nnstd` of two networks of one architecture."""
    # Which of several optima is found depends on which network comes first, so their masks decide that.
    order = compare(a, b)
    if order == 0:
        found = {name: Matching(np.arange(size), 0, True) for name, size in a.wiring.sets.items()}
    elif order > 0:
        found = match(a, b, ties=ties)
    else:
        found = {name: _inverse(matching) for name, matching in match(b, a, ties=ties).items()}
    known = {name: matching.permutation for name, matching in found.items()}
    expected = expected_matched(a, b)
    layers = []
    for name, places in a.wiring.layers.items():
        matrices = [a.wiring.matrices[i] for i in places]
        gates = dict.fromkeys(gate for m in matrices for gate in m.info.gates)
        layers.append(
            LayerDistance(
                name=name,
                raw=float(layer_distances(a, b, name, known).mean()),
                expected=expected[name],
                identity=float(layer_distances(a, b, name, {}).mean()),
                gates=MappingProxyType({g: float(layer_distances(a, b, name, known, g).mean()) for g in gates}),
                permutation=known.get(matrices[0].out),
            )
        )
    return Distance(
        tuple(layers),
        sum(matching.iterations for matching in found.values()),
        all(matching.converged for matching in found.values()),
    )


def normalized(raw: float, expected: float) -> float:
    """`raw` over `expected`; where independent masks cannot differ (both full, both empty), they do not: 0."""
    return raw / expected if expected > 0 else 0.0


def mean(values: Iterable[float]) -> float:
    """Mean of some numbers; 0 of none."""
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def compare(a: Network, b: Network) -> int:
    """0 for equal masks; 1 if, where they first differ, the connection is active in `a`; -1 if in `b`."""
    for ours, theirs in zip(a.bits, b.bits, strict=True):
        differ = ours != theirs
        if differ.any():
            first = int(differ.argmax())
            return 1 if ours[first] > theirs[first] else -1
    return 0


def _inverse(matching: Matching) -> Matching:
    return Matching(np.argsort(matching.permutation), matching.iterations, matching.converged)
