import copy

import numpy as np
import pytest
import torch
from torch import nn

from strnn_viz.config import ModelConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import dense_state_dict, to_sparse
from strnn_viz.nn.units import UnitLayer, UnitSlice, compact, positions, unit_layers
from strnn_viz.runs import Snapshot, capture
from strnn_viz.sparsity.discovery import weight_matrices
from strnn_viz.topology import nnstd

WORDS, CLASSES, DEPTH = 30, 3, 3


def make(kind):
    """A model whose every weight and bias is random, in double precision."""
    task, cell, layers, tied = kind.split()
    config = ModelConfig(cell=cell, hidden=7, embedding=0 if tied == "tied" else 5, depth=DEPTH, layers=int(layers),
                         tied=tied == "tied", dropout=0.3)  # fmt: skip
    model = LanguageModel(WORDS, config) if task == "lm" else TextClassifier(WORDS, CLASSES, config)
    generator = torch.Generator().manual_seed(0)
    for p in model.parameters():
        p.data.normal_(0, 0.5, generator=generator)
    return model.double().eval()


KINDS = ["lm lstm 1 untied", "lm lstm 2 untied", "lm lstm 1 tied", "lm lstm 2 tied", "lm rhn 1 tied", "lm rhn 1 untied",
         "lm rhn 2 tied", "text lstm 1 untied", "text lstm 2 untied", "text rhn 1 untied"]  # fmt: skip


def outputs(model):
    words = torch.randint(WORDS, (6, 4), generator=torch.Generator().manual_seed(1))
    found = model(words)
    return found[0] if isinstance(found, tuple) else found


def remove(model, layer, units):
    """Set all weights of some units to zero, through their positions alone."""
    matrices = {info.name: p for info, p in weight_matrices(model)}
    for name, where in positions(layer, units, {n: tuple(p.shape) for n, p in matrices.items()}).items():
        matrices[name].data.view(-1)[where] = 0


def expected_parameters(model, sizes):
    """Parameters of a model with these units, counted by hand."""
    config = model.config
    first = sizes[-1] if config.tied else config.embedding or config.hidden
    last = CLASSES if isinstance(model, TextClassifier) else WORDS
    total = WORDS * first + last + (0 if config.tied else last * sizes[-1])
    for below, units in zip([first, *sizes], sizes, strict=False):
        if config.cell == "lstm":
            total += 4 * units * (below + units + 1)
        else:
            total += 2 * units * (below + DEPTH * (units + 1))
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_the_smaller_model_computes_the_same(kind):
    model = make(kind)
    generator = torch.Generator().manual_seed(2)
    keep, layers = [], unit_layers(model)
    before = outputs(model)
    for i, layer in enumerate(layers):
        order = torch.randperm(7, generator=generator)
        remove(model, layer, order[3 + i :])
        keep.append(order[: 3 + i])
    assert not torch.allclose(outputs(model), before)
    smaller = compact(model, keep)
    assert type(smaller) is type(model)
    assert not smaller.training
    torch.testing.assert_close(outputs(smaller), outputs(model), rtol=0, atol=1e-12)
    sizes = [3 + i for i in range(len(layers))]
    assert sum(p.numel() for p in smaller.parameters()) == expected_parameters(model, sizes)
    assert [layer.units for layer in unit_layers(smaller)] == sizes
    torch.testing.assert_close(outputs(compact(smaller.float(), [torch.arange(n) for n in sizes])),
                               outputs(model).float(), rtol=0, atol=1e-5)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_no_weight_of_a_unit_is_forgotten(kind):
    """Once all weights of a unit are zero, nothing reads it: whatever its biases are, the outputs stay."""
    model = make(kind)
    for layer in unit_layers(model):
        remove(model, layer, torch.tensor([2]))
    was = outputs(model)
    for layer in model.recurrent:
        for name, bias in layer.named_parameters():
            if name.startswith("bias"):
                bias.data[torch.arange(2, len(bias), layer.hidden)] += 3
    assert torch.equal(outputs(model), was)


def test_slices_of_a_two_layer_lstm():
    first, second = unit_layers(make("lm lstm 2 untied"))
    gates = (0, 7, 14, 21)
    assert first == UnitLayer("LSTM layer 1", 7, (
        UnitSlice("lstm.0.weight_ih", 0, gates), UnitSlice("lstm.0.weight_hh", 0, gates),
        UnitSlice("lstm.0.weight_hh", 1, (0,)), UnitSlice("lstm.1.weight_ih", 1, (0,)),
    ))  # fmt: skip
    assert second.title == "LSTM layer 2"
    assert second.slices[-1] == UnitSlice("decoder.weight", 1, (0,))


def test_tied_units_are_dimensions_of_the_words():
    (layer,) = unit_layers(make("lm rhn 1 tied"))
    assert layer.title == "RHN layer 1"
    assert [s.name for s in layer.slices if s.axis == 1] == [
        "rhn.0.weight_hh_0", "rhn.0.weight_hh_1", "rhn.0.weight_hh_2", "embedding.weight", "rhn.0.weight_ih",
    ]  # fmt: skip
    assert [s.starts for s in layer.slices if s.axis == 0] == [(0, 7)] * 4


@pytest.mark.parametrize("kind", KINDS)
def test_units_of_layers_that_hold_active_weights_only_are_the_same_and_made_dense_before_they_are_compacted(kind):
    model = make(kind)
    sparse = to_sparse(copy.deepcopy(model))
    layers = unit_layers(model)
    assert unit_layers(sparse) == layers
    keep = [torch.arange(7)] * len(layers)
    with pytest.raises(UsageError, match="holds its active weights only.*dense_state_dict"):
        compact(sparse, keep)
    model.load_state_dict(dense_state_dict(sparse))
    torch.testing.assert_close(outputs(compact(model, keep)), outputs(sparse), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_those_of_the_masked_matrices(kind):
    model = make(kind)
    shapes = {info.name: info.shape for info, _ in weight_matrices(model)}
    for layer in unit_layers(model):
        for part in layer.slices:
            assert len(part.starts) * layer.units == shapes[part.name][part.axis]


def test_positions_are_sorted_and_none_is_twice():
    layer = UnitLayer("a", 2, (UnitSlice("w", 0, (0, 2)), UnitSlice("w", 1, (0,)), UnitSlice("v", 1, (0,))))
    found = positions(layer, torch.tensor([1]), {"w": (4, 2), "v": (3, 2)})
    assert {name: where.tolist() for name, where in found.items()} == {"w": [1, 2, 3, 5, 6, 7], "v": [1, 3, 5]}
    both = positions(layer, torch.tensor([1, 0]), {"w": (4, 2), "v": (3, 2)})
    assert both["w"].tolist() == list(range(8))


def test_booleans_and_numbers_keep_the_same_units():
    model = make("lm lstm 1 untied")
    remove(model, unit_layers(model)[0], torch.tensor([1, 3, 4, 6]))
    a = compact(model, [torch.tensor([5, 0, 2])])
    b = compact(model, [torch.tensor([True, False, True, False, False, True, False])])
    for x, y in zip(a.parameters(), b.parameters(), strict=True):
        assert torch.equal(x, y)
    assert torch.equal(a.lstm[0].bias, model.lstm[0].bias.view(4, 7)[:, [0, 2, 5]].flatten())


def test_nothing_is_shared_with_the_model():
    model = make("lm lstm 1 tied")
    smaller = compact(model, [torch.arange(7)])
    was = outputs(model)
    for p in smaller.parameters():
        p.data.zero_()
    assert torch.equal(outputs(model), was)
    assert smaller.decoder.weight is smaller.embedding.weight


@pytest.mark.parametrize(
    ("keep", "message"),
    [
        ([torch.arange(3), torch.tensor([], dtype=torch.int64)], "no unit of LSTM layer 2 is kept"),
        ([torch.arange(3)], "1 sets of units to keep for 2 recurrent layers"),
        ([torch.tensor([7]), torch.arange(3)], "LSTM layer 1 has units 0 to 6, and unit 7"),
        ([torch.ones(6, dtype=torch.bool), torch.arange(3)], r"has 7 units, and keep is of shape \(6,\)"),
    ],
)
def test_units_that_cannot_be_kept(keep, message):
    with pytest.raises(UsageError, match=message):
        compact(make("lm lstm 2 untied"), keep)


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_that_is_still_read_cannot_be_left_out(kind):
    model = make(kind)
    layers = unit_layers(model)
    keep = [torch.arange(7) != 2, *[torch.arange(7)] * (len(layers) - 1)]
    matrices = {info.name: p for info, p in weight_matrices(model)}
    readers = [part.name for part in layers[0].slices if part.axis == 1]
    for left in readers:
        for name in readers:
            matrices[name].data[:, 2] = float(name == left)
        with pytest.raises(UsageError, match=rf"unit 2 of \w+ layer 1 is still read by {left}"):
            compact(model, keep)
    matrices[readers[-1]].data[:, 2] = 0
    torch.testing.assert_close(outputs(compact(model, keep)), outputs(model), rtol=0, atol=1e-12)


def test_other_models_are_refused():
    with pytest.raises(UsageError, match="hidden units of a LSTM are not known"):
        unit_layers(nn.LSTM(3, 4))


def snapshot(infos, masks):
    layers = {i.name: capture(i, masks[i.name], np.ones(masks[i.name].sum(), np.float32)) for i in infos}
    return Snapshot(0, 0, {}, layers)


@pytest.mark.parametrize(
    "config",
    [
        ModelConfig(cell="rhn", hidden=24, layers=1, depth=3, tied=True),
        ModelConfig(cell="rhn", hidden=24, layers=2, depth=2),
        ModelConfig(hidden=24, layers=2),
    ],
)
def test_the_topology_distance_knows_the_same_units(config):
    """Units put in another order, slice by slice, are the same topology; with a slice left out they are not."""
    model, rng = LanguageModel(120, config), np.random.default_rng(0)
    infos = [info for info, _ in weight_matrices(model)]
    masks = {info.name: rng.random(info.shape) < 0.2 for info in infos}
    left_out = unit_layers(model)[0].slices[1]
    orders = {layer.title: rng.permutation(24) for layer in unit_layers(model)}
    moved = {name: mask.copy() for name, mask in masks.items()}
    partly = {name: mask.copy() for name, mask in masks.items()}
    for layer in unit_layers(model):
        for part in layer.slices:
            index = np.concatenate([start + orders[layer.title] for start in part.starts])
            moved[part.name] = moved[part.name].take(index, part.axis)
            if part != left_out:
                partly[part.name] = partly[part.name].take(index, part.axis)
    found = nnstd(snapshot(infos, masks), snapshot(infos, moved))
    assert found.raw == 0
    for title, order in orders.items():
        assert np.array_equal(order[found.permutations[title]], np.arange(24))
    assert nnstd(snapshot(infos, masks), snapshot(infos, partly)).raw > 0.05
