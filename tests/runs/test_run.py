import json
import threading
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, RunWriter, check_name, files, free_name, list_runs
from tests.synthetic import make_run, snapshots


@pytest.fixture
def run(tmp_path) -> Run:
    return make_run(tmp_path / "run", epochs=4)


def test_what_was_written_is_read(tmp_path):
    written = list(snapshots(epochs=3))
    config = preset("demo", density=0.3, seed=9)
    with RunWriter(tmp_path / "r", config) as writer:
        for snapshot in written:
            writer.append(snapshot, seconds=2.5)
    run = Run(tmp_path / "r")
    assert run.config == config
    assert run.epochs == [0, 1, 2, 3]
    assert len(run) == 4
    assert list(run.layers.values()) == [layer.info for layer in written[0].layers.values()]
    for expected, read in zip(written, run, strict=True):
        assert (read.epoch, read.step) == (expected.epoch, expected.step)
        assert dict(read.metrics) == dict(expected.metrics)
        for name, layer in expected.layers.items():
            one = run.layer(read.epoch, name)
            assert np.array_equal(run.bits(read.epoch, name), layer.bits)
            for found in (read.layers[name], one):
                assert np.array_equal(found.mask, layer.mask)
                assert np.array_equal(found.weight, layer.weight)
                assert np.array_equal(found.born_histogram, layer.born_histogram)
                assert repr(found.churn) == repr(layer.churn)
                assert not found.values.flags.writeable
    assert run.metrics["epoch"].tolist() == [0, 1, 2, 3]
    assert run.metrics["valid_perplexity"].tolist() == [s.metrics["valid_perplexity"] for s in written]
    assert run.metrics["seconds"].tolist() == [2.5] * 4
    assert run.status == "finished"
    assert run.about["versions"]["numpy"] == np.__version__


def test_a_run_without_an_epoch_is_a_run(tmp_path):
    RunWriter(tmp_path / "r", preset("demo")).close()
    run = Run(tmp_path / "r")
    assert (run.epochs, len(run.metrics), run.layers, run.status) == ([], 0, {}, "interrupted")
    with pytest.raises(UsageError, match="run r has no epoch 0. It has none yet"):
        run[0]


def test_an_epoch_that_is_not_there(run):
    with pytest.raises(UsageError, match="run run has no epoch 9. It has epochs 0 to 4"):
        run[9]


def test_a_torn_last_line_costs_nothing_for_its_snapshot_is_whole(run):
    path = run.path / files.METRICS
    content = path.read_bytes()
    for cut in (1, 40, 200):
        path.write_bytes(content[:-cut])
        assert Run(run.path).epochs == [0, 1, 2, 3]  # it may be a line that is just being written
    path.write_bytes(content[:-1] + b"garbage\n")
    again = Run(run.path)
    assert again.epochs == [0, 1, 2, 3, 4]  # a whole line that cannot be read: taken from the snapshot's own header
    assert again.rows[4]["valid_perplexity"] == run.rows[4]["valid_perplexity"]
    assert len(again.problems) == 1
    assert ", line 5, is no record of an epoch: it is no JSON from character 984 on" in again.problems[0]


def test_a_half_written_snapshot_costs_that_epoch_only(run):
    victim = files.epoch_file(run.path / files.SNAPSHOTS, 2)
    victim.write_bytes(victim.read_bytes()[:-100])
    again = Run(run.path)
    assert again.epochs == [0, 1, 3, 4]
    assert again[3].epoch == 3
    with pytest.raises(RunError, match=r"000002\.safetensors is damaged and cannot be used"):
        again[2]
    assert any("000002" in p for p in again.problems)


def test_a_snapshot_that_contradicts_itself_is_refused(run):
    path = files.epoch_file(run.path / files.SNAPSHOTS, 1)
    arrays, header = files.read_arrays(path)
    arrays["lstm.0.weight_hh/values"] = arrays["lstm.0.weight_hh/values"][:-1]
    path.write_bytes(files.array_bytes(arrays, header))
    with pytest.raises(RunError, match=r"lstm\.0\.weight_hh has 460 weights for 461 active positions"):
        Run(run.path)[1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read: it is no whole JSON: it ends too early"),
        (b'{"format": 1', "cannot be read: it is no whole JSON"),
        (b"[1]", "holds a list, where a JSON object is expected"),
        (b'{"format": 99}', "is of format 99, and this version of strnn-viz reads format 1"),
        (b'{"format": 1}', "is not that of a run"),
        (b"\xff\xfd", "cannot be read: it is no text in UTF-8 from byte 1 on"),
        (b"[" * 100_000, "cannot be read: it is nested more than 32 deep"),
    ],
)
def test_a_broken_run_json_is_one_message(tmp_path, content, message):
    (tmp_path / files.RUN).write_bytes(content)
    with pytest.raises(RunError, match=message):
        Run(tmp_path)


def test_no_run_at_all(tmp_path):
    with pytest.raises(RunError, match=r"is not a run: it has no run\.json"):
        Run(tmp_path / "nowhere")


def test_a_reader_beside_the_writer_sees_whole_epochs_only(tmp_path):
    config = preset("demo", epochs=40)
    RunWriter(tmp_path / "r", config).close()
    done, failures, seen = threading.Event(), [], set()

    def read() -> None:
        run = Run(tmp_path / "r")
        try:
            while not done.is_set() or run.epochs != list(range(41)):
                fresh = Run(tmp_path / "r")
                for one in (run, fresh):
                    epochs = one.epochs
                    assert epochs == list(range(len(epochs)))
                    if epochs:
                        snapshot = one[epochs[-1]]
                        assert snapshot.nnz == sum(int(layer.mask.sum()) for layer in snapshot.layers.values())
                        seen.add(epochs[-1])
                    assert one.problems == []
            seen.add(run[run.epochs[-1]].epoch)
        except BaseException as error:
            failures.append(error)

    reader = threading.Thread(target=read)
    reader.start()
    with RunWriter(tmp_path / "r", config, resume=True) as writer:
        for snapshot in snapshots(epochs=40, hidden=8):
            writer.append(snapshot)
    done.set()
    reader.join(timeout=60)
    assert not reader.is_alive()
    assert failures == []
    assert 40 in seen


def test_version_changes_when_there_is_something_new_and_only_then(tmp_path):
    writer = RunWriter(tmp_path / "r", preset("demo"))
    run = Run(tmp_path / "r")
    versions = [run.version]
    for snapshot in snapshots(epochs=2):
        writer.append(snapshot)
        assert run.version == run.version
        versions.append(run.version)
    writer.status("finished")
    versions.append(run.version)
    writer.close()
    assert len(set(versions)) == len(versions)


def test_a_run_recorded_again_after_a_crash_is_read_again(tmp_path):
    config = preset("demo")
    with RunWriter(tmp_path / "r", config) as writer:
        for snapshot in snapshots(epochs=4, seed=1):
            writer.append(snapshot)
    run = Run(tmp_path / "r")
    old = run[3].mask("lstm.0.weight_hh")
    with RunWriter(tmp_path / "r", config, resume=True) as writer:
        writer.forget_after(1)
        assert run.epochs == [0, 1]
        for snapshot in list(snapshots(epochs=4, seed=2))[2:]:
            writer.append(snapshot)
    assert run.epochs == [0, 1, 2, 3, 4]
    assert not np.array_equal(run[3].mask("lstm.0.weight_hh"), old)


def test_list_runs_is_newest_first_and_goes_on_past_a_broken_one(tmp_path):
    for name in ("a", "b"):
        make_run(tmp_path / name, epochs=1)
    about = json.loads((tmp_path / "a" / files.RUN).read_bytes()) | {"created": "2001-01-01T00:00:00+00:00"}
    (tmp_path / "a" / files.RUN).write_text(json.dumps(about))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / files.RUN).write_text("{")
    (tmp_path / "no-run").mkdir()
    runs, problems = list_runs(tmp_path)
    assert [r.name for r in runs] == ["b", "a"]
    assert len(problems) == 1
    assert list_runs(tmp_path / "nowhere") == ([], [])


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 101, "ü", "a\n"])
def test_a_name_that_cannot_be_a_directory_of_its_own(name):
    with pytest.raises(UsageError, match="cannot name a run"):
        check_name(name)


def test_free_name(tmp_path):
    assert free_name(tmp_path, "demo") == check_name("demo")
    for taken in ("demo", "demo-2"):
        (tmp_path / taken).mkdir()
    assert free_name(tmp_path, "demo") == "demo-3"
    assert free_name(Path("/nowhere"), "demo") == "demo"
