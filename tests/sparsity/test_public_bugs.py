"""Mistakes that public implementations of these methods make, one test each: none of them is made here."""

import os
import subprocess
import sys

import pytest
import torch
from torch import nn

from strnn_viz.errors import UsageError
from strnn_viz.sparsity import SparseTraining
from strnn_viz.sparsity.initialization import erdos_renyi
from strnn_viz.sparsity.schedules import SCHEDULES
from tests.sparsity.by_hand import Toy, counting, spread


def attach(model, optimizer=None, **options):
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return SparseTraining(model, optimizer, **({"density": 0.3, "updates": 10} | options)), optimizer


def train(model, optimizer, steps=1, width=None):
    for _ in range(steps):
        optimizer.zero_grad()
        model(torch.randn(5, width or model.in_features)).square().sum().backward()
        optimizer.step()


def test_set_removing_only_the_most_negative_weights():
    toy = Toy(a=(counting([-9, -8, -1, -2, 1, 2, 8, 9], 16), range(8)))
    toy.attach(method="set", prune_rate=0.5).update()
    assert {0, 1, 6, 7} <= set(toy.active("a"))
    assert toy.weight("a").flatten()[:8].tolist() == [-9, -8, 0, 0, 0, 0, 8, 9]


@pytest.mark.parametrize("weights", ["normal", "all positive", "a few zeros", "many ties"])
def test_set_removing_204_or_344_weights_where_122_were_due(weights):
    torch.manual_seed(0)
    w = torch.randn(20, 61)
    if weights == "all positive":
        w = w.abs()
    elif weights == "a few zeros":
        w.view(-1)[::7] = 0
    elif weights == "many ties":
        w = w.sign()
    model = nn.Linear(61, 20, bias=False)
    model.weight.data = w
    sparse, _ = attach(model, method="set", density=0.5, prune_rate=0.2)
    assert sparse.nnz == 610
    assert sparse.update()["weight"].pruned == 122
    assert sparse.nnz == 610


def test_snfs_ranking_a_momentum_that_the_mask_has_zeroed():
    """In the optimizer's buffer inactive weights have no momentum: growth would be degenerate, the first places."""
    toy = Toy(lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9), a=(counting([1, 2, 3, 4], 16), range(4)))
    sparse = toy.attach(method="snfs", prune_rate=0.5)
    toy.step(a=spread(16, {12: 1.0, 15: -2.0}))
    assert toy.optimizer.state[toy.weight("a")]["momentum_buffer"].abs().sum() == 0
    sparse.update()
    assert toy.active("a") == [2, 3, 12, 15]


@pytest.mark.parametrize("options", [{"method": "snfs"}, {"method": "rigl", "regrow": "momentum"}])
def test_snfs_ranking_the_last_single_minibatchs_gradient(options):
    """What is left of a momentum where the optimizer's is 0, which a configuration hands on."""
    with pytest.raises(UsageError, match=r"momentum_decay = 0 leaves the last minibatch's alone"):
        attach(nn.Linear(3, 3), momentum_decay=0.0, **options)
    attach(nn.Linear(3, 3), momentum_decay=0.0, **(options | {"regrow": "random"}))


def test_growth_from_all_zero_scores_filling_the_first_rows():
    rows = set()
    for seed in range(20):
        model = nn.Linear(10, 10, bias=False)
        sparse, optimizer = attach(model, method="rigl", density=0.2, prune_rate=1.0, seed=seed)
        (model(torch.ones(3, 10)) * 0).sum().backward()
        optimizer.step()
        assert sparse.matrices["weight"].signals["gradient"].abs().sum() == 0  # there is one, zero everywhere
        sparse.update()
        rows |= {tuple(sorted(set((sparse.matrices["weight"].positions // 10).tolist())))}
        assert sparse.nnz == 20
    assert len(rows) > 10
    assert all(max(found) > 5 for found in rows)


def test_rigl_ranking_the_last_single_minibatchs_gradient():
    toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
    sparse = toy.attach(method="rigl", prune_rate=0.25)
    for _ in range(5):
        toy.step(a=spread(8, {6: 1.0}))
    toy.step(a=spread(8, {4: 3.0}))
    sparse.update()
    assert toy.active("a") == [1, 2, 3, 6]


@pytest.mark.parametrize("reactivate", [True, False])
def test_momentum_left_stale_on_new_weights(reactivate):
    """Also on a weight pruned and regrown in the same place at once."""
    model = nn.Linear(8, 6)
    sparse, optimizer = attach(model, density=0.8 if reactivate else 0.4, prune_rate=0.9, reactivate=reactivate)
    train(model, optimizer, 3)
    before = sparse.mask("weight").clone()
    done = sparse.update()["weight"]
    assert (done.reactivated > 0) == reactivate
    buffer = optimizer.state[model.weight]["momentum_buffer"]
    new = sparse.mask("weight") & (~before | (model.weight == 0))
    assert int(new.sum()) == done.grown > 0
    assert buffer[new].abs().sum() == 0


def test_momentum_moved_with_the_wrong_connection():
    model = nn.Linear(8, 6)
    sparse, optimizer = attach(model, prune_rate=0.5)
    train(model, optimizer, 3)
    buffer = optimizer.state[model.weight]["momentum_buffer"]
    marked = torch.arange(48.0).view(6, 8) + 1
    with torch.no_grad():
        buffer.copy_(marked * sparse.mask("weight"))
    before = sparse.mask("weight").clone()
    sparse.update()
    stayed = before & sparse.mask("weight") & (model.weight != 0)
    assert stayed.any()
    assert torch.equal(buffer[stayed], marked[stayed])
    assert int((buffer != 0).sum()) == int(stayed.sum())


def test_adam_moments_never_reset():
    model = nn.Linear(8, 6)
    sparse, optimizer = attach(model, torch.optim.Adam(model.parameters(), lr=0.01, amsgrad=True), prune_rate=0.9)
    train(model, optimizer, 3)
    sparse.update()
    new = sparse.mask("weight") & (model.weight == 0)
    assert new.any()
    state = optimizer.state[model.weight]
    for key in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq"):
        assert state[key][sparse.mask("weight") & ~new].abs().min() > 0
        assert state[key][new].abs().sum() == 0


@pytest.mark.parametrize("method", ["st-rnn", "set", "rigl", "snfs", "dsr", "deepr", "selfish"])
def test_the_number_of_active_weights_growing_by_the_update(method):
    """From 2.97 to 3.86 million in one implementation, by the precedence of two operators."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(9, 7), nn.Tanh(), nn.Linear(7, 5))
    sparse, optimizer = attach(model, method=method, updates=200, l1=0.01, temperature=1e-4)
    budget = sparse.nnz
    for _ in range(100):
        train(model, optimizer, width=9)
        sparse.update()
        assert sparse.nnz == budget
        assert sum(int(m.mask.sum()) for m in sparse.matrices.values()) == budget


def test_a_threshold_compare_losing_all_of_many_equal_weights():
    model = nn.Linear(20, 10, bias=False)
    nn.init.constant_(model.weight, 0.5)
    sparse, _ = attach(model, density=0.5, prune_rate=0.3)
    done = sparse.update()["weight"]
    assert (done.pruned, done.grown, sparse.nnz) == (30, 30, 100)


@pytest.mark.parametrize("method", ["st-rnn", "rigl", "snfs"])
def test_regrowth_row_by_row_that_freezes_fan_in(method):
    torch.manual_seed(0)
    model = nn.Linear(30, 20)
    sparse, optimizer = attach(model, method=method, prune_rate=0.5)
    before = sparse.mask("weight").sum(1)
    train(model, optimizer, 2)
    sparse.update()
    after = sparse.mask("weight").sum(1)
    assert int(before.sum()) == int(after.sum())
    assert int((before != after).sum()) > 5


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_a_schedule_that_ends_at_a_two_hundredth_and_not_at_zero(schedule):
    model = nn.Linear(40, 40)
    sparse, _ = attach(model, schedule=schedule, prune_rate=0.8, updates=6)
    done = [sparse.update()["weight"].pruned for _ in range(6)]
    assert done[0] == 384
    assert done[-1] == 0
    assert sparse.next_rate == 0.0


def test_seeding_with_pythons_hash_of_a_name():
    """It differs from one process to the next."""
    code = (
        "import torch; from strnn_viz.sparsity import SparseTraining; torch.manual_seed(0); m = torch.nn.LSTM(5, 4);"
        "s = SparseTraining(m, torch.optim.SGD(m.parameters(), lr=0.1), density=0.3, updates=5, seed=3); s.update();"
        "found = [x.positions.tolist() for x in s.matrices.values()]"
    )
    other = str(12 + (os.environ.get("PYTHONHASHSEED") == "12"))
    told = subprocess.run(
        [sys.executable, "-c", f"{code}; print(found)"], capture_output=True, text=True, check=True,
        env=os.environ | {"PYTHONHASHSEED": other, "OMP_NUM_THREADS": "1"},
    ).stdout  # fmt: skip
    here: dict[str, list[list[int]]] = {}
    with torch.random.fork_rng():
        exec(code, here)
    assert told.strip() == str(here["found"])


@pytest.mark.timeout(20)
@pytest.mark.parametrize("density", [0.999, 1.0, 1e-9])
def test_a_search_for_epsilon_that_never_ends(density):
    shapes = [(1, 1), (1, 2), (2, 1), (3, 1000), (10_000, 1500), (7, 7)]
    found = erdos_renyi(shapes, density)
    assert all(0 < d <= 1 + 1e-12 for d in found)
    total = sum(n * m for n, m in shapes)
    assert sum(d * n * m for d, (n, m) in zip(found, shapes, strict=True)) == pytest.approx(density * total)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_recurrent_modules_skipped_for_having_no_attribute_called_weight(kind):
    torch.manual_seed(0)
    model = kind(6, 5, num_layers=2, bidirectional=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sparse = SparseTraining(model, optimizer, density=0.25, updates=3)
    matrices = {n for n, p in model.named_parameters() if p.ndim == 2}
    assert set(sparse.matrices) == matrices
    assert len(matrices) == 8
    model(torch.randn(3, 2, 6))[0].square().sum().backward()
    optimizer.step()
    for name in matrices:
        weight = model.get_parameter(name)
        assert int((weight != 0).sum()) == round(0.25 * weight.numel())
