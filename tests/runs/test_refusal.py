"""What is wrong with a file of a run, in plain words; and files that are none are neither waited for nor followed."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import SafetensorError

from strnn_viz.errors import ConfigError
from strnn_viz.runs import Run, files, limits, list_runs
from strnn_viz.runs.listing import run_directories
from strnn_viz.runs.refusal import RefusedError, reason, shown


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        before = Path.cwd()
        os.chdir(path.parent)  # the names of sockets are short
        try:
            one.bind(path.name)
        finally:
            os.chdir(before)


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (os.mkfifo, "it is a pipe, where an ordinary file is expected"),
    "socket": (_socket, "it is a socket, where an ordinary file is expected"),
    "folder": (Path.mkdir, "it is a folder, where an ordinary file is expected"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is a link, and files elsewhere are not read"),
    "loop": (lambda path: path.symlink_to(path.name), "it is a link, and files elsewhere are not read"),
    "nowhere": (lambda path: path.symlink_to("nowhere"), "it is a link, and files elsewhere are not read"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_json_that_is_no_file_is_told_in_one_sentence(path: Path, kind: str) -> None:
    make, words = KINDS[kind]
    (path / files.RUN).unlink()
    make(path / files.RUN)
    runs, problems = list_runs(path.parent)
    assert runs == []
    assert problems == [f"{path / files.RUN} cannot be read: {words}. {files.RESTORE}"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [files.METRICS, "snapshots/000001.safetensors"])
def test_another_file_that_is_none_costs_what_it_would_tell(path: Path, kind: str, name: str) -> None:
    make, words = KINDS[kind]
    (path / name).unlink()
    make(path / name)
    run = Run(path)
    assert run.epochs == ([0, 1, 2] if name == files.METRICS else [0, 2])
    assert len(run.problems) == 1
    assert f"{path / name} " in run.problems[0]
    assert words in run.problems[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", [files.PROGRESS, files.CONTROL, "steps.jsonl", "writer.lock", "checkpoints"])
def test_what_a_run_may_lack_is_as_good_as_lacking(path: Path, kind: str, name: str) -> None:
    if (path / name).is_dir():
        (path / name).rmdir()
    (path / name).unlink(missing_ok=True)
    KINDS[kind][0](path / name)
    run = Run(path)
    assert (run.epochs, run.problems, run.status, run.steps, run.progress) == ([0, 1, 2], [], "finished", [], None)
    assert run.checkpoints() == []


def test_checkpoints_elsewhere_are_none_of_the_run(path: Path, tmp_path: Path) -> None:
    (path / files.CHECKPOINTS).rmdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "000001.safetensors").touch()
    (path / files.CHECKPOINTS).symlink_to(tmp_path / "elsewhere")
    assert Run(path).checkpoints() == []


def test_a_directory_one_may_not_look_into_is_told_of(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(self: Path) -> os.stat_result:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "lstat", denied)  # root may look everywhere
    assert run_directories(path.parent) == (
        [],
        {path.name: f"{path} cannot be looked into. Give read access to it, if it is a run."},
    )


def test_a_run_taken_away_while_it_is_read_is_told_of(path: Path) -> None:
    run = Run(path)
    assert run.epochs == [0, 1, 2]
    shutil.rmtree(path)
    with pytest.raises(files.RunError, match=r"is not a run: it has no run\.json"):
        _ = run.about
    with pytest.raises(files.RunError, match=r"000001\.safetensors does not exist"):
        run[1]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "it is no whole JSON: it ends too early"),
        ('{"epoch": 1, ', "it is no whole JSON: it ends too early"),
        ('{"epoch": 1, lr: 2}', "it is no JSON from character 14 on"),
        ("\ufffd", "it is no JSON from character 1 on"),
        ("3", "it is a number where an object with an epoch, a step and metrics is expected"),
        ("{}", "it does not tell the epoch"),
        ('{"epoch": 1}', "it does not tell the layers"),
        ('{"epoch": -1, "layers": {}}', "its epoch is -1, where a whole number from 0 to 999,999 is expected"),
        ('{"epoch": 1000000000000000000, "layers": {}}', "its epoch is 1000000000000000000, where a whole number"),
        ('{"epoch": "1", "layers": {}}', "its epoch is “1”, where a whole number"),
        ('{"epoch": 1, "layers": []}', "its layers are a list, where an object with counts of each matrix is expected"),
        ('{"epoch": 1, "layers": {}, "lr": "<b>"}', "its lr is “<b>”, where a number is expected"),
        ('{"epoch": 1, "layers": {}, "lr": true}', "its lr is true or false, where a number is expected"),
        ('{"epoch": 1, "layers": {}, "\\u001b[31m": 1}', "the name of a metric holds characters that cannot be shown"),
        ('{"epoch": 1, "layers": {"a": 3}}', "of a matrix it tells a number, where an object with counts is expected"),
        (
            '{"epoch": 1, "layers": {"a": {"born": 1}}}',
            "of a matrix it does not tell whole numbers for born, died, kept",
        ),
    ],
)
def test_a_line_that_cannot_be_is_told_with_its_number(path: Path, line: str, words: str) -> None:
    metrics = path / files.METRICS
    metrics.write_text(metrics.read_text() + f"{line}\n")
    [problem] = Run(path).problems
    assert problem.startswith(f"{metrics}, line 4, is no record of an epoch: {words}")


def test_lines_are_counted_from_the_beginning_of_the_file(path: Path) -> None:
    run = Run(path)
    assert run.problems == []
    with (path / files.METRICS).open("a") as file:
        file.write("x\ny\n")
    first, second = run.problems
    assert "metrics.jsonl, line 4, is" in first
    assert "metrics.jsonl, line 5, is" in second


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (RefusedError("it is\nthis\x1b"), "it is this�"),
        (ConfigError("density is 3"), "density is 3"),
        (PermissionError(13, "Permission denied"), "permission denied"),
        (KeyError("config"), "it does not tell “config”"),
        (SafetensorError("Error while deserializing header: MetadataIncompleteBuffer"), "it was cut short, or its"),
        (TypeError("'int' object is not subscriptable"), "one of its entries is not of the kind that is expected"),
        (RecursionError("maximum recursion depth exceeded"), "it is nested too deeply"),
        (RefusedError("x" * 1000), "x" * 300 + "…"),
    ],
)
def test_reasons_are_words(error: Exception, words: str) -> None:
    assert reason(error).startswith(words)


def test_values_are_shown_as_they_are_written_and_not_as_python_would() -> None:
    values: list[Any] = [None, True, 3, 2.5, "a\x1bb\n", "x" * 50, [1], {}]
    assert [shown(value) for value in values] == [
        "nothing", "true or false", "3", "2.5", "“a�b ”", f"“{'x' * 40}…”", "a list", "an object",
    ]  # fmt: skip


def test_what_acts_in_a_terminal_is_not_passed_on(path: Path) -> None:
    about = files.read_json(path / files.RUN)
    told = about | {"message": "\x1b]0;x\x07one\ntwo\u202e", "status": "failed\x1b[31m", "created": "\x1b"}
    (path / files.RUN).write_bytes(files.to_json(told))
    run = Run(path)
    assert (run.about["message"], run.about["status"], run.about["created"]) == ("�]0;x�one\ntwo�", "failed�[31m", "�")
    layers = [dict(about["layers"][0], name="\x1b[31m"), *about["layers"][1:]]
    (path / files.RUN).write_bytes(files.to_json(about | {"layers": layers}))
    with pytest.raises(
        files.RunError, match=r"what a matrix is called holds characters that cannot be shown: “�\[31m”"
    ):
        Run(path)


def test_millions_of_empty_lines_are_looked_at_one_by_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EPOCHS", 100)
    (path / files.METRICS).write_bytes(b"\n" * 200_000)
    assert Run(path).epochs == [0, 1, 2]
    assert len(Run(path).problems) == limits.PROBLEMS + 1


def test_an_epoch_told_of_again_and_again_is_looked_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = path / files.METRICS
    lines = metrics.read_text().splitlines()
    again = json.dumps(json.loads(lines[1]) | {"lr": 7.0})
    metrics.write_text("\n".join([*lines, *[lines[1]] * 1000, again]) + "\n")
    looked: list[Path] = []
    read = files.read_header
    monkeypatch.setattr(files, "read_header", lambda path: looked.append(path) or read(path))
    run = Run(path)
    assert (run.epochs, len(looked), run.rows[1]["lr"]) == ([0, 1, 2], 3, 7.0)
