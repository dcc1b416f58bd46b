import numpy as np
import pytest

from strnn_viz.errors import ConfigError, RunError, UsageError
from strnn_viz.runs import Parent, Run
from strnn_viz.runs.forks import fork_name, parent_path
from strnn_viz.training import Recording
from strnn_viz.training.forking import fork
from tests.synthetic import make_run
from tests.training.conftest import small_config
from tests.training.test_recording import assert_same_snapshot, record

pytestmark = pytest.mark.usefixtures("small_corpora")


@pytest.fixture
def parent(tmp_path):
    return record(tmp_path / "parent", small_config(epochs=4))


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
    [{"prune_rate": 0.9}, {"lr": 0.25}, {"seed": 9}, {"method": "rigl"}, {"method": "deepr", "l1": 0.1},
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


@pytest.mark.parametrize("lr", [0.125, 4.0])
def test_the_learning_rate_takes_the_place_of_the_one_reached(tmp_path, lr):
    """Also one that is what the other run began with, and no longer had."""
    parent = record(tmp_path / "parent", small_config(epochs=4, lr=4.0, lr_decay=2.0, clip_norm=0.1))
    assert parent[3].metrics["lr"] < 4.0
    assert forked(parent, 3, lr=lr)[4].metrics["lr"] == lr


@pytest.mark.parametrize("method", ["dense", "gmp"])
def test_a_dense_beginning_may_be_left_for_a_sparse_method(tmp_path, method):
    parent = record(tmp_path / "parent", small_config(epochs=4, method=method, density=0.2))
    other = forked(parent, 1, method="st-rnn")
    assert parent[1].density > 0.3
    assert other[2].density == other[4].density == pytest.approx(0.2, abs=0.01)


def test_a_fork_that_was_cut_is_resumed(parent):
    whole = forked(parent, 1, prune_rate=0.3)
    path = parent.path.parent / "cut"
    events = fork(path, parent, 1, {"prune_rate": 0.3}).events()
    for _ in range(12):  # into the second epoch of the fork
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
        (9, {"epochs": 20}, UsageError, "has no checkpoint of epoch 9. It has those of epochs 0–4."),
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
