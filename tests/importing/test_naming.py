import pytest
from torch import nn

from strnn_viz.config import ModelConfig
from strnn_viz.importing.naming import name_layers
from strnn_viz.nn import models
from strnn_viz.sparsity.discovery import weight_matrices


class LanguageModel(nn.Module):
    def __init__(self, rnn):
        super().__init__()
        self.embedding = nn.Embedding(50, 8)
        self.rnn = rnn
        self.decoder = nn.Linear(8, 50)


@pytest.mark.parametrize(
    "rnn",
    [
        nn.LSTM(8, 12, 2),
        nn.GRU(8, 12, 2),
        nn.LSTM(8, 12, 2, proj_size=5),
        nn.LSTM(8, 12, 1, bidirectional=True),
    ],
    ids=["lstm", "gru", "projection", "bidirectional"],
)
def test_names_and_shapes_tell_what_the_modules_say(rnn):
    expected = [info for info, _ in weight_matrices(LanguageModel(rnn))]
    found = name_layers({info.name: info.shape for info in expected})
    assert found == expected


def test_the_layers_of_this_package_are_known_by_name():
    shapes = {"embedding.weight": (90, 8), "lstm.0.weight_ih": (32, 8), "lstm.0.weight_hh": (32, 8),
              "lstm.1.weight_ih": (32, 8), "lstm.1.weight_hh": (32, 8), "decoder.weight": (90, 8)}  # fmt: skip
    found = name_layers(shapes)
    assert [i.group for i in found] == ["Embedding", *2 * ["LSTM layer 1"], *2 * ["LSTM layer 2"], "Decoder"]
    assert [i.role for i in found] == ["embedding", *2 * ["input", "recurrent"], "linear"]
    assert found[2].gates == ("i", "f", "g", "o")


@pytest.mark.parametrize("tied", [False, True])
def test_a_highway_network_of_this_package_is_known_by_name(tied):
    model = models.LanguageModel(50, ModelConfig(cell="rhn", hidden=8, layers=2, depth=3, tied=tied))
    expected = [info for info, _ in weight_matrices(model)]
    assert len(expected) == 9 + (not tied)
    aliases = {"embedding.weight": ("decoder.weight",)} if tied else {}
    assert name_layers({info.name: info.shape for info in expected}, aliases) == expected


def test_without_gates_without_module_and_without_a_name_for_it():
    rnn = nn.RNN(3, 5)
    found = name_layers({n: tuple(p.shape) for n, p in rnn.named_parameters() if p.ndim == 2})
    assert [(i.group, i.role, i.gates) for i in found] == [
        ("RNN layer 1", "input", ()),
        ("RNN layer 1", "recurrent", ()),
    ]
    odd = name_layers({"cell.weight_hh": (10, 4)})[0]
    assert (odd.role, odd.gates, odd.group) == ("recurrent", (), "Cell")
    assert [i.group for i in name_layers({"fc1": (2, 3), "net.0.weight": (2, 3)})] == ["Fc1", "Net 0"]


def test_an_encoder_is_an_embedding_only_beside_a_recurrent_layer():
    recurrent = {"rnn.weight_ih_l0": (32, 8), "rnn.weight_hh_l0": (32, 8)}
    assert name_layers({"encoder.weight": (90, 8), **recurrent})[0].role == "embedding"
    assert name_layers({"encoder.weight": (90, 8), "decoder.weight": (8, 90)})[0].role == "linear"


def test_two_stacks_do_not_share_a_group():
    model = nn.ModuleDict({"enc": nn.LSTM(4, 4, 2), "dec": nn.LSTM(4, 4)})
    shapes = {n: tuple(p.shape) for n, p in model.named_parameters() if p.ndim == 2}
    groups = list(dict.fromkeys(i.group for i in name_layers(shapes)))
    assert groups == ["Enc, LSTM layer 1", "Enc, LSTM layer 2", "Dec, LSTM layer 1"]
