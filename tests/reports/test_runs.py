"""Recorded runs in tables."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from strnn_viz.config import preset
from strnn_viz.errors import RunError
from strnn_viz.exporting.choices import check_epoch
from strnn_viz.importing import record
from strnn_viz.reports import distances, runs
from strnn_viz.runs import Parent, Run, RunWriter
from tests.synthetic import make_run, snapshots

COST = {"active_parameters": 54_432.0, "parameters": 272_128.0, "forward_flops": 108_864.0,
        "forward_flops_relative": 0.20002, "train_flops": 1.53e12, "train_flops_relative": 0.2}  # fmt: skip


def printed(parts: runs.Parts) -> str:
    console = Console(file=io.StringIO(), width=200)
    for part in parts:
        console.print(part)
    return console.file.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_run(tmp_path / "words", preset("demo"), epochs=2, hidden=6)
    make_run(tmp_path / "classes", preset("era", method="rigl", epochs=3), epochs=3, hidden=6, accuracy=True)
    era = {"sparsity.initialization": "uniform", "granularity": "matrix", "epsilon": 0.0}
    config = preset("era", method="iss", epochs=4, **era)
    make_run(tmp_path / "units", config, epochs=4, hidden=6, accuracy=True, begins_dense=True)
    for epoch in (0, 1):
        record({"w": np.eye(4, dtype=bool)}, tmp_path / "theirs", epoch, test_accuracy=87.5)
    RunWriter(tmp_path / "none", preset("era")).close()
    return tmp_path


def test_each_run_is_measured_by_what_fits(folder: Path) -> None:
    rows = {row["name"]: row for row in runs.runs(str(folder))["runs"]}
    assert rows["words"]["valid_perplexity"] == Run(folder / "words").rows[-1]["valid_perplexity"]
    assert rows["classes"]["valid_accuracy"] == Run(folder / "classes").rows[-1]["valid_accuracy"]
    assert (rows["words"]["measure"], rows["classes"]["measure"]) == ("perplexity", "accuracy")
    assert (rows["words"]["method"], rows["classes"]["method"], rows["theirs"]["method"]) == ("st-rnn", "rigl", None)
    assert (rows["units"]["initialization"], rows["classes"]["initialization"]) == (None, "erdos_renyi")


def test_density_is_what_was_recorded_last(folder: Path) -> None:
    rows = {row["name"]: row for row in runs.runs(str(folder))["runs"]}
    assert rows["units"]["density"] == Run(folder / "units")[4].density
    assert rows["units"]["density"] == pytest.approx(0.2, abs=0.01)
    assert rows["none"]["density"] == preset("era").sparsity.density  # nothing is recorded
    assert rows["theirs"]["density"] == 0.25


def test_the_table_has_a_value_and_its_measure(folder: Path) -> None:
    lines = {line.split()[0]: line.split() for line in printed(runs.runs_table(runs.runs(str(folder)))).splitlines()}
    assert lines["run"] == ["run", "status", "epoch", "method", "validation", "measure", "initialization", "density",
                            "seed"]  # fmt: skip
    assert lines["words"][2:8] == ["2", "of", "30", "ST-RNN", "451", "perplexity"]
    assert lines["classes"][2:8] == ["3", "of", "3", "RigL", "71.6%", "accuracy"]
    assert lines["none"][5:8] == ["ST-RNN", "–", "–"]


def test_accuracies_of_a_run_are_percentages(folder: Path) -> None:
    out = printed(runs.run_tables(runs.run(Run(folder / "classes"))))
    assert "train accuracy  validation accuracy" in out
    assert "76.6%" in out
    assert "majority" not in out
    theirs = printed(runs.run_tables(runs.run(Run(folder / "theirs"))))
    assert "87.5" in theirs
    assert "%" not in theirs.split("test accuracy")[1]  # what others call accuracy may be a percentage already


def test_what_a_run_cost_is_one_line(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "run", preset("demo", epochs=1)) as writer:
        for snapshot in snapshots(epochs=1, hidden=6):
            writer.append(snapshot, **COST)
    out = printed(runs.run_tables(runs.run(Run(tmp_path / "run"))))
    assert (
        "active 54,432 of 272,128 weights; forward 0.20x (109 thousand FLOPs a token), training so far 0.20x of dense "
        "(1.53 trillion FLOPs)"
    ) in out
    assert "flops" not in out
    assert runs.cost({}) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (999.0, "999"), (20_600.0, "20.6 thousand"), (4e11, "400 billion"), (2.5e15, "2.5 quadrillion")],
)
def test_operations_have_three_digits_and_a_word(value: float, text: str) -> None:
    assert runs.flops_text(value) == text


def test_a_fork_is_told_with_its_parent_and_what_differs(tmp_path: Path) -> None:
    config = preset("demo", epochs=2)
    make_run(tmp_path / "one", config, epochs=2, hidden=6)
    with RunWriter(tmp_path / "two", config.replace({"prune_rate": 0.2}), parent=Parent("one", 1)) as writer:
        for snapshot in snapshots(epochs=2, hidden=6):
            writer.append(snapshot)
    rows = {row["name"]: row for row in runs.runs(str(tmp_path))["runs"]}
    words = "fork of one at epoch 1, prune_rate 0.2 instead of 0.5"
    told = {"parent": "one", "epoch": 1, "changes": {"sparsity.prune_rate": {"was": 0.5, "is": 0.2}}, "words": words}
    assert rows["one"]["fork"] is None
    assert rows["two"]["fork"] == runs.run(Run(tmp_path / "two"))["fork"] == told
    assert f"two: {words}" in printed(runs.runs_table(runs.runs(str(tmp_path))))
    assert words in printed(runs.run_tables(runs.run(Run(tmp_path / "two"))))
    (tmp_path / "one" / "run.json").unlink()
    assert runs.run(Run(tmp_path / "two"))["fork"]["changes"] is None


def test_what_a_run_says_is_text_and_no_markup(tmp_path: Path) -> None:
    make_run(tmp_path / "run", epochs=1, hidden=4)
    metrics = tmp_path / "run" / "metrics.jsonl"
    metrics.write_text(metrics.read_text().replace('"lr"', '"[/] [red]x"'))
    for path in (tmp_path / "run" / "run.json", *(tmp_path / "run" / "snapshots").iterdir()):
        path.write_bytes(path.read_bytes().replace(b"LSTM layer 1", b"[/] [red] it"))
    about = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps(about | {"status": "[/]", "message": "[red]"}))
    run = Run(tmp_path / "run")
    assert run.problems == []
    out = printed(runs.run_tables(runs.run(run)))
    assert "run: [/] [red]" in out
    assert "[/] [red] it" in out
    assert "[/] [red]x" in out
    assert "[/]" in printed(runs.runs_table(runs.runs(str(tmp_path))))


def test_a_run_of_which_nothing_can_be_read_says_why(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=1, hidden=4)
    for path in (run.path / "snapshots").iterdir():
        path.write_bytes(b"")
    out = printed(runs.run_tables(runs.run(Run(run.path))))
    assert "No epoch can be read." in out
    assert "000001.safetensors is damaged and cannot be used" in out
    with pytest.raises(RunError, match=r"run run has no epoch that can be read\. .*000000\.safetensors is damaged"):
        distances.find_snapshot("run", str(tmp_path))
    with pytest.raises(RunError, match="has no epoch that can be read"):
        check_epoch(Run(run.path), None)
