"""Sparse training of layers that hold their active weights only, beside that of masked ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from strnn_viz import SparseTraining
from strnn_viz.errors import UsageError
from strnn_viz.nn.lstm import LSTMLayer
from strnn_viz.nn.sparse import SparseLinear, SparseLSTMLayer, SparseMatrix, using


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


def losses(model, optimizer, steps, seed):
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(steps):
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
        torch.testing.assert_close(x.values, y.values, rtol=1e-4, atol=1e-6)
        assert x.state.keys() == y.state.keys()
        for key, kept in x.state.items():
            torch.testing.assert_close(kept, y.state[key], rtol=1e-3, atol=1e-7)


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
    ],
)
def test_a_run_has_the_same_masks_and_losses_as_with_masks(optimizer, options):
    pruned = 0
    with using("torch"):
        pieces = pair(optimizer, **options)
        same(pieces[0][2], pieces[1][2])
        for epoch in range(4):
            a, b = (losses(model, o, 4, epoch) for model, o, _ in pieces)
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
        ({"method": "rigl"}, "rigl regrows by the gradient of inactive weights, which sparse layers do not hold"),
        ({"method": "snfs"}, "snfs regrows by the gradient"),
        ({"method": "gmp"}, "gmp begins with all weights"),
        ({"method": "deepr"}, "deepr keeps a sign for every place"),
    ],
)
def test_a_method_that_needs_inactive_weights_is_refused(options, says):
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    with pytest.raises(UsageError, match=says):
        SparseTraining(layer, torch.optim.SGD(layer.parameters(), lr=0.1), density=0.5, updates=2, **options)


def test_a_matrix_keeps_the_topology_and_the_number_of_weights_it_has():
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    before = layer.weight.pattern.positions
    sparse = SparseTraining(layer, torch.optim.SGD(layer.parameters(), lr=0.1), density=0.1, updates=2)
    assert torch.equal(sparse.matrices["weight"].positions, before)
    assert sparse.budget == sparse.nnz == 15
