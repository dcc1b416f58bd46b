"""NNSTD of the topologies published with Liu et al. 2020: what their code gives, and what of it is unique.

The topologies are multilayer perceptrons 784-784-784-784-10 trained by SET. The first hidden layer's distance is
unique. Those above depend on which of several equally good assignments is taken below, since many units have no
incoming connection. The last layer is dense in all of these networks, so its distance is 0 whatever the convention.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from strnn_viz.topology.nnstd import nnstd

ROOT = Path(os.environ.get("STRNN_VIZ_DATA", "") or "nowhere") / "nnstd_reference" / "topo"

pytestmark = pytest.mark.skipif(
    not (ROOT / "e5_s0_w0").is_dir(), reason="STRNN_VIZ_DATA names no directory with nnstd_reference/topo in it"
)

PUBLISHED = [0.2902369704, 0.2431, 0.1948, 0.0]  # w0 and w1 before training, by the authors' code
DIGITS = [1e-9, 5e-5, 5e-5, 0.0]


def masks(network: int, epoch: int, *, bias: bool = False) -> list[np.ndarray]:
    """Masks (out, in). In the files weights are (in + 1, out), and the last row is the bias."""
    folder = ROOT / f"e5_s0_w{network}" / f"epoch_{epoch:03d}"
    weights = [sparse.load_npz(folder / f"weight_l{i}.npz").toarray() for i in range(4)]
    return [np.ascontiguousarray((w if bias else w[:-1]).T != 0) for w in weights]


def test_the_published_distances() -> None:
    found = nnstd(masks(0, 0), masks(1, 0))
    for layer, value, digits in zip(found.layers, PUBLISHED, DIGITS, strict=True):
        assert layer.raw == pytest.approx(value, abs=digits)
    assert found.raw == pytest.approx(np.mean(PUBLISHED), abs=5e-5)
    assert found.layers[0].identity == found.layers[0].raw  # no assignment is better than none


def test_the_last_layer_has_nothing_to_differ_in() -> None:
    for network in range(5):
        assert masks(network, 0)[3].all()
    assert nnstd(masks(0, 0), masks(1, 0), pin_outputs=False).layers[3].raw == 0


def test_only_the_first_layer_is_unique() -> None:
    """In another order of units SciPy comes to other assignments, which are as good where they are made."""
    first, upper = [], []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        p = rng.permutation(784)
        a, b = masks(0, 0), masks(1, 0)
        b[0], b[1] = b[0][p], b[1][:, p]
        found = nnstd(a, b)
        first.append(found.layers[0].raw)
        upper.append(found.layers[1].raw)
    assert first == pytest.approx([PUBLISHED[0]] * 3, abs=1e-9)
    assert min(upper) > PUBLISHED[1] + 0.01
    kept = nnstd(masks(0, 0), masks(1, 0), ties="identity")
    assert kept.layers[0].raw == pytest.approx(PUBLISHED[0], abs=1e-9)
    assert [layer.raw for layer in kept.layers[1:3]] == pytest.approx([0.2413143156, 0.1837081038], abs=1e-9)


@pytest.mark.parametrize("epoch", [0, 10])
def test_the_first_layer_is_that_of_a_plain_double_loop(epoch: int) -> None:
    a, b = masks(0, epoch)[0][:60], masks(1, epoch)[0][:60]
    ours, theirs = ([set(np.flatnonzero(row).tolist()) for row in mask] for mask in (a, b))
    distances = [[len(x ^ y) / len(x | y) if x | y else 0.0 for y in theirs] for x in ours]
    from scipy.optimize import linear_sum_assignment

    best = np.array(distances)[linear_sum_assignment(distances)].mean()
    assert nnstd([a], [b], pin_outputs=False).raw == pytest.approx(best, abs=1e-12)


def test_a_bias_is_no_connection() -> None:
    assert nnstd(masks(0, 0, bias=True)[:1], masks(1, 0, bias=True)[:1], pin_outputs=False).raw == pytest.approx(
        0.2494, abs=5e-5
    )


def test_training_carries_similar_topologies_apart() -> None:
    """Figure 4 of the paper: networks that begin nearly alike end far from each other, and from where they began."""
    between = [nnstd(masks(0, epoch), masks(4, epoch)).normalized for epoch in (0, 10, 190)]
    assert between == sorted(between)
    assert nnstd(masks(0, 0), masks(0, 190)).normalized > nnstd(masks(0, 0), masks(0, 10)).normalized > 0.3
    assert nnstd(masks(0, 10), masks(0, 10)).raw == 0
