import math

import numpy as np
import pytest
import torch

import strnn_viz
from strnn_viz.errors import TrainingError, UsageError
from strnn_viz.runs import Snapshot
from strnn_viz.training.device import find_device
from strnn_viz.training.trainer import Step, Trainer, train


def same(a: Snapshot, b: Snapshot) -> bool:
    return (
        (a.epoch, a.step, dict(a.metrics)) == (b.epoch, b.step, dict(b.metrics))
        and list(a.layers) == list(b.layers)
        and all(
            np.array_equal(x.bits, b.layers[n].bits)
            and np.array_equal(x.values, b.layers[n].values)
            and repr(x.churn) == repr(b.layers[n].churn)
            for n, x in a.layers.items()
        )
    )


def test_snapshots_are_the_same_for_the_same_seed_whatever_goes_on_around_the_generator(tiny):
    first = list(train(tiny))
    again = []
    for snapshot in train(tiny):
        torch.manual_seed(snapshot.epoch)  # a notebook's own doings
        torch.randn(100)
        again.append(snapshot)
    assert [s.epoch for s in first] == [0, 1, 2, 3]
    assert all(same(a, b) for a, b in zip(first, again, strict=True))
    other = list(train(tiny.replace({"seed": 5})))
    assert not same(first[0], other[0])


def test_training_leaves_the_global_random_state_alone(tiny):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    next(iter(train(tiny.replace({"dropout": 0.5}))))
    generator = Trainer(tiny.replace({"dropout": 0.5})).events()
    for _ in range(3):
        next(generator)
    assert torch.equal(torch.get_rng_state(), before)


def test_initializations_of_one_seed_start_from_the_same_weights(tiny):
    uniform, er = (next(train(tiny.replace({"initialization": i}))) for i in ("uniform", "erdos_renyi"))
    for name in uniform.layers:
        both = uniform.mask(name) & er.mask(name)
        assert both.any()
        assert np.array_equal(uniform.weight(name)[both], er.weight(name)[both])
    assert abs(uniform.nnz - er.nnz) <= len(uniform.layers)
    assert er.layers["lstm.0.weight_hh"].density > er.layers["decoder.weight"].density


def test_the_record_is_taken_before_the_rewiring_and_says_what_it_did(tiny):
    trainer = Trainer(tiny)
    before = None
    for event in trainer.events():
        if not isinstance(event, Snapshot):
            continue
        for name, layer in event.layers.items():
            live = trainer.sparse.matrices[name]
            churn = layer.churn
            if event.epoch == 0:
                assert np.array_equal(layer.mask, live.mask.numpy())
                assert (churn.born, churn.died, churn.pruned, churn.kept) == (0, 0, 0, layer.nnz)
                continue
            rate = tiny.sparsity.prune_rate / 2 * (1 + math.cos(math.pi * (event.epoch - 1) / 2))
            assert event.metrics["prune_rate"] == pytest.approx(rate)
            assert churn.pruned == round(event.metrics["prune_rate"] * layer.nnz)
            changed = int((layer.mask & ~live.mask.numpy()).sum())
            assert changed == churn.pruned - churn.reactivated
            if churn.pruned:
                assert np.sum(np.abs(layer.values) <= churn.threshold) >= churn.pruned
                assert np.abs(layer.values[np.abs(layer.values) < churn.threshold]).size < churn.pruned
            if before:
                old = before.mask(name)
                assert churn.born == int((layer.mask & ~old).sum()) == layer.born_histogram.sum()
                assert churn.died == int((old & ~layer.mask).sum())
        before = event
    assert before is not None
    assert all(layer.churn.pruned == 0 for layer in before.layers.values())  # the rate ends at exactly 0


def test_every_step_is_told_and_counted(tiny):
    trainer = Trainer(tiny.replace({"epochs": 1}))
    steps = [e for e in trainer.events() if isinstance(e, Step)]
    assert [s.step for s in steps] == list(range(1, trainer.task.steps + 1))
    assert sum(s.tokens for s in steps) == trainer.task.tokens == 460_494


def test_rewiring_every_few_steps(tiny):
    trainer = Trainer(tiny.replace({"epochs": 2, "update_every": 4}))
    steps = trainer.task.steps
    *_, last = (e for e in trainer.events() if isinstance(e, Snapshot))
    assert trainer.sparse.update_count == 2 * (steps // 4) == trainer.sparse.updates
    layer = last.layers["lstm.0.weight_ih"]
    assert layer.churn.pruned > 0
    assert layer.nnz == round(0.2 * layer.info.size)


def test_a_period_longer_than_an_epoch_is_refused(tiny):
    with pytest.raises(UsageError, match="update_every = 1000 steps is longer than an epoch, which has 10"):
        Trainer(tiny.replace({"update_every": 1000}))


def test_the_learning_rate_falls_when_validation_stops_improving(tiny):
    trainer = Trainer(tiny.replace({"epochs": 2}))
    trainer.valid_losses = [0.0]  # nothing can be better
    snapshots = [e for e in trainer.events() if isinstance(e, Snapshot)]
    assert [s.metrics["lr"] for s in snapshots] == [2.0, 2.0, 2.0 / 1.33]
    assert trainer.lr == 2.0 / 1.33 / 1.33


def test_a_diverging_run_says_what_to_lower(tiny):
    trainer = Trainer(tiny)
    events = trainer.events()
    next(events)
    with torch.no_grad():
        trainer.model.decoder.bias[0] = float("inf")
    with pytest.raises(TrainingError, match=r"training loss is (nan|inf) in epoch 1, step 0: training diverged. Lower"):
        next(events)


def test_learning_happens_and_beats_the_unigram_model(tiny):
    *_, last = train(tiny.replace({"epochs": 6, "hidden": 32, "batch_size": 64, "bptt": 35}))
    assert last.metrics["valid_perplexity"] < last.metrics["unigram_perplexity"] < 100


def test_adam_trains_too(tiny):
    first, *_, last = train(tiny.replace({"algorithm": "adam", "lr": 0.01}))
    assert last.metrics["valid_loss"] < first.metrics["valid_loss"] - 0.6


def test_cuda_asked_for_where_there_is_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto").type == "cpu"
    with pytest.raises(UsageError, match=r"training\.device = cuda.*Use training\.device=auto or cpu"):
        find_device("cuda")


def test_stable_names():
    for name in ("preset", "RunConfig", "train", "Snapshot", "Run", "RunWriter", "SparseTraining"):
        assert name in dir(strnn_viz)
        assert getattr(strnn_viz, name) is not None
