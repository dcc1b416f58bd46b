import torch

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.budgets import Budgets
from strnn_viz.sparsity.matrix import MaskedMatrix

BUDGETS = Budgets({"a": [3, 5], "b": [4]}, {"a": 40, "b": 10})


def test_totals_by_hand():
    assert (BUDGETS.total, BUDGETS.size) == (12, 50)


def test_blocks_have_the_budgets_in_the_order_of_the_matrices():
    matrices = {}
    for name, shape in (("a", (8, 5)), ("b", (2, 5))):
        parameter = torch.nn.Parameter(torch.ones(shape))
        matrices[name] = MaskedMatrix(
            LayerInfo(name, shape), parameter, torch.optim.SGD([parameter], lr=0.1), torch.tensor([0, 7])
        )
    blocks = BUDGETS.blocks(matrices)
    assert [(b.matrix.info.name, b.start, b.stop, b.budget, len(b)) for b in blocks] == [
        ("a", 0, 20, 3, 2), ("a", 20, 40, 5, 0), ("b", 0, 10, 4, 2),
    ]  # fmt: skip


def test_from_dense_each_block_has_its_own_way_down_and_whole_units_go_together():
    """After 1 of 3 steps down, of 4 updates, (2/3)³ = 8/27 of what is to go is left."""
    assert BUDGETS.begun_dense(0, 4, False) == BUDGETS.begun_dense(0, 4, True) == 50
    assert BUDGETS.begun_dense(1, 4, False) == 8 + 9 + 6  # of 3 + 17·8/27, 5 + 15·8/27, 4 + 6·8/27
    assert BUDGETS.begun_dense(1, 4, True) == 23  # of 12 + 38·8/27
    for update in (3, 4):
        assert BUDGETS.begun_dense(update, 4, False) == BUDGETS.begun_dense(update, 4, True) == 12
    odd = Budgets({"a": [1, 1, 1]}, {"a": 9})
    assert odd.begun_dense(1, 4, False) == 6  # thrice 1 + 2·8/27, rounded
    assert odd.begun_dense(1, 4, True) == 5  # 3 + 6·8/27, rounded once
