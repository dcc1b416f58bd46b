import pytest
import torch
from torch.nn import functional as F

from strnn_viz.config import ModelConfig, preset
from strnn_viz.nn.models import LanguageModel


def seeded(config, words=20, sizes=None, seed=0):
    model = LanguageModel(words, config, sizes)
    model.initialize(config, torch.Generator().manual_seed(seed))
    return model


def weights(config):
    with torch.device("meta"):
        return sum(p.numel() for p in LanguageModel(10_000, config).parameters() if p.ndim == 2)


def test_the_papers_models_have_66_and_23_million_weights():
    assert weights(ModelConfig(hidden=1500)) == 66_000_000
    rhn = preset("ptb-rhn")
    assert weights(rhn.model) == 10_000 * 830 + 2 * 830 * 830 * (1 + 10) == 23_455_800
    assert round(rhn.sparsity.density * 23_455_800 / 1e6, 1) == 11.1


def test_a_tied_model_shares_one_matrix():
    model = LanguageModel(50, ModelConfig(hidden=8, tied=True))
    assert model.decoder.weight is model.embedding.weight
    assert len([p for p in model.parameters() if p.ndim == 2]) == 5


def test_layers_may_differ_in_size():
    model = LanguageModel(50, ModelConfig(hidden=8), sizes=(3, 5))
    shapes = {name: tuple(p.shape) for name, p in model.named_parameters() if p.ndim == 2}
    assert shapes == {
        "embedding.weight": (50, 8), "lstm.0.weight_ih": (12, 8), "lstm.0.weight_hh": (12, 3),
        "lstm.1.weight_ih": (20, 3), "lstm.1.weight_hh": (20, 5), "decoder.weight": (50, 5),
    }  # fmt: skip
    tied = LanguageModel(50, ModelConfig(hidden=8, tied=True), sizes=(3, 5))
    assert tied.embedding.weight.shape == (50, 5)
    logits, state = tied(torch.zeros(4, 2, dtype=torch.int64))
    assert logits.shape == (4, 2, 50)
    assert [h.shape for h, _ in state] == [(2, 3), (2, 5)]


@pytest.mark.parametrize("cell", ["lstm", "rhn"])
def test_initial_weights_come_from_the_generator_alone(cell):
    models = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        before = torch.get_rng_state()
        models.append(seeded(ModelConfig(cell=cell, hidden=4, depth=2, init_range=0.1), seed=5))
        assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(*(m.parameters() for m in models), strict=True):
        assert torch.equal(a, b)
        if a.ndim == 2:
            assert 0.05 < a.abs().max() <= 0.1


def test_biases_start_at_zero_but_those_of_transform_and_forget_gates():
    model = seeded(ModelConfig(cell="rhn", hidden=3, depth=2, layers=1, transform_bias=-1.5))
    biases = {name: p.tolist() for name, p in model.named_parameters() if p.ndim == 1}
    assert biases == {"rhn.0.bias_0": [0.0] * 3 + [-1.5] * 3, "rhn.0.bias_1": [0.0] * 3 + [-1.5] * 3,
                      "decoder.bias": [0.0] * 20}  # fmt: skip
    assert not any(p.any() for p in seeded(ModelConfig(hidden=3)).parameters() if p.ndim == 1)
    lstm = seeded(ModelConfig(forget_bias=1.5), sizes=(2, 3)).lstm
    assert [layer.bias.tolist() for layer in lstm] == [[0.0] * n + [1.5] * n + [0.0] * 2 * n for n in (2, 3)]


@pytest.mark.parametrize("cell", ["lstm", "rhn"])
def test_a_model_predicts_with_the_softmax_of_its_decoder(cell):
    model = seeded(ModelConfig(cell=cell, hidden=4, layers=1, depth=2, init_range=0.5)).eval()
    words = torch.randint(20, (6, 2), generator=torch.Generator().manual_seed(1))
    hidden, _ = getattr(model, cell)(F.embedding(words, model.embedding.weight))
    torch.testing.assert_close(model(words)[0], hidden @ model.decoder.weight.T + model.decoder.bias)


@pytest.mark.parametrize("cell", ["lstm", "rhn"])
def test_no_dropout_in_evaluation(cell):
    shares = dict.fromkeys(("word_dropout", "input_dropout", "hidden_dropout"), 0.5) if cell == "rhn" else {}
    config = ModelConfig(cell=cell, hidden=6, depth=2, dropout=0.5, init_range=0.5)
    model = seeded(ModelConfig(**{**vars(config), **shares}))
    words = torch.arange(12).view(6, 2)
    torch.manual_seed(0)
    assert not torch.equal(model(words)[0], model(words)[0])
    plain = seeded(ModelConfig(cell=cell, hidden=6, depth=2, init_range=0.5))
    assert torch.equal(model.eval()(words)[0], plain(words)[0])


def test_a_word_is_dropped_wherever_it_stands_in_a_sequence():
    model = seeded(ModelConfig(cell="rhn", hidden=3, layers=1, depth=1, word_dropout=0.5))
    words = torch.randint(20, (200, 3), generator=torch.Generator().manual_seed(1))
    torch.manual_seed(2)
    mask = model._word_dropout(words, model.embedding(words)).squeeze(2)
    kept = torch.full((20, 3), -1.0)
    for column in range(3):
        for word in range(20):
            (kept[word, column],) = mask[words[:, column] == word, column].unique()
    assert set(kept.flatten().tolist()) == {0.0, 2.0}
    assert not torch.equal(kept[:, 0], kept[:, 1])  # each sequence has its own


def test_dropped_words_are_as_if_they_were_nothing():
    """Half the words of a model with one state unit: where its word is dropped, the layer reads zeros."""
    config = ModelConfig(cell="rhn", hidden=3, layers=1, depth=1, word_dropout=0.5, init_range=0.5)
    model = seeded(config)
    words = torch.arange(20).view(1, 20)  # twenty sequences of one word
    torch.manual_seed(2)
    y, _ = model.read(words)
    torch.manual_seed(2)
    mask = model._word_dropout(words, model.embedding(words))
    expected, _ = model.rhn(model.embedding(words) * mask)
    assert torch.equal(y, expected)
    nothing, _ = model.rhn(torch.zeros(1, 1, 3))
    dropped = mask.flatten() == 0
    assert 0 < dropped.sum() < 20
    torch.testing.assert_close(y[0, dropped], nothing[0].expand(int(dropped.sum()), 3))


def test_output_dropout_of_an_rhn_is_the_same_at_every_time_step():
    model = seeded(ModelConfig(cell="rhn", hidden=30, layers=1, depth=2, dropout=0.5, init_range=0.5))
    words = torch.randint(20, (9, 4), generator=torch.Generator().manual_seed(1))
    torch.manual_seed(3)
    y, _ = model.read(words)
    full, _ = model.eval().read(words)
    ratio = (y / full).round(decimals=3)
    assert set(ratio.flatten().abs().tolist()) == {0.0, 2.0}
    assert torch.equal(ratio.abs(), ratio[0].abs().expand_as(ratio))
    assert not torch.equal(ratio[0, 0], ratio[0, 1])
