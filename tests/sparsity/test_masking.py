import pytest
import torch

from strnn_viz.runs import LayerInfo
from strnn_viz.sparsity.masking import Masking
from strnn_viz.sparsity.matrix import MaskedMatrix


def begin(at_once):
    """A row of three, of which the last is inactive, and what has been called after steps."""
    weight = torch.nn.Parameter(torch.ones(1, 3))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    matrix = MaskedMatrix(LayerInfo("w", (1, 3)), weight, optimizer, torch.tensor([0, 1]))
    seen = []
    masking = Masking({"w": matrix}, optimizer, at_once, lambda: seen.append(weight.tolist()))
    return weight, optimizer, masking, seen


@pytest.mark.parametrize("at_once", [True, False])
def test_a_gradient_is_masked_at_once_or_within_the_step(at_once):
    weight, optimizer, _, seen = begin(at_once)
    (weight * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert weight.grad.tolist() == [[1, 2, 0 if at_once else 3]]
    optimizer.step()
    assert weight.grad.tolist() == [[1, 2, 0]]
    assert seen == [[[0, -1, 0]]]


def test_weights_are_masked_whatever_the_optimizer_did():
    weight, optimizer, _, seen = begin(True)

    def to_seven(*_):
        weight.data.fill_(7.0)

    optimizer.register_step_pre_hook(to_seven)
    weight.grad = torch.zeros(1, 3)
    optimizer.step()
    assert seen == [[[7, 7, 0]]]


def test_by_hand_it_is_done_once_for_each_gradient():
    weight, optimizer, masking, _ = begin(False)
    for _ in range(2):
        optimizer.zero_grad()
        weight.sum().backward()
        masking.mask_gradients()
        weight.grad += 1.0  # someone else's: a second call leaves it
        masking.mask_gradients()
        assert weight.grad.tolist() == [[2, 2, 1]]
        optimizer.step()


def test_removed_it_leaves_everything_alone():
    weight, optimizer, masking, seen = begin(True)
    masking.remove()
    weight.sum().backward()
    optimizer.step()
    assert (weight.grad.tolist(), weight.tolist(), seen) == ([[1, 1, 1]], [[0, 0, -1]], [])
