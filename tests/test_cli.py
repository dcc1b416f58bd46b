import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import scipy.sparse
from click.testing import CliRunner

from strnn_viz import presets
from strnn_viz.cli import main
from strnn_viz.config import preset
from strnn_viz.progress import duration
from strnn_viz.runs import Run, RunWriter, files
from tests.synthetic import make_run

TINY = ["--set", "vocabulary=100", "--set", "hidden=8", "--set", "batch_size=512", "--set", "bptt=90",
        "--set", "execution=masked"]  # fmt: skip


def call(*arguments: str, code: int = 0) -> str:
    """What a command prints; it must end with the given exit code and never show a traceback."""
    done = CliRunner().invoke(main, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output + done.stderr
    return done.output


def test_help_reads_well():
    out = call("--help")
    for command in ("data", "explore", "presets", "runs", "show", "train"):
        assert re.search(rf"^  {command} +\S", out, re.MULTILINE)
        text = call(command, "--help")
        assert "Usage:" in text
        assert ".." not in text.partition("Options:")[0]


def test_train_then_runs_and_show(tmp_path):
    out = call("train", "demo", "--runs", str(tmp_path), *TINY, "--set", "epochs=2", "--set", "seed=3")
    assert re.search(r"epoch 2 of 2: train \d", out)
    assert "Done: validation perplexity" in out
    run = Run(tmp_path / "demo-uniform")
    assert (run.status, run.epochs, run.config.seed) == ("finished", [0, 1, 2], 3)
    listed = json.loads(call("runs", "--runs", str(tmp_path), "--json"))
    assert [(r["name"], r["status"], r["epochs"]) for r in listed["runs"]] == [("demo-uniform", "finished", 2)]
    shown = json.loads(call("show", "demo-uniform", "--runs", str(tmp_path), "--json"))
    assert (shown["name"], shown["status"], shown["epochs"]) == ("demo-uniform", "finished", [0, 1, 2])
    assert [layer["name"] for layer in shown["layers"]] == list(run.layers)
    for layer in shown["layers"]:
        last = run[2].layers[layer["name"]]
        assert (layer["shape"], layer["nnz"], layer["density"]) == (list(last.shape), last.nnz, last.density)
        assert layer["born"] == [run[e].layers[layer["name"]].churn.born for e in run.epochs]
    assert [m["epoch"] for m in shown["metrics"]] == [0, 1, 2]
    assert shown["metrics"][2]["valid_perplexity"] == run[2].metrics["valid_perplexity"]
    again = call("train", "demo", "--runs", str(tmp_path), *TINY, "--set", "epochs=1")
    assert "demo-uniform-2" in again


@pytest.mark.parametrize("token", ["", "a-token-that-no-one-guesses"])
def test_a_training_that_is_watched_tells_an_address_that_lets_in(tmp_path, monkeypatch, token):
    ended = []

    class Server:
        def __init__(self, command, **_):
            self.command = command

        def terminate(self):
            ended.append(self.command)

        def wait(self):
            return 0

    monkeypatch.setattr("strnn_viz.cli.subprocess", SimpleNamespace(Popen=Server, DEVNULL=subprocess.DEVNULL))
    monkeypatch.setenv("STRNN_VIZ_TOKEN", token)
    out = call("train", "demo", "--runs", str(tmp_path), "--watch", "--quiet", *TINY, "--set", "epochs=1")
    port = ended[0][ended[0].index("--port") + 1]
    assert f"Watch it at http://localhost:{port}{'?token=' * bool(token)}{token}\n" in out


def test_a_token_that_will_not_do_is_told_before_training(tmp_path, monkeypatch):
    monkeypatch.setenv("STRNN_VIZ_TOKEN", "short")
    out = call("train", "demo", "--runs", str(tmp_path), "--watch", *TINY, code=2)
    assert "the token given has 5 characters" in out
    assert list(tmp_path.iterdir()) == []


def test_tables_for_people(tmp_path):
    make_run(tmp_path / "one", epochs=2)
    assert re.search(r"one +finished +2 of 30", call("runs", "--runs", str(tmp_path)))
    text = call("show", "one", "--runs", str(tmp_path))
    assert "LSTM layer 2" in text
    assert "96 × 24" in text
    assert "Start one with: strnn-viz train demo" in call("runs", "--runs", str(tmp_path / "none"))


def test_show_finds_a_run_by_path_and_suggests_a_name(tmp_path):
    make_run(tmp_path / "uniform", epochs=1)
    assert json.loads(call("show", str(tmp_path / "uniform"), "--json"))["name"] == "uniform"
    assert "Did you mean uniform?" in call("show", "unifrm", "--runs", str(tmp_path), code=2)


def test_show_a_run_without_an_epoch_and_a_damaged_one(tmp_path):
    make_run(tmp_path / "r", epochs=2)
    victim = files.epoch_file(tmp_path / "r" / files.SNAPSHOTS, 1)
    victim.write_bytes(b"\0" * 40)
    shown = json.loads(call("show", "r", "--runs", str(tmp_path), "--json"))
    assert shown["epochs"] == [0, 2]
    assert "000001.safetensors is damaged" in shown["problems"][0]
    (tmp_path / "r" / files.METRICS).unlink()
    assert "No epoch is recorded yet" in call("show", "r", "--runs", str(tmp_path))
    (tmp_path / "r" / files.RUN).write_text("{")
    assert "cannot be read: it is no whole JSON" in call("show", "r", "--runs", str(tmp_path), code=1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "demmo"], "Did you mean demo?"),
        (["train", "--set", "densty=1"], "Did you mean sparsity.density?"),
        (["train", "--set", "density=1.5"], "must be above 0 and at most 1"),
        (["train", "--set", "density"], "has no '='"),
        (["train", "--name", "../x"], "cannot name a run"),
        (["train", "demo", "--resume", "x"], "without a preset, --set or --name"),
        (["train", "nowhere.toml"], "cannot read the configuration file nowhere.toml"),
        (["explore", "--port", "99999"], "0<=x<=65535"),
        (["tarin"], "No such command 'tarin'"),
    ],
)
def test_a_users_mistake_is_one_message_and_exit_code_2(arguments, message, tmp_path):
    assert message in call(*arguments, *(["--runs", str(tmp_path)] if arguments[0] != "tarin" else []), code=2)
    assert not list(tmp_path.iterdir())


def test_a_missing_corpus_is_a_failure_that_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    out = call("train", "ptb-small", "--runs", str(tmp_path), code=1)
    assert "ptb.train.txt" in out
    assert "STRNN_VIZ_DATA" in out


def test_resuming_nothing(tmp_path):
    assert "is not a run" in call("train", "--resume", str(tmp_path), code=1)


def test_presets_keys_and_data():
    assert [p["name"] for p in json.loads(call("presets", "--json"))] == presets()
    assert all(p["description"].endswith(".") for p in json.loads(call("presets", "--json")))
    keys = {row["key"]: row for row in json.loads(call("presets", "--keys", "--json"))}
    assert keys["sparsity.density"]["expected"] == "above 0 and at most 1 (fraction)"
    data = {row["name"]: row for row in json.loads(call("data", "--json"))}
    assert data["sotu"]["found"]
    assert data["sotu"]["splits"]["train"]["tokens"] == 460_494
    assert "State of the Union" in call("data")


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "strnn_viz", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("strnn-viz, version ")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min 0 s"), (86, "1 min 26 s"), (7300, "2 h 1 min"), (float("nan"), "unknown time")],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_distance_between_recorded_topologies(tmp_path):
    make_run(tmp_path / "a", epochs=2, seed=1)
    make_run(tmp_path / "b", epochs=2, seed=2)
    itself = json.loads(call("distance", "a@1", "a@1", "--runs", str(tmp_path), "--json"))
    assert (itself["a"], itself["raw"], itself["normalized"]) == ("a@1", 0.0, 0.0)
    other = json.loads(call("distance", "a", "b", "--runs", str(tmp_path), "--json"))
    assert (other["a"], other["b"]) == ("a@2", "b@2")
    assert 0.5 < other["raw"] <= other["identity"] < 1
    assert {layer["name"] for layer in other["layers"]} >= {"LSTM layer 1", "LSTM layer 2"}
    assert "NNSTD" in call("distance", "a", "b@0", "--runs", str(tmp_path))
    assert "run b has no epoch 9" in call("distance", "a", "b@9", "--runs", str(tmp_path), code=2)
    assert "Did you mean a?" in call("distance", "a", "aa", "--runs", str(tmp_path), code=2)


def test_import_and_show_what_was_recorded_elsewhere(tmp_path):
    source = tmp_path / "theirs"
    for epoch in (0, 3):
        (source / f"epoch_{epoch:03}").mkdir(parents=True)
        weights = scipy.sparse.random_array((9, 5), density=0.4, rng=epoch, format="csr")
        scipy.sparse.save_npz(source / f"epoch_{epoch:03}" / "weight_l0.npz", weights)
    (source / "testacc.txt").write_text("0.1\n0.2\n0.3\n0.4\n")
    assert "Imported 2 epochs of 1 layers" in call("import", str(source), "--runs", str(tmp_path / "runs"))
    shown = json.loads(call("show", "theirs", "--runs", str(tmp_path / "runs"), "--json"))
    assert (shown["epochs"], shown["config"]) == ([0, 3], None)
    assert [m["test_accuracy"] for m in shown["metrics"]] == [0.1, 0.4]
    assert "test accuracy" in call("show", "theirs", "--runs", str(tmp_path / "runs"))
    assert "theirs" in call("runs", "--runs", str(tmp_path / "runs"))
    out = call("train", "--resume", str(tmp_path / "runs" / "theirs"), code=1)
    assert "was recorded elsewhere and has no configuration to train on with" in out
    assert "is not a directory" in call("import", str(tmp_path / "none"), "--runs", str(tmp_path / "runs"), code=2)


def test_a_sweep_trains_what_is_missing(tmp_path):
    command = ["sweep", "demo", "--vary", "density=0.2,0.4", *TINY, "--set", "epochs=1", "--workers", "1",
               "--runs", str(tmp_path)]  # fmt: skip
    assert "2 of 2 runs are finished" in call(*command)
    runs = {path.name: Run(path) for path in tmp_path.iterdir() if path.is_dir()}
    assert {name: run.config.sparsity.density for name, run in runs.items()} == {
        "demo-density-0.2-s1": 0.2, "demo-density-0.4-s1": 0.4,
    }  # fmt: skip
    before = {name: run.about["created"] for name, run in runs.items()}
    assert "2 of 2 runs are finished" in call(*command)
    assert {name: Run(tmp_path / name).about["created"] for name in runs} == before
    assert "--vary 'density' has no '='. For example: --vary density=0.1,0.2." in call(
        "sweep", "demo", "--vary", "density", "--runs", str(tmp_path), code=2
    )


def test_a_fork_with_nothing_changed_repeats_the_run_and_is_told(tmp_path):
    call("train", "demo", "--runs", str(tmp_path), *TINY, "--set", "epochs=2", "--set", "threads=1", "--quiet")
    run = Run(tmp_path / "demo-uniform")
    out = call("fork", "demo-uniform", "--runs", str(tmp_path))
    assert "demo-uniform-e1: fork of demo-uniform at epoch 1, nothing changed" in out
    assert re.search(r"epoch 2 of 2: train \d", out)
    again = Run(tmp_path / "demo-uniform-e1")
    assert (again.status, again.epochs, again.config) == ("finished", [1, 2], run.config)
    assert dict(again[2].metrics) == dict(run[2].metrics)
    for name, layer in run[2].layers.items():
        assert again[2].layer(name).bits.tobytes() == layer.bits.tobytes()
        assert again[2].layer(name).values.tobytes() == layer.values.tobytes()

    change = ("--epoch", "0", "--set", "prune_rate=0.2", "--quiet")
    assert call("fork", str(run.path), *change) == ""  # beside the run, wherever --runs is
    words = "fork of demo-uniform at epoch 0, prune_rate 0.2 instead of 0.5"
    assert f"demo-uniform-e0-prune_rate-0.2: {words}" in call("runs", "--runs", str(tmp_path))
    assert words in call("show", "demo-uniform-e0-prune_rate-0.2", "--runs", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing"], 2, "there is no run 'nothing'"),
        (["one", "--epoch", "1", "--set", "densty=1"], 2, "Did you mean sparsity.density?"),
        (["one", "--epoch", "1", "--set", "density=2"], 2, "must be above 0 and at most 1"),
        (["one", "--epoch", "1", "--set", "density"], 2, "has no '='"),
        (["one", "--epoch", "1", "--set", "hidden=9"], 2, "a fork cannot change model.hidden"),
        (["one", "--epoch", "30"], 2, "has nothing left to train"),
        (["one", "--epoch", "x"], 2, "not a valid integer"),
        (["one", "--epoch", "1", "--name", "../x"], 2, "cannot name a run"),
        (["one"], 2, "one has no checkpoint of epoch 1. It has none."),
        (["none"], 2, "none has no epoch before its newest to go on from yet"),
        (["theirs", "--epoch", "1"], 1, "theirs was recorded elsewhere"),
    ],
)
def test_what_cannot_be_forked_is_one_message(arguments, code, message, tmp_path):
    make_run(tmp_path / "one", epochs=2, hidden=6)
    RunWriter(tmp_path / "none", preset("demo")).close()
    RunWriter(tmp_path / "theirs", None).close()
    assert message in call("fork", *arguments, "--runs", str(tmp_path), code=code)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["none", "one", "theirs"]


@pytest.mark.parametrize(
    ("told", "folder", "run"),
    [
        (["one"], "runs", "one"),
        (["runs/one"], "runs", "one"),
        (["one", "--run", "one"], "runs", "one"),
        (["runs"], "runs", None),
        (["runs", "--run", "one"], "runs", "one"),
        (["elsewhere"], "runs", "elsewhere"),
        ([], "runs", None),
    ],
)
def test_the_explorer_opens_a_run_by_name_or_by_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: list[str], folder: str, run: str | None
) -> None:
    make_run(tmp_path / "runs" / "one", epochs=1, hidden=4)
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr("strnn_viz.dashboard.serve.serve", lambda folder, run, **_: asked.append((folder, run)))
    result = CliRunner().invoke(main, ["explore", *told])
    assert result.exit_code == 0, result.output
    ((found, name),) = asked
    assert (Path(found).resolve(), name) == (tmp_path / folder, run)


def test_a_run_named_twice_is_refused(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["explore", "one", "--runs", str(tmp_path), "--run", "two"])
    assert result.exit_code == 2
    assert "both 'one' and --run 'two'" in result.stderr.replace("\n", " ")
