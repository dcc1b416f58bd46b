"""What is the same topology."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from strnn_viz.topology.network import network
from tests.synthetic import snapshots


def test_the_same_topology_has_the_same_digest() -> None:
    early, *_, late = snapshots(2)
    assert network(early).digest == network(replace(early, epoch=7, metrics={})).digest
    assert network(early).digest != network(late).digest
    a, b = [np.ones((4, 6), dtype=bool)], [np.ones((6, 4), dtype=bool)]
    assert network(a).digest != network(b).digest
    assert network(a).digest != network(a, pin_outputs=False).digest


def test_densities() -> None:
    mask = np.zeros((4, 6), dtype=bool)
    mask[0, :3] = True
    assert network([mask]).densities == (0.125,)
