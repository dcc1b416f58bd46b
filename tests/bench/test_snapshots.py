"""The benchmark of captured topologies at a size for tests."""

from __future__ import annotations

import json

import numpy as np

from strnn_viz.bench.snapshots import _arms, snapshots, table


def test_every_sparsity_has_a_row_with_its_bytes() -> None:
    result = snapshots(hidden=20, sparsities=(0.5, 0.9), repeats=2)
    places = 4 * 20 * 20
    assert [(r["sparsity"], r["weights"], r["bytes"], r["dense_bytes"]) for r in result["rows"]] == [
        (0.5, places // 2, places // 8 + 4 * places // 2, 5 * places),
        (0.9, places // 10, places // 8 + 4 * places // 10, 5 * places),
    ]
    assert json.loads(json.dumps(result)) == result
    assert table(result).count("×") == 2
    assert max(map(len, table(result).splitlines())) <= 120


def test_both_arms_capture_the_same() -> None:
    arms, _ = _arms(12, 0.7)
    ours, theirs = arms["sparse"](), arms["dense"]()
    assert np.array_equal(ours.bits, theirs.bits)
    assert np.array_equal(ours.values, theirs.values)
    assert ours.churn == theirs.churn
    assert ours.churn.born > 0
