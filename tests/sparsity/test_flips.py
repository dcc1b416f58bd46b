"""DeepR: signs for life, and a network that rewires at every step."""

import pytest
import torch
from torch import nn

from strnn_viz.sparsity import SparseTraining
from strnn_viz.sparsity.flips import random_signs
from tests.sparsity.by_hand import Toy, counting


def attach(toy, **options):
    """DeepR without noise or pull, unless given; every active weight has the sign it was given."""
    return toy.attach(**({"method": "deepr", "l1": 0.0, "temperature": 0.0} | options))


def row(*matrix, lr=1.0):
    return Toy(lr=lr, a=matrix)


def signs(toy, name="a"):
    """The sign of every place; 0 where there is no connection."""
    return everywhere(toy.sparse.matrices[f"{name}.weight"]).flatten().tolist()


def everywhere(matrix):
    full = torch.zeros(matrix.info.size, dtype=matrix.signs.dtype)
    full[matrix.positions] = matrix.signs
    return full.view(matrix.info.shape)


def test_weights_begin_with_the_sign_they_have():
    toy = row(counting([0.5, -0.5, 2], 6), range(6))
    attach(toy, density=1.0)
    assert signs(toy)[:3] == [1, -1, 1]
    assert set(signs(toy)[3:]) <= {-1, 1}  # of zeros: random


def test_what_crosses_zero_goes_and_as_many_are_grown_at_zero_in_the_same_step():
    toy = row(counting([0.5, -0.5, 2, -2], 8), range(4))
    sparse = attach(toy, density=1.0, reactivate=False)
    toy.step(a=[[1.0, -1.0, 1.0, 1.0, 9, 9, 9, 9]])  # to -.5, .5, 1, -3
    assert toy.weight("a")[0, [2, 3]].tolist() == [1, -3]
    assert int((toy.weight("a") != 0).sum()) == 2
    active = toy.active("a")
    assert len(active) == 4
    assert active[:2] == [2, 3]
    (done,) = sparse.update().values()
    assert (done.pruned, done.grown, done.reactivated, done.threshold) == (2, 2, 0, 0.5)
    (done,) = sparse.update().values()  # told once
    assert (done.pruned, done.grown) == (0, 0)


@pytest.mark.parametrize(
    ("weight", "gradient", "l1", "after"),
    [
        (0.3, 0.0, 0.4, None),  # the pull alone carries it across
        (-0.3, 0.0, 0.4, None),
        (0.3, 0.0, 0.2, 0.1),
        (-0.3, 0.0, 0.2, -0.1),
        (0.3, -1.0, 0.4, 0.9),
        (0.5, 0.5, 0.0, 0.0),  # exactly zero has not crossed
        (0.5, 0.25, 0.25, 0.0),
    ],
)
def test_the_pull_towards_zero_by_hand(weight, gradient, l1, after):
    toy = row(counting([weight], 4), [0])
    attach(toy, density=1.0, l1=l1, reactivate=False)
    toy.step(a=[[gradient] * 4])
    if after is None:
        assert 0 not in toy.active("a")
        assert toy.weight("a").abs().sum() == 0
    else:
        assert toy.active("a") == [0]
        assert toy.weight("a")[0, 0].item() == pytest.approx(after, abs=1e-7)


def test_noise_has_the_standard_deviation_of_the_temperature():
    toy = Toy(lr=0.5, a=([[100.0] * 100] * 100, range(10_000)))
    attach(toy, density=1.0, temperature=0.04)
    toy.step(a=[[0.0] * 100] * 100)
    moved = toy.weight("a").detach().double() - 100
    assert moved.std().item() == pytest.approx(0.2, rel=0.03)  # sqrt(2 * .5 * .04); its own error is .7%
    assert abs(moved.mean().item()) < 0.008


def test_newborns_have_a_random_sign_and_the_others_keep_theirs():
    born = []
    for seed in range(40):
        toy = row(counting([0.5, 3, -3], 12), range(3))
        attach(toy, density=1.0, reactivate=False, seed=seed)
        toy.step(a=[[1.0] + [0.0] * 11])
        (new,) = set(toy.active("a")) - {1, 2}
        born.append(signs(toy)[new])
        assert signs(toy)[1:3] == [1, -1]
    assert 8 < born.count(1) < 32  # 20 of 40 expected, standard deviation 3.2
    assert set(born) == {-1, 1}


def test_what_a_new_budget_grows_has_a_sign_too_and_the_others_keep_theirs():
    for before in ({}, {"signals": {}}):  # as it is, or come from a method without signs
        toy = row(counting([0.5, 3, -3], 12), range(3))
        sparse = attach(toy, density=0.75)
        sparse.load_state_dict(sparse.state_dict() | before)
        sparse.fit_budget()
        assert len(toy.active("a")) == 9
        assert signs(toy)[:3] == [1, 1, -1]
        assert sparse.matrices["a.weight"].signs.abs().tolist() == [1] * 9


def test_random_signs_are_as_often_up_as_down():
    drawn = random_signs(10_000, torch.Generator().manual_seed(0))
    assert set(drawn.tolist()) == {-1, 1}
    assert abs(int(drawn.sum())) < 400


def test_what_goes_may_be_grown_anywhere_in_the_network_every_free_place_alike():
    grown = torch.zeros(13)
    for seed in range(1200):
        toy = Toy(lr=1.0, a=(counting([0.5], 4), [0]), b=(counting([5.0], 9), [0]))
        attach(toy, density=1.0, seed=seed)
        toy.step(a=[[1.0] + [0.0] * 3], b=[[0.0] * 9])
        assert sum(toy.nnz().values()) == 2
        for p in toy.active("a"):
            grown[p] += 1
        for p in set(toy.active("b")) - {0}:
            grown[4 + p] += 1
    assert grown[4] == 0  # a weight of b has it
    free = torch.cat([grown[:4], grown[5:]])
    # 100 each, standard deviation 9.6
    assert (free - 100).abs().max() < 48


def test_with_no_free_place_it_grows_where_it_was_with_a_new_sign():
    seen = set()
    for seed in range(20):
        toy = row([[0.5, 3]], [0, 1])
        sparse = attach(toy, density=1.0, seed=seed)
        toy.step(a=[[1.0, 0.0]])
        assert toy.active("a") == [0, 1]
        assert toy.weight("a").tolist() == [[0, 3]]
        (done,) = sparse.update().values()
        assert (done.pruned, done.grown, done.reactivated) == (1, 1, 1)
        seen.add(signs(toy)[0])
    assert seen == {-1, 1}


def test_with_no_free_place_and_no_reactivation_it_is_held_at_zero():
    toy = row([[0.5, 3]], [0, 1])
    sparse = attach(toy, density=1.0, reactivate=False)
    toy.step(a=[[1.0, 0.0]])
    assert (toy.active("a"), toy.weight("a").tolist(), signs(toy)) == ([0, 1], [[0, 3]], [1, 1])
    assert sparse.update()["a.weight"].pruned == 0


def test_with_too_few_free_places_as_many_go_as_can():
    gone = set()
    for seed in range(20):
        toy = row(counting([0.5, 0.5, 0.5], 4), range(3))
        sparse = attach(toy, density=1.0, reactivate=False, seed=seed)
        toy.step(a=[[1.0] * 4])
        assert len(toy.active("a")) == 3
        assert toy.weight("a").abs().sum() == 0
        assert sparse.update()["a.weight"].pruned == 1
        gone |= set(range(4)) - set(toy.active("a"))
    assert gone == {0, 1, 2}  # drawn at random


@pytest.mark.parametrize("algorithm", ["sgd", "adam"])
@pytest.mark.parametrize("reactivate", [True, False])
def test_at_every_step_as_many_are_active_and_none_has_the_wrong_sign(algorithm, reactivate):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    optimizer = (
        torch.optim.Adam(model.parameters(), lr=0.05)
        if algorithm == "adam"
        else torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
    )
    sparse = SparseTraining(model, optimizer, method="deepr", density=0.4, updates=5, l1=1e-2, temperature=1e-4,
                            reactivate=reactivate, seed=3)  # fmt: skip
    x, y = torch.randn(20, 6), torch.randint(3, (20,))
    told = 0
    for _ in range(60):
        before = {n: (m.mask.clone(), everywhere(m)) for n, m in sparse.matrices.items()}
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
        assert sparse.nnz == sparse.budget == 29
        for name, matrix in sparse.matrices.items():
            sign, (was, had) = everywhere(matrix), before[name]
            new, stayed = matrix.mask & ~was, matrix.mask & was
            assert (matrix.values * matrix.signs >= 0).all()
            assert (matrix.signs.abs() == 1).all()
            assert matrix.parameter.detach()[~matrix.mask].abs().sum() == 0
            for full in (matrix.parameter.detach(), *matrix._states().values()):
                assert full[new].abs().sum() == 0
                assert full[~matrix.mask].abs().sum() == 0
            alive = stayed & (matrix.parameter.detach() != 0)
            assert torch.equal(sign[alive], had[alive])  # for life
    done = sparse.update()
    told = sum(d.pruned for d in done.values())
    assert told == sum(d.grown for d in done.values()) > 20
    assert sparse.next_rate == 0
