"""Places drawn at random: as many as asked for, all choices equally likely."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.nn.sparse import draw_without_replacement


@given(st.integers(0, 300), st.data())
def test_draws_are_different_sorted_and_in_range(population, data):
    k = data.draw(st.integers(0, population))
    drawn = draw_without_replacement(population, k, torch.Generator().manual_seed(1)).tolist()
    assert drawn == sorted(set(drawn))
    assert len(drawn) == k
    assert all(0 <= x < population for x in drawn)


@pytest.mark.parametrize(("population", "k"), [(10, 3), (5, 2), (4, 3), (40, 1)])
def test_draws_are_every_set_equally_likely(population, k):
    generator = torch.Generator().manual_seed(0)
    seen = Counter(tuple(draw_without_replacement(population, k, generator).tolist()) for _ in range(6000))
    sets = math.comb(population, k)
    assert len(seen) == sets
    # sum of (observed - expected)^2 / expected: as many as there are sets less one, and five standard deviations
    expected = 6000 / sets
    assert sum((n - expected) ** 2 / expected for n in seen.values()) < sets - 1 + 5 * math.sqrt(2 * sets)


def test_more_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="cannot choose 4 of 3"):
        draw_without_replacement(3, 4, torch.Generator())


def test_drawing_few_of_many_builds_nothing_of_their_number():
    drawn = draw_without_replacement(10**12, 5, torch.Generator().manual_seed(0))
    assert len(set(drawn.tolist())) == 5
    assert int(drawn.max()) > 10**10
