import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.sparsity.positions import among, follow, free_position, shuffled


@given(st.integers(1, 60), st.integers(0, 9), st.data())
def test_free_position_is_the_ranked_place_of_those_not_occupied(size, start, data):
    occupied = sorted(data.draw(st.sets(st.integers(start, start + size - 1))))
    free = [p for p in range(start, start + size) if p not in occupied]
    ranks = torch.arange(len(free))
    assert free_position(torch.tensor(occupied, dtype=torch.long), ranks, start).tolist() == free


@pytest.mark.parametrize("seed", [0, 1, 2**62 - 1])
def test_shuffled_numbers_are_different_and_of_their_position_alone(seed):
    numbers = shuffled(torch.arange(100_000), seed)
    assert len(numbers.unique()) == 100_000
    assert torch.equal(shuffled(torch.tensor([7, 99_999]), seed), numbers[[7, 99_999]])


def test_by_shuffled_numbers_every_order_is_equally_likely():
    seen = Counter(tuple(torch.argsort(shuffled(torch.tensor([10, 11, 12, 40]), 97 * seed)).tolist())
                   for seed in range(6000))  # fmt: skip
    assert len(seen) == 24
    assert sum((n - 250) ** 2 / 250 for n in seen.values()) < 23 + 5 * math.sqrt(46)


def test_the_first_number_of_splitmix64():
    """From the seed 0, as published: its state is by then the golden ratio's increment."""
    increment = 0x9E3779B97F4A7C15 - 2**64
    assert shuffled(torch.tensor([0]), increment).item() == 0xE220A8397B1DCDAF - 2**64


@pytest.mark.parametrize(("known", "found"), [([2, 5, 9], [True, False, False, True]), ([], [False] * 4)])
def test_which_positions_are_among_known_ones(known, found):
    assert among(torch.tensor([9, 0, 12, 2]), torch.tensor(known, dtype=torch.int64)).tolist() == found


def test_what_is_kept_follows_weights_and_is_zero_for_new_ones():
    old, new = torch.tensor([1, 4, 5, 9]), torch.tensor([0, 1, 4, 9, 12])
    kept = torch.tensor([10, 20, 30, 40], dtype=torch.int8)
    moved = follow(kept, old, torch.tensor([5, 4]), new)  # 4 was regrown at once
    assert moved.tolist() == [0, 10, 0, 40, 0]
    assert moved.dtype == torch.int8
    assert follow(kept, old, old, new).tolist() == [0] * 5
