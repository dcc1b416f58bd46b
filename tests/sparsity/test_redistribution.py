import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.sparsity.redistribution import apportion, places


@pytest.mark.parametrize(
    ("total", "shares", "room", "expected"),
    [
        (6, [2, 1], [9, 9], [4, 2]),
        (7, [2, 1], [9, 9], [5, 2]),  # 4.67 and 2.33
        (8, [2, 1], [9, 9], [5, 3]),  # 5.33 and 2.67
        (1, [1, 1, 1], [9, 9, 9], [1, 0, 0]),  # equal remainders: the first
        (5, [1, 1, 1], [9, 9, 9], [2, 2, 1]),
        (6, [0, 1, 2], [9, 9, 9], [0, 2, 4]),
        # full ones hand on, in proportion to the others' shares: 6, 2, 2 -> 3 too many for the first -> +1.5 each
        (10, [3, 1, 1], [3, 9, 9], [3, 4, 3]),
        # ... and on: 8, 1, 1 -> 1, then 4.5 each -> 2 and 5, then 2 more
        (10, [8, 1, 1], [1, 2, 20], [1, 2, 7]),
        # only places without a share are left: by room, 2 of 3 and 6
        (5, [1, 0, 0], [3, 3, 6], [3, 1, 1]),
        (4, [1, 0, 0], [1, 3, 6], [1, 1, 2]),
        (4, [0, 0], [4, 12], [1, 3]),
        (4, [math.nan, 1.0], [4, 12], [1, 3]),
        (4, [math.inf, 1.0], [4, 12], [1, 3]),
        (0, [1, 2], [0, 0], [0, 0]),
        (5, [1, 2], [2, 3], [2, 3]),
    ],
)  # fmt: skip
def test_apportioned_by_hand(total, shares, room, expected):
    assert apportion(total, shares, room) == expected


def test_too_much_is_an_error_and_not_an_endless_loop():
    with pytest.raises(ValueError, match="6 do not fit into 5"):
        apportion(6, [1, 2], [2, 3])


SHARES = st.one_of(
    st.floats(0, 1e30), st.integers(0, 10**9), st.just(0.0), st.floats(0, 1e-300), st.just(math.nan), st.just(math.inf)
)


@given(st.lists(st.tuples(SHARES, st.integers(0, 10**6)), min_size=1, max_size=9), st.data())
def test_all_is_given_and_no_room_overfilled(parts, data):
    shares, room = [s for s, _ in parts], [r for _, r in parts]
    total = data.draw(st.integers(0, sum(room)))
    given_ = apportion(total, shares, room)
    assert sum(given_) == total
    assert all(0 <= g <= r for g, r in zip(given_, room, strict=True))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=9), st.integers(0, 10**6))
def test_with_room_enough_everyone_is_within_one_of_the_exact_share(shares, total):
    given_ = apportion(total, shares, [total] * len(shares))
    if sum(shares):
        assert all(abs(g - total * s / sum(shares)) < 1 + 1e-6 for g, s in zip(given_, shares, strict=True))
        assert all(g == 0 for g, s in zip(given_, shares, strict=True) if s == 0)


def test_every_free_place_of_the_network_is_equally_likely():
    generator, counts = torch.Generator().manual_seed(0), torch.zeros(4)
    room = [0, 10, 0, 30]
    for _ in range(500):
        found = places([], [3, 0, 1, 0], room, generator)
        assert sum(found) == 4
        assert all(f <= r for f, r in zip(found, room, strict=True))
        counts += torch.tensor(found)
    assert counts[[0, 2]].sum() == 0
    assert abs(counts[1] - 500) < 100  # standard deviation 19


@given(st.lists(st.integers(0, 20), min_size=1, max_size=6), st.data())
def test_drawn_places_fit(room, data):
    total = data.draw(st.integers(0, sum(room)))
    found = places([], [total], room, torch.Generator().manual_seed(1))
    assert sum(found) == total
    assert len(found) == len(room)
    assert all(f <= r for f, r in zip(found, room, strict=True))
