import pytest
import torch
from torch.nn import functional as F

from strnn_viz.nn.loss import cross_entropy_in_place
from strnn_viz.nn.sparse import SparseLinear, SparseMatrix, installed, using


def test_value_and_gradient_are_those_of_torchs_cross_entropy():
    torch.manual_seed(0)
    x = torch.randn(40, 12, dtype=torch.double) * 6
    w = torch.randn(12, 30, dtype=torch.double, requires_grad=True)
    targets = torch.randint(30, (40,))
    targets[[0, 17]] = -100
    losses = [
        F.cross_entropy(x @ w, targets, ignore_index=-100, reduction="sum"),
        cross_entropy_in_place(x @ w, targets),
    ]
    results = [(loss, *torch.autograd.grad(loss / 7, w)) for loss in losses]
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-12)


def test_huge_logits_do_not_overflow():
    logits = torch.tensor([[1e4, 0.0], [-1e4, 0.0]])
    assert cross_entropy_in_place(logits.clone(), torch.tensor([0, 1])) == 0
    assert cross_entropy_in_place(logits.clone(), torch.tensor([1, 0])) == 2e4


@pytest.mark.parametrize("backend", ["torch", "numba"])
def test_the_logits_of_a_sparse_layer_are_used_up_as_well(backend):
    if backend == "numba" and not installed():
        pytest.skip("numba is not installed")
    generator = torch.Generator().manual_seed(0)
    layer = SparseLinear(SparseMatrix.random((30, 12), 0.4, generator))
    x, targets = torch.randn(5, 4, 12, generator=generator), torch.randint(30, (20,), generator=generator)
    with using(backend):
        losses = [
            F.cross_entropy(layer(x).flatten(0, 1), targets, reduction="sum"),
            cross_entropy_in_place(layer(x).flatten(0, 1), targets),
        ]
        results = [(loss, *torch.autograd.grad(loss, list(layer.parameters()))) for loss in losses]
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
