import pytest
import torch
from torch.nn import functional as F

from strnn_viz.config import ModelConfig
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.sparsity.discovery import weight_matrices


def test_the_papers_classifier_has_5644288_masked_weights():
    with torch.device("meta"):
        model = TextClassifier(20_000, 2, ModelConfig(hidden=256, layers=1))
    found = weight_matrices(model, exclude=["output.*"])
    assert sum(info.size for info, _ in found) == 5_644_288
    assert [info.name for info, _ in weight_matrices(model)][-1] == "output.weight"


@pytest.mark.parametrize("cell", ["lstm", "rhn"])
def test_classes_are_read_from_the_last_hidden_state_of_the_top_layer(cell):
    config = ModelConfig(cell=cell, hidden=4, embedding=3, layers=2, depth=2, init_range=0.5)
    model = TextClassifier(20, 5, config).eval()
    model.initialize(config, torch.Generator().manual_seed(0))
    words = torch.randint(20, (6, 9), generator=torch.Generator().manual_seed(1))
    _, state = getattr(model, cell)(F.embedding(words, model.embedding.weight).transpose(0, 1))
    logits = model(words)
    assert logits.shape == (6, 5)
    torch.testing.assert_close(logits, state[-1][0] @ model.output.weight.T + model.output.bias)


def test_a_text_does_not_depend_on_those_beside_it():
    config = ModelConfig(hidden=4, layers=1, init_range=0.5)
    model = TextClassifier(20, 2, config).eval()
    model.initialize(config, torch.Generator().manual_seed(0))
    words = torch.randint(20, (6, 9), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(model(words[2:3]), model(words)[2:3])


def test_dropout_only_in_training():
    config = ModelConfig(hidden=8, layers=1, dropout=0.5, init_range=0.5)
    model = TextClassifier(20, 2, config)
    model.initialize(config, torch.Generator().manual_seed(0))
    words = torch.arange(20).view(2, 10)
    torch.manual_seed(0)
    assert not torch.equal(model(words), model(words))
    assert torch.equal(model.eval()(words), model(words))
