import pytest
import torch

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import Pattern


def test_rows_columns_and_the_transposed_pattern_are_those_of_the_matrix():
    # . a .   positions 1
    # b . c             3 5
    # . . .
    # d . .             9
    pattern = Pattern.of(torch.tensor([1, 3, 5, 9]), (4, 3))
    assert pattern.indptr.tolist() == [0, 1, 3, 3, 4]
    assert pattern.indices.tolist() == [1, 0, 2, 0]
    assert pattern.indices.dtype == pattern.indptr.dtype == torch.int32
    assert pattern.positions.tolist() == [1, 3, 5, 9]
    assert (pattern.nnz, pattern.density) == (4, 4 / 12)
    transposed, order = pattern.columnwise
    assert transposed.shape == (3, 4)
    assert transposed.indptr.tolist() == [0, 2, 3, 4]
    assert transposed.indices.tolist() == [1, 3, 0, 1]
    assert order.tolist() == [1, 3, 0, 2]


def test_blocks_of_columns_split_every_row():
    pattern = Pattern.of(torch.tensor([0, 1, 4, 7, 8]), (2, 5))  # columns 0 1 4 and 2 3
    assert pattern.blocks(2).tolist() == [[0, 2, 2, 3], [3, 3, 5, 5]]
    assert pattern.blocks(5).tolist() == [[0, 3], [3, 5]]
    assert pattern.blocks(99).tolist() == [[0, 3], [3, 5]]


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0), (1, 1), (7, 3)])
def test_without_weights_nothing_is_out_of_bounds(shape):
    pattern = Pattern.of(torch.zeros(0, dtype=torch.int64), shape)
    assert pattern.indptr.tolist() == [0] * (shape[0] + 1)
    assert pattern.columnwise[0].indptr.tolist() == [0] * (shape[1] + 1)
    assert pattern.blocks(2).tolist() == [[0, 0]] * shape[0]
    assert pattern.density == 0


def test_rewiring_says_where_each_weight_came_from():
    pattern = Pattern.of(torch.tensor([1, 3, 5, 9]), (4, 3))
    moved, source = pattern.rewired(torch.tensor([3, 9]), torch.tensor([0, 4, 11]))
    assert moved.positions.tolist() == [0, 1, 4, 5, 11]
    assert source.tolist() == [-1, 0, -1, 2, -1]


def test_a_weight_just_removed_may_come_back_as_a_new_one():
    moved, source = Pattern.of(torch.tensor([1, 3]), (2, 3)).rewired(torch.tensor([3]), torch.tensor([3]))
    assert moved.positions.tolist() == [1, 3]
    assert source.tolist() == [0, -1]


def test_everything_may_go():
    moved, source = Pattern.of(torch.tensor([1, 3]), (2, 3)).rewired(torch.tensor([1, 3]), torch.zeros(0).long())
    assert moved.positions.tolist() == source.tolist() == []


def test_rewiring_is_that_of_sets():
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        places = torch.randperm(60, generator=generator)
        old, removed = places[:25].sort().values, places[:9].sort().values
        added = torch.cat([places[:3], places[30:36]]).sort().values
        moved, source = Pattern.of(old, (6, 10)).rewired(removed, added)
        expected = sorted(set(old.tolist()) - set(removed.tolist()) | set(added.tolist()))
        assert moved.positions.tolist() == expected
        for position, came_from in zip(expected, source.tolist(), strict=True):
            assert came_from == -1 if position in added.tolist() else old[came_from] == position


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        ([2, 1], "must increase"),
        ([1, 1], "must increase"),
        ([0, 6], "from 0 to 5"),
        ([-1, 2], "from 0 to 5"),
    ],
)
def test_positions_that_cannot_be_are_refused(positions, says):
    with pytest.raises(UsageError, match=says):
        Pattern.of(torch.tensor(positions), (2, 3))


@pytest.mark.parametrize(
    ("removed", "added", "says"),
    [([0], [], "remove is not active"), ([4], [], "remove is not active"), ([], [3], "active already")],
)
def test_a_rewiring_that_cannot_be_is_refused(removed, added, says):
    pattern = Pattern.of(torch.tensor([1, 3]), (2, 3))
    with pytest.raises(UsageError, match=says):
        pattern.rewired(torch.tensor(removed).long(), torch.tensor(added).long())
