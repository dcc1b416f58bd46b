"""What a topology distance saturates at: its expected value between independent random masks of the same densities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strnn_viz.topology.assignment import LIMIT, layer_distances, match
from strnn_viz.topology.cache import Bounded
from strnn_viz.topology.network import Network
from strnn_viz.topology.wiring import Wiring

_SEED = 0
_UNITS = 500  # matched units of every set to average over, as long as they are not more than this of any set,
_MOST = 2000  # and networks not more than this
_REPEATS = 50
_LARGE = 200  # from this many units on, alternating between independent masks finds nothing better than its start

_gains: Bounded[dict[str, float]] = Bounded(256)


def expected_identity(a: Network, b: Network) -> dict[str, float]:
    """Expected distance of independent random masks, units taken in the order they have, by layer.

    A slot of density p in one and q in the other is in both with probability pq and in either with p + q - pq. Given
    that anything is, the Jaccard distance has expectation 1 - pq / (p + q - pq), which is 1 - d / (2 - d) at one
    density d; two units without any connection have distance 0. Over matrices of several densities, intersections and
    unions are summed before they are divided.

    Parameters
    ----------
    a, b : Network
        Only their densities count.

    Returns
    -------
    dict of str to float
    """
    return _expected(a.wiring, a.densities, b.densities)


def expected_matched(a: Network, b: Network) -> dict[str, float]:
    """Expected distance of independent random masks after matching, by layer: what the raw distance is divided by.

    Choosing the best of many assignments makes independent masks look alike (.802 becomes .792 at density .33 with
    1,500 LSTM units). By how much has no closed form, so it is simulated: the same matching is done to random masks,
    seeded and repeated until 500 units are matched, at most 50 times. The ratio of its distance to the expected one
    without matching is kept for networks of the same shape and densities (to two digits; the ratio hardly moves with
    them). Above 200 units starts are compared and not improved, which finds nothing better between independent masks.

    Parameters
    ----------
    a, b : Network
        Of one architecture.

    Returns
    -------
    dict of str to float
    """
    rounded = sorted(tuple(float(f"{d:.2g}") for d in network.densities) for network in (a, b))
    gains = _gains.get((a.wiring.key, *rounded), lambda: _simulate(a.wiring, *rounded))
    # By place: networks with one key may call their layers differently.
    pairs = zip(expected_identity(a, b).items(), gains.values(), strict=True)
    return {layer: gain * value for (layer, value), gain in pairs}


def _expected(wiring: Wiring, a: Sequence[float], b: Sequence[float]) -> dict[str, float]:
    result = {}
    for layer, places in wiring.layers.items():
        slots = np.array([wiring.matrices[i].slots for i in places], dtype=np.float64)
        p, q = (np.array([densities[i] for i in places]) for densities in (a, b))
        both, either = p * q, p + q - p * q
        union = float((slots * either).sum())
        some = 1 - float(np.prod((1 - np.minimum(either, 1)) ** slots))
        result[layer] = (1 - float((slots * both).sum()) / union) * some if union else 0.0
    return result


def _simulate(wiring: Wiring, a: Sequence[float], b: Sequence[float]) -> dict[str, float]:
    """Ratio of matched to unmatched expected distance of every layer; 1 where nothing is matched."""
    expected = _expected(wiring, a, b)
    gains = dict.fromkeys(wiring.layers, 1.0)
    free = {m.layer for m in wiring.matrices if m.out and expected[m.layer] > 0}
    if not free:
        return gains
    smallest, largest = min(wiring.sets.values()), max(wiring.sets.values())
    repeats = max(1, min(-(-_UNITS // smallest), _MOST // largest, _REPEATS))
    rng = np.random.default_rng(_SEED)
    totals = dict.fromkeys(free, 0.0)
    for _ in range(repeats):
        x, y = _random(rng, wiring, a), _random(rng, wiring, b)
        found = match(x, y, limit=1 if largest > _LARGE else LIMIT)
        known = {name: matching.permutation for name, matching in found.items()}
        for layer in wiring.layers:
            if layer in free:
                totals[layer] += float(layer_distances(x, y, layer, known).mean())
    return gains | {layer: total / repeats / expected[layer] for layer, total in totals.items()}


def _random(rng: np.random.Generator, wiring: Wiring, densities: Sequence[float]) -> Network:
    masks = (rng.random(m.info.size, dtype=np.float32) < d for m, d in zip(wiring.matrices, densities, strict=True))
    return Network(wiring, tuple(np.packbits(mask) for mask in masks))
