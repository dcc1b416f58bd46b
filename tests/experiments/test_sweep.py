import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from strnn_viz.config import RunConfig, preset
from strnn_viz.errors import RunError, UsageError
from strnn_viz.experiments.conduct import run_sweep
from strnn_viz.experiments.sweep import Planned, execute, outstanding
from strnn_viz.runs import Run, files

SMALL = preset("demo", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=2, threads=1, execution="masked")


def planned(**changes: object) -> list[Planned]:
    return [Planned(f"seed-{seed}", SMALL.replace({"seed": seed, **changes})) for seed in (1, 2)]


def losses(path: Path) -> list[float]:
    return [row["valid_loss"] for row in Run(path).rows]


def test_missing_runs_are_trained_and_finished_ones_kept(tmp_path):
    outcome = run_sweep(planned(), tmp_path, workers=1)
    assert (outcome.finished, outcome.failed, outcome.stopped) == (["seed-1", "seed-2"], {}, [])
    written = (tmp_path / "seed-1" / files.METRICS).stat().st_mtime_ns
    more = [*planned(), Planned("seed-3", SMALL.replace({"seed": 3}))]
    assert [run.name for run in outstanding(more, tmp_path)] == ["seed-3"]
    assert run_sweep(more, tmp_path, workers=1).finished == ["seed-1", "seed-2", "seed-3"]
    assert (tmp_path / "seed-1" / files.METRICS).stat().st_mtime_ns == written
    assert not list(tmp_path.glob(".sweep-*"))


def test_a_run_of_another_configuration_is_refused_with_what_differs(tmp_path):
    run_sweep(planned()[:1], tmp_path, workers=1)
    with pytest.raises(RunError, match=r"seed-1 is another run: its sparsity.density is 0.2, not 0.3"):
        run_sweep(planned(density=0.3), tmp_path, workers=1)
    assert not (tmp_path / "seed-2").exists()


def test_names_must_differ_and_workers_belong_here(tmp_path):
    with pytest.raises(UsageError, match="two runs of the sweep are called seed-1"):
        run_sweep([*planned(), planned()[0]], tmp_path)
    with pytest.raises(UsageError, match="Give one"):
        run_sweep(planned(), tmp_path, scheduler="tcp://127.0.0.1:1", workers=2)


def test_one_failure_does_not_stop_the_others(tmp_path):
    bad = Planned("bad", SMALL.replace({"lr": 1e3, "clip_norm": 0.0, "weight_decay": 1.0}))
    outcome = run_sweep([bad, planned()[0]], tmp_path, workers=1)
    assert outcome.finished == ["seed-1"]
    assert list(outcome.failed) == ["bad"]
    assert "training diverged" in outcome.failed["bad"]


def test_a_run_that_stopped_goes_on_as_if_it_had_not(tmp_path):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    (run,) = planned(epochs=4)[:1]
    assert run_sweep([run], whole, workers=1).finished == ["seed-1"]
    halves.mkdir()
    token = halves / ".token"
    token.touch()
    ended: list[str] = []
    worker = threading.Thread(target=lambda: ended.append(execute(str(halves), run, token.name)))
    worker.start()
    wait_until(lambda: len(epochs(halves / run.name)) >= 2)
    token.unlink()
    worker.join()
    assert ended == ["stopped"]
    assert len(epochs(halves / run.name)) < 5
    assert execute(str(halves), run, token.name) == "unseen"
    assert run_sweep([run], halves, workers=1).finished == ["seed-1"]
    assert losses(halves / run.name) == losses(whole / run.name)


_SCRIPT = """
import sys
from pathlib import Path
from strnn_viz.config import preset
from strnn_viz.experiments.conduct import run_sweep
from strnn_viz.experiments.sweep import Planned
config = preset("demo", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=500, threads=1, execution="masked")
if __name__ == "__main__":
    sweep = [Planned(f"seed-{s}", config.replace({"seed": s})) for s in (1, 2)]
    outcome = run_sweep(sweep, sys.argv[1], workers=int(sys.argv[2]))
    print(outcome.finished, sorted(outcome.stopped), outcome.failed)
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_stops_every_run_with_a_checkpoint(workers, tmp_path):
    if workers != "1":
        pytest.importorskip("distributed")
    script = tmp_path / "sweep.py"
    script.write_text(_SCRIPT)
    folder = tmp_path / "runs"
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), workers], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    begun = ["seed-1", "seed-2"] if workers == "2" else ["seed-1"]
    wait_until(lambda: all(len(epochs(folder / name)) >= 2 for name in begun) or process.poll() is not None)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert out == "[] ['seed-1', 'seed-2'] {}\n", err
    for name in begun:
        assert Run(folder / name).status == "stopped"
        assert Run(folder / name).checkpoints()
    assert not list(folder.glob(".sweep-*"))


def epochs(path: Path) -> list[int]:
    return Run(path).epochs if (path / files.RUN).exists() else []


def wait_until(true: object, seconds: float = 120) -> None:
    for _ in range(int(seconds / 0.02)):
        if true():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come to be in time")


def test_configurations_are_told_apart_by_every_key():
    assert RunConfig() != RunConfig().replace({"sparsity.reactivate": False})
