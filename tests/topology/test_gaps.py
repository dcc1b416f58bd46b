"""Differences between kinds of run, by their numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.runs import Parent, Run, RunWriter
from strnn_viz.topology.gaps import gap, measured, same_kind, seeds_of_kind
from tests.synthetic import make_run, snapshots


def test_one_run_of_each_kind_has_a_gap_and_no_band() -> None:
    found = gap({1: {0: 100.0, 1: 50.0, 2: 40.0}}, {1: {0: 100.0, 1: 45.0, 3: 1.0}})
    assert found.epochs.tolist() == [0, 1]
    assert found.middle.tolist() == found.low.tolist() == found.high.tolist() == [0.0, -5.0]
    assert (found.seeds, found.banded) == ((1, 1), False)


def test_seeds_in_common_are_paired() -> None:
    first = {1: {0: 10.0}, 2: {0: 20.0}, 3: {0: 99.0}}
    second = {1: {0: 11.0}, 2: {0: 23.0}}
    found = gap(first, second)
    assert found.paired
    assert found.seeds == (2, 2)
    deviation = np.std([1.0, 3.0], ddof=1)
    assert found.middle.tolist() == [2.0]
    assert found.low.tolist() == [2.0 - deviation]
    assert found.high.tolist() == [2.0 + deviation]


def test_other_seeds_are_compared_each_with_each() -> None:
    found = gap({1: {0: 10.0}, 2: {0: 14.0}}, {5: {0: 9.0}, 6: {0: 15.0}, 7: {0: 12.0}})
    assert not found.paired
    assert found.seeds == (2, 3)
    assert (found.low[0], found.middle[0], found.high[0]) == (-5.0, 0.0, 5.0)


def test_a_share_is_of_what_the_first_kind_reaches() -> None:
    found = gap({1: {0: 200.0, 1: 100.0, 2: 0.0}}, {1: {0: 190.0, 1: 101.0, 2: 1.0}}, share=True)
    assert found.epochs.tolist() == [0, 1]
    assert found.middle == pytest.approx([-0.05, 0.01])
    assert found.absolute == pytest.approx([-10.0, 1.0])


@pytest.mark.parametrize(("first", "second"), [({}, {}), ({1: {0: 1.0}}, {}), ({1: {0: 1.0}}, {1: {2: 1.0}})])
def test_where_nothing_is_in_common_there_is_no_gap(first: dict, second: dict) -> None:
    assert len(gap(first, second).epochs) == len(gap(first, second).middle) == 0


def test_runs_of_one_kind_differ_in_their_seed_alone(tmp_path: Path) -> None:
    config = preset("demo", epochs=2)
    runs = {
        name: make_run(tmp_path / name, config.replace(changes), epochs=1, hidden=4)
        for name, changes in {
            "one": {}, "two": {"seed": 2, "threads": 1}, "again": {}, "er": {"initialization": "erdos_renyi"}
        }.items()
    }  # fmt: skip
    with RunWriter(tmp_path / "fork", config.replace({"seed": 5}), parent=Parent("one", 1)) as writer:
        writer.append(next(snapshots(epochs=1, hidden=4)))
        fork = writer
    runs["fork"] = Run(fork.path)
    assert same_kind(runs["one"], runs["two"])
    assert not same_kind(runs["one"], runs["er"])
    assert not same_kind(runs["one"], runs["fork"])
    assert seeds_of_kind(runs["one"], runs.values()) == {1: runs["one"], 2: runs["two"]}
    assert seeds_of_kind(runs["er"], runs.values()) == {1: runs["er"]}
    assert measured(runs["one"], "valid_perplexity") == {
        row["epoch"]: row["valid_perplexity"] for row in runs["one"].rows
    }
