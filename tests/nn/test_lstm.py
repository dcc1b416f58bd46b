import pytest
import torch
from torch import nn

from strnn_viz.nn.lstm import LSTMLayer, StackedLSTM


def equation_1(x, h, c, layer):
    """Eq. 1 of Liu et al. 2021, written out."""
    outputs = []
    for x_t in x:
        i, f, g, o = (x_t @ layer.weight_ih.T + h @ layer.weight_hh.T + layer.bias).chunk(4, dim=1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        outputs.append(h)
    return torch.stack(outputs), h, c


def randomized(module, scale=0.4):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in module.parameters():
            p.normal_(0, scale, generator=generator)
    return module


@pytest.mark.parametrize("time", [1, 7])
def test_a_layer_computes_equation_1(time):
    torch.manual_seed(0)
    layer = randomized(LSTMLayer(5, 6))
    x, h, c = torch.randn(time, 3, 5), torch.randn(3, 6), torch.randn(3, 6)
    y, (h1, c1) = layer(x, (h, c))
    for ours, theirs in zip((y, h1, c1), equation_1(x, h, c, layer), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-5)


def test_outputs_and_gradients_are_those_of_torchs_lstm():
    torch.manual_seed(0)
    ours = randomized(StackedLSTM(5, (6, 6)))
    theirs = nn.LSTM(5, 6, num_layers=2)
    with torch.no_grad():
        for i, layer in enumerate(ours):
            getattr(theirs, f"weight_ih_l{i}").copy_(layer.weight_ih)
            getattr(theirs, f"weight_hh_l{i}").copy_(layer.weight_hh)
            getattr(theirs, f"bias_ih_l{i}").copy_(layer.bias)
            getattr(theirs, f"bias_hh_l{i}").zero_()
    x = torch.randn(9, 4, 5, requires_grad=True)
    direction = torch.randn(9, 4, 6)
    gradients = []
    for model in (ours, theirs):
        x.grad = None
        y, _ = model(x)
        (y * direction).sum().backward()
        gradients.append((y.detach(), x.grad.clone()))
    for a, b in zip(*gradients, strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-5)
    for i, layer in enumerate(ours):
        for name in ("weight_ih", "weight_hh"):
            reference = getattr(theirs, f"{name}_l{i}").grad
            torch.testing.assert_close(getattr(layer, name).grad, reference, rtol=0, atol=1e-5)
        torch.testing.assert_close(layer.bias.grad, getattr(theirs, f"bias_ih_l{i}").grad, rtol=0, atol=1e-5)


def test_state_carried_from_one_piece_to_the_next_makes_one_sequence():
    torch.manual_seed(0)
    model = randomized(StackedLSTM(5, (6, 6)))
    x = torch.randn(8, 3, 5)
    whole, _ = model(x)
    first, state = model(x[:3])
    second, _ = model(x[3:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-6)


def test_dropout_acts_between_layers_only_and_only_in_training():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 5)
    for layers, differs in ((1, False), (2, True)):
        model = randomized(StackedLSTM(5, [6] * layers, dropout=0.5))
        a, b = model.train()(x)[0], model(x)[0]
        assert torch.equal(a, b) is not differs
        assert torch.equal(model.eval()(x)[0], model(x)[0])
