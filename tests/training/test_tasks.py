"""Both tasks, and what the trainer does for each."""

import math

import pytest
import torch

from strnn_viz import RunConfig, train
from strnn_viz.errors import UsageError
from strnn_viz.runs import Snapshot
from strnn_viz.training import Trainer
from strnn_viz.training.averaged_sgd import AveragedSGD
from strnn_viz.training.ranks import Ranks
from strnn_viz.training.tasks import make_task

ERA = RunConfig().replace(
    {"corpus": "sotu-era", "vocabulary": 500, "hidden": 16, "layers": 1, "passage": 30, "epochs": 2, "batch_size": 64,
     "density": 0.4, "algorithm": "adam", "lr": 0.01, "clip_norm": 0.0, "threads": 1, "exclude": "output.*"}
)  # fmt: skip


def test_a_classifier_learns_more_than_which_class_is_frequent():
    first, *_, last = train(ERA)
    assert first.metrics["majority_accuracy"] == pytest.approx(0.24, abs=0.02)
    assert last.metrics["test_accuracy"] > last.metrics["majority_accuracy"] + 0.1
    assert last.metrics["valid_loss"] < first.metrics["valid_loss"] == pytest.approx(math.log(4), abs=0.01)
    assert list(last.layers) == ["embedding.weight", "lstm.0.weight_ih", "lstm.0.weight_hh"]
    assert 0 < last.metrics["train_accuracy"] <= 1


def test_accuracy_is_counted_over_all_passages():
    task = make_task(ERA, Ranks())
    task.model = task.build()
    task.model.initialize(ERA.model, torch.Generator().manual_seed(1))
    metrics = task.evaluate()
    right = total = 0
    for step in range(task.count("test")[0]):
        batch = task.batch("test", step)
        right += int((task.model(batch.inputs).argmax(1) == batch.targets).sum())
        total += len(batch.targets)
    assert total == task.count("test")[1]
    assert metrics["test_accuracy"] == right / total


def test_every_epoch_has_an_order_of_its_own_that_the_seed_decides():
    task = make_task(ERA, Ranks())
    one, two, again = (task.batch("train", 0, epoch).targets for epoch in (0, 1, 0))
    assert torch.equal(one, again)
    assert not torch.equal(one, two)
    other = make_task(ERA.replace({"seed": 9}), Ranks())
    assert not torch.equal(one, other.batch("train", 0, 0).targets)


def test_processes_share_a_batch_between_them():
    tasks = [make_task(ERA, Ranks(rank, 2)) for rank in (0, 1)]
    whole = make_task(ERA, Ranks()).batch("train", 0, 0)
    shares = [task.batch("train", 0, 0) for task in tasks]
    assert [s.count for s in shares] == [whole.count] * 2
    assert sorted(torch.cat([s.targets for s in shares]).tolist()) == sorted(whole.targets.tolist())
    with pytest.raises(UsageError, match=r"batch_size = 64 cannot be shared by 3 processes.*multiple of 3"):
        make_task(ERA, Ranks(0, 3))


def test_the_cost_of_training_adds_up():
    trainer = Trainer(ERA.replace({"epochs": 1}))
    _, last = (e for e in trainer.events() if isinstance(e, Snapshot))
    nnz = {name: layer.nnz for name, layer in last.layers.items()}
    recurrent = nnz["lstm.0.weight_ih"] + nnz["lstm.0.weight_hh"]
    output = trainer.model.output.weight.numel()
    forward = 2 * recurrent + 2 * output / 30
    assert last.metrics["forward_flops"] == pytest.approx(forward)
    assert last.metrics["train_flops"] == pytest.approx(3 * forward * trainer.task.tokens)
    assert last.metrics["active_parameters"] == sum(nnz.values()) + output
    assert last.metrics["parameters"] == 500 * 16 + 2 * 64 * 16 + output


def test_averaging_begins_once_validation_has_not_improved_for_long():
    config = ERA.replace({"algorithm": "asgd", "lr": 0.5, "patience": 2, "lr_decay": 1.0})
    trainer = Trainer(config)
    assert isinstance(trainer.optimizer, AveragedSGD)
    began = []
    for loss in (1.0, 0.9, 0.95, 0.94, 0.93):
        trainer._after_validation(loss)
        began.append(trainer.optimizer.averaging)
    # The fourth loss is compared with the best but for the last two, 1.0; the fifth with .9, and is worse.
    assert began == [False, False, False, False, True]
    assert trainer.lr == 0.5


def test_evaluation_is_of_the_averaged_weights():
    trainer = Trainer(ERA.replace({"algorithm": "asgd", "lr": 0.5, "epochs": 1}))
    trainer.optimizer.begin_averaging()
    *_, last = (e for e in trainer.events() if isinstance(e, Snapshot))
    raw = trainer.task.evaluate()
    averaged = trainer.evaluate()
    assert raw["valid_loss"] != averaged["valid_loss"]
    assert last.metrics["valid_loss"] != raw["valid_loss"]
