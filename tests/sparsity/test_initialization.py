import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.errors import UsageError
from strnn_viz.sparsity.initialization import allocate, erdos_renyi, random_positions

#: Table 2's stacked LSTM: embedding, two layers of two matrices, decoder.
PAPER = [(10_000, 1500), (6000, 1500), (6000, 1500), (6000, 1500), (6000, 1500), (10_000, 1500)]
RECURRENT_AND_DECODER = slice(1, None)


def test_uniform_gives_every_matrix_the_same_density():
    assert allocate("uniform", [(10, 10), (4, 50), (3, 7)], 0.3) == [30, 60, 6]


def test_erdos_renyi_by_hand():
    # sizes 100, 400; rows + columns 20, 50; budget 0.2 * 500 = 100 = epsilon * 70, epsilon = 10/7
    assert allocate("erdos_renyi", [(10, 10), (10, 40)], 0.2) == [round(200 / 7), round(500 / 7)]


def test_erdos_renyi_fills_a_small_matrix_and_hands_on_its_surplus():
    # unclamped epsilon = 260.5/53 = 4.9 would give the 1 x 2 matrix 14.7 weights; it has two places
    assert erdos_renyi([(1, 2), (10, 40)], 0.648)[0] == 1.0
    counts = allocate("erdos_renyi", [(1, 2), (10, 40)], 0.648)
    assert counts == [2, round(0.648 * 402 - 2)]


@pytest.mark.parametrize(("density", "ours"), [(0.33, 0.3344), (0.2, 0.2027)])
def test_erdos_renyi_relative_cost_of_the_papers_model(density, ours):
    """FLOPs of a token relative to dense: the look-up in the embedding costs none (the paper says .333 and .202)."""
    counts = allocate("erdos_renyi", PAPER, density)[RECURRENT_AND_DECODER]
    dense = sum(n * m for n, m in PAPER[RECURRENT_AND_DECODER])
    assert sum(counts) / dense == pytest.approx(ours, abs=5e-5)


def test_parameters_of_the_papers_model():
    assert sum(allocate("uniform", PAPER, 0.33)) == 21_780_000
    assert sum(allocate("uniform", PAPER, 0.2)) == 13_200_000


@given(
    st.sampled_from(["uniform", "erdos_renyi"]),
    st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=8),
    st.floats(0.001, 1.0),
)
def test_global_density_is_met_to_within_one_weight_a_matrix(name, shapes, density):
    counts = allocate(name, shapes, density)
    assert all(0 <= k <= n * m for k, (n, m) in zip(counts, shapes, strict=True))
    assert abs(sum(counts) - density * sum(n * m for n, m in shapes)) <= len(shapes)


@pytest.mark.parametrize("density", [0.0, -0.1, 1.5])
def test_a_density_out_of_range_is_refused(density):
    with pytest.raises(UsageError, match=rf"density = {density:g} is out of range: expected above 0 and at most 1"):
        allocate("uniform", [(3, 3)], density)


def test_random_positions_keep_the_budget_of_each_block():
    positions = random_positions([3, 0, 10], 10, torch.Generator().manual_seed(0))
    assert torch.bincount(positions // 10, minlength=3).tolist() == [3, 0, 10]
    assert positions.tolist() == sorted(set(positions.tolist()))
