import csv
import json
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from strnn_viz.cli import main
from strnn_viz.experiments.reproduce import experiment, reproduce
from strnn_viz.experiments.write import markdown, save
from strnn_viz.runs import Run
from tests.experiments.recorded import record

QUICK = {"epochs": 1, "vocabulary": 100, "hidden": 8, "batch_size": 512, "bptt": 90}


def recorded(folder, name, seeds, changes=None, skip=()):
    """Runs of an experiment with made-up perplexities: 60, 61, ... by row, and 1 more for each further seed."""
    chosen = experiment(name, "tiny", changes or {"epochs": 2})
    for i, row in enumerate(chosen.rows):
        for seed in range(1, seeds + 1):
            planned = chosen.planned(row, seed)
            if row.key not in skip:
                valid = [99.0, 70.0, 60.0 + i]
                record(folder / planned.name, planned.config, valid, [99.0, 70.0, 60.0 + i + seed - 1])
    return chosen


def test_finished_runs_are_read_and_compared(tmp_path):
    chosen = recorded(tmp_path, "table3", seeds=2)
    made = reproduce(chosen, tmp_path, seeds=2, workers=1)
    assert [result.mean("test") for result in made.results] == [60.5, 61.5, 62.5, 63.5, 64.5]
    text = markdown(made)
    layers = Run(tmp_path / "table3-tiny-dense-100-s1").rows[-1]["layers"]
    assert f"| Dense | 100% | {sum(layer['nnz'] for layer in layers.values()):,} |" in text
    assert "| 60.00 ± 0.00 | 60.50 ± 0.71 | 67.90 | 65.40 |" in text
    assert "- **Uniform is better than Erdős–Rényi.** Does not hold: 0 of 1 comparisons, margin -1.00; 0 beyond" in text


def test_files_are_written(tmp_path):
    made = reproduce(recorded(tmp_path, "fig2", seeds=1), tmp_path, workers=1)
    paths = save(made, tmp_path)
    assert [path.name for path in paths] == ["fig2-tiny.md", "fig2-tiny.csv", "fig2-tiny.svg"]
    with paths[1].open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert [(line["system"], line["part"], float(line["test"])) for line in lines[:2]] == [
        ("Dense", "sotu", 60.0), ("p = 0.1", "sotu", 61.0),
    ]  # fmt: skip
    svg = ET.fromstring(paths[2].read_text(encoding="utf-8"))
    kinds = [element.get("class") for element in svg.iter()]
    assert (kinds.count("ref"), kinds.count("line"), kinds.count("seed")) == (2, 2, 10)
    assert "prefers-color-scheme:dark" in paths[2].read_text()


def test_a_corpus_that_is_not_here_is_said_in_its_row_and_the_rest_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    made = reproduce(experiment("table5", "small"), tmp_path, workers=1)
    by_key = {result.row.key: result for result in made.results}
    assert "strnn-viz data ag-news" in by_key["ST-LSTM · ag-news"].problem
    assert by_key["VDCNN · ag-news"].problem == ""
    assert "Not known: its runs are not there." in markdown(made)


def test_finished_runs_are_read_also_where_their_corpus_is_not(tmp_path, monkeypatch):
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    chosen = experiment("table5", "small")
    trained = {row.key: row for row in chosen.rows if row.config is not None}
    row = trained["ST-LSTM · ag-news"]
    planned = chosen.planned(row, 1)
    accuracies = [0.5] * (planned.config.training.epochs + 1)
    record(tmp_path / planned.name, planned.config, accuracies, accuracies, "accuracy")
    made = reproduce(chosen, tmp_path, workers=1)
    by_key = {result.row.key: result for result in made.results}
    assert (by_key[row.key].mean("test"), by_key[row.key].problem) == (50.0, "")
    assert made.complete is (len(trained) == 1)
    assert not reproduce(chosen, tmp_path, seeds=2, workers=1).complete


def test_a_table_whose_corpus_is_not_here_ends_with_1(tmp_path, monkeypatch):
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    call("reproduce", "table5", "--scale", "small", "--runs", str(tmp_path), code=1)


def test_a_run_of_the_same_configuration_is_used_whatever_its_name(tmp_path):
    chosen = recorded(tmp_path, "table3", seeds=1)
    (tmp_path / "table3-tiny-dense-100-s1").rename(tmp_path / "mine")
    made = reproduce(chosen, tmp_path, workers=1)
    assert made.results[0].found[0].run == "mine"


def call(*arguments, code=0):
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output + done.stderr
    return done.stdout


def test_the_command_trains_what_is_missing(tmp_path):
    missing = "ST-RHN, uniform · 47.2%"
    recorded(tmp_path, "table3", 1, QUICK, skip=[missing])
    sets = [f"--set={key}={value}" for key, value in {**QUICK, "epochs": 1}.items()]
    told = json.loads(call("reproduce", "table3", *sets, "--runs", str(tmp_path), "--workers", "1", "--json"))
    assert (told["experiment"], told["finished"], told["failed"]) == ("table3", 5, {})
    row = next(r for r in told["rows"] if f"{r['system']} · {r['part']}" == missing)
    run = Run(tmp_path / "table3-tiny-st-rhn-uniform-47.2-s1")
    assert run.status == "finished"
    assert row["means"]["test"] == run.rows[-1]["test_perplexity"]
    assert "Changed: epochs = 1" in (tmp_path / "table3-tiny.md").read_text(encoding="utf-8")
    assert "Table 3" in call("reproduce", "table3", *sets, "--runs", str(tmp_path), "--workers", "1")


def test_a_failed_run_is_named_and_ends_with_1(tmp_path):
    bad = ["--set=lr=1000", "--set=clip_norm=0", "--set=weight_decay=1"]
    sets = [f"--set={key}={value}" for key, value in {**QUICK, "epochs": 2, "depth": 1}.items()]
    out = call("reproduce", "table3", *sets, *bad, "--runs", str(tmp_path), "--workers", "1", code=1)
    assert "ST-RHN, uniform · 47.2%: seed 1: the training loss is" in out


@pytest.mark.parametrize("arguments", [["reproduce", "table9"], ["reproduce", "table2", "--scale", "huge"]])
def test_a_users_mistake(arguments, tmp_path):
    call(*arguments, "--runs", str(tmp_path), code=2)
