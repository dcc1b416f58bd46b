from dataclasses import replace

import pytest

from strnn_viz.config import preset
from strnn_viz.experiments.cost import cost
from strnn_viz.experiments.experiment import Claim, Experiment, Row
from strnn_viz.experiments.results import best_epoch, read_row, verdicts
from strnn_viz.runs import Run, RunWriter
from tests.experiments.recorded import record
from tests.synthetic import make_run, snapshots

CONFIG = preset("demo", epochs=3)


def row(label: str, config=CONFIG) -> Row:
    return Row(label, "33%", config)


def results(tmp_path, tests: dict[str, list[float]]):
    """A row a label, with a run a seed that has this test perplexity."""
    made = []
    for label, values in tests.items():
        for seed, value in enumerate(values, 1):
            record(tmp_path / f"{label}{seed}", CONFIG, [99.0, 50.0, 40.0, 45.0], [99.0, 0.0, value, 0.0])
        made.append(read_row(row(label), {s: tmp_path / f"{label}{s}" for s in range(1, len(values) + 1)}))
    return made


def test_test_is_taken_at_the_epoch_of_best_validation(tmp_path):
    (result,) = results(tmp_path, {"a": [30.0, 34.0]})
    assert [(f.epoch, f.valid, f.test) for f in result.found] == [(2, 40.0, 30.0), (2, 40.0, 34.0)]
    assert (result.mean("test"), result.spread("test")) == (32.0, pytest.approx(8**0.5))


def test_flops_are_relative_to_the_dense_model_on_the_words_the_run_has_read(tmp_path):
    """The run's own model takes 2e5 FLOPs a word when dense; what it did was 0.6 of its own dense training."""
    (result,) = results(tmp_path, {"a": [30.0]})
    assert result.mean("train") == 0.6 * 2e5 / cost(CONFIG).dense_forward


def test_weights_of_a_language_model_are_those_of_all_its_matrices(tmp_path):
    """Also of one that a method leaves dense."""
    with RunWriter(tmp_path / "r", CONFIG) as writer:
        for snapshot in snapshots(epochs=1):
            metrics = {"valid_perplexity": 9.0, "test_perplexity": 9.0, "active_parameters": 12345.0}
            writer.append(replace(snapshot, metrics=metrics))
    assert read_row(row("a"), {1: tmp_path / "r"}).mean("active") == 12345


def test_accuracies_are_percent_and_the_highest_is_best(tmp_path):
    era = preset("era", epochs=3)
    record(tmp_path / "r", era, [0.9, 0.5, 0.7, 0.6], [0.1, 0.2, 0.65, 0.4], "accuracy")
    (found,) = read_row(row("a", era), {1: tmp_path / "r"}).found
    assert (found.epoch, found.valid, found.test) == (2, 70.0, 65.0)


def test_epochs_in_which_a_network_was_still_dense_do_not_count(tmp_path):
    """Epoch 2 would be the best; it has all of its weights, epoch 3 a fifth."""
    values = [99.0, 50.0, 40.0, 45.0]
    with RunWriter(tmp_path / "r", CONFIG) as writer:
        for i, snapshot in enumerate(snapshots(epochs=3, density=1.0, rate=0.0)):
            if i == 3:
                *_, snapshot = snapshots(epochs=3, density=0.2)
            metrics = {"valid_perplexity": values[i], "test_perplexity": values[i]}
            writer.append(replace(snapshot, metrics=metrics))
    assert best_epoch(Run(tmp_path / "r"))[1]["epoch"] == 3


def test_a_run_without_an_epoch_has_nothing_to_say(tmp_path):
    make_run(tmp_path / "r", epochs=0)
    assert read_row(row("a"), {1: tmp_path / "r"}).found == ()
    assert read_row(row("a"), {}).mean("test") is None


def verdict(tmp_path, tests, pairs, labels="abc"):
    claim = Claim("a is best", tuple((f"{x} · 33%", f"{y} · 33%") for x, y in pairs))
    chosen = Experiment("t", "tiny", "T", "", tuple(row(x) for x in labels), (claim,))
    (told,) = verdicts(chosen, results(tmp_path, tests))
    return told


def test_a_claim_that_holds_beyond_the_spread(tmp_path):
    told = verdict(tmp_path, {"a": [30, 31], "b": [40, 41]}, ["ab"], "ab")
    (pair,) = told.pairs
    assert (pair.margin, pair.spread, pair.clear) == (10.0, pytest.approx(1.0), True)
    assert told.sentence == "Holds: 1 of 1 comparisons, margin +10.00; 1 beyond the spread over seeds."


def test_a_claim_that_holds_in_part_with_one_seed(tmp_path):
    told = verdict(tmp_path, {"a": [30], "b": [29], "c": [32]}, ["ab", "ac"])
    assert told.sentence == (
        "Holds in part: 1 of 2 comparisons, margins -1.00 to +2.00; one seed, so chance is not excluded."
    )


def test_a_claim_that_does_not_hold_and_one_that_cannot_be_told(tmp_path):
    told = verdict(tmp_path, {"a": [30, 36], "b": [29, 35]}, ["ab", "ac"])
    assert told.holds == "does not hold"
    assert told.sentence.endswith("0 beyond the spread over seeds; 1 could not be made.")
    assert verdict(tmp_path / "x", {"a": [30]}, ["ab"]).sentence == "Not known: its runs are not there."
