import pytest
import torch
from torch import nn
from torch.nn import functional as F

from strnn_viz.nn.sparse import SparseLinear, SparseMatrix, using
from tests.nn.sparse.reference import close, masked, multiplied_out, watched

CASES = [  # outputs, inputs, density, shape of the batch
    (7, 5, 0.4, (3,)),
    (1, 1, 1.0, (1,)),
    (33, 65, 0.0, (4,)),
    (33, 65, 1 / (33 * 65), (19,)),  # one weight
    (40, 300, 0.05, (17, 3)),
    (64, 310, 0.3, (5, 13)),
    (64, 310, 1.0, (130,)),
    (10, 0, 0.0, (3,)),
    (0, 10, 0.0, (3,)),
    (12, 9, 0.5, (0,)),
    (300, 20, 0.02, (1, 701)),
]


@pytest.mark.parametrize(("outputs", "inputs", "density", "batch"), CASES)
def test_outputs_and_gradients_are_those_of_a_masked_matrix(backend, outputs, inputs, density, batch):
    generator = torch.Generator().manual_seed(outputs + inputs)
    dense = masked((outputs, inputs), density, generator)
    ours = SparseLinear(SparseMatrix.from_dense(dense))
    with torch.no_grad():
        ours.bias.uniform_(-1, 1, generator=generator)
    x = torch.randn(*batch, inputs, generator=generator)
    direction = torch.randn(*batch, outputs, generator=generator)
    a, b = x.clone().requires_grad_(), x.double().requires_grad_()
    weight, bias = dense.double().requires_grad_(), ours.bias.detach().double().requires_grad_()
    shares = watched(ours.weight)
    y, expected = ours(a), F.linear(b, weight, bias)
    close(y, expected)
    (y * direction).sum().backward()
    (expected * direction).sum().backward()
    close(a.grad, b.grad)
    close(ours.bias.grad, bias.grad)
    close(ours.weight.values.grad, weight.grad[dense != 0])
    close(multiplied_out(shares, dense.shape), weight.grad)


def test_gradients_are_exact_in_double_precision():
    generator = torch.Generator().manual_seed(0)
    layer = SparseLinear(SparseMatrix.from_dense(masked((6, 5), 0.4, generator, dtype=torch.float64))).double()
    x = torch.randn(3, 5, dtype=torch.float64, requires_grad=True)

    def of(x, values, bias):
        return torch.func.functional_call(layer, {"weight.values": values, "bias": bias}, (x,))

    with using("torch"):
        assert torch.autograd.gradcheck(of, (x, layer.weight.values, layer.bias))


def test_a_dense_layer_becomes_sparse(backend):
    dense = nn.Linear(11, 6)
    with torch.no_grad():
        dense.weight[:, ::2] = 0
    ours = SparseLinear.from_dense(dense)
    assert ours.weight.nnz == 30
    x = torch.randn(4, 11)
    close(ours(x), dense(x))
    assert SparseLinear.from_dense(nn.Linear(3, 2, bias=False)).bias is None


def test_only_what_is_needed_gets_a_gradient(backend):
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)), bias=False)
    x = torch.randn(3, 5)
    layer(x).sum().backward()
    assert layer.weight.values.grad.shape == (15,)
    layer.requires_grad_(False)
    x.requires_grad_()
    layer(x).sum().backward()
    close(x.grad, layer.weight.to_dense().sum(0).expand(3, 5))
