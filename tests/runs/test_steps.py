from pathlib import Path

import pytest

from strnn_viz.config import RunConfig
from strnn_viz.runs import Run, RunWriter
from strnn_viz.runs.steps import FILE, append_steps, forget_steps, read_steps
from tests.synthetic import snapshots


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with RunWriter(tmp_path / "run", RunConfig()) as writer:
        for snapshot in snapshots(epochs=3, hidden=4):
            if snapshot.epoch:
                append_steps(writer.path, snapshot.epoch, [(0.5, 6.0 - snapshot.epoch), (1.0, 5.5 - snapshot.epoch)])
            writer.append(snapshot)
    return tmp_path / "run"


def test_the_loss_within_epochs_is_told_in_the_order_of_time(path: Path) -> None:
    assert Run(path).steps == [(0.5, 5.0), (1.0, 4.5), (1.5, 4.0), (2.0, 3.5), (2.5, 3.0), (3.0, 2.5)]


def test_an_epoch_told_of_twice_counts_once_and_unknown_ones_do_not(path: Path) -> None:
    append_steps(path, 2, [(1.0, 9.0)])
    append_steps(path, 4, [(1.0, 9.0)])  # recorded before an epoch that never came
    assert Run(path).steps == [(0.5, 5.0), (1.0, 4.5), (2.0, 9.0), (2.5, 3.0), (3.0, 2.5)]


def test_a_resumed_run_forgets_what_comes_after(path: Path) -> None:
    forget_steps(path, 1)
    assert read_steps(path, [1, 2, 3]) == [(0.5, 5.0), (1.0, 4.5)]
    with RunWriter(path, RunConfig(), resume=True) as writer:
        writer.forget_after(0)
    assert Run(path).steps == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"epoch": 1, "parts": [[0.5, 1e999]]}', b'{"epoch": "1", "parts": []}', b'{"epoch": 1, "parts": [[2, 1]]}',
        b'{"epoch": 1, "parts": 3}', b"[]", b"{", b'{"epoch": 1, "parts": [' + b"[0.5, 1.0], " * 60 + b"[1.0, 1.0]]}",
        b'{"epoch": 1, "parts": [[0.5, NaN]]}', b"[" * 5000,
    ],
)  # fmt: skip
def test_what_is_no_record_is_left_out_and_harms_nothing(path: Path, line: bytes) -> None:
    (path / FILE).write_bytes(line + b"\n" + (path / FILE).read_bytes() + b'{"epoch": 3, "par')
    run = Run(path)
    assert len(run.steps) == 6
    assert run.problems == []


def test_a_run_without_the_file_or_with_a_link_in_its_place_has_none(path: Path) -> None:
    (path / FILE).unlink()
    assert Run(path).steps == []
    (path / FILE).symlink_to("/dev/zero")
    assert Run(path).steps == []
