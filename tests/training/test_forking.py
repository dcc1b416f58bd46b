import numpy as np
import pytest

from strnn_viz.errors import ConfigError, RunError, UsageError
from strnn_viz.runs import Parent, Run
from strnn_viz.training import Recording
from strnn_viz.training.forking import fork, fork_name, parent_path
from tests.synthetic import make_run
from tests.training.test_recording import assert_same_snapshot


@pytest.fixture(scope="module")
def parent(tmp_path_factory, tiny):
    path = tmp_path_factory.mktemp("runs") / "parent"
    list(Recording(path, tiny.replace({"epochs": 4, "dropout": 0.2})).events())
    return Run(path)


def forked(parent, epoch, **changes):
    path = parent.path.parent / fork_name(parent, epoch, changes)
    list(fork(path, parent, epoch, changes).events())
    return Run(path)


def test_with_nothing_changed_a_fork_repeats_the_original_exactly(parent):
    again = forked(parent, 2)
    assert again.parent == Parent("parent", 2)
    assert parent_path(again) == parent.path
    assert (again.status, again.epochs) == ("finished", [2, 3, 4])
    for epoch in again.epochs:
        assert_same_snapshot(again[epoch], parent[epoch])
    assert parent.parent is None
    assert parent_path(parent) is None


@pytest.mark.parametrize(
    "changes",
    [{"prune_rate": 0.9}, {"lr": 0.5}, {"seed": 9}, {"method": "rigl"}, {"method": "deepr", "l1": 0.1},
     {"regrow": "gradient"}],
)  # fmt: skip
def test_a_change_shows_from_the_next_epoch_on(parent, changes):
    other = forked(parent, 1, **changes)
    assert_same_snapshot(other[1], parent[1])
    last, was = other[4], parent[4]
    assert last.nnz == was.nnz
    assert any(not np.array_equal(layer.bits, was.layer(name).bits) or not np.array_equal(layer.values,
               was.layer(name).values) for name, layer in last.layers.items())  # fmt: skip


@pytest.mark.parametrize("density", [0.1, 0.5])
def test_another_density_holds_at_once_and_in_every_matrix(parent, density):
    other = forked(parent, 1, density=density)
    for name, layer in other[2].layers.items():
        assert layer.nnz == pytest.approx(density * layer.info.size, abs=1), name
    was, now = parent[1], other[2]
    if density < 0.2:  # nothing was grown but what the rewiring after epoch 1 had grown before
        assert all(layer.churn.born < was.layer(name).nnz / 2 for name, layer in now.layers.items())


def test_the_learning_rate_takes_the_place_of_the_one_reached(parent):
    assert forked(parent, 3, lr=0.125)[4].metrics["lr"] == 0.125


def test_a_fork_that_was_cut_is_resumed(parent):
    whole = forked(parent, 1, prune_rate=0.3)
    path = parent.path.parent / "cut"
    events = fork(path, parent, 1, {"prune_rate": 0.3}).events()
    for _ in range(15):
        next(events)
    events.close()
    list(Recording(path, resume=True).events())
    cut = Run(path)
    assert (cut.parent, cut.epochs) == (Parent("parent", 1), [1, 2, 3, 4])
    for epoch in cut.epochs:
        assert_same_snapshot(cut[epoch], whole[epoch])


@pytest.mark.parametrize(
    ("epoch", "changes", "error", "message"),
    [
        (1, {"hidden": 9}, UsageError, "a fork cannot change model.hidden"),
        (1, {"method": "gmp"}, UsageError, "cannot change sparsity.method to gmp, which begins dense"),
        (4, {}, UsageError, "a fork at epoch 4 of training.epochs = 4 has nothing left to train"),
        (1, {"density": 2}, ConfigError, "sparsity.density = 2 is out of range"),
        (9, {"epochs": 20}, UsageError, "has no checkpoint of epoch 9. It has those of epochs 0, 1, 2, 3, 4."),
    ],
)
def test_what_cannot_be_forked(parent, tmp_path, epoch, changes, error, message):
    with pytest.raises(error) as caught:
        fork(tmp_path / "new", parent, epoch, changes)
    assert message in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_a_run_recorded_elsewhere_cannot_be_forked(tmp_path):
    run = make_run(tmp_path / "theirs", epochs=2)
    with pytest.raises((RunError, UsageError)):
        fork(tmp_path / "new", run, 1, {})
