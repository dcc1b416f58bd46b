import pytest
import torch
from torch import nn

from strnn_viz.nn.sparse import SparseGRULayer, using
from tests.nn.sparse.reference import close, masked, multiplied_out, watched


def layers(inputs, hidden, density, bias=True):
    generator = torch.Generator().manual_seed(inputs)
    dense = nn.GRU(inputs, hidden, bias=bias)
    with torch.no_grad():
        for p in dense.parameters():
            p.copy_(masked(p.shape, density, generator) if p.ndim == 2 else torch.randn(p.shape, generator=generator))
    return SparseGRULayer.from_dense(dense), dense.double()


@pytest.mark.parametrize(
    ("inputs", "hidden", "density", "time", "batch"),
    [(5, 6, 0.4, 7, 3), (1, 1, 1.0, 1, 1), (9, 8, 0.0, 4, 5), (40, 70, 0.05, 1, 20), (31, 33, 1.0, 3, 17)],
)
def test_outputs_and_every_gradient_are_those_of_masked_weights(backend, inputs, hidden, density, time, batch):
    ours, dense = layers(inputs, hidden, density)
    generator = torch.Generator().manual_seed(1)
    start = [torch.randn(time, batch, inputs, generator=generator), torch.randn(batch, hidden, generator=generator)]
    directions = [torch.randn(*shape, hidden, generator=generator) for shape in ((time, batch), (batch,))]
    results = []
    shares = {kind: watched(getattr(ours, f"weight_{kind}")) for kind in ("ih", "hh")}
    for layer, dtype in ((ours, torch.float32), (dense, torch.float64)):
        x, h = (s.to(dtype, copy=True).requires_grad_() for s in start)
        if layer is ours:
            y, (h1,) = layer(x, (h,))
        else:
            y, h1 = layer(x, h[None])
            h1 = h1[0]
        sum((a * d).sum() for a, d in zip((y, h1), directions, strict=True)).backward()
        results.append([y, h1, x.grad, h.grad])
    for a, b in zip(*results, strict=True):
        close(a, b)
    for kind in ("ih", "hh"):
        matrix, full = getattr(ours, f"weight_{kind}"), getattr(dense, f"weight_{kind}_l0")
        close(matrix.values.grad, full.grad.view(-1)[matrix.pattern.positions])
        close(multiplied_out(shares[kind], full.shape), full.grad)
        close(getattr(ours, f"bias_{kind}").grad, getattr(dense, f"bias_{kind}_l0").grad)


def test_gradients_are_exact_in_double_precision():
    layer = layers(3, 4, 0.5)[0].double()
    names = ("weight_ih.values", "weight_hh.values", "bias_ih", "bias_hh")
    x = torch.randn(3, 2, 3, dtype=torch.float64, requires_grad=True)
    h = torch.randn(2, 4, dtype=torch.float64, requires_grad=True)

    def of(x, h, *parameters):
        return torch.func.functional_call(layer, dict(zip(names, parameters, strict=True)), (x, (h,)))[0]

    with using("torch"):
        assert torch.autograd.gradcheck(of, (x, h, *(layer.get_parameter(n) for n in names)))


def test_a_layer_without_biases_has_zeros():
    ours, dense = layers(4, 3, 0.5, bias=False)
    x = torch.randn(2, 3, 4)
    close(ours(x, (torch.zeros(3, 3),))[0], dense(x.double())[0])
