import pytest
import torch

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.beginning import first_budgets, first_positions
from strnn_viz.sparsity.methods import find_method

INFOS = [LayerInfo("a", (8, 5), gates=("i", "f", "g", "o")), LayerInfo("b", (10, 10))]


@pytest.mark.parametrize(
    ("method", "granularity", "expected"),
    [
        ("st-rnn", "matrix", {"a": [8], "b": [20]}),
        ("st-rnn", "gate", {"a": [2, 2, 2, 2], "b": [20]}),
        ("gmp", "matrix", {"a": [8], "b": [20]}),
        ("dense", "matrix", {"a": [40], "b": [100]}),
    ],
)
def test_what_each_matrix_is_given_and_where_it_lies(method, granularity, expected):
    rule = find_method(method)
    budgets = first_budgets(INFOS, rule, density=0.2, epsilon=0.0, initialization="uniform", granularity=granularity)
    assert budgets == expected
    generator = torch.Generator().manual_seed(0)
    for info in INFOS:
        positions = first_positions(info, budgets[info.name], rule, generator)
        if rule.begins_dense:
            assert positions.tolist() == list(range(info.size))
            continue
        own = budgets[info.name]
        assert torch.equal(positions, positions.unique())
        assert torch.bincount(positions // (info.size // len(own)), minlength=len(own)).tolist() == own
