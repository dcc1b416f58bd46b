import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.errors import RunError
from strnn_viz.runs import Control, Progress, Run, Snapshot, files, send
from strnn_viz.training import Recording


def record(path: Path, config=None, **options) -> Run:
    for _ in Recording(path, config, **options).events():
        pass
    return Run(path)


def assert_same_snapshot(left: Snapshot, right: Snapshot) -> None:
    assert dict(left.metrics) == dict(right.metrics)
    for name, layer in left.layers.items():
        assert layer.bits.tobytes() == right.layers[name].bits.tobytes()
        assert layer.values.tobytes() == right.layers[name].values.tobytes()
        assert repr(layer.churn) == repr(right.layers[name].churn)


def assert_same_run(a: Run, b: Run) -> None:
    """Every snapshot, and the state to go on from, bit for bit."""
    assert a.epochs == b.epochs
    for epoch in a.epochs:
        assert_same_snapshot(a[epoch], b[epoch])
    last = a.checkpoints()[-1]
    arrays = [files.read_arrays(files.epoch_file(r.path / files.CHECKPOINTS, last)) for r in (a, b)]
    assert arrays[0][1] == arrays[1][1]
    for key, array in arrays[0][0].items():
        assert array.tobytes() == arrays[1][0][key].tobytes(), key


@pytest.mark.parametrize(
    "changes",
    [
        {"dropout": 0.3},
        {"algorithm": "adam", "lr": 0.01, "granularity": "gate", "initialization": "erdos_renyi"},
        {"update_every": 3, "clip": "dense"},
        {"momentum": 0.0, "reactivate": False, "tied": True},
    ],
    ids=lambda c: next(iter(c)),
)
def test_stopped_within_an_epoch_and_resumed_is_bit_for_bit_the_uninterrupted_run(tmp_path, tiny, changes):
    config = tiny.replace(changes)
    whole = record(tmp_path / "whole", config)
    for i, stop_at in enumerate((2, 17)):  # in the first epoch, and in the second (of whichever session)
        recording = Recording(tmp_path / "parts", config if i == 0 else None, resume=i > 0)
        steps = 0
        for event in recording.events():
            steps += isinstance(event, Progress)
            recording.stop = steps >= stop_at
        assert Run(tmp_path / "parts").status == "stopped"
    parts = record(tmp_path / "parts", resume=True)
    assert parts.status == "finished"
    assert_same_run(whole, parts)
    assert not (tmp_path / "parts" / files.CHECKPOINTS / files.WITHIN).exists()


def test_an_interrupt_in_the_middle_of_a_step_costs_at_most_the_epoch(tmp_path, tiny):
    whole = record(tmp_path / "whole", tiny)
    recording = Recording(tmp_path / "cut", tiny)
    inner, calls = recording.trainer.task.loss, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 40:
            raise KeyboardInterrupt
        return inner(*arguments)

    recording.trainer.task.loss = interrupted
    with pytest.raises(KeyboardInterrupt):
        list(recording.events())
    assert Run(tmp_path / "cut").status == "stopped"
    assert_same_run(whole, record(tmp_path / "cut", resume=True))


def test_killed_at_random_moments_and_resumed_is_bit_for_bit_the_uninterrupted_run(tmp_path, tiny):
    whole = record(tmp_path / "whole", tiny)
    told = [
        f"{s}.{k}={v}"
        for s, values in tiny.to_dict().items()
        if isinstance(values, dict)
        for k, v in values.items()
        if v != ""
    ]
    start = [a for kv in [*told, f"seed={tiny.seed}"] for a in ("--set", kv)]
    command = [sys.executable, "-m", "strnn_viz", "train", "demo", "--runs", str(tmp_path), "--name", "killed", *start]
    rng, path, kills = random.Random(7), tmp_path / "killed", 0
    for _ in range(4):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert process.stdout is not None
        # Wait for a sign of life rather than a time, then a random while within the work it does.
        seen = rng.randint(1, 2)
        for line in process.stdout:
            seen -= line.startswith("epoch")
            if seen == 0:
                break
        deadline = time.monotonic() + rng.uniform(0, 0.25)
        while time.monotonic() < deadline and process.poll() is None:
            pass
        kills += process.poll() is None
        process.kill()
        process.communicate()
        assert Run(path).status in ("interrupted", "finished")
        command = [sys.executable, "-m", "strnn_viz", "train", "--resume", str(path)]
        if Run(path).status == "finished":
            break
    assert kills >= 1
    if Run(path).status != "finished":
        subprocess.run(command, check=True, capture_output=True)
    assert_same_run(whole, Run(path))


def test_a_second_writer_is_refused_with_the_first_ones_pid(tmp_path, tiny):
    recording = Recording(tmp_path / "run", tiny)
    events = recording.events()
    next(events)
    command = [sys.executable, "-m", "strnn_viz", "train", "--resume", str(tmp_path / "run")]
    second = subprocess.run(command, capture_output=True, text=True)
    assert second.returncode == 1
    assert f"is being written by process {os.getpid()} on host" in second.stderr
    assert "Traceback" not in second.stderr
    events.close()
    assert Run(tmp_path / "run").status == "stopped"


def test_pause_resume_step_and_stop(tmp_path, tiny):
    config = tiny.replace({"epochs": 6})
    path = tmp_path / "run"
    code = "from strnn_viz.training import Recording; from strnn_viz.config import RunConfig; import json, sys; " \
        "[None for _ in Recording(sys.argv[1], RunConfig.from_dict(json.loads(sys.argv[2]))).events()]"  # fmt: skip
    path.mkdir()
    send(path, Control("run", pause_after=2))  # wanted before it began: pause once epoch 2 is there
    process = subprocess.Popen([sys.executable, "-c", code, str(path), json.dumps(config.to_dict())])
    try:
        run = opened(path)
        until(lambda: run.status == "paused")
        assert run.epochs == [0, 1, 2]
        send(path, Control("run", pause_after=3))
        until(lambda: run.status == "paused" and run.epochs[-1] == 3)
        send(path, Control("run"))
        until(lambda: run.epochs[-1] >= 4)
        send(path, Control("stop"))
        assert process.wait(timeout=60) == 0
        assert run.status in ("stopped", "finished")
    finally:
        process.kill()
        process.wait()
    if run.status == "stopped":
        record(path, resume=True)
    assert run.epochs == list(range(7))


def opened(path: Path) -> Run:
    until(lambda: (path / files.RUN).exists())
    return Run(path)


def until(condition, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.01)


def test_ctrl_c_finishes_cleanly_and_says_how_to_go_on(tmp_path):
    command = [sys.executable, "-m", "strnn_viz", "train", "demo", "--runs", str(tmp_path), "--name", "c",
               "--set", "execution=masked"]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 0"):
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == ""
    assert f"Continue with: strnn-viz train --resume {tmp_path / 'c'}" in out
    assert Run(tmp_path / "c").status == "stopped"


def test_a_finished_run_is_not_resumed(tmp_path, tiny):
    record(tmp_path / "run", tiny.replace({"epochs": 1}))
    with pytest.raises(RunError, match="is finished: it has all of its 1 epochs"):
        Recording(tmp_path / "run", resume=True)


def test_a_damaged_checkpoint_costs_an_epoch_not_the_run(tmp_path, tiny):
    whole = record(tmp_path / "whole", tiny)
    recording = Recording(tmp_path / "run", tiny)
    for event in recording.events():
        recording.stop = isinstance(event, Snapshot) and event.epoch == 2
    newest = files.epoch_file(tmp_path / "run" / files.CHECKPOINTS, 2)
    newest.write_bytes(newest.read_bytes()[:1000])
    assert_same_run(whole, record(tmp_path / "run", resume=True))


def test_a_run_killed_before_its_first_checkpoint_begins_anew(tmp_path, tiny):
    whole = record(tmp_path / "whole", tiny)
    recording = Recording(tmp_path / "run", tiny)
    recording.writer.close()
    assert Run(tmp_path / "run").status == "interrupted"
    assert_same_run(whole, record(tmp_path / "run", resume=True))


def test_only_the_last_checkpoint_is_kept_if_asked(tmp_path, tiny):
    assert record(tmp_path / "run", tiny.replace({"checkpoints": "last", "epochs": 2})).checkpoints() == [2]
    assert record(tmp_path / "all", tiny.replace({"epochs": 2})).checkpoints() == [0, 1, 2]


def test_a_failure_is_noted_and_what_was_recorded_stays(tmp_path, tiny):
    recording = Recording(tmp_path / "run", tiny)
    for group in recording.trainer.optimizer.param_groups:
        group["lr"] = float("nan")
    with pytest.raises(Exception, match="training diverged"):
        list(recording.events())
    run = Run(tmp_path / "run")
    assert run.status == "failed"
    assert "training diverged" in run.about["message"]
    assert run.epochs == [0]


def test_speed_and_time_left_are_recorded_with_the_metrics_not_in_the_snapshot(tmp_path, tiny):
    run = record(tmp_path / "run", tiny.replace({"epochs": 2}))
    assert "seconds" not in run[2].metrics
    assert (run.metrics["seconds"].iloc[1:] > 0).all()
    assert np.isnan(run.metrics["seconds"].iloc[0])
    assert run.rows[2]["tokens_per_second"] * run.rows[2]["seconds"] == pytest.approx(460_494)


def test_resuming_what_is_no_run(tmp_path):
    with pytest.raises(RunError, match=r"is not a run: it has no run\.json"):
        Recording(tmp_path, resume=True)


def test_the_loss_within_an_epoch_averages_to_that_of_the_epoch(tiny, tmp_path):
    run = record(tmp_path / "run", tiny)
    for row in run.rows[1:]:
        parts = [(at, loss) for at, loss in run.steps if row["epoch"] - 1 < at <= row["epoch"]]
        assert 1 <= len(parts) <= 50
        assert parts[-1][0] == row["epoch"]
        widths = np.diff([row["epoch"] - 1, *(at for at, _ in parts)])
        mean = float(widths @ [loss for _, loss in parts])
        assert mean == pytest.approx(row["train_loss"], rel=0.02)  # not exactly: the last window of an epoch is shorter


def test_a_run_left_within_an_epoch_tells_of_what_came_before_as_one_part(tiny, tmp_path):
    whole = record(tmp_path / "whole", tiny).steps
    recording = Recording(tmp_path / "run", tiny)
    for event in recording.events():
        if isinstance(event, Progress) and (event.epoch, event.step) == (2, 3):
            recording.stop = True
    resumed = record(tmp_path / "run", resume=True).steps
    assert [part for part in resumed if not 1 < part[0] <= 2] == [part for part in whole if not 1 < part[0] <= 2]
    within = [part for part in resumed if 1 < part[0] <= 2]
    np.testing.assert_allclose(within[1:], [part for part in whole if within[0][0] < part[0] <= 2], rtol=1e-12)
