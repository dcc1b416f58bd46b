from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from strnn_viz.errors import UsageError
from strnn_viz.sparsity import METHODS, SparseTraining


def attach(model, optimizer=None, **options):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return SparseTraining(model, optimizer, **({"density": 0.5, "updates": 10} | options)), optimizer


def linear(weights, active, **options):
    """A linear layer with given weights of which the given (row-major) places are active."""
    weights = torch.tensor(weights, dtype=torch.float32)
    model = nn.Linear(weights.shape[1], weights.shape[0], bias=False)
    sparse, optimizer = attach(model, **options)
    with torch.no_grad():
        model.weight.copy_(weights)
    sparse.matrices["weight"].load(torch.tensor(active))
    return model, sparse, optimizer


def first_free(matrix, free, k, generator):
    """Instead of random regrowth: the first free places, so that a table can say what happens."""
    return free.at(torch.arange(k))


DETERMINISTIC = replace(METHODS["st-rnn"], regrow=first_free)

# weights, active places, prune rate -> places that stay, places that are grown
TABLE = [
    # the smallest of |w|, whatever the sign; grown at the first free places (here the pruned one is free again)
    ([[5, -1, 3, 0], [0, 2, -4, 0]], [0, 1, 2, 5, 6], 0.2, [0, 2, 5, 6], [1]),
    ([[5, -1, 3, 0], [0, 2, -4, 0]], [0, 1, 2, 5, 6], 0.4, [0, 2, 6], [1, 3]),
    # equal magnitudes: exactly k go, the first by position
    ([[1, -1, 1, -1], [1, -1, 0, 0]], [0, 1, 2, 3, 4, 5], 0.5, [3, 4, 5], [0, 1, 2]),
    # an inactive place is never pruned, however small its weight
    ([[9, 0, 0, 0], [0, 0, 0, 8]], [0, 7], 0.5, [0], [1]),
    # nothing to prune
    ([[9, 0, 0, 0], [0, 0, 0, 8]], [0, 7], 0.0, [0, 7], []),
    # all pruned
    ([[9, 1, 0, 0], [0, 0, 0, 8]], [0, 1, 7], 1.0, [], [0, 1, 2]),
    # a dense matrix: what is pruned is regrown, at zero
    ([[1, 2], [3, 4]], [0, 1, 2, 3], 0.5, [2, 3], [0, 1]),
    # weights that are zero are active all the same, and the first to go
    ([[0, 7, 0, 7], [0, 0, 0, 0]], [0, 1, 3, 4], 0.5, [1, 3], [0, 2]),
]


@pytest.mark.parametrize(("weights", "active", "rate", "kept", "grown"), TABLE)
def test_exact_masks(weights, active, rate, kept, grown):
    model, sparse, _ = linear(weights, active, method=DETERMINISTIC, prune_rate=rate)
    done = sparse.update()["weight"]
    expected = torch.zeros(np.size(weights))
    expected[kept + grown] = 1
    assert sparse.mask("weight").flatten().float().tolist() == expected.tolist()
    values = torch.tensor(weights, dtype=torch.float32).flatten()
    assert model.weight.flatten()[kept].tolist() == values[kept].tolist()
    assert model.weight.flatten()[grown].abs().sum() == 0
    gone = sorted(set(active) - set(kept))
    assert done.pruned == len(gone)
    assert done.reactivated == len(set(gone) & set(grown))
    assert np.isnan(done.threshold) if not gone else done.threshold == values[gone].abs().max()


def test_regrowth_never_takes_an_active_place_and_may_be_kept_from_the_pruned_ones():
    for reactivate in (True, False):
        seen = set()
        for seed in range(40):
            _, sparse, _ = linear(
                [[5, -1, 3, 0], [0, 2, -4, 0]], [0, 1, 2, 5, 6], prune_rate=0.4, reactivate=reactivate, seed=seed
            )
            sparse.update()
            now = set(sparse.matrices["weight"].positions.tolist())
            assert {0, 2, 6} <= now
            assert len(now) == 5
            seen |= now - {0, 2, 6}
        assert seen == ({1, 5, 3, 4, 7} if reactivate else {3, 4, 7})


def test_without_reactivation_no_more_is_pruned_than_can_be_grown_elsewhere():
    _, sparse, _ = linear([[1, 2, 3, 4]], [0, 1, 2], prune_rate=1.0, reactivate=False)
    assert sparse.update()["weight"].pruned == 1
    assert sparse.matrices["weight"].positions.tolist() == [1, 2, 3]


@settings(max_examples=40, deadline=None)
@given(
    initialization=st.sampled_from(["uniform", "erdos_renyi"]),
    granularity=st.sampled_from(["matrix", "gate"]),
    density=st.floats(0.01, 1.0),
    rate=st.floats(0.0, 1.0),
    inputs=st.integers(1, 9),
    hidden=st.integers(1, 9),
    reactivate=st.booleans(),
)
def test_active_weights_stay_as_many_over_fifty_updates(
    initialization, granularity, density, rate, inputs, hidden, reactivate
):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(11, inputs), nn.LSTM(inputs, hidden), nn.Linear(hidden, 5))
    sparse, _ = attach(
        model, initialization=initialization, granularity=granularity, density=density, prune_rate=rate,
        reactivate=reactivate, updates=50,
    )  # fmt: skip
    gates = {n: m.nnz if granularity == "matrix" else gate_counts(m) for n, m in sparse.matrices.items()}
    for _ in range(50):
        sparse.update()
        for name, m in sparse.matrices.items():
            assert int(m.mask.sum()) == m.nnz
            assert gates[name] == (m.nnz if granularity == "matrix" else gate_counts(m))
            assert m.parameter.detach()[~m.mask].abs().sum() == 0


def gate_counts(matrix):
    gates = max(1, len(matrix.info.gates))
    return matrix.mask.view(gates, -1).sum(1).tolist()


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: torch.optim.Adam(p, lr=0.1, weight_decay=0.01),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.1),
    "asgd": lambda p: torch.optim.ASGD(p, lr=0.1),
}
STATE = {"sgd": {"momentum_buffer"}, "nesterov": {"momentum_buffer"}, "adam": {"exp_avg", "exp_avg_sq"},
         "adamw": {"exp_avg", "exp_avg_sq"}, "asgd": {"ax"}}  # fmt: skip


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("gradients", ["backward", "step"])
def test_masks_and_state_hold_through_steps_and_new_weights_start_at_zero(name, gradients):
    torch.manual_seed(0)
    model = nn.Linear(8, 6)
    sparse, optimizer = attach(
        model, OPTIMIZERS[name](model.parameters()), density=0.4, prune_rate=0.6, gradients=gradients
    )
    matrix = sparse.matrices["weight"]
    for _ in range(4):
        for _ in range(3):
            optimizer.zero_grad()
            model(torch.randn(5, 8)).square().sum().backward()
            optimizer.step()
        state = optimizer.state[model.weight]
        assert set(matrix.state) == STATE[name]
        for full in (model.weight.detach(), *(state[key] for key in STATE[name])):
            assert full[~matrix.mask].abs().sum() == 0
            assert full[matrix.mask].abs().min() > 0
        kept = {k: v.clone() for k, v in state.items() if k in STATE[name]}
        before = matrix.mask.clone()
        weights = model.weight.detach().clone()
        sparse.update()
        new = matrix.mask & ~before
        survived = matrix.mask & before & (model.weight.detach() != 0)
        assert new.any()
        for full, old in ((model.weight.detach(), weights), *((state[k], kept[k]) for k in kept)):
            assert full[new].abs().sum() == 0
            assert full[~matrix.mask].abs().sum() == 0
            assert torch.equal(full[survived], old[survived])  # moved with the right connection


def test_gradient_norm_is_that_of_active_weights_or_dense_as_asked():
    norms = {}
    for gradients in ("backward", "step"):
        torch.manual_seed(0)
        model = nn.Linear(8, 6, bias=False)
        sparse, _ = attach(model, density=0.4, gradients=gradients)
        model(torch.ones(1, 8)).sum().backward()  # every entry of the gradient is 1
        norms[gradients] = float(nn.utils.clip_grad_norm_(model.parameters(), 1e9))
        assert sparse.matrices["weight"].nnz == 19
    assert norms == {"backward": pytest.approx(19**0.5), "step": pytest.approx(48**0.5)}


@pytest.mark.parametrize(
    ("model", "names"),
    [
        (nn.Linear(4, 3), ["weight"]),
        (nn.Embedding(7, 3), ["weight"]),
        (nn.LSTM(4, 3, num_layers=2), ["weight_ih_l0", "weight_hh_l0", "weight_ih_l1", "weight_hh_l1"]),
        (nn.LSTM(4, 3, proj_size=2), ["weight_ih_l0", "weight_hh_l0", "weight_hr_l0"]),
        (nn.GRU(4, 3, bidirectional=True),
         ["weight_ih_l0", "weight_hh_l0", "weight_ih_l0_reverse", "weight_hh_l0_reverse"]),
    ],
)  # fmt: skip
def test_every_weight_matrix_of_torchs_own_modules_is_masked(model, names):
    sparse, _ = attach(model)
    assert list(sparse.matrices) == names


def test_what_a_matrix_is_called():
    infos = {n: m.info for n, m in attach(nn.GRU(4, 3, num_layers=2, bidirectional=True))[0].matrices.items()}
    last = infos["weight_hh_l1_reverse"]
    assert (last.group, last.role, last.gates) == ("GRU layer 2 backward", "recurrent", ("r", "z", "n"))
    projection = attach(nn.LSTM(4, 3, proj_size=2))[0].matrices["weight_hr_l0"].info
    assert projection.gates == ()


def test_a_tied_matrix_counts_once():
    model = nn.Module()
    model.encoder, model.decoder = nn.Embedding(9, 4), nn.Linear(4, 9)
    model.decoder.weight = model.encoder.weight
    sparse, _ = attach(model, density=0.25)
    assert list(sparse.matrices) == ["encoder.weight"]
    assert sparse.matrices["encoder.weight"].info.tied == ("decoder.weight",)
    assert sparse.matrices["encoder.weight"].nnz == 9


def test_excluded_and_frozen_matrices_stay_dense():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    model[2].weight.requires_grad_(False)
    sparse, _ = attach(model, exclude=["0.*"])
    assert list(sparse.matrices) == ["1.weight"]
    assert (model[0].weight != 0).all()


def test_a_matrix_the_optimizer_lacks_is_an_error_that_names_it():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    with pytest.raises(UsageError, match=r"does not hold 1\.weight"):
        attach(model, torch.optim.SGD(model[0].parameters(), lr=0.1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prune_rate": 1.2}, "prune_rate = 1.2 is out of range"),
        ({"method": "st-rrn"}, "Did you mean st-rnn"),
        ({"granularity": "row"}, "granularity = 'row'"),
        ({"initialization": "er"}, "no initialization is called 'er'"),
        ({"updates": 0}, "updates = 0 is out of range: expected at least 1"),
        ({"l1": -1.0}, "l1 = -1 is out of range: expected at least 0"),
        ({"temperature": float("nan")}, "temperature = nan is out of range"),
        ({"group_lasso": -0.1}, "group_lasso = -0.1 is out of range"),
        (
            {"method": METHODS["rigl"], "regrow": "random"},
            "regrow = 'random' varies a method that is given by its name",
        ),
        ({"method": METHODS["set"], "schedule": "cosine"}, "leave schedule at 'auto'"),
        ({"method": METHODS["selfish"], "granularity": "gate"}, "granularity = gate makes no sense with .* = selfish"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    with pytest.raises(UsageError, match=message):
        attach(nn.Linear(3, 3), **options)


def test_a_method_of_ones_own_is_held_to_no_rule_of_those_there_are():
    own = replace(METHODS["selfish"], name="my own")
    sparse, _ = attach(nn.LSTM(3, 3), method=own, granularity="gate")
    assert sparse.method is own


def test_a_sparse_gradient_is_refused_with_the_remedy():
    model = nn.Embedding(5, 2, sparse=True)
    attach(model, torch.optim.SGD(model.parameters(), lr=0.1))
    with pytest.raises(TypeError, match="sparse=False"):
        model(torch.tensor([1])).sum().backward()


def test_state_dict_round_trip_continues_alike():
    def fresh(seed):
        torch.manual_seed(0)
        return linear(torch.randn(6, 7).tolist(), list(range(0, 42, 3)), prune_rate=0.5, seed=seed)

    model, sparse, _ = fresh(seed=3)
    sparse.update()
    saved, weights = sparse.state_dict(), {k: v.clone() for k, v in model.state_dict().items()}
    expected = [sparse.update()["weight"], sparse.mask("weight").tolist()]
    other, again, _ = fresh(seed=8)
    other.load_state_dict(weights)
    again.load_state_dict(saved)
    assert [again.update()["weight"], again.mask("weight").tolist()] == expected


def test_the_same_seed_gives_the_same_topology_and_another_another():
    def mask(seed):
        return attach(nn.Linear(20, 20), seed=seed)[0].mask("weight")

    assert torch.equal(mask(1), mask(1))
    assert not torch.equal(mask(1), mask(2))


def test_the_rate_falls_to_zero_at_the_last_update():
    sparse, _ = attach(nn.Linear(20, 20), density=0.2, prune_rate=0.5, updates=5)
    pruned = [sparse.update()["weight"].pruned for _ in range(7)]
    assert pruned == [40, round(80 * (0.25 + 0.25 * 0.5**0.5)), 20, round(80 * (0.25 - 0.25 * 0.5**0.5)), 0, 0, 0]


def test_removed_hooks_leave_the_model_alone():
    model = nn.Linear(4, 4, bias=False)
    sparse, optimizer = attach(model, density=0.25)
    sparse.remove()
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    assert (model.weight != 0).all()
