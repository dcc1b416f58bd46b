import pytest
import torch
from torch import nn
from torch.nn import functional as F

from strnn_viz.config import ModelConfig
from strnn_viz.nn.lstm import LSTMLayer, StackedLSTM
from strnn_viz.nn.models import LanguageModel


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
    ours = randomized(StackedLSTM(5, 6, layers=2))
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
    model = randomized(StackedLSTM(5, 6, layers=2))
    x = torch.randn(8, 3, 5)
    whole, _ = model(x)
    first, state = model(x[:3])
    second, _ = model(x[3:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole, rtol=0, atol=1e-6)


def test_dropout_acts_between_layers_only_and_only_in_training():
    torch.manual_seed(0)
    x = torch.randn(8, 3, 5)
    for layers, differs in ((1, False), (2, True)):
        model = randomized(StackedLSTM(5, 6, layers=layers, dropout=0.5))
        a, b = model.train()(x)[0], model(x)[0]
        assert torch.equal(a, b) is not differs
        assert torch.equal(model.eval()(x)[0], model(x)[0])


def test_the_papers_model_has_66_million_weights():
    with torch.device("meta"):
        model = LanguageModel(10_000, ModelConfig(hidden=1500))
    assert sum(p.numel() for p in model.parameters() if p.ndim == 2) == 66_000_000


def test_a_tied_model_shares_one_matrix():
    model = LanguageModel(50, ModelConfig(hidden=8, tied=True))
    assert model.decoder.weight is model.embedding.weight
    assert len([p for p in model.parameters() if p.ndim == 2]) == 5


def test_initial_weights_come_from_the_generator_alone():
    models = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        model = LanguageModel(20, ModelConfig(hidden=4))
        model.initialize(0.1, torch.Generator().manual_seed(5))
        assert torch.equal(torch.get_rng_state(), before)
        models.append(model)
    for a, b in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(a, b)
        assert a.abs().max() <= (0.1 if a.ndim == 2 else 0)


def test_a_model_predicts_with_the_softmax_of_its_decoder():
    model = LanguageModel(20, ModelConfig(hidden=4, layers=1)).eval()
    model.initialize(0.5, torch.Generator().manual_seed(0))
    words = torch.randint(20, (6, 2))
    hidden, _ = model.lstm(F.embedding(words, model.embedding.weight))
    torch.testing.assert_close(model(words)[0], hidden @ model.decoder.weight.T + model.decoder.bias)
