"""Sparse training of layers that hold their active weights only, beside that of masked ones."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from strnn_viz import SparseTraining
from strnn_viz.config import ModelConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.lstm import LSTMLayer
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import SparseLinear, SparseLSTMLayer, SparseMatrix, to_sparse, using
from strnn_viz.sparsity import growth


class Model(nn.Module):
    def __init__(self, lstm: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.lstm, self.decoder = nn.ModuleList([lstm]), decoder

    def forward(self, x):
        zeros = x.new_zeros(x.shape[1], 12)
        return self.decoder(self.lstm[0](x, (zeros, zeros))[0])


def masked_model():
    torch.manual_seed(0)
    lstm = LSTMLayer(10, 12)
    with torch.no_grad():
        for p in lstm.parameters():
            p.uniform_(-0.5, 0.5)
    return Model(lstm, nn.Linear(12, 7))


def stored_model(model, sparse):
    """The same weights, at the positions that sparse training of the masked model has."""
    at = {name: m.positions for name, m in sparse.matrices.items()}
    lstm = SparseLSTMLayer.from_dense(model.lstm[0], at["lstm.0.weight_ih"], at["lstm.0.weight_hh"])
    return Model(lstm, SparseLinear.from_dense(model.decoder, at["decoder.weight"]))


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.2, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
}


def pair(optimizer="sgd", **options):
    """Masked and stored models in the same state, each with its optimizer and sparse training."""
    given = {"density": 0.3, "updates": 4, "prune_rate": 0.4, "seed": 3} | options
    masked = masked_model()
    optimizers = [OPTIMIZERS[optimizer](masked.parameters())]
    trainings = [SparseTraining(masked, optimizers[0], **given)]
    stored = stored_model(masked, trainings[0])
    optimizers.append(OPTIMIZERS[optimizer](stored.parameters()))
    trainings.append(SparseTraining(stored, optimizers[1], **given))
    trainings[1].load_state_dict(trainings[0].state_dict())
    return list(zip((masked, stored), optimizers, trainings, strict=True))


def losses(model, optimizer, steps, seed, sparse=None):
    """Of some steps; where `sparse` is given, it collects gradients at all but the first."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for step in range(steps):
        if sparse is not None:
            sparse.collecting = step > 0
        x, target = torch.randn(6, 5, 10, generator=generator), torch.randn(6, 5, 7, generator=generator)
        optimizer.zero_grad()
        loss = ((model(x) - target) ** 2).mean()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def same(a, b):
    """The same topology, and to float error the same weights and optimizer state."""
    assert list(a.matrices) == list(b.matrices) == ["lstm.0.weight_ih", "lstm.0.weight_hh", "decoder.weight"]
    for x, y in zip(a.matrices.values(), b.matrices.values(), strict=True):
        assert torch.equal(x.positions, y.positions)
        assert torch.equal(x.mask, y.mask)
        assert np.array_equal(x.bits(), y.bits())
        torch.testing.assert_close(x.values, y.values, rtol=1e-4, atol=1e-6)
        assert x.state.keys() == y.state.keys()
        for key, kept in x.state.items():
            torch.testing.assert_close(kept, y.state[key], rtol=1e-3, atol=1e-7)
        assert x.signals.keys() == y.signals.keys()
        for key, kept in x.signals.items():
            torch.testing.assert_close(kept, y.signals[key], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"granularity": "gate"},
        {"method": "set"},
        {"method": "dsr"},
        {"method": "static"},
        {"reactivate": False},
        {"redistribution": "momentum"},
        {"method": "rigl"},
        {"method": "rigl", "granularity": "gate", "reactivate": False},
        {"method": "rigl", "redistribution": "survivors", "gradients": "step"},
        {"method": "snfs"},
        {"method": "snfs", "granularity": "gate", "gradients": "step"},
        {"method": "deepr", "l1": 0.05, "temperature": 1e-3},
        {"method": "deepr", "l1": 0.05, "density": 0.9, "reactivate": False},
        {"method": "gmp"},
        {"method": "gmp", "granularity": "gate"},
    ],
)
def test_a_run_has_the_same_masks_and_losses_as_with_masks(optimizer, options):
    pruned = 0
    with using("torch"):
        pieces = pair(optimizer, **options)
        same(pieces[0][2], pieces[1][2])
        for epoch in range(4):
            a, b = (losses(model, o, 4, epoch, sparse) for model, o, sparse in pieces)
            same(pieces[0][2], pieces[1][2])
            assert a == pytest.approx(b, rel=1e-4)
            done, again = (
                {name: (r.pruned, r.grown, r.reactivated) for name, r in sparse.update().items()}
                for _, _, sparse in pieces
            )
            assert done == again
            same(pieces[0][2], pieces[1][2])
            pruned += sum(counts[0] for counts in done.values())
    assert (pruned == 0) is (options.get("method") == "static")


def test_everything_stays_of_the_size_of_the_active_weights():
    (_, _, _), (model, optimizer, sparse) = pair()
    nnz = sparse.nnz
    for epoch in range(3):
        losses(model, optimizer, 2, epoch)
        sparse.update()
        assert sparse.nnz == nnz
    assert sorted(p.ndim for p in model.parameters()) == [1] * 5
    for matrix in sparse.matrices.values():
        assert matrix.parameter.shape == (matrix.nnz,)
        assert {s.shape for s in matrix.state.values()} == {(matrix.nnz,)}


def test_names_roles_and_gates_are_those_of_dense_layers():
    (_, _, a), (_, _, b) = pair()
    assert [m.info for m in a.matrices.values()] == [m.info for m in b.matrices.values()]


def test_a_run_goes_on_in_the_other_form():
    """Halfway, weights, optimizer state and topology move from masked to stored, and back."""
    with using("torch"):
        (masked, o1, s1), (stored, o2, s2) = pair()
        losses(masked, o1, 5, 0)
        s1.update()
        for source, target in ((s1, s2), (s2, s1)):
            target.load_state_dict(source.state_dict())
            for name, matrix in source.matrices.items():
                target.matrices[name].load(matrix.positions, matrix.values, matrix.state)
        dense = {n: p for n, p in masked.named_parameters() if p.ndim == 1}
        with torch.no_grad():
            for name, p in dense.items():
                stored.get_parameter(name).copy_(p)
                o2.state[stored.get_parameter(name)]["momentum_buffer"] = o1.state[p]["momentum_buffer"].clone()
        same(s1, s2)
        assert losses(masked, o1, 5, 1) == pytest.approx(losses(stored, o2, 5, 1), rel=1e-4)
        s1.update(), s2.update()
        same(s1, s2)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "dense"}, "method dense stays active.* Use dense layers with it, or another method"),
        ({"method": "small-dense"}, "method small-dense stays active"),
    ],
)
def test_a_method_that_keeps_every_weight_is_refused(options, says):
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    with pytest.raises(UsageError, match=says):
        SparseTraining(layer, torch.optim.SGD(layer.parameters(), lr=0.1), density=0.5, updates=2, **options)


def test_a_matrix_keeps_the_topology_and_the_number_of_weights_it_has():
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    before = layer.weight.pattern.positions
    sparse = SparseTraining(layer, torch.optim.SGD(layer.parameters(), lr=0.1), density=0.1, updates=2)
    assert torch.equal(sparse.matrices["weight"].positions, before)
    assert sparse.budget == sparse.nnz == 15


@pytest.mark.parametrize("method", ["rigl", "snfs", "deepr"])
def test_halfway_to_an_update_a_run_goes_on_in_the_other_form(method):
    """What has been gathered moves as well: from masked to stored, and from stored to masked."""
    with using("torch"):
        options = {"method": method, "l1": 0.05, "temperature": 1e-3}
        expected, other = pair(**options), pair(**options)
        for (model, optimizer, _), (again, its, _) in zip(expected, other, strict=True):
            assert losses(model, optimizer, 3, 0) == losses(again, its, 3, 0)
        for (_, _, source), (_, _, target) in zip(expected, reversed(other), strict=True):
            state = copy.deepcopy(source.state_dict())
            for name, matrix in source.matrices.items():
                target.matrices[name].load(matrix.positions, matrix.values, matrix.state)
            target.load_state_dict(state)
            same(source, target)
            source.update()
            target.update()
            same(source, target)


def test_a_gradient_whose_step_was_skipped_does_not_count():
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    sparse = SparseTraining(layer, optimizer, method="rigl", density=0.5, updates=2, gradients="step")
    for scale in (float("inf"), 1.0):
        optimizer.zero_grad()
        (layer(torch.ones(2, 5)).sum() * scale).backward()  # both rows of ones: every gradient is 2
    optimizer.step()
    assert (sparse.matrices["weight"].signals["gradient"] == 2).all()


def test_gradients_of_several_backward_passes_of_a_step_count_together():
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    sparse = SparseTraining(layer, optimizer, method="rigl", density=0.5, updates=2, gradients="step")
    for scale in (1.0, 10.0):
        (layer(torch.ones(1, 5)).sum() * scale).backward()
    optimizer.step()
    assert (sparse.matrices["weight"].signals["gradient"] == 11).all()


def test_while_it_is_not_collecting_nothing_is_kept():
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    sparse = SparseTraining(layer, optimizer, method="rigl", density=0.5, updates=9, gradients="step")
    matrix = sparse.matrices["weight"]
    for collecting in (False, True):
        sparse.collecting = collecting
        layer(torch.ones(1, 5)).sum().backward()
        assert len(matrix._arrived) == collecting
        optimizer.step()
        assert bool(matrix.signals) is collecting
    sparse.update()
    assert matrix.signals == {}
    sparse.remove()
    layer(torch.ones(1, 5)).sum().backward()
    assert (layer.weight.observer, matrix._arrived) == (None, [])


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor has that is made under it, but for those that hold non-zeros only."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, torch.Tensor) and tensor.layout is torch.strided:
                self.numbers = max(self.numbers, tensor.numel())
        return made


@pytest.mark.parametrize("method", ["st-rnn", "set", "dsr", "deepr", "rigl", "snfs"])
def test_only_a_momentum_of_inactive_weights_makes_anything_of_the_matrix_s_size(monkeypatch, method):
    monkeypatch.setattr(growth, "AT_ONCE", 5000)
    layer = SparseLinear(SparseMatrix.random((300, 400), 0.01, torch.Generator().manual_seed(0)))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    with using("torch"), Largest() as largest:
        sparse = SparseTraining(layer, optimizer, method=method, density=0.01, updates=9, l1=0.05)
        for _ in range(3):
            optimizer.zero_grad()
            layer(torch.randn(7, 400)).square().sum().backward()
            optimizer.step()
            sparse.update()
        bits = sparse.matrices["weight"].bits()
    assert largest.numbers == 120_000 if method == "snfs" else largest.numbers <= 5000
    assert np.bitwise_count(bits).sum() == sparse.nnz == 1200


@pytest.mark.parametrize(
    ("method", "options"),
    [
        ("iss", {"embedding": 5}),  # the second layer reads the units of the first
        ("iss", {"tied": True, "cell": "rhn", "layers": 1, "depth": 2}),
        ("rigl", {"embedding": 5}),
        ("rigl", {"tied": True, "cell": "rhn", "layers": 1, "depth": 2}),
        ("snfs", {"tied": True}),
    ],
)
def test_a_language_model_learns_as_with_masks(method, options):
    config = ModelConfig(**({"hidden": 6, "layers": 2, "dropout": 0.0} | options))
    pieces, positions = [], None
    for _ in range(2):
        model = LanguageModel(20, config)
        model.initialize(config, torch.Generator().manual_seed(0))
        if positions is not None:
            to_sparse(model, positions)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        sparse = SparseTraining(model, optimizer, method=method, density=0.4, updates=4, group_lasso=0.01)
        positions = {name: matrix.positions for name, matrix in sparse.matrices.items()}
        if pieces:
            sparse.load_state_dict(pieces[0][2].state_dict())
        pieces.append((model, optimizer, sparse))
    generator, pruned = torch.Generator().manual_seed(1), 0
    with using("torch"):
        for _ in range(3):
            words = torch.randint(20, (7, 4), generator=generator)
            seen = []
            for model, optimizer, sparse in pieces:
                optimizer.zero_grad()
                loss = nn.functional.cross_entropy(model(words)[0].flatten(0, 1), words.flatten())
                loss.backward()
                optimizer.step()
                done = sparse.update().values()
                seen.append([loss.item(), sum(d.pruned for d in done), sum(d.grown for d in done)])
            assert seen[0] == pytest.approx(seen[1], rel=1e-4)
            pruned += seen[0][1]
            a, b = (sparse for _, _, sparse in pieces)
            assert all(torch.equal(x, y) for x, y in zip(a.kept_units(), b.kept_units(), strict=True))
            for x, y in zip(a.matrices.values(), b.matrices.values(), strict=True):
                assert x.info == y.info
                assert torch.equal(x.positions, y.positions)
                torch.testing.assert_close(x.values, y.values, rtol=1e-4, atol=1e-6)
    assert pruned > 0
    kept = b.kept_units()
    b.load_state_dict(b.state_dict())
    assert all(torch.equal(x, y) for x, y in zip(kept, b.kept_units(), strict=True))


def test_signs_of_another_topology_are_not_taken_over():
    (_, _, a), (_, _, b) = pair(method="deepr")
    for sparse in (a, b):
        state = sparse.state_dict()
        state["signals"]["decoder.weight"]["sign"] = torch.ones(7, 12, dtype=torch.int8)
        with pytest.raises(ValueError, match=r"decoder.weight: expected something of shape \(25,\), found \(7, 12\)"):
            sparse.load_state_dict(state)


@pytest.mark.parametrize("method", ["st-rnn", "rigl", "deepr"])
@pytest.mark.parametrize("order", ["mos", "mso", "oms", "smo", "som"])
def test_saved_states_are_loaded_in_any_order_but_one(method, order):
    """Of model, optimizer and sparse training: all is then as it was, to the bit, with masks and without."""
    options = {"method": method, "l1": 0.05, "temperature": 1e-3}
    with using("torch"):
        for saved, other in zip(pair(**options), pair(**options, seed=8), strict=True):
            for own in (saved, other):
                losses(*own[:2], 3, 0)
                own[2].update()
                losses(*own[:2], 2, 1)
            states = copy.deepcopy([part.state_dict() for part in saved])
            for which in order:
                place = "mos".index(which)
                other[place].load_state_dict(states[place])
            for _ in range(2):
                for x, y in zip(saved[2].matrices.values(), other[2].matrices.values(), strict=True):
                    assert torch.equal(x.positions, y.positions)
                    assert torch.equal(x.values, y.values)
                    assert torch.equal(x.mask, y.mask)
                    assert all(torch.equal(kept, y.state[key]) for key, kept in x.state.items())
                    assert all(torch.equal(kept, y.signals[key]) for key, kept in x.signals.items())
                assert losses(*saved[:2], 3, 2) == losses(*other[:2], 3, 2)
                saved[2].update(), other[2].update()
