"""What every method prunes and grows, place by place."""

import math

import pytest
import torch
from torch import nn

from strnn_viz.errors import UsageError
from strnn_viz.rules import METHODS as RULES
from strnn_viz.sparsity import METHODS, SparseTraining
from strnn_viz.sparsity.initialization import allocate
from strnn_viz.sparsity.methods import dense_quantity, find_method, why_not_stored
from tests.sparsity.by_hand import Toy, counting, spread

MAGNITUDE = ["st-rnn", "rigl", "snfs", "selfish"]


def pruned(toy, name="a"):
    """Places that go at an update, those grown again in the same place included, and the update's account."""
    before, weights = set(toy.active(name)), toy.weight(name).detach().flatten().clone()
    done = toy.sparse.update()[f"{name}.weight"]
    after = toy.weight(name).detach().flatten()
    gone = {p for p in before if p not in toy.active(name) or (after[p] == 0 and weights[p] != 0)}
    assert done.pruned == len(gone)
    return sorted(gone), done


def test_methods_and_rules_have_the_same_names_and_begin_alike():
    assert list(METHODS) == list(RULES)
    for name, method in METHODS.items():
        assert method.begins_dense == RULES[name].begins_dense
        assert (method.prune is not None or method.units or method.flips) == RULES[name].rewires


@pytest.mark.parametrize("method", MAGNITUDE)
@pytest.mark.parametrize(
    ("weights", "active", "rate", "gone"),
    [
        ([[5, -1, 3, 0], [0, 2, -4, 0]], [0, 1, 2, 5, 6], 0.4, [1, 5]),
        ([[1, -1, 1, -1], [1, -1, 0, 0]], [0, 1, 2, 3, 4, 5], 0.5, [0, 1, 2]),  # ties: the first, and exactly so many
        ([[9, 2, 0, 0], [0, 0, 0, 8]], [0, 1, 7], 1.0, [0, 1, 7]),  # nothing is left
        ([[9, 2, 0, 0], [0, 0, 0, 8]], [0, 1, 7], 0.0, []),
        ([[9, 2, 0, 0], [0, 0, 0, 8]], [0, 1, 7], 0.16, []),  # .48 of a weight is none
        ([[9, 2, 0, 0], [0, 0, 0, 8]], [0, 1, 7], 0.17, [1]),  # .51 is one
        ([[1, 2], [3, 4]], [0, 1, 2, 3], 0.5, [0, 1]),  # no free place: grown where they were
    ],
)
def test_pruning_by_magnitude(method, weights, active, rate, gone):
    toy = Toy(a=(weights, active))
    toy.attach(method=method, prune_rate=rate)
    assert pruned(toy)[0] == gone
    assert toy.nnz() == {"a": len(active)}


@pytest.mark.parametrize("method", ["st-rnn", "set", "rigl", "snfs", "selfish"])
def test_without_reactivation_a_dense_matrix_stays_as_it_is(method):
    toy = Toy(a=([[1, 2], [3, 4]], [0, 1, 2, 3]))
    toy.attach(method=method, prune_rate=0.5, reactivate=False)
    assert pruned(toy)[0] == []
    assert toy.weight("a").tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("weights", "rate", "gone"),
    [
        # of 1, 2, 4 and -1, -2, -3: a third of each sign
        ([4, -1, 2, -3, 1, -2], 1 / 3, [1, 4]),
        # half of them is three: one more than one of each; 2 and -2 are ranked alike, and 2 stands first
        ([4, -1, 2, -3, 1, -2], 1 / 2, [1, 2, 4]),
        ([4, -1, 2, -3, 1, -2], 2 / 3, [1, 2, 4, 5]),
        # one sign only: those closest to zero, not the most negative
        ([-1, -2, -3, -4], 0.5, [0, 1]),
        ([4, 3, 2, 1], 0.5, [2, 3]),
        # a share of each sign: two of the four positive ones, one of the two negative ones, though -8 and -9 are large
        ([1, 2, 3, 4, -8, -9], 0.5, [0, 1, 4]),
        # ties within a sign: the first
        ([5, 5, 5, 5, -5, -5, -5, -5], 0.5, [0, 1, 4, 5]),
        # zeros count as positive and are the closest to zero
        ([0.5, 0, -1, 0, -2, 3], 1 / 3, [1, 2]),
        ([1, -1], 1.0, [0, 1]),
        ([1, -1], 0.0, []),
    ],
)
def test_set_prunes_those_closest_to_zero_of_each_sign(weights, rate, gone):
    toy = Toy(a=(counting(weights, 2 * len(weights)), range(len(weights))))
    sparse = toy.attach(method="set", prune_rate=rate)
    before = toy.weight("a").detach().clone()
    done = sparse.update()["a.weight"]
    assert done.pruned == len(gone)
    stays = [p for p in range(len(weights)) if p not in gone]
    assert set(stays) <= set(toy.active("a"))
    assert len(toy.active("a")) == len(weights)
    assert toy.weight("a").flatten()[stays].tolist() == before.flatten()[stays].tolist()
    assert int((toy.weight("a") != 0).sum()) == sum(weights[p] != 0 for p in stays)


@pytest.mark.parametrize("method", ["set", "dsr"])
def test_a_constant_rate_prunes_the_same_at_every_update_but_the_last(method):
    toy = Toy(a=(counting(range(1, 11), 40), range(10)))
    sparse = toy.attach(method=method, prune_rate=0.3, updates=4)
    assert [sparse.next_rate] == [0.3]
    assert sparse.update()["a.weight"].pruned == 3
    sparse.update(), sparse.update()
    assert sparse.next_rate == 0
    assert sparse.update()["a.weight"].pruned == 0


@pytest.mark.parametrize("granularity", ["matrix", "gate"])
def test_a_gate_keeps_a_budget_of_its_own(granularity):
    """Gate i holds only small weights: pooled, all that is pruned is its own."""
    model = nn.LSTM(4, 1, bias=False)
    sparse = SparseTraining(
        model, torch.optim.SGD(model.parameters(), lr=0.1), density=0.5, updates=9, prune_rate=0.5,
        granularity=granularity, exclude=["weight_hh*"],
    )  # fmt: skip
    matrix = sparse.matrices["weight_ih_l0"]
    matrix.load(torch.tensor([0, 1, 4, 5, 8, 9, 12, 13]))
    with torch.no_grad():
        model.weight_ih_l0.copy_(torch.tensor([[1, 2, 0, 0], [30, 40, 0, 0], [50, 60, 0, 0], [3, 4, 0, 0]]))
    sparse.update()
    stays = (model.weight_ih_l0 != 0).flatten().nonzero().squeeze(1).tolist()
    gates = matrix.mask.view(4, -1).sum(1).tolist()
    assert sum(gates) == 8
    if granularity == "gate":
        assert stays == [1, 5, 9, 13]
        assert gates == [2, 2, 2, 2]
    else:
        assert stays == [4, 5, 8, 9]


class TestRigL:
    def grown(self, *gradients, rate=0.25, seed=0, collecting=None, **options):
        """Places grown, of a row of eight where 0, 1, 2 and 3 are active and 0 is pruned."""
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="rigl", prune_rate=rate, seed=seed, **options)
        for i, gradient in enumerate(gradients):
            sparse.collecting = collecting is None or collecting[i]
            toy.step(a=spread(8, gradient))
        sparse.update()
        assert len(toy.active("a")) == 4
        return sorted({p for p in toy.active("a") if toy.weight("a")[0, p] == 0})

    def test_the_largest_absolute_gradient(self):
        assert self.grown({5: -3.0, 6: 2.0, 7: 1.0}) == [5]
        assert self.grown({5: -3.0, 6: 2.0, 7: 1.0}, rate=0.5) == [5, 6]

    def test_the_sum_over_batches_and_not_the_last_one(self):
        assert self.grown({4: 5.0, 6: 1.0}, {4: 0.5, 6: 2.0}) == [4]
        assert self.grown({4: 0.5, 6: 2.0}) == [6]  # the last one alone

    def test_the_sum_and_not_the_sum_of_absolute_values(self):
        assert self.grown({4: 5.0, 6: 1.0}, {4: -5.0, 6: 1.0}) == [6]

    def test_gradients_are_ignored_while_it_is_not_collecting(self):
        assert self.grown({4: 50.0}, {5: 1.0}, {6: 50.0}, collecting=[False, True, False]) == [5]

    def test_what_was_pruned_may_come_back_where_its_gradient_is_largest(self):
        assert self.grown({0: 9.0, 5: 1.0}) == [0]
        assert self.grown({0: 9.0, 5: 1.0}, reactivate=False) == [5]

    def test_weights_that_stay_are_not_grown_however_large_their_gradient(self):
        assert self.grown({1: 99.0, 2: 99.0, 7: 0.5}) == [7]

    def test_ties_are_drawn_at_random(self):
        seen = [tuple(self.grown({5: 1.0, 6: -1.0, 7: 1.0}, seed=seed)) for seed in range(30)]
        assert set(seen) == {(5,), (6,), (7,)}

    def test_what_has_a_gradient_goes_before_what_has_none(self):
        seen = [self.grown({6: 1e-30}, rate=0.5, seed=seed) for seed in range(30)]
        assert all(6 in grown for grown in seen)
        assert {p for grown in seen for p in grown} == {0, 1, 4, 5, 6, 7}

    @pytest.mark.parametrize("gradients", [[{}], []])
    def test_all_zero_gradients_grow_at_random_and_not_the_first_places(self, gradients):
        seen = {tuple(self.grown(*gradients, rate=0.5, seed=seed)) for seed in range(60)}
        assert len(seen) > 8
        assert {p for grown in seen for p in grown} == {0, 1, 4, 5, 6, 7}

    def test_an_update_begins_a_new_sum(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="rigl", prune_rate=0.25, updates=100)
        toy.step(a=spread(8, {5: 100.0, 7: 99.0}))
        sparse.update()
        assert toy.active("a") == [1, 2, 3, 5]
        assert sparse.matrices["a.weight"].signals == {}
        toy.step(a=spread(8, {6: 1.0}))
        sparse.update()  # prunes 5, which is zero
        assert toy.active("a") == [1, 2, 3, 6]

    @pytest.mark.parametrize("gradients", ["backward", "step"])
    def test_the_gradient_is_seen_before_it_is_masked(self, gradients):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="rigl", gradients=gradients)
        toy.step(a=[[1.0] * 8])
        assert toy.weight("a").grad.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]]
        assert sparse.matrices["a.weight"].signals["gradient"].tolist() == [[1] * 8]

    def test_a_gradient_masked_by_hand_is_counted_once(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="rigl", gradients="step")
        for expected in (1.0, 2.0):
            toy.optimizer.zero_grad()
            toy.weight("a").sum().backward()
            sparse.mask_gradients()
            sparse.mask_gradients()
            toy.optimizer.step()
            assert sparse.matrices["a.weight"].signals["gradient"].tolist() == [[expected] * 8]

    def test_a_step_that_was_skipped_does_not_leave_the_next_gradient_unmasked(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="rigl", gradients="step")
        for _ in range(2):
            toy.optimizer.zero_grad()
            toy.weight("a").sum().backward()
            sparse.mask_gradients()  # and no step: its norm was not finite
            assert toy.weight("a").grad.tolist() == [[1, 1, 1, 1, 0, 0, 0, 0]]


class TestSNFS:
    def test_momentum_of_inactive_weights_decays_and_is_kept_across_updates(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="snfs", prune_rate=0.25, momentum_decay=0.5, updates=100)
        matrix = sparse.matrices["a.weight"]
        toy.step(a=spread(8, {0: 1.0, 5: 8.0, 7: 1.0}))
        toy.step(a=spread(8, {5: 2.0, 6: -5.0}))
        assert matrix.signals["momentum"].tolist() == [[0.5, 0, 0, 0, 0, 6, -5, 0.5]]
        sparse.update()
        assert toy.active("a") == [1, 2, 3, 5]
        toy.step(a=spread(8, {}))
        assert matrix.signals["momentum"].tolist() == [[0.25, 0, 0, 0, 0, 3, -2.5, 0.25]]
        sparse.update()  # 5 is zero and goes; with the largest momentum it comes back
        assert toy.active("a") == [1, 2, 3, 5]
        sparse.reactivate = False
        sparse.update()
        assert toy.active("a") == [1, 2, 3, 6]

    def test_momentum_is_kept_at_every_step_whether_collecting_or_not(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="snfs")
        sparse.collecting = False
        toy.step(a=spread(8, {6: 1.0}))
        assert sparse.matrices["a.weight"].signals["momentum"].tolist() == spread(8, {6: 1.0})

    def two(self, a, b, active_a, active_b, gradient_a, gradient_b, **options):
        toy = Toy(a=(a, active_a), b=(b, active_b))
        sparse = toy.attach(method="snfs", **({"prune_rate": 0.5} | options))
        toy.step(a=gradient_a, b=gradient_b)
        done = sparse.update()
        return toy, done

    def test_shared_out_by_the_mean_momentum_of_active_weights(self):
        """1 of 2 and 2 of 4 go; means 2 and 1 (not sums 4 and 4): 2 are grown in a, 1 in b."""
        toy, done = self.two(
            counting([1, 2], 8), counting([1, 2, 3, 4], 8), range(2), range(4),
            spread(8, {0: 3.0, 1: -1.0, 5: 90.0, 6: 80.0}), spread(8, {0: 1.0, 1: 1.0, 2: -1.0, 3: 1.0, 7: 0.5}),
            reactivate=False,
        )  # fmt: skip
        assert (toy.active("a"), toy.active("b")) == ([1, 5, 6], [2, 3, 7])
        assert [(d.pruned, d.grown) for d in done.values()] == [(1, 2), (2, 1)]

    def test_what_does_not_fit_goes_to_the_others(self):
        """Mean momenta 100 and 1, but a has one place only that it can grow in: its own."""
        toy, done = self.two(
            [[1, 2]], counting([1, 2, 3, 4], 8), range(2), range(4), [[100.0, 100.0]], [[1.0] * 8],
        )  # fmt: skip
        assert toy.nnz() == {"a": 2, "b": 4}
        assert [(d.pruned, d.grown) for d in done.values()] == [(1, 1), (2, 2)]

    def test_no_momentum_anywhere_is_shared_out_by_room_and_grown_at_random(self):
        seen = set()
        for seed in range(20):
            toy, done = self.two(
                counting([1, 2], 4), counting([1, 2, 3, 4], 12), range(2), range(4), [[0.0] * 4], [[0.0] * 12],
                seed=seed,
            )  # fmt: skip
            # 3 are due; 3 and 10 places are free: .69 and 2.31 of them
            assert [d.grown for d in done.values()] == [1, 2]
            seen.add(tuple(toy.active("b")))
        assert len(seen) > 10

    @pytest.mark.parametrize(("method", "regrow"), [("st-rnn", "auto"), ("rigl", "auto"), ("snfs", "random")])
    @pytest.mark.parametrize("algorithm", ["sgd", "adam"])
    def test_without_a_dense_momentum_the_optimizers_own_shares(self, method, regrow, algorithm):
        def optimizer(parameters, lr):
            if algorithm == "adam":
                return torch.optim.Adam(parameters, lr=lr)
            return torch.optim.SGD(parameters, lr=lr, momentum=0.9)

        toy = Toy(optimizer, a=(counting([1, 2], 8), range(2)), b=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method=method, regrow=regrow, redistribution="momentum", prune_rate=0.5)
        toy.step(a=spread(8, {0: 3.0, 1: -1.0, 5: 90.0}), b=spread(8, {0: 1.0, 1: 1.0, 2: -1.0, 3: 1.0, 7: 50.0}))
        done = sparse.update()
        assert "momentum" not in sparse.matrices["a.weight"].signals
        assert [(d.pruned, d.grown) for d in done.values()] == [(1, 2), (2, 1)]

    def test_sharing_by_a_momentum_that_there_is_not_is_refused(self):
        toy = Toy(a=(counting([1, 2], 8), range(2)))
        with pytest.raises(UsageError, match="shares by the optimizer's momentum, and it has none"):
            toy.attach(method="st-rnn", redistribution="momentum")

    def test_gates_share_too(self):
        model = nn.LSTM(4, 1, bias=False)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        sparse = SparseTraining(
            model, optimizer, method="snfs", density=0.5, updates=9, prune_rate=0.5, granularity="gate",
            exclude=["weight_hh*"],
        )  # fmt: skip
        with torch.no_grad():
            model.weight_ih_l0.copy_(torch.rand(4, 4) + 1)
            model.weight_ih_l0 *= sparse.mask("weight_ih_l0")
        optimizer.zero_grad()
        (model.weight_ih_l0 * torch.tensor([[2.0], [1.0], [1.0], [0.0]])).sum().backward()
        optimizer.step()
        sparse.update()  # 1 of 2 goes in each; 4 are shared out 2 : 1 : 1 : 0
        assert sparse.mask("weight_ih_l0").sum(1).tolist() == [3, 2, 2, 1]


class TestDSR:
    def test_by_hand(self):
        """One threshold: the two smallest of all eight go, both of a; survivors 2 and 4 share two: .67 and 1.33."""
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)), b=(counting([5, 6, 7, -8], 8), range(4)))
        sparse = toy.attach(method="dsr", prune_rate=0.25)
        done = sparse.update()
        assert [(d.pruned, d.grown) for d in done.values()] == [(2, 1), (0, 1)]
        assert toy.nnz() == {"a": 3, "b": 5}
        assert {2, 3} < set(toy.active("a"))
        assert {0, 1, 2, 3} < set(toy.active("b"))
        assert sparse.memory == {"threshold": 3.0}

    def test_the_threshold_doubles_and_halves(self):
        toy = Toy(a=(counting([4, 5, 6, 7, 8, 9, 10, 11, 12, 13], 40), range(10)))
        sparse = toy.attach(method="dsr", prune_rate=0.2, updates=100)

        def update(weights):
            """Set the active weights, update, and tell how many went."""
            with torch.no_grad():
                toy.weight("a").view(-1)[sparse.matrices["a.weight"].positions] = torch.tensor(
                    weights, dtype=torch.float
                )
            return sparse.update()["a.weight"].pruned, sparse.memory["threshold"]

        assert update(range(4, 14)) == (2, 6.0)  # two below the third smallest: as due, it stays
        assert update(range(6, 16)) == (0, 12.0)  # none below, fewer than 1.8
        assert update(range(8, 18)) == (4, 6.0)  # four below, more than 2.2
        assert update(range(4, 14)) == (2, 6.0)
        assert update([1, 2, 3, *range(10, 17)]) == (3, 3.0)
        assert update([1, *range(10, 19)]) == (1, 6.0)
        assert toy.nnz() == {"a": 10}

    def test_everything_below_the_threshold_leaves_the_total(self):
        toy = Toy(a=(counting([1, 1, 1], 6), range(3)), b=(counting([1, 1, 1], 12), range(3)))
        sparse = toy.attach(method="dsr", prune_rate=0.5, updates=100)
        assert [d.pruned for d in sparse.update().values()] == [0, 0]  # none is strictly below: doubled to 2
        assert [d.pruned for d in sparse.update().values()] == [3, 3]
        # No survivor says where: 6 are shared out by room, 6 and 12.
        assert toy.nnz() == {"a": 2, "b": 4}

    def test_weights_that_are_zero_at_first_do_not_hold_the_threshold_at_zero_for_ever(self):
        toy = Toy(a=(counting([0, 0, 0, 5], 12), range(4)))
        sparse = toy.attach(method="dsr", prune_rate=0.5, updates=100)
        assert sparse.update()["a.weight"].pruned == 3
        assert sparse.memory["threshold"] == 2.5
        toy = Toy(a=(counting([0, 0, 0, 0], 12), range(4)))
        sparse = toy.attach(method="dsr", prune_rate=0.5, updates=100)
        assert sparse.update()["a.weight"].pruned == 0
        with torch.no_grad():
            toy.weight("a").view(-1)[:4] = torch.tensor([1.0, 2, 3, 4])
        assert sparse.update()["a.weight"].pruned == 2

    def test_a_rate_of_zero_moves_neither_weights_nor_threshold(self):
        toy = Toy(a=(counting([1, 2, 3, 4], 8), range(4)))
        sparse = toy.attach(method="dsr", prune_rate=0.5, updates=2)
        sparse.update()
        memory, active = dict(sparse.memory), toy.active("a")
        assert sparse.update()["a.weight"].pruned == 0
        assert (sparse.memory, toy.active("a")) == (memory, active)

    def test_without_reactivation_it_prunes_no_more_than_there_is_room_for(self):
        toy = Toy(a=([[1, 2, 3, 4]], range(4)), b=(counting([5, 6, 7, 8], 5), range(4)))
        sparse = toy.attach(method="dsr", prune_rate=0.99, reactivate=False)
        done = sparse.update()
        assert [d.pruned for d in done.values()] == [0, 1]
        assert toy.nnz() == {"a": 4, "b": 4}
        assert toy.active("b") == [1, 2, 3, 4]


class TestGMP:
    #: round(64 (.25 + .75 (1 - u/6)^3)): the density is reached after 6 = floor(.75 * 8) of 8 updates
    COUNTS = (44, 30, 22, 18, 16, 16, 16, 16)

    def test_counts_follow_the_cubic_schedule_and_nothing_regrows(self):
        torch.manual_seed(0)
        toy = Toy(a=(torch.randn(8, 8).tolist(), range(64)))
        sparse = toy.attach(method="gmp", density=0.25, updates=8)
        weights = toy.weight("a").detach().flatten().abs()
        for u, count in enumerate(self.COUNTS):
            assert sparse.next_rate == max(0, 1 - count / len(toy.active("a")))
            done = sparse.update()["a.weight"]
            largest = weights.sort(descending=True).indices[:count].sort().values
            assert toy.active("a") == largest.tolist()
            assert (done.grown, done.reactivated) == (0, 0)
            assert done.pruned == (64, *self.COUNTS)[u] - count
        assert sparse.nnz == sparse.budget == 16

    def test_ties_leave_exactly_as_many(self):
        toy = Toy(a=([[1.0] * 8] * 8, range(64)))
        sparse = toy.attach(method="gmp", density=0.25, updates=8)
        counts = []
        for _ in self.COUNTS:
            sparse.update()
            counts.append(len(toy.active("a")))
        assert counts == list(self.COUNTS)
        assert toy.active("a") == list(range(48, 64))

    @pytest.mark.parametrize("granularity", ["matrix", "gate"])
    @pytest.mark.parametrize("initialization", ["uniform", "erdos_renyi"])
    def test_it_ends_with_the_budget_of_every_matrix_or_gate(self, initialization, granularity):
        model = nn.LSTM(4, 6)
        sparse = SparseTraining(
            model, torch.optim.SGD(model.parameters(), lr=0.1), method="gmp", density=0.3, updates=5,
            initialization=initialization, granularity=granularity,
        )  # fmt: skip
        assert sparse.nnz == sparse.size
        for _ in range(5):
            sparse.update()
        parts = 4 if granularity == "gate" else 1
        shapes = [(24 // parts, 4)] * parts + [(24 // parts, 6)] * parts
        ends = [int(n) for m in sparse.matrices.values() for n in m.mask.view(parts, -1).sum(1)]
        assert ends == allocate(initialization, shapes, 0.3)

    @pytest.mark.parametrize("updates", [1, 2, 3])
    def test_the_density_is_reached_however_few_updates_there_are(self, updates):
        toy = Toy(a=([[1.0] * 10] * 10, range(100)))
        sparse = toy.attach(method="gmp", density=0.07, updates=updates)
        for _ in range(updates):
            sparse.update()
        assert toy.nnz() == {"a": 7}


@pytest.mark.parametrize(("method", "nnz"), [("static", 8), ("dense", 16), ("small-dense", 16)])
def test_what_never_rewires(method, nnz):
    torch.manual_seed(0)
    model = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    sparse = SparseTraining(model, optimizer, method=method, density=0.5, updates=3, seed=2)
    first = sparse.mask("weight").clone()
    assert int(first.sum()) == sparse.nnz == sparse.budget == nnz
    for _ in range(3):
        model(torch.randn(2, 4)).sum().backward()
        optimizer.step()
        weights = model.weight.detach().clone()
        done = sparse.update()["weight"]
        assert (done.pruned, done.grown, sparse.next_rate) == (0, 0, 0)
        assert math.isnan(done.threshold)
        assert torch.equal(sparse.mask("weight"), first)
        assert torch.equal(model.weight, weights)


def test_selfish_is_st_rnn_with_gates_pooled():
    def after(method):
        torch.manual_seed(0)
        model = nn.LSTM(5, 4)
        sparse = SparseTraining(model, torch.optim.SGD(model.parameters(), lr=0.1), method=method, density=0.4,
                                updates=5, seed=9)  # fmt: skip
        sparse.update()
        return [m.positions.tolist() for m in sparse.matrices.values()]

    assert after("selfish") == after("st-rnn")
    with pytest.raises(UsageError, match="Selfish-RNN pools the gates"):
        SparseTraining(nn.LSTM(5, 4), None, method="selfish", density=0.4, updates=5, granularity="gate")


@pytest.mark.parametrize(
    ("axes", "signals"),
    [
        ({}, ()),
        ({"regrow": "gradient"}, ("gradient",)),
        ({"regrow": "momentum"}, ("momentum",)),
        ({"regrow": "gradient", "redistribution": "momentum"}, ("gradient",)),  # shared out by the optimizer's
        ({"redistribution": "momentum"}, ()),
        ({"redistribution": "survivors"}, ()),
    ],
)
def test_a_method_keeps_what_its_axes_need(axes, signals):
    assert find_method("st-rnn", **axes).signals == signals


def test_where_active_weights_only_are_held_every_method_runs_that_ever_has_inactive_ones():
    assert {name for name, method in METHODS.items() if why_not_stored(method)} == {"dense", "small-dense"}
    assert "Every weight of the method dense stays active" in why_not_stored(METHODS["dense"])


@pytest.mark.parametrize(
    ("method", "axes", "says"),
    [
        ("rigl", {}, "looks at a dense gradient of 66,000,000 values, 264 MB, a few rows at a time"),
        ("st-rnn", {"regrow": "gradient"}, "method st-rnn looks at a dense gradient"),
        ("snfs", {}, "keeps a dense momentum of 66,000,000 values, 264 MB"),
        ("snfs", {"regrow": "random"}, None),
        ("st-rnn", {"redistribution": "momentum"}, None),
        ("deepr", {}, None),
        ("gmp", {}, None),
    ],
)
def test_what_of_dense_size_a_method_forms_is_named_with_its_size(method, axes, says):
    told = dense_quantity(find_method(method, **axes), 66_000_000)
    assert told is None if says is None else says in told


@pytest.mark.parametrize(
    ("method", "axes", "message"),
    [
        ("rigel", {}, "no method is called 'rigel'. Did you mean rigl"),
        ("rigl", {"regrow": "gradients"}, "no regrow is called 'gradients'. Did you mean gradient"),
        (
            "rigl",
            {"prune": "size"},
            r"no prune is called 'size'\. Did you mean signed\? Expected one of auto, magnitude, signed",
        ),
        ("static", {"prune": "signed"}, "Static sparse never changes its topology"),
    ],
)
def test_unknown_names_and_senseless_axes_are_refused(method, axes, message):
    with pytest.raises(UsageError, match=message):
        find_method(method, **axes)
