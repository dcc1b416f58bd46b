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


@pytest.mark.parametrize("words", [1, 7, 300])
@pytest.mark.parametrize("major", [True, False])
def test_loss_and_gradient_are_pytorch_s_of_logits_with_words_or_with_tokens_first(words, major):
    generator = torch.Generator().manual_seed(words)
    first = (5 * torch.randn(words, 12, generator=generator)).requires_grad_()
    targets = torch.randint(words, (3, 4), generator=generator)
    results = []
    for loss_of in (F.cross_entropy, lambda x, y: cross_entropy_in_place(x, y) / len(y)):
        first.grad = None
        logits = first.clone().view(words, 3, 4).movedim(0, -1)
        loss = loss_of((logits if major else logits.contiguous()).flatten(0, 1), targets.flatten())
        (3 * loss).backward()
        results.append((loss.detach(), first.grad))
    torch.testing.assert_close(results[1], results[0])


def test_gradients_of_large_logits_are_right():
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = cross_entropy_in_place(logits * 1.0, torch.tensor([1, 1])) / 2
    assert float(loss.detach()) == 1e4
    loss.backward()
    assert logits.grad.tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_a_second_pass_through_one_graph_is_refused():
    logits = torch.randn(3, 5, requires_grad=True) * 1.0
    loss = cross_entropy_in_place(logits, torch.tensor([0, 1, 2]))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


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
