import pytest
import torch

from strnn_viz.nn.lstm import LSTMLayer, StackedLSTM
from strnn_viz.nn.sparse import SparseLSTMLayer, SparseMatrix, SparseStackedLSTM, installed, using
from tests.nn.sparse.reference import close, masked, multiplied_out, watched

CASES = [  # inputs, hidden, density, time, batch
    (5, 6, 0.4, 7, 3),
    (1, 1, 1.0, 1, 1),
    (9, 8, 0.0, 4, 5),
    (9, 8, 1 / 288, 4, 5),
    (40, 70, 0.05, 1, 20),
    (150, 160, 0.3, 5, 20),
    (31, 33, 1.0, 3, 17),
    (33, 31, 0.1, 6, 67),
    (20, 16, 0.2, 2, 130),
    (0, 4, 0.0, 3, 2),
]


def layers(inputs, hidden, density, generator):
    """A sparse layer, and the dense one of the same weights in double precision."""
    dense = LSTMLayer(inputs, hidden)
    with torch.no_grad():
        dense.weight_ih.copy_(masked((4 * hidden, inputs), density, generator))
        dense.weight_hh.copy_(masked((4 * hidden, hidden), density, generator))
        dense.bias.uniform_(-1, 1, generator=generator)
    return SparseLSTMLayer.from_dense(dense), dense.double()


@pytest.mark.parametrize(("inputs", "hidden", "density", "time", "batch"), CASES)
def test_outputs_and_every_gradient_are_those_of_masked_weights(backend, inputs, hidden, density, time, batch):
    generator = torch.Generator().manual_seed(inputs + hidden)
    ours, dense = layers(inputs, hidden, density, generator)
    start = [torch.randn(time, batch, inputs, generator=generator)]
    start += [torch.randn(batch, hidden, generator=generator) for _ in range(2)]
    directions = [torch.randn(time, batch, hidden, generator=generator)]
    directions += [torch.randn(batch, hidden, generator=generator) for _ in range(2)]
    results = []
    shares = {name: watched(getattr(ours, name)) for name in ("weight_ih", "weight_hh")}
    for layer, dtype in ((ours, torch.float32), (dense, torch.float64)):
        x, h, c = (s.to(dtype, copy=True).requires_grad_() for s in start)
        y, (h1, c1) = layer(x, (h, c))
        sum((a * d).sum() for a, d in zip((y, h1, c1), directions, strict=True)).backward()
        results.append([y, h1, c1, x.grad, h.grad, c.grad, layer.bias.grad])
    for a, b in zip(*results, strict=True):
        close(a, b)
    for name in ("weight_ih", "weight_hh"):
        matrix, full = getattr(ours, name), getattr(dense, name)
        close(matrix.values.grad, full.grad.view(-1)[matrix.pattern.positions])
        close(multiplied_out(shares[name], full.shape), full.grad)


def test_gradients_are_exact_in_double_precision():
    generator = torch.Generator().manual_seed(0)
    layer = layers(3, 4, 0.5, generator)[0].double()
    names = ("weight_ih.values", "weight_hh.values", "bias")
    inputs = [torch.randn(3, 2, 3, dtype=torch.float64, generator=generator).requires_grad_()]
    inputs += [torch.randn(2, 4, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(2)]

    def of(x, h, c, *parameters):
        y, (_, c) = torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, (h, c)))
        return y, c

    with using("torch"):
        assert torch.autograd.gradcheck(of, (*inputs, *(layer.get_parameter(n) for n in names)))


@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_a_stack_is_that_of_masked_weights_dropout_included(backend, dropout):
    generator = torch.Generator().manual_seed(0)
    stack = StackedLSTM(6, (8, 8), dropout)
    with torch.no_grad():
        for p in stack.parameters():
            p.copy_(masked(p.shape, 0.5, generator) if p.ndim == 2 else torch.randn(p.shape, generator=generator))
    ours = SparseStackedLSTM.from_dense(stack)
    x, state = torch.randn(5, 3, 6, generator=generator), None
    for _ in range(2):  # the second piece goes on from the state of the first
        torch.manual_seed(1)
        expected, their_state = stack(x, state)
        torch.manual_seed(1)
        y, our_state = ours(x, state)
        if not dropout:
            close(y, expected)
        for a, b in zip(our_state, their_state, strict=True):
            if not dropout:
                close(a[0], b[0])
                close(a[1], b[1])
        state = [(h.detach(), c.detach()) for h, c in their_state]
    assert [p.shape for p in ours.parameters() if p.ndim > 1] == []
    assert torch.equal(ours.eval()(x)[0], ours(x)[0])
    assert torch.equal(ours.train()(x)[0], ours(x)[0]) is not bool(dropout)


def test_a_layer_learns_with_an_optimizer(backend):
    """Ten steps of momentum lead where they lead with masked weights."""
    generator = torch.Generator().manual_seed(0)
    ours, dense = layers(10, 12, 0.3, generator)
    dense = dense.float()
    masks = {n: p.detach() != 0 for n, p in dense.named_parameters() if p.ndim == 2}
    x, target = torch.randn(6, 4, 10, generator=generator), torch.randn(6, 4, 12, generator=generator)
    zeros = torch.zeros(4, 12)
    for layer in (ours, dense):
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
        for _ in range(10):
            optimizer.zero_grad()
            ((layer(x, (zeros, zeros))[0] - target) ** 2).mean().backward()
            for name, mask in masks.items() if layer is dense else ():
                getattr(dense, name).grad.mul_(mask)
            optimizer.step()
    close(ours.weight_hh.to_dense(), dense.weight_hh.detach())
    close(ours.weight_ih.to_dense(), dense.weight_ih.detach())


def test_what_is_not_finite_stays_so(backend):
    """A loss that explodes must be seen, whatever approximates the nonlinearities."""
    matrices = [SparseMatrix.random((8, n), 0.8, torch.Generator().manual_seed(0)) for n in (3, 2)]
    layer = SparseLSTMLayer(*matrices)
    x = torch.randn(4, 3, 3)
    x[1, 2] = float("nan")
    y, _ = layer(x, (torch.zeros(3, 2), torch.zeros(3, 2)))
    assert y[0].isfinite().all()
    assert y[1:, 2].isnan().all()
    assert y[:, :2].isfinite().all()
    huge, _ = layer(torch.full((1, 1, 3), 1e30), (torch.zeros(1, 2), torch.zeros(1, 2)))
    assert huge.isfinite().all()


@pytest.mark.skipif(not installed(), reason="numba is not installed")
def test_a_second_pass_through_one_graph_is_refused_where_gradients_took_the_place_of_gates():
    ours, _ = layers(5, 6, 0.4, torch.Generator().manual_seed(0))
    x, zeros = torch.randn(3, 2, 5), torch.zeros(2, 6)
    with using("numba"):
        y = ours(x, (zeros, zeros))[0].sum()
    y.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()
    with using("torch"):
        y = ours(x, (zeros, zeros))[0].sum()
    y.backward(retain_graph=True)
    once = ours.bias.grad.clone()
    y.backward()
    assert not torch.equal(ours.bias.grad, once)
