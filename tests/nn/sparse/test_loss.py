import pytest
import torch
from torch.nn import functional as F

from strnn_viz.nn.sparse import cross_entropy


@pytest.mark.parametrize("words", [1, 7, 300])
@pytest.mark.parametrize("major", [True, False])
def test_loss_and_gradient_are_pytorch_s(words, major):
    generator = torch.Generator().manual_seed(words)
    first = (5 * torch.randn(words, 12, generator=generator)).requires_grad_()
    targets = torch.randint(words, (3, 4), generator=generator)
    results = []
    for loss_of in (lambda x: F.cross_entropy(x.flatten(0, 1), targets.flatten()), lambda x: cross_entropy(x, targets)):
        first.grad = None
        logits = first.clone().view(words, 3, 4).movedim(0, -1)
        loss = loss_of(logits if major else logits.contiguous())
        (3 * loss).backward()
        results.append((loss.detach(), first.grad))
    torch.testing.assert_close(results[1], results[0])


def test_logits_that_are_large_do_not_overflow():
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = cross_entropy(logits * 1.0, torch.tensor([1, 1]))
    assert float(loss.detach()) == 1e4
    loss.backward()
    assert logits.grad.tolist() == [[0.5, -0.5], [0.0, 0.0]]


def test_a_second_pass_through_one_graph_is_refused():
    logits = torch.randn(3, 5, requires_grad=True) * 1.0
    loss = cross_entropy(logits, torch.tensor([0, 1, 2]))
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
