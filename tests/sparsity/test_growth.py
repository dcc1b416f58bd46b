import pytest
import torch

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity import growth
from strnn_viz.sparsity.blocks import Block, FreePlaces
from strnn_viz.sparsity.matrix import MaskedMatrix


def matrix(rows=3, columns=4, positions=()):
    parameter = torch.nn.Parameter(torch.ones(rows, columns))
    return MaskedMatrix(LayerInfo("w", (rows, columns)), parameter, torch.optim.SGD([parameter], lr=0.1),
                        torch.tensor(positions, dtype=torch.long))  # fmt: skip


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def grow(rule, signal, occupied, k, start=0, stop=12, seed=0):
    m = matrix()
    if signal is not None:
        m.signals = {"gradient": torch.tensor(signal).view(3, 4), "momentum": torch.tensor(signal).view(3, 4)}
    free = FreePlaces(torch.tensor(occupied, dtype=torch.long), start, stop)
    return growth.REGROW[rule](m, free, k, generator(seed)).tolist()


RISING = [float(i) for i in range(12)]


@pytest.mark.parametrize("rule", ["gradient", "momentum"])
@pytest.mark.parametrize(
    ("occupied", "k", "span", "expected"),
    [
        ([11, 9], 2, (0, 12), [8, 10]),
        ([], 3, (0, 12), [9, 10, 11]),
        ([], 2, (4, 8), [6, 7]),  # one gate: nothing beyond it, though larger
        ([5, 7], 2, (4, 8), [4, 6]),
        ([4, 5, 6, 7], 0, (4, 8), []),
        (list(range(12)), 0, (0, 12), []),
    ],
)
def test_the_largest_among_the_free_places_of_a_block(rule, occupied, k, span, expected):
    assert sorted(grow(rule, RISING, sorted(occupied), k, *span)) == expected
    assert sorted(grow(rule, [-x for x in RISING], sorted(occupied), k, *span)) == expected


@pytest.mark.parametrize("rule", ["random", "gradient", "momentum"])
@pytest.mark.parametrize("signal", [None, [0.0] * 12, [3.0] * 12])
def test_where_nothing_is_larger_every_free_place_is_equally_likely(rule, signal):
    counts = torch.zeros(12)
    for seed in range(900):
        grown = grow(rule, signal, [0, 5, 11], 3, seed=seed)
        assert len(set(grown)) == 3
        counts[grown] += 1
    assert counts[[0, 5, 11]].sum() == 0
    # 300 each, standard deviation 14
    assert (counts[[1, 2, 3, 4, 6, 7, 8, 9, 10]] - 300).abs().max() < 70


@pytest.mark.parametrize("rule", ["random", "gradient", "momentum"])
def test_all_free_places_can_be_grown_and_no_more(rule):
    assert sorted(grow(rule, [0.0] * 12, [3, 4], 10)) == [0, 1, 2, 5, 6, 7, 8, 9, 10, 11]


def test_one_more_than_there_is_room_for_is_an_error():
    with pytest.raises(ValueError, match="cannot choose 3 of 2"):
        grow("random", None, list(range(10)), 3)


def test_the_same_seed_grows_the_same():
    assert grow("gradient", [0.0] * 12, [], 4, seed=3) == grow("gradient", [0.0] * 12, [], 4, seed=3)


@pytest.mark.parametrize("signal", [RISING, [0.0] * 12, [2.0, 0.0] * 6, [float("nan")] * 3 + [1.0] * 9])
@pytest.mark.parametrize("k", [1, 4, 7])
def test_the_choice_does_not_depend_on_how_many_rows_are_looked_at_together(monkeypatch, signal, k):
    found = []
    for numbers in (1, 8, 100):
        monkeypatch.setattr(growth, "AT_ONCE", numbers)
        found.append([sorted(grow("gradient", signal, [0, 5, 11], k, seed=seed)) for seed in range(20)])
        assert all(len(set(grown)) == k for grown in found[-1])
    assert found[0] == found[1] == found[2]


def test_what_is_not_a_number_is_larger_than_any():
    assert sorted(grow("gradient", [1.0, float("nan")] + [9.0] * 8 + [float("-inf"), 0.0], [], 2)) == [1, 10]


def test_blocks_cut_a_matrix_by_gates():
    m = matrix(positions=[0, 3, 4, 9])
    blocks = Block.of(m, [2, 1, 1])
    assert [(b.start, b.stop, b.size, b.budget, b.positions.tolist()) for b in blocks] == [
        (0, 4, 4, 2, [0, 3]), (4, 8, 4, 1, [4]), (8, 12, 4, 1, [9]),
    ]  # fmt: skip
    assert [len(b) for b in Block.of(m, [4])] == [4]
    assert blocks[0].momentum is None
    m.signals = {"momentum": torch.tensor(RISING).view(3, 4)}
    assert [b.momentum.tolist() for b in blocks] == [[0, 3], [4], [9]]
