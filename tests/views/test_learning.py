"""Learning curves and prune rate, by their numbers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import holoviews as hv
import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.exporting.plots import VIEWS
from strnn_viz.importing import record
from strnn_viz.runs import ACCURACY, PERPLEXITY, Measure, Parent, Run, RunWriter
from strnn_viz.views import (
    explanation,
    learning_curves,
    learning_title,
    prune_rate,
    prune_rate_title,
    run_measure,
    scale,
)
from strnn_viz.views.learning import accuracy_range, other_metric, perplexity_range, span, value_text
from tests.synthetic import make_run, snapshots


@pytest.fixture
def with_unigram(tmp_path: Path) -> Run:
    with RunWriter(tmp_path / "run", RunConfig().replace({"epochs": 8})) as writer:
        for snapshot in snapshots(epochs=4, hidden=6):
            writer.append(snapshot, unigram_perplexity=689.4)
    return Run(tmp_path / "run")


def sources(element: Any, renderer: Any) -> list[dict[str, Any]]:
    return [r.data_source.data for r in renderer.get_plot(element).state.renderers]


def test_curves_are_the_recorded_perplexities(full: Run, renderer: Any) -> None:
    _, parent, _, train, valid, marks, words = sources(learning_curves(full, 3), renderer)
    assert valid["perplexity"].tolist() == [row["valid_perplexity"] for row in full.rows]
    assert train["perplexity"].tolist() == [row["train_perplexity"] for row in full.rows[1:]]
    assert train["epoch"].tolist() == [1, 2, 3, 4, 5, 6]
    assert len(marks["epoch"]) == 13
    assert not len(parent["epoch"])
    named = dict(zip((t.strip() for t in words["text"]), words["text_baseline"], strict=True))
    assert named == {"rewirings": "bottom", "validation": "bottom", "train": "top"}  # train is the lower curve


def test_a_tick_for_every_rewiring_and_a_cursor(full: Run, renderer: Any) -> None:
    lines = sources(learning_curves(full, 3), renderer)[0]
    low, high = perplexity_range(full, [120.0])
    tall = np.array(lines["perplexity_end"]) == high
    assert np.array(lines["epoch"])[tall].tolist() == [3]
    assert np.array(lines["epoch"])[~tall].tolist() == [1, 2, 3, 4, 5]
    assert set(lines["perplexity"]) == {low}


def test_the_unigram_model_is_a_reference_where_it_is_known(with_unigram: Run, renderer: Any) -> None:
    lines, *_, words = sources(learning_curves(with_unigram, None), renderer)
    assert 689.4 in lines["perplexity"].tolist()
    assert "unigram model" in list(words["text"])
    assert learning_title(with_unigram, 3).endswith("; unigram model 689")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], (2.5, 4)),  # an empty run: from a good model to the vocabulary of 10,000
        ([10_020.0], (2.5, 4)),  # an untrained model is a little worse than guessing
        ([9000.0, 480.0], (2.5, 4)),
        ([9000.0, 470.0], (2, 4)),  # less than half again as much as the lower end: no room for a name beneath
        ([9000.0, 120.0], (1.5, 4)),
        ([50_000.0], (2.5, 5)),
        ([float("nan"), 200.0], (2, 4)),
    ],
)
def test_the_range_grows_by_half_decades(full: Run, values: list[float], expected: tuple[float, float]) -> None:
    low, high = perplexity_range(full, values)
    assert np.log10(low) == pytest.approx(expected[0])
    assert np.log10(high) == pytest.approx(expected[1] + 0.03)
    assert all(low < v < high for v in values if np.isfinite(v))


def test_the_axis_is_logarithmic_with_plain_numbers(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(learning_curves(full, 3)).state
    assert type(figure.y_scale).__name__ == "LogScale"
    assert figure.yaxis[0].major_label_overrides[2000.0] == "2,000"


def test_the_prune_rate_shares_the_epochs_of_the_curves(full: Run, renderer: Any) -> None:
    curves, rate = (renderer.get_plot(view(full, 3)).state for view in (learning_curves, prune_rate))
    assert (curves.x_range.start, curves.x_range.end) == (rate.x_range.start, rate.x_range.end)
    assert curves.xaxis[0].ticker.ticks == rate.xaxis[0].ticker.ticks
    assert curves.min_border_left == rate.min_border_left  # so that their frames begin at one place
    line = rate.renderers[2].data_source.data
    assert line["rate"].tolist() == [row["prune_rate"] for row in full.rows]
    assert rate.y_range.end == pytest.approx(0.54)  # configured to begin at 50%
    assert "50%" in rate.yaxis[0].major_label_overrides.values()


def test_the_learning_rate_is_drawn_from_zero_to_its_highest_and_told(tmp_path: Path, renderer: Any) -> None:
    with RunWriter(tmp_path / "run", RunConfig().replace({"epochs": 4, "prune_rate": 0.4})) as writer:
        for snapshot, lr in zip(snapshots(epochs=3, hidden=6), (2.0, 2.0, 1.0, 0.5), strict=True):
            writer.append(replace(snapshot, metrics={**snapshot.metrics, "lr": lr}))
    run = Run(tmp_path / "run")
    _, steps, _, _, told = sources(prune_rate(run, 2), renderer)
    assert steps["rate"].tolist() == pytest.approx([0.4, 0.4, 0.2, 0.1])
    assert list(told["text"]) == ["┈ learning rate 1"]
    assert list(sources(prune_rate(run, None), renderer)[4]["text"]) == []


def test_the_prune_rate_has_a_title_of_its_own(full: Run, empty: Run) -> None:
    rate = full.rows[3]["prune_rate"]
    assert prune_rate_title(full, 3) == f"Epoch 3: prune rate {rate:.1%}, learning rate 2"
    assert prune_rate_title(empty, None) == "The prune rate appears with the first epoch"
    assert VIEWS["prune-rate"].title is prune_rate_title
    assert "dotted" in explanation("prune_rate").text


def test_the_prune_rate_of_a_run_that_has_none_is_told(tmp_path: Path) -> None:
    record({"w": np.eye(4, dtype=bool)}, tmp_path / "theirs", 0, loss=3.0)
    title = "Epoch 0: neither prune rate nor learning rate was recorded"
    assert prune_rate_title(Run(tmp_path / "theirs"), 0) == title


def test_titles_give_the_perplexities_of_the_epoch(full: Run) -> None:
    row = full.rows[4]
    assert learning_title(full, 4) == (
        f"Epoch 4: validation perplexity {row['valid_perplexity']:,.0f}, train {row['train_perplexity']:,.0f}"
    )
    assert learning_title(full, 0) == "Epoch 0: validation perplexity 1,020 before any training"


@pytest.mark.parametrize(
    ("measure", "value", "text"),
    [
        (PERPLEXITY, 10_012.4, "10,012"),
        (PERPLEXITY, 100.2, "100"),
        (PERPLEXITY, 99.96, "100"),
        (PERPLEXITY, 99.94, "99.9"),
        (PERPLEXITY, float("nan"), "unknown"),
        (ACCURACY, 0.8534, "85.3%"),
        (ACCURACY, float("nan"), "unknown"),
    ],
)
def test_values_in_words(measure: Measure, value: float, text: str) -> None:
    assert value_text(measure, value) == text


@pytest.fixture
def classified(tmp_path: Path) -> Run:
    config = RunConfig().replace({"data.corpus": "sotu-era", "epochs": 8})
    return make_run(tmp_path / "classified", config, epochs=4, hidden=6, accuracy=True)


def test_accuracy_is_drawn_on_a_linear_axis_in_percent(classified: Run, renderer: Any) -> None:
    figure = renderer.get_plot(learning_curves(classified, 2)).state
    assert type(figure.y_scale).__name__ == "LinearScale"
    assert (figure.y_range.start, figure.y_range.end) == (0.0, pytest.approx(1.08 * 0.9))  # train ends at 81.9%
    assert figure.yaxis[0].axis_label == "accuracy"
    assert figure.yaxis[0].major_label_overrides[0.4] == "40%"
    lines, parent, _, train, valid, marks, words = (r.data_source.data for r in figure.renderers)
    assert not len(parent["accuracy"])
    assert valid["accuracy"].tolist() == [row["valid_accuracy"] for row in classified.rows]
    assert train["accuracy"].tolist() == [row["train_accuracy"] for row in classified.rows[1:]]
    assert len(marks["epoch"]) == 9
    assert 0.24 in lines["accuracy"].tolist()
    named = dict(zip((t.strip() for t in words["text"]), words["text_baseline"], strict=True))
    assert list(named) == ["rewirings", "most frequent class", "validation", "train"]
    assert (named["train"], named["validation"]) == ("bottom", "top")  # train is the higher curve


def test_titles_give_the_accuracies_of_the_epoch(classified: Run) -> None:
    assert learning_title(classified, 0) == "Epoch 0: validation accuracy 25.0% before any training"
    assert learning_title(classified, 2) == (
        "Epoch 2: validation accuracy 62.9%, train 67.9%; most frequent class 24.0%"
    )


@pytest.mark.parametrize(
    ("values", "top"), [([], 0.5), ([0.1, 0.49], 0.5), ([0.51], 0.6), ([0.6], 0.6), ([1.0, float("nan")], 1.0)]
)
def test_the_accuracy_axis_grows_by_tenths(full: Run, values: list[float], top: float) -> None:
    assert accuracy_range(full, values) == (0.0, pytest.approx(1.08 * top))


def test_the_task_decides_before_there_is_an_epoch(full: Run, classified: Run, tmp_path: Path) -> None:
    RunWriter(tmp_path / "none", RunConfig().replace({"data.corpus": "sotu-era"})).close()
    none = Run(tmp_path / "none")
    assert [run_measure(run) for run in (full, classified, none)] == [PERPLEXITY, ACCURACY, ACCURACY]
    assert [scale(run) for run in (full, classified, none)] == ["log", "linear", "linear"]
    keys = [key for key, _ in learning_curves(none, None).data.items()]
    assert keys == [key for key, _ in learning_curves(classified, 1).data.items()]


def test_a_run_recorded_elsewhere_shows_what_it_measured(tmp_path: Path) -> None:
    for epoch, accuracy in enumerate((0.1, 0.4, 0.8)):
        record({"w": np.eye(4, dtype=bool)}, tmp_path / "theirs", epoch, test_accuracy=accuracy, loss=3.0)
    run = Run(tmp_path / "theirs")
    assert other_metric(run) == "test_accuracy"
    assert scale(run) == "log"  # what others call accuracy may be a percentage
    assert learning_title(run, 1) == "Epoch 1: test accuracy 0.4"
    low, high = span(run, [0.1, 0.4, 0.8])
    assert low < 0.1 < 0.8 < high <= 3.2
    figure = hv.render(learning_curves(run, 1), backend="bokeh")
    assert (figure.y_range.start, figure.y_range.end) == (low, high)
    assert figure.yaxis[0].axis_label == "test accuracy"


def test_behind_the_curves_of_a_fork_stands_what_validation_measured_in_its_parent(
    tmp_path: Path, renderer: Any
) -> None:
    config = RunConfig().replace({"epochs": 6})
    make_run(tmp_path / "one", config, epochs=6, hidden=6)
    with RunWriter(tmp_path / "two", config, parent=Parent("one", 3)) as writer:
        for snapshot in snapshots(epochs=4, hidden=6):
            if snapshot.epoch >= 3:
                writer.append(snapshot)
    run = Run(tmp_path / "two")
    _, parent, _, _, valid, marks, words = sources(learning_curves(run, 4), renderer)
    assert parent["epoch"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert parent["perplexity"].tolist() == [row["valid_perplexity"] for row in Run(tmp_path / "one").rows]
    assert valid["epoch"].tolist() == [3, 4]
    assert "parent" not in marks["series"]
    named = dict(zip((t.strip() for t in words["text"]), words["epoch"], strict=True))
    assert named["parent"] == 0
    (tmp_path / "one" / "run.json").unlink()
    assert "parent" not in [t.strip() for t in sources(learning_curves(run, 4), renderer)[-1]["text"]]
