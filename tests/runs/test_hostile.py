"""Runs made by a stranger: what cannot be is refused in a sentence, and takes neither memory nor time."""

from __future__ import annotations

import json
import math
import os
import shutil
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save

from strnn_viz.config import preset
from strnn_viz.errors import RunError, StrnnVizError
from strnn_viz.runs import Run, files, limits, list_runs
from tests.synthetic import make_run

MEMORY = 64 * 2**20  # what looking at a broken tiny run may take at most; a whole one takes 1 MB
MATRIX = "lstm.0.weight_hh"


def look_at_all(path: Path) -> tuple[list[int], list[str]]:
    """Read everything a viewer could ask for; what is refused is, and nothing else happens."""
    said = []

    def told(what: Callable[[], Any]) -> Any:
        try:
            return what()
        except StrnnVizError as error:
            said.append(str(error))
            return None

    run = told(lambda: Run(path))
    if run is None:
        return [], said
    epochs = told(lambda: run.epochs) or []
    for epoch in epochs:
        for name in list(run.layers)[:3]:
            told(lambda e=epoch, n=name: run.bits(e, n))
            told(lambda e=epoch, n=name: run.histograms(e, n))
            told(lambda e=epoch, n=name: run.layer(e, n).weight)
        told(lambda e=epoch: run[e].density)
    for look in (lambda: run.status, lambda: run.progress, lambda: run.metrics, run.checkpoints, lambda: run.version,
                 lambda: repr(run), lambda: json.dumps([dict(row) for row in run.rows], allow_nan=False)):  # fmt: skip
        told(look)
    return epochs, said + (told(lambda: run.problems) or [])


def in_bounds(path: Path) -> tuple[list[int], list[str]]:
    tracemalloc.start()
    try:
        found = look_at_all(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MEMORY, peak
    assert all(len(sentence) < 1000 for sentence in found[1])
    assert len(found[1]) <= 200
    return found


def snapshot_of(path: Path, epoch: int = 1) -> Path:
    return files.epoch_file(path / files.SNAPSHOTS, epoch)


def change_about(path: Path, **changes: Any) -> None:
    about = json.loads((path / files.RUN).read_bytes()) | changes
    (path / files.RUN).write_text(json.dumps(about))


def change_snapshot(path: Path, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    arrays, header = files.read_arrays(snapshot_of(path))
    change(arrays, header)
    snapshot_of(path).write_bytes(save(arrays, metadata={"strnn_viz": json.dumps(header)}))


def test_the_largest_seed_is_read(tmp_path: Path) -> None:
    seed = 2**63 - 1
    assert make_run(tmp_path / "run", preset("demo", seed=seed), epochs=1, hidden=4).config.seed == seed


def test_a_whole_run_is_whole(path: Path) -> None:
    assert in_bounds(path) == ([0, 1, 2], [])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": 1, "format": 1}', "holds a key twice"),
        (b'{"format": NaN}', "holds NaN, which is no number of JSON"),
        (b'{"format": 1e999}', "a number too large"),
        (b'{"format": 123456789012345678901}', "more than 64 bits"),
        (b'{"format": ' + b"9" * 5000 + b"}", "an integer of more than 64 bits"),
        (b'{"message": "\\ud800"}', "half of a character"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nested more than 32 deep"),
        (b'{"a":' * 900 + b"1" + b"}" * 900, "nested more than 32 deep"),
        (b'{"a":' * 200_000, "nested more than 32 deep"),
        (b" " * (limits.JSON_BYTES + 1), "4,194,305 bytes long, and at most 4,194,304 are read"),
        (b"[" + b"[]," * (limits.JSON_BYTES // 3 - 1) + b"1]", "holds a list, where a JSON object is expected"),
        (b'{"format": "' + b"x" * 100_000 + b'"}', "its format is “x{40}…”, where a number is expected"),
        (b'{"format": 2}', "is of format 2, and this version of strnn-viz reads format 1. Open it with"),
        (b"{}", "it does not tell “format”. Restore it from a copy"),
        (b'{"format": 1}', "it does not tell “config”"),
        (b"", "it is no whole JSON: it ends too early"),
        (b'{"format": 1,\n "name": ', "it is no whole JSON: it ends too early"),
        (b'{"format": 1,\n name: 3}', "it is no JSON from line 2, character 2 on"),
        (b"\xff" * 100, "it is no text in UTF-8 from byte 1 on"),
    ],
)
def test_a_run_json_that_cannot_be(path: Path, content: bytes, message: str) -> None:
    (path / files.RUN).write_bytes(content)
    with pytest.raises(RunError, match=message) as told:
        Run(path)
    assert len(str(told.value)) < 700
    assert len(list_runs(path.parent)[1]) == 1


def layer(**changes: Any) -> dict[str, Any]:
    return {"name": "a", "shape": [2, 2], "role": "linear", "group": "", "gates": [], "tied": []} | changes


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layers": [layer(shape=[2**40, 2**40])]}, "and at most 268,435,456 positions are read"),
        ({"layers": [layer(shape=[-4, 4])]}, "would be a -4 × 4 matrix"),
        ({"layers": [layer(shape=[0, 4])]}, "would be a 0 × 4 matrix"),
        ({"layers": [layer(shape=[2.5, 4])]}, "the shape of a is not two whole numbers"),
        ({"layers": [layer(shape=["2", "4"])]}, "the shape of a is not two whole numbers"),
        ({"layers": [layer(shape=[2, 2, 2])]}, "is not that of a run"),
        ({"layers": [layer(shape=None)]}, "is not that of a run"),
        ({"layers": [layer(gates=["i", "f", "g"])]}, "the 2 rows of a cannot be those of 3 gates"),
        ({"layers": [layer(name="n" * 301)]}, "a name of 301 characters"),
        ({"layers": [layer(name="")]}, "a name of 0 characters"),
        ({"layers": [layer(), layer()]}, "two of its matrices have one name"),
        ({"layers": [layer(name=str(i)) for i in range(4097)]}, "no list of at most 4,096 matrices"),
        ({"layers": {"a": layer()}}, "no list of at most 4,096 matrices"),
        ({"layers": "x"}, "no list of at most 4,096 matrices"),
        ({"layers": [3]}, "is not that of a run"),
        ({"status": ["training"]}, "its status is a list, where text is expected"),
        ({"message": {}}, "its message is an object, where text is expected"),
        ({"created": 3}, "its created is a number, where text is expected"),
        ({"config": 3}, "is not that of a run"),
        ({"config": {"seed": []}}, "is not that of a run"),
        ({"parent": "x"}, "is not that of a run"),
        ({"parent": {"name": "x", "epoch": []}}, "is not that of a run"),
    ],
)
def test_a_run_that_cannot_be(path: Path, changes: dict[str, Any], message: str) -> None:
    change_about(path, **changes)
    with pytest.raises(RunError, match=message):
        Run(path)
    in_bounds(path)


def test_a_hundred_thousand_matrices_are_not_even_parsed(path: Path) -> None:
    (path / files.RUN).write_text(json.dumps({"format": 1, "layers": [layer(name=str(i)) for i in range(10**5)]}))
    _, said = in_bounds(path)
    assert len(said) == 1
    assert "and at most 4,194,304 are read" in said[0]


def raw(header: bytes, body: bytes = b"", told: int | None = None) -> bytes:
    return (len(header) if told is None else told).to_bytes(8, "little") + header + body


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"\x10", "it was cut short: 1 of at least 8 bytes are left"),
        (raw(b"{}", told=2**63), "header would be 9,223,372,036,854,775,808 bytes long, and the file has 10"),
        (raw(b"{}", told=3), "header would be 3 bytes long"),
        (raw(b" " * (limits.HEADER_BYTES + 1)), "at most 4,194,304 are read"),
        (raw(b"[" * 100_000), "is damaged"),
        (raw(b'{"a":' * 100_000), "is damaged"),
        (raw(b"\xff\xfe"), "is damaged"),
        (raw(b"{}"), "is damaged"),
        (raw(b'{"__metadata__": {"strnn_viz": "[1]"}}'), "its header is a list, where an object is expected"),
        (raw(b'{"__metadata__": {"strnn_viz": "{\\"format\\": 1}"}}'), "is damaged"),
        (
            raw(b'{"x": {"dtype": "F32", "shape": [4611686018427387904, 4], "data_offsets": [0, 4]}}', b"0000"),
            "damaged",
        ),
        (raw(b'{"x": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}', b"0000"), "damaged"),
        (raw(b'{"x": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}', b"0000"), "damaged"),
        (raw(b'{"x": {"dtype": "U8", "shape": [99999999999], "data_offsets": [0, 99999999999]}}', b"0"), "damaged"),
    ],
)
def test_a_snapshot_file_that_cannot_be(path: Path, content: bytes, message: str) -> None:
    snapshot_of(path).write_bytes(content)
    epochs, said = in_bounds(path)
    assert epochs == [0, 2]
    assert len(said) == 1
    assert "000001.safetensors is damaged and cannot be used" in said[0]
    with pytest.raises(RunError, match=message):
        files.read_header(snapshot_of(path))


def test_a_huge_file_with_nothing_in_it_is_not_read(path: Path) -> None:
    with snapshot_of(path).open("r+b") as file:
        file.truncate(limits.SNAPSHOT_BYTES + 1)
    assert "at most 2,147,483,648 are read" in in_bounds(path)[1][0]


def _row(header: dict[str, Any], name: str = MATRIX) -> dict[str, Any]:
    return next(row for row in header["layers"] if row["name"] == name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda a, h: a.update({f"{MATRIX}/bits": a[f"{MATRIX}/bits"][:-1]}),
            "has 17 bytes, and one of a .* has 18",
        ),
        (lambda a, h: a.update({f"{MATRIX}/bits": a[f"{MATRIX}/bits"].astype(np.int16)}), "has 18 bytes, and one of a"),
        (lambda a, h: a.update({f"{MATRIX}/values": a[f"{MATRIX}/values"][None]}), "has 1 × 29 weights for 29"),
        (lambda a, h: a.update({f"{MATRIX}/values": a[f"{MATRIX}/values"].astype("f8")}), "29 weights for 29"),
        (lambda a, h: a.update({f"{MATRIX}/values": a[f"{MATRIX}/values"] * np.float32(np.nan)}), "not finite"),
        (lambda a, h: a[f"{MATRIX}/values"].__setitem__(3, np.inf), "not finite"),
        (lambda a, h: a.update({f"{MATRIX}/born_histogram": np.zeros(2, np.int64)}), "has 2 entries, not 97"),
        (lambda a, h: a.update({f"{MATRIX}/born_histogram": np.full(97, -1)}), "counts fewer than none"),
        (lambda a, h: a.pop(f"{MATRIX}/bits"), "is damaged"),
    ],
)
def test_arrays_that_are_not_what_they_should_be(path: Path, change: Callable[..., None], message: str) -> None:
    change_snapshot(path, change)
    with pytest.raises(RunError, match=message):
        Run(path)[1]
    epochs, _ = in_bounds(path)
    assert {0, 2} <= set(epochs)


def test_positions_beyond_the_end_of_a_matrix(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", preset("demo", epochs=1), epochs=1, hidden=3)  # 36 positions: 4.5 bytes
    assert run.layers[MATRIX].size == 36
    change_snapshot(run.path, lambda arrays, _: arrays[f"{MATRIX}/bits"].__setitem__(-1, 1))
    for read in (lambda: run[1], lambda: run.bits(1, MATRIX), lambda: run.layer(1, MATRIX)):
        with pytest.raises(RunError, match=r"positions beyond the end of a 12 × 3 matrix"):
            read()


@pytest.mark.parametrize(
    "change",
    [
        lambda a, h: _row(h).update(shape=[48, 3]),
        lambda a, h: _row(h).update(name="other"),
        lambda a, h: h["layers"].append(_row(h)),
        lambda a, h: h["layers"].clear(),
        lambda a, h: h.update(layers=3),
        lambda a, h: h.update(epoch=2),
        lambda a, h: h.update(epoch=-1),
        lambda a, h: h.update(step="many"),
        lambda a, h: h.update(step=10**400),
        lambda a, h: h["metrics"].update(lr="<img src=x>"),
        lambda a, h: h["metrics"].update(lr={"a": []}),
        lambda a, h: _row(h)["churn"].update(born=-1),
        lambda a, h: _row(h)["churn"].update(born=1.5),
        lambda a, h: _row(h)["churn"].update(threshold="x"),
        lambda a, h: _row(h)["churn"].update(extra=1),
        lambda a, h: _row(h)["churn"].pop("kept"),
        lambda a, h: _row(h).pop("churn"),
    ],
)
def test_a_header_that_contradicts_the_run_costs_that_epoch_only(path: Path, change: Callable[..., None]) -> None:
    change_snapshot(path, change)
    epochs, said = in_bounds(path)
    assert epochs == [0, 2]
    assert len(said) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"epoch": -1}, {"epoch": 10**6}, {"epoch": "1"}, {"epoch": True}, {"epoch": 1.0}, {"epoch": None},
        {"layers": []}, {"layers": {MATRIX: 3}}, {"lr": "0.1"}, {"lr": [1]}, {"n" * 301: 1},
        {str(i): i for i in range(300)}, {"lr": 10**30}, {"message": "x" * limits.LINE_BYTES},
    ],
)  # fmt: skip
def test_a_line_of_metrics_that_cannot_be_is_taken_from_its_snapshot(path: Path, change: dict[str, Any]) -> None:
    lines = (path / files.METRICS).read_text().splitlines()
    lines[1] = json.dumps(json.loads(lines[1]) | change)
    (path / files.METRICS).write_text("\n".join(lines) + "\n")
    epochs, said = in_bounds(path)
    assert epochs == [0, 1, 2]
    assert len(said) == 1
    assert f"{files.METRICS}, line 2, is no record of an epoch: " in said[0]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "[" * 3000, '1, "lr": 2'])
def test_a_line_that_is_no_json_is_taken_from_its_snapshot(path: Path, value: str) -> None:
    lines = (path / files.METRICS).read_text().splitlines()
    lines[2] = f'{{"lr": {value}, {lines[2][1:]}'
    (path / files.METRICS).write_text("\n".join(lines) + "\n")
    epochs, said = in_bounds(path)
    assert (epochs, len(said)) == ([0, 1, 2], 1)


def test_other_matrices_in_the_metrics_cost_that_epoch(path: Path) -> None:
    lines = (path / files.METRICS).read_text().splitlines()
    lines[1] = lines[1].replace(MATRIX, "other")
    (path / files.METRICS).write_text("\n".join(lines) + "\n")
    epochs, said = in_bounds(path)
    assert (epochs, len(said)) == ([0, 2], 1)
    assert "tell of different matrices or epochs" in said[0]


def test_metrics_that_are_too_long_are_taken_from_the_snapshots(path: Path) -> None:
    with (path / files.METRICS).open("r+b") as file:
        file.truncate(limits.METRICS_BYTES + 1)
    assert in_bounds(path) == (
        [0, 1, 2],
        [
            f"{path / files.METRICS} cannot be read: it is 33,554,433 bytes long, and at most 33,554,432 are read. "
            "Epochs are read from their snapshots instead, where these are whole."
        ],
    )


def test_a_great_many_problems_are_told_as_a_few(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "EPOCHS", 500)
    with (path / files.METRICS).open("ab") as file:
        file.write(b"x\n" * 10_000)
    problems = Run(path).problems
    assert len(problems) == limits.PROBLEMS + 1
    assert problems[-1] == f"{path} has 478 more problems like these."
    assert Run(path).epochs == [0, 1, 2]


def test_names_of_metrics_have_an_end(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MEASURES", 12)
    lines = [json.loads(line) for line in (path / files.METRICS).read_text().splitlines()]
    for i, line in enumerate(lines):
        line |= {f"m{i}-{j}": 0 for j in range(12 - len(line))}
    (path / files.METRICS).write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    run = Run(path)
    assert run.epochs == [0]
    assert "more than 12 metrics" in run.problems[0]


@pytest.mark.parametrize("name", [files.RUN, files.METRICS, "snapshots/000001.safetensors"])
def test_a_link_to_another_file_is_not_followed(path: Path, name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    shutil.move(path / name, secret)
    (path / name).symlink_to(secret)
    epochs, said = in_bounds(path)
    assert epochs == {files.RUN: [], files.METRICS: [0, 1, 2]}.get(name, [0, 2])
    assert all("is a link, and files elsewhere are not read" in sentence for sentence in said)
    assert said


def test_what_a_link_leads_to_is_not_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("toor:hash\n")
    (path / files.METRICS).unlink()
    (path / files.METRICS).symlink_to(tmp_path / "secret")
    assert "toor" not in str(in_bounds(path))


def test_a_folder_of_snapshots_elsewhere_is_not_read(path: Path, tmp_path: Path) -> None:
    shutil.move(path / files.SNAPSHOTS, tmp_path / "elsewhere")
    (path / files.SNAPSHOTS).symlink_to(tmp_path / "elsewhere")
    epochs, said = in_bounds(path)
    assert epochs == []
    assert "its folder is a link" in said[0]


@pytest.mark.parametrize("name", [files.RUN, files.METRICS, files.PROGRESS, "snapshots/000001.safetensors"])
def test_a_pipe_is_not_waited_for(path: Path, name: str) -> None:
    (path / name).unlink(missing_ok=True)
    os.mkfifo(path / name)
    epochs, said = in_bounds(path)
    assert epochs == {files.RUN: [], files.METRICS: [0, 1, 2], files.PROGRESS: [0, 1, 2]}.get(name, [0, 2])
    assert all("it is a pipe, where an ordinary file is expected" in sentence for sentence in said)


def test_a_lock_that_is_a_link_is_not_opened(path: Path, tmp_path: Path) -> None:
    change_about(path, status="training")
    (path / "writer.lock").unlink()
    (path / "writer.lock").symlink_to(tmp_path / "made")
    assert Run(path).status == "interrupted"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "progress",
    [{"epoch": 1e999}, {"steps": 10**400, "step": 10**400}, {"epoch": []}, {"steps": -5}, {"x": 1}, {"step": "1e3"},
     {"epoch_seconds": {}}, {"tokens_per_second": 10**400}],
)  # fmt: skip
def test_progress_that_cannot_be_is_none(path: Path, progress: dict[str, Any]) -> None:
    whole = {"epoch": 1, "epochs": 2, "step": 0, "steps": 5}
    (path / files.PROGRESS).write_text(json.dumps(whole | progress))
    assert Run(path).progress is None


def test_a_run_elsewhere_is_not_listed(path: Path, tmp_path: Path) -> None:
    shutil.copytree(path, tmp_path / "outside")
    root = path.parent
    for name, target in [("leaves", tmp_path / "outside"), ("relative", Path("../outside")), ("stays", path),
                         ("itself", root / "itself"), ("above", Path("..")), ("nothing", tmp_path / "no")]:  # fmt: skip
        (root / name).symlink_to(target)
    runs, problems = list_runs(root)
    assert sorted(run.name for run in runs) == ["run", "stays"]
    assert [name in problem for name, problem in zip(("leaves", "relative"), problems, strict=True)] == [True, True]
    assert all("leads out of" in problem for problem in problems)


@pytest.mark.parametrize("name", [b"not-\xff-text", b"two\nlines", b"\x1b[31mred"])
def test_a_name_that_cannot_be_shown_is_not_listed(path: Path, name: bytes) -> None:
    os.rename(os.fsencode(path), os.path.join(os.fsencode(path.parent), name))  # noqa: PTH104, PTH118
    runs, problems = list_runs(path.parent)
    assert (runs, len(problems)) == ([], 1)
    assert problems[0].isprintable()
    assert problems[0].isascii() or str(path.parent) in problems[0]


NAMES = [files.RUN, files.METRICS, "snapshots/000000.safetensors", "snapshots/000001.safetensors"]
CUTS = st.tuples(st.sampled_from(NAMES), st.floats(0, 1), st.just("cut"), st.just(0))
FLIPS = st.tuples(st.sampled_from(NAMES), st.floats(0, 1), st.just("flip"), st.integers(1, 255))
HEADS = st.tuples(st.sampled_from(NAMES), st.floats(0, 0.2), st.just("flip"), st.integers(1, 255))
WORDS = [b"NaN", b"-1", b"1e999", b"9" * 40, b"[]", b"{}", b"null", b'"x"', b"\\ud800", b"\x00", b"[" * 5000]
SWAPS = st.tuples(st.sampled_from(NAMES), st.floats(0, 1), st.just("word"), st.sampled_from(WORDS))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damage=st.lists(st.one_of(CUTS, FLIPS, HEADS, SWAPS), min_size=1, max_size=4))
def test_any_damage_is_refused_or_harmless(
    tiny: Path, tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[str, float, str, Any]]
) -> None:
    path = shutil.copytree(tiny, tmp_path_factory.getbasetemp() / "damaged" / "run", dirs_exist_ok=True)
    for name, where, how, what in damage:
        content = bytearray((path / name).read_bytes())
        at = math.floor(where * (len(content) - 1)) if content else 0
        if how == "cut":
            del content[at:]
        elif how == "flip" and content:
            content[at] ^= what
        elif how == "word":
            # In place of a number or a word, so that it is often still JSON.
            numbers = [i for i in range(at, min(at + 400, len(content))) if chr(content[i]).isdigit()]
            start = numbers[0] if numbers else at
            end = start
            while end < len(content) and chr(content[end]) in "0123456789.":
                end += 1
            content[start:end] = what
        (path / name).write_bytes(content)
    in_bounds(path)
    list_runs(path.parent)
