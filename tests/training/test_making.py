"""A run in sparse execution is the run in masked execution: the same weights, masks and, to float error, losses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from strnn_viz.errors import UsageError
from strnn_viz.nn.sparse import SparseLSTMLayer, SparseMatrix, dense_state_dict, using
from strnn_viz.rules import METHODS
from strnn_viz.runs import Run, Snapshot
from strnn_viz.training import Trainer, checkpoint, making
from strnn_viz.training.averaged_sgd import AveragedSGD
from strnn_viz.training.forking import fork
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.tasks import make_task
from tests.training.conftest import STEPS, small_config
from tests.training.test_recording import record

pytestmark = pytest.mark.usefixtures("small_corpora", "torch_kernels")


@pytest.fixture
def torch_kernels():
    with using("torch"):
        yield


def trainer(form, **changes):
    return Trainer(small_config(execution=form, **changes))


def snapshots(trainer):
    return [event for event in trainer.events() if isinstance(event, Snapshot)]


def assert_alike(a: Snapshot, b: Snapshot) -> None:
    assert (a.epoch, a.step, list(a.layers), a.metrics.keys()) == (b.epoch, b.step, list(b.layers), b.metrics.keys())
    for name, layer in a.layers.items():
        assert layer.info == b.layer(name).info
        assert np.array_equal(layer.bits, b.layer(name).bits), name
        np.testing.assert_allclose(layer.values, b.layer(name).values, rtol=1e-3, atol=1e-5)
        assert layer.churn.pruned == b.layer(name).churn.pruned
    for key, value in a.metrics.items():
        assert b.metrics[key] == pytest.approx(value, rel=1e-4), key


@pytest.mark.parametrize("form", ["masked", "sparse"])
def test_a_density_that_leaves_no_weight_is_refused(form):
    with pytest.raises(UsageError, match=r"sparsity.density = 1e-09 leaves none of [\d,]+ weights"):
        trainer(form, density=1e-9)


CHANGES = [
    {"layers": 2, "forget_bias": 1.0},
    {"tied": True, "granularity": "gate", "initialization": "erdos_renyi"},
    {"exclude": "lstm.0.weight_ih,decoder.*", "forget_bias": 0.5},
    {"exclude": "lstm.*"},
    {"tied": True, "exclude": "embedding.*"},
    {"algorithm": "adam", "lr": 0.01, "update_every": 3},
    {"method": "selfish", "algorithm": "asgd", "patience": 1, "lr": 8.0, "lr_decay": 1.0, "epochs": 4},
    {"clip_norm": 0.1, "reactivate": False, "weight_decay": 1e-4},
    {"cell": "rhn", "depth": 2, "tied": True, "word_dropout": 0.1, "input_dropout": 0.1, "hidden_dropout": 0.1},
    {"corpus": "sotu-era", "passage": 6, "exclude": "output.*"},
    *({"method": method, "temperature": 1e-4, "l1": 1e-3, "group_lasso": 1e-2} for method in METHODS
      if method not in ("st-rnn", "selfish", "dense", "small-dense")),
]  # fmt: skip


@pytest.mark.parametrize("changes", CHANGES, ids=lambda c: " ".join(f"{k}={v}" for k, v in c.items()))
def test_a_whole_run_has_the_same_masks_and_to_float_error_the_same_losses(changes):
    masked, sparse = trainer("masked", **changes), trainer("sparse", **changes)
    assert any(isinstance(m, SparseMatrix) for m in sparse.model.modules())
    first = masked.model.state_dict()
    stored = dense_state_dict(sparse.model)
    assert first.keys() == stored.keys()
    for name, value in first.items():
        assert torch.equal(stored[name], value), name
    for a, b in zip(snapshots(masked), snapshots(sparse), strict=True):
        assert_alike(a, b)
    if changes.get("algorithm") == "asgd":
        assert isinstance(sparse.optimizer, AveragedSGD)
        assert sparse.optimizer.averaging


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"algorithm": "adam", "lr": 0.01, "exclude": "lstm.0.weight_ih"},
        {"method": "snfs", "update_every": 4},
        {"method": "rigl", "update_every": 5, "gradient_batches": 4},
        {"method": "deepr", "temperature": 1e-4},
        {"cell": "rhn", "depth": 2, "tied": True},
        {"corpus": "sotu-era", "passage": 6},
    ],
    ids=lambda c: " ".join(f"{k}={v}" for k, v in c.items()),
)
@pytest.mark.parametrize("forms", [("masked", "sparse"), ("sparse", "masked")], ids="-".join)
def test_a_run_goes_on_in_the_other_form_from_a_checkpoint_in_the_middle_of_an_epoch(changes, forms):
    whole = snapshots(trainer(forms[0], **changes))
    before, after = (trainer(form, **changes) for form in forms)
    events = before.events()
    for _ in range(STEPS + 6):  # two snapshots, and four steps of the second epoch
        next(events)
    assert before.step_in_epoch == 4
    arrays, header = checkpoint.save(before)
    checkpoint.load(after, arrays, header)
    again, header_again = checkpoint.save(after)
    assert {k: a.shape for k, a in again.items()} == {k: a.shape for k, a in arrays.items()}
    assert all(a.tobytes() == again[k].tobytes() for k, a in arrays.items())
    assert header_again | {"config": None} == header | {"config": None}
    for a, b in zip(whole[2:], snapshots(after), strict=True):
        assert_alike(a, b)


def test_a_fork_may_change_the_form(tmp_path):
    parent = record(tmp_path / "parent", small_config(execution="masked"))
    list(fork(tmp_path / "sparse", parent, 1, {"execution": "sparse"}).events())
    other = Run(tmp_path / "sparse")
    assert other.about["execution"]["form"] == "sparse"
    for epoch in other.epochs:
        assert_alike(parent[epoch], other[epoch])


def test_nothing_of_a_matrixs_size_is_made_to_begin_with(monkeypatch):
    config = small_config(execution="sparse", hidden=64, density=0.02)
    monkeypatch.setattr(making, "_DRAWN", 500)
    task = make_task(config, Ranks())
    with Largest() as largest:
        made = making.make(config, task, "sparse", torch.device("cpu"), 1, 2)
    assert made.sparse.size == 64 * (40 + 256 + 256 + 40)
    assert 256 <= largest.numel <= 700  # not even one of the two smaller matrices, of 2,560 places
    assert type(made.model.lstm[0]) is SparseLSTMLayer


class Largest(TorchDispatchMode):
    """The most elements a tensor had that was made meanwhile, meta tensors and random states aside."""

    numel = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        for made in out if isinstance(out, (list, tuple)) else (out,):
            if isinstance(made, torch.Tensor) and not made.is_meta and made.dtype != torch.uint8:
                self.numel = max(self.numel, made.numel())
        return out


def test_a_period_longer_than_an_epoch_is_refused_in_either_form():
    for form in ("masked", "sparse"):
        with pytest.raises(UsageError, match="update_every = 1000 steps is longer than an epoch, which has 8"):
            trainer(form, update_every=1000)
