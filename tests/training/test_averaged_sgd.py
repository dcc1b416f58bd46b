import copy

import pytest
import torch
from torch import nn

from strnn_viz.sparsity import SparseTraining
from strnn_viz.training.averaged_sgd import AveragedSGD


def parameter(*values):
    return nn.Parameter(torch.tensor(values))


def step(optimizer, p, *gradient):
    p.grad = torch.tensor(gradient)
    optimizer.step()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("weight_decay", [0.0, 0.01])
def test_without_averaging_it_is_torchs_sgd_bit_for_bit(momentum, weight_decay):
    torch.manual_seed(0)
    ours = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
    theirs = copy.deepcopy(ours)
    pairs = [
        (ours, AveragedSGD(ours.parameters(), lr=0.1, momentum=momentum, weight_decay=weight_decay)),
        (theirs, torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=momentum, weight_decay=weight_decay)),
    ]
    for _ in range(6):
        x = torch.randn(4, 5)
        for model, optimizer in pairs:
            optimizer.zero_grad()
            model(x).square().sum().backward()
            optimizer.step()
        for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
            assert torch.equal(a, b)
    assert not pairs[0][1].averaging


def test_averaging_does_not_change_the_path_of_the_weights():
    p, q = parameter(1.0, -2.0), parameter(1.0, -2.0)
    averaged, plain = AveragedSGD([p], lr=0.1, momentum=0.9), AveragedSGD([q], lr=0.1, momentum=0.9)
    averaged.begin_averaging()
    for i in range(5):
        step(averaged, p, float(i), 1.0)
        step(plain, q, float(i), 1.0)
        with averaged.averaged():
            pass
    assert torch.equal(p, q)


def test_the_mean_is_that_of_the_weights_since_averaging_began():
    p = parameter(10.0, 0.0)
    optimizer = AveragedSGD([p], lr=1.0)
    step(optimizer, p, 100.0, 100.0)  # to -90, -100: before it began
    with optimizer.averaged():
        assert p.tolist() == [-90, -100]  # no mean yet
    optimizer.begin_averaging()
    assert optimizer.averaging
    for gradient in ((-91.0, -100.0), (-2.0, 0.0), (-4.0, 3.0)):
        step(optimizer, p, *gradient)
    assert p.tolist() == [7, -3]  # by way of 1, 0 and 3, 0
    with optimizer.averaged():
        assert p.tolist() == pytest.approx([(1 + 3 + 7) / 3, -1])
    assert p.tolist() == [7, -3]


def test_a_weight_that_got_no_gradient_has_no_mean():
    p, q = parameter(1.0), parameter(2.0)
    optimizer = AveragedSGD([p, q], lr=1.0)
    optimizer.begin_averaging()
    step(optimizer, p, 1.0)
    assert q not in optimizer.state
    with optimizer.averaged():
        assert q.item() == 2


def test_the_weights_come_back_after_an_exception():
    p = parameter(4.0)
    optimizer = AveragedSGD([p], lr=1.0)
    optimizer.begin_averaging()
    step(optimizer, p, 1.0)
    step(optimizer, p, 1.0)
    with pytest.raises(KeyboardInterrupt), optimizer.averaged():
        assert p.item() == 2.5
        raise KeyboardInterrupt
    assert p.item() == 2
    assert optimizer.state[p]["mean"].item() == 2.5


def test_averaging_begins_anew_where_a_weight_is_regrown():
    model = nn.Linear(4, 1, bias=False)
    optimizer = AveragedSGD(model.parameters(), lr=1.0)
    sparse = SparseTraining(model, optimizer, density=0.5, updates=9, prune_rate=0.5, reactivate=False)
    matrix = sparse.matrices["weight"]
    matrix.load(torch.tensor([0, 1]))
    with torch.no_grad():
        model.weight.copy_(torch.tensor([[1.0, 20.0, 0.0, 0.0]]))
    optimizer.begin_averaging()

    def to(*weights):
        """One step that carries the active weights there."""
        target = torch.zeros(4)
        target[matrix.positions] = torch.tensor(weights)
        optimizer.zero_grad()
        (model.weight * (model.weight.detach() - target)).sum().backward()
        optimizer.step()
        assert model.weight[0, matrix.positions].tolist() == list(weights)

    to(2.0, 30.0)
    to(4.0, 50.0)
    sparse.update()  # place 0 goes
    new = int(matrix.positions[1])
    assert matrix.positions.tolist() == [1, new]
    state = optimizer.state[model.weight]
    assert state["mean"][0].tolist() == [0, 40, 0, 0]
    with optimizer.averaged():
        assert model.weight[0, [1, new]].tolist() == [40, 0]
    to(70.0, 6.0)
    to(90.0, 8.0)
    with optimizer.averaged():
        # (30 + 50 + 70 + 90) / 4, and 6 and 8 over two steps of its own: over four it would be 3.5
        assert model.weight[0, [1, new]].tolist() == [60, 7]
        assert int((model.weight != 0).sum()) == 2
    assert state["steps"][0, [1, new]].tolist() == [4, 2]


def test_a_closure_is_called_once_and_its_loss_returned():
    p = parameter(3.0)
    optimizer = AveragedSGD([p], lr=0.5)
    calls = []

    def closure():
        calls.append(1)
        optimizer.zero_grad()
        loss = p.square().sum()
        loss.backward()
        return loss.item()

    assert optimizer.step(closure) == 9.0
    assert len(calls) == 1
    assert p.item() == 0


def test_hooks_of_a_step_are_called_once_a_step():
    p = parameter(3.0)
    optimizer = AveragedSGD([p], lr=0.5)
    called = []
    optimizer.register_step_pre_hook(lambda *_: called.append("before"))
    optimizer.register_step_post_hook(lambda *_: called.append("after"))
    for _ in range(2):
        step(optimizer, p, 1.0)
    assert called == ["before", "after"] * 2


def test_its_state_dict_goes_on_alike():
    p, q = parameter(1.0, 2.0), parameter(1.0, 2.0)
    one = AveragedSGD([p], lr=0.1, momentum=0.9)
    one.begin_averaging()
    step(one, p, 1.0, -1.0)
    two = AveragedSGD([q], lr=7.0)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    with torch.no_grad():
        q.copy_(p)
    assert two.averaging
    for optimizer, x in ((one, p), (two, q)):
        step(optimizer, x, 0.5, 0.5)
    assert torch.equal(p, q)
    assert torch.equal(one.state[p]["mean"], two.state[q]["mean"])
