import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity import scores
from strnn_viz.sparsity.blocks import Block
from strnn_viz.sparsity.matrix import MaskedMatrix
from strnn_viz.sparsity.selection import SELECT, Moment, down_to_budget, mark_lowest


def block(values, size=None, budget=0, dtype=torch.float32):
    """A row whose first places are active."""
    size = size or len(values)
    parameter = torch.nn.Parameter(torch.zeros(1, size, dtype=dtype))
    matrix = MaskedMatrix(LayerInfo("w", (1, size)), parameter, torch.optim.SGD([parameter], lr=0.1),
                          torch.arange(len(values)))  # fmt: skip
    with torch.no_grad():
        parameter[0, : len(values)] = torch.tensor(values, dtype=dtype)
    (whole,) = Block.of(matrix, [budget])
    return whole


def chosen(marks):
    return [mark.nonzero().squeeze(1).tolist() for mark in marks]


@pytest.mark.parametrize("axis", ["magnitude", "signed"])
@given(
    values=st.lists(st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]), min_size=0, max_size=25),
    rate=st.floats(0, 1),
    room=st.integers(0, 9),
    limited=st.booleans(),
)
def test_exactly_so_many_whatever_the_ties(axis, values, rate, room, limited):
    found = SELECT[axis]([block(values, max(1, len(values) + room))], Moment(rate, limited=limited))
    k = round(rate * len(values))
    assert len(chosen(found)[0]) == (min(k, max(1, len(values) + room) - len(values)) if limited else k)


@given(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=25), st.floats(0, 1))
def test_magnitude_leaves_nothing_smaller_than_it_took(values, rate):
    (mark,) = SELECT["magnitude"]([block(values)], Moment(rate))
    sizes = torch.tensor(values, dtype=torch.float32).abs()
    if mark.any() and not mark.all():
        assert sizes[mark].max() <= sizes[~mark].min()


@given(st.lists(st.floats(-9, 9, width=32), min_size=1, max_size=25), st.floats(0, 1))
def test_signed_takes_its_share_of_either_sign_from_those_closest_to_zero(values, rate):
    (mark,) = SELECT["signed"]([block(values)], Moment(rate))
    v = torch.tensor(values, dtype=torch.float32)
    for own in (v < 0, v >= 0):
        n, gone = int(own.sum()), int((mark & own).sum())
        assert abs(gone - rate * n) <= 1.5  # to within one, and half of one for the rounding of the whole
        if gone and gone < n:
            assert v[own & mark].abs().max() <= v[own & ~mark].abs().min()


def test_signed_scores_by_hand():
    score = scores.signed(block([4, -1, 2, -3, 0]))
    assert score.tolist() == pytest.approx([2.5 / 3, 0.25, 1.5 / 3, 0.75, 0.5 / 3])
    assert scores.signed(block([], 3)).tolist() == []


def test_signed_ranks_are_told_apart_in_half_precision():
    values = torch.linspace(1, 2, 2000).bfloat16().tolist()  # rising, with ties
    (mark,) = SELECT["signed"]([block(values, dtype=torch.bfloat16)], Moment(0.3337))
    assert chosen([mark])[0] == list(range(667))


def test_each_block_loses_its_own_share():
    found = SELECT["magnitude"]([block([1, 2, 3, 4]), block([10, 30, 20]), block([], 3)], Moment(0.5))
    assert chosen(found) == [[0, 1], [0, 2], []]


def test_one_threshold_for_all_blocks():
    moment = Moment(0.5, memory={"threshold": 5.0})
    assert chosen(SELECT["threshold"]([block([1, -6, 5]), block([-4.9, 30])], moment)) == [[0], [0]]
    assert moment.memory["threshold"] == 10.0  # two of 2.5 due are fewer than 90%
    assert chosen(SELECT["threshold"]([block([1, -6, 5]), block([-4.9, 30])], moment)) == [[0, 1, 2], [0]]
    assert moment.memory["threshold"] == 5.0


@pytest.mark.parametrize("count", [9, 10, 11])
def test_within_a_tenth_of_what_is_due_the_threshold_stays(count):
    moment = Moment(0.1, memory={"threshold": 1.0})
    SELECT["threshold"]([block([0.5] * count + [2.0] * (100 - count))], moment)
    assert moment.memory["threshold"] == 1.0


def test_a_threshold_for_no_weights_at_all():
    moment = Moment(0.5)
    assert chosen(SELECT["threshold"]([block([], 4)], moment)) == [[]]


def test_down_to_budget_reaches_it_and_never_adds():
    blocks = [block([4, 3, 2, 1], budget=1), block([1, 1], 8, budget=4)]
    assert chosen(down_to_budget(blocks, Moment(0.0, update=9, updates=10))) == [[1, 2, 3], []]
    # u = 1 of floor(.75 * 4) = 3: .25 + .75 * (2/3)^3 = .472 of 4 places are 2
    assert chosen(down_to_budget(blocks, Moment(0.0, update=0, updates=4))) == [[2, 3], []]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0, float("inf"), float("nan")]), max_size=40), st.data())
def test_the_lowest_are_the_first_of_a_stable_order_and_what_is_no_number_comes_last(values, data):
    k = data.draw(st.integers(0, len(values)))
    order = sorted(range(len(values)), key=lambda i: float("inf") if values[i] != values[i] else values[i])
    assert torch.nonzero(mark_lowest(torch.tensor(values), k)).flatten().tolist() == sorted(order[:k])
