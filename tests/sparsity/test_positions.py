import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.sparsity.positions import draw_without_replacement, free_position


@given(st.integers(1, 60), st.integers(0, 9), st.data())
def test_free_position_is_the_ranked_place_of_those_not_occupied(size, start, data):
    occupied = sorted(data.draw(st.sets(st.integers(start, start + size - 1))))
    free = [p for p in range(start, start + size) if p not in occupied]
    ranks = torch.arange(len(free))
    assert free_position(torch.tensor(occupied, dtype=torch.long), ranks, start).tolist() == free


@given(st.integers(0, 200), st.data())
def test_draws_are_different_sorted_and_in_range(population, data):
    k = data.draw(st.integers(0, population))
    drawn = draw_without_replacement(population, k, torch.Generator().manual_seed(1)).tolist()
    assert drawn == sorted(set(drawn))
    assert len(drawn) == k
    assert all(0 <= x < population for x in drawn)


def test_every_place_is_equally_likely():
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(10)
    for _ in range(4000):
        counts[draw_without_replacement(10, 3, generator)] += 1
    # 1200 expected, standard deviation 29: five of them on either side
    assert (counts - 1200).abs().max() < 145
