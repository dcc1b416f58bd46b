"""The topology benchmark at a size for tests: its arms agree, and it says what it measured."""

from __future__ import annotations

import json

import pytest

from strnn_viz.bench.topology import table, topology


@pytest.fixture(scope="module")
def result() -> dict:
    return topology(neurons=48, hidden=(12, 24))


def test_all_arms_compute_the_same_distance(result: dict) -> None:
    rows = [row for row in result["rows"] if row["comparison"] == "layer"]
    assert [(row["case"], row["arm"]) for row in rows] == [
        ("a fifth moved", "ours"),
        ("a fifth moved", "loop"),
        ("a fifth moved", "sets"),
        ("independent", "ours"),
        ("independent", "sets"),
    ]
    for case in ("a fifth moved", "independent"):
        found = [row["distance"] for row in rows if row["case"] == case]
        assert found == pytest.approx([found[0]] * len(found), abs=1e-12)
        assert 0 < found[0] < 1
    for row in rows:
        ours = next(r for r in rows if r["case"] == row["case"])
        assert row["ratio"] == row["seconds"] / ours["seconds"]
    assert rows[1]["ratio"] > 10


def test_growth_is_told(result: dict) -> None:
    rows = [row for row in result["rows"] if row["comparison"] == "lstm"]
    assert [(row["case"], row["hidden"]) for row in rows] == [
        ("permuted, half rewired", 12),
        ("permuted, half rewired", 24),
        ("independent", 12),
        ("independent", 24),
    ]
    assert [row["exponent"] is None for row in rows] == [True, False, True, False]
    assert all(row["iterations"] > 0 for row in rows)


def test_values_are_plain_and_the_table_has_them_all(result: dict) -> None:
    assert json.loads(json.dumps(result)) == result
    text = table(result)
    assert all(row["what"] in text for row in result["rows"])
    assert f"{result['machine']['cores']} cores" in text
    assert max(map(len, text.splitlines())) <= 120


def test_progress_is_told_of_every_row() -> None:
    told: list[tuple[int, int]] = []
    topology(lambda done, total: told.append((done, total)), neurons=6, hidden=(4,))
    assert told == [(i, 7) for i in range(8)]
