import errno
import os

import pytest

from strnn_viz.config import preset
from strnn_viz.errors import RunError
from strnn_viz.runs import Control, Progress, Run, RunWriter, files, is_being_written, send, wanted
from strnn_viz.runs.control import read_progress, write_progress
from tests.synthetic import make_run, snapshots


def test_a_run_is_not_overwritten(tmp_path):
    make_run(tmp_path / "r", epochs=1)
    with pytest.raises(RunError, match=r"already holds a run. Choose another --name, or continue it with: strnn-viz"):
        RunWriter(tmp_path / "r", preset("demo"))
    assert Run(tmp_path / "r").epochs == [0, 1]


def test_one_writer_at_a_time(tmp_path):
    writer = RunWriter(tmp_path / "r", preset("demo"))
    assert is_being_written(tmp_path / "r")
    with pytest.raises(RunError, match=f"is being written by process {os.getpid()} on host"):
        RunWriter(tmp_path / "r", preset("demo"), resume=True)
    writer.close()
    assert not is_being_written(tmp_path / "r")
    RunWriter(tmp_path / "r", preset("demo"), resume=True).close()


def test_how_it_ended_is_noted(tmp_path):
    with RunWriter(tmp_path / "good", preset("demo")):
        assert Run(tmp_path / "good").status == "training"
    with pytest.raises(ZeroDivisionError), RunWriter(tmp_path / "bad", preset("demo")):
        _ = 1 / 0
    with pytest.raises(KeyboardInterrupt), RunWriter(tmp_path / "cut", preset("demo")):
        raise KeyboardInterrupt
    assert [Run(tmp_path / n).status for n in ("good", "bad", "cut")] == ["finished", "failed", "stopped"]
    assert Run(tmp_path / "bad").about["message"] == "division by zero"


def test_a_full_disk_is_one_message_and_loses_nothing(tmp_path, monkeypatch):
    first, second, *_ = snapshots()
    replace = os.replace
    with pytest.raises(RunError) as caught, RunWriter(tmp_path / "r", preset("demo")) as writer:
        writer.append(first)

        def full(descriptor):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        writer.append(second)
    monkeypatch.undo()
    assert replace is os.replace
    assert "No space left on device. What was recorded before is intact; make room" in str(caught.value)
    run = Run(tmp_path / "r")
    assert run.epochs == [0]
    assert run.problems == []
    assert list((tmp_path / "r" / files.SNAPSHOTS).iterdir()) == [files.epoch_file(run.path / files.SNAPSHOTS, 0)]


def test_a_directory_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="cannot write"):
        RunWriter(tmp_path / "file" / "r", preset("demo"))


def test_what_is_wanted_of_a_run(tmp_path):
    assert wanted(tmp_path) == Control("run")
    send(tmp_path, Control("pause"))
    assert wanted(tmp_path) == Control("pause")
    send(tmp_path, Control("run", pause_after=7))
    assert wanted(tmp_path) == Control("run", 7)
    for garbage in ("{", "[]", '{"state": "explode", "pause_after": null}', '{"state": "stop", "pause_after": "x"}'):
        (tmp_path / files.CONTROL).write_text(garbage)
        assert wanted(tmp_path) == Control("run")


def test_an_old_wish_does_not_outlive_the_process_it_was_for(tmp_path):
    make_run(tmp_path / "r", epochs=1)
    send(tmp_path / "r", Control("stop"))
    RunWriter(tmp_path / "r", preset("demo"), resume=True).close()
    assert wanted(tmp_path / "r") == Control("run")


def test_progress_round_trip(tmp_path):
    assert read_progress(tmp_path) is None
    progress = Progress(2, 30, 17, 400, 1e5, 4.5, float("inf"), 5.25)
    write_progress(tmp_path, progress)
    read = read_progress(tmp_path)
    assert read is not None
    assert (read.epoch, read.step, read.train_loss) == (2, 17, 5.25)
    assert read.remaining_seconds != read.remaining_seconds  # not finite: unknown
    (tmp_path / files.PROGRESS).write_text('{"epoch": "x"}')
    assert read_progress(tmp_path) is None
