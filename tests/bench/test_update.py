"""The benchmark of pruning and regrowing at a size for tests."""

from __future__ import annotations

import json

import pytest

from strnn_viz.bench.models import LanguageModel
from strnn_viz.bench.update import _arm, table, update


@pytest.fixture(scope="module")
def result() -> dict:
    return update(hidden=10, words=40, sparsities=(0.5, 0.9), repeats=2)


def test_every_sparsity_has_a_row_with_its_weights(result: dict) -> None:
    places = 2 * 40 * 10 + 4 * 4 * 10 * 10
    assert [(r["backend"], r["sparsity"], r["weights"]) for r in result["rows"]] == [
        ("sparse", 0.5, places // 2),
        ("sparse", 0.9, places // 10),
    ]
    assert json.loads(json.dumps(result)) == result
    text = table(result)
    assert text.count("×") == 2
    assert f"{places // 10:,} weights" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("sparsity", [0.0, 0.6])
def test_each_turn_prunes_and_regrows_half(sparsity: float) -> None:
    turn, weights = _arm(LanguageModel(20, 5, sparsity), 0.6, 2)
    for _ in range(3):
        done = turn()
        assert sum(r.pruned for r in done.values()) == sum(r.grown for r in done.values()) == weights // 2


def test_progress_is_told_to_the_end() -> None:
    told: list[tuple[int, int]] = []
    update(lambda done, total: told.append((done, total)), hidden=4, words=10, sparsities=(0.5, 0.6), repeats=1)
    assert told[-1] == (8, 8)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
