import pytest
import torch

from strnn_viz.nn.rhn import RHNLayer
from strnn_viz.nn.sparse import SparseRHNLayer, using
from tests.nn.sparse.reference import close, masked, multiplied_out, watched


def layers(inputs, hidden, depth, density, **dropout):
    generator = torch.Generator().manual_seed(inputs)
    dense = RHNLayer(inputs, hidden, depth, **dropout)
    with torch.no_grad():
        for p in dense.parameters():
            p.copy_(masked(p.shape, density, generator) if p.ndim == 2 else torch.randn(p.shape, generator=generator))
    return SparseRHNLayer.from_dense(dense), dense.double()


@pytest.mark.parametrize(
    ("inputs", "hidden", "depth", "density", "time", "batch"),
    [
        (5, 6, 3, 0.4, 7, 3),
        (1, 1, 1, 1.0, 1, 1),
        (9, 8, 2, 0.0, 4, 5),
        (40, 70, 2, 0.05, 1, 20),
        (21, 23, 4, 1.0, 3, 17),
    ],
)
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_outputs_and_every_gradient_are_those_of_masked_weights(
    backend, inputs, hidden, depth, density, time, batch, dropout
):
    ours, dense = layers(inputs, hidden, depth, density, input_dropout=dropout, hidden_dropout=dropout)
    generator = torch.Generator().manual_seed(1)
    start = [torch.randn(time, batch, inputs, generator=generator), torch.randn(batch, hidden, generator=generator)]
    directions = [torch.randn(*shape, hidden, generator=generator) for shape in ((time, batch), (batch,))]
    results = []
    names = ("weight_ih", *(f"weight_hh_{i}" for i in range(depth)))
    shares = {name: watched(getattr(ours, name)) for name in names}
    for layer in (ours, dense.float()):  # in one precision, for the same draws of what is dropped
        x, s = (v.clone().requires_grad_() for v in start)
        torch.manual_seed(3)
        y, (s1,) = layer(x, (s,))
        sum((a * d).sum() for a, d in zip((y, s1), directions, strict=True)).backward()
        results.append([y, s1, x.grad, s.grad])
    for a, b in zip(*results, strict=True):
        close(a, b)
    for name in names:
        matrix, full = getattr(ours, name), getattr(dense, name)
        close(matrix.values.grad, full.grad.reshape(-1)[matrix.pattern.positions])
        close(multiplied_out(shares[name], full.shape), full.grad)
    for i in range(depth):
        close(getattr(ours, f"bias_{i}").grad, getattr(dense, f"bias_{i}").grad)


def test_gradients_are_exact_in_double_precision():
    layer = layers(3, 4, 2, 0.5)[0].double()
    names = ("weight_ih.values", "weight_hh_0.values", "weight_hh_1.values", "bias_0", "bias_1")
    x = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)
    s = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)

    def of(x, s, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, (s,)))[0]

    with using("torch"):
        assert torch.autograd.gradcheck(of, (x, s, *(layer.get_parameter(n) for n in names)))
