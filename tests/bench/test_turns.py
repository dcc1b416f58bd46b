"""What measurements share."""

from __future__ import annotations

import math

import pytest

from strnn_viz.bench.turns import break_even, compared, density_text, growth, passing, take_turns


def test_arms_take_turns_and_the_first_round_does_not_count() -> None:
    order: list[str] = []
    told: list[tuple[int, int]] = []
    taken = take_turns(
        {name: lambda name=name: order.append(name) for name in "ab"}, 2, lambda done, total: told.append((done, total))
    )
    assert order == ["a", "b"] * 3
    assert {name: len(own) for name, own in taken.items()} == {"a": 2, "b": 2}
    assert told == [(i, 6) for i in range(7)]


def test_medians_are_those_of_ratios_round_by_round() -> None:
    found = compared([1.0, 2.0, 4.0], [2.0, 8.0, 12.0])
    assert (found["ms"], found["dense_ms"], found["speedup"]) == (2.0, 8.0, 3.0)
    assert (found["low"], found["high"]) == (2.0, 4.0)
    assert compared([2.0], [3.0]) == {"ms": 2.0, "dense_ms": 3.0, "speedup": 1.5, "low": 1.5, "high": 1.5}


@pytest.mark.parametrize(
    ("points", "density"),
    [
        ([(0.1, 4.0), (0.4, 0.25)], 0.2),  # halfway between the logarithms
        ([(0.4, 0.25), (0.1, 4.0)], 0.2),
        ([(0.1, 4.0), (0.4, 1.5)], 1.0),
        ([(0.1, 0.9), (0.4, 0.5)], 0.0),
        ([(0.01, 8.0), (0.1, 2.0), (0.2, 0.5)], 0.1 * math.sqrt(2)),
    ],
)
def test_break_even_lies_where_the_speed_up_is_one(points: list, density: float) -> None:
    assert passing(points) == pytest.approx(density)
    rows = [
        {"backend": "a", "hidden": 8, "batch": 2, "steps": 3, "sparsity": 1 - d, "speedup": s} for d, s in points
    ]  # fmt: skip
    (found,) = break_even(rows)
    assert found == {"backend": "a", "hidden": 8, "batch": 2, "steps": 3, "density": pytest.approx(density)}


def test_growth_is_the_power_of_the_number_of_weights() -> None:
    rows = [{"backend": "a", "hidden": 8, "sparsity": 1 - d, "ms": 5 * d**0.5} for d in (0.1, 0.2, 0.4)]
    rows += [{"backend": "a", "hidden": 4, "sparsity": s, "ms": 1.0} for s in (0.5, 0.9)]
    assert growth(rows) == {"a": pytest.approx(0.5)}
    assert growth(rows[:1]) == {}


def test_a_density_as_text() -> None:
    assert [density_text(d) for d in (None, 0.0, 0.256, 1.0)] == ["–", "none", "0.26", "all"]
