"""The benchmark of captured topologies at a size for tests."""

from __future__ import annotations

import json

import numpy as np
from click.testing import CliRunner

from strnn_viz.bench.snapshots import _arms, snapshots, table
from strnn_viz.cli import main


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
    sparse, dense, _ = _arms(12, 0.7)
    ours, theirs = sparse(), dense()
    assert np.array_equal(ours.bits, theirs.bits)
    assert np.array_equal(ours.values, theirs.values)
    assert ours.churn == theirs.churn
    assert ours.churn.born > 0


def test_the_command_takes_a_size_and_prints_json() -> None:
    done = CliRunner().invoke(main, ["bench", "snapshots", "--hidden", "8", "--json"])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert {(row["hidden"], row["dense_bytes"]) for row in result["rows"]} == {(8, 5 * 4 * 8 * 8)}
    assert result["machine"]["isa"]


def test_a_size_is_refused_where_there_is_none() -> None:
    done = CliRunner().invoke(main, ["bench", "memory", "--hidden", "8"])
    assert done.exit_code == 2
    assert "--hidden is for step, update, snapshots and peers. Give bench memory without it." in done.output
