import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.errors import UsageError
from strnn_viz.experiments import cluster
from strnn_viz.experiments.conduct import run_sweep
from strnn_viz.experiments.sweep import Planned
from strnn_viz.runs import Run, files

SMALL = preset("demo", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=12, threads=1, execution="masked")
ANY_PORT = {"dashboard_address": "127.0.0.1:0"}


def test_without_dask_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match=r"strnn-viz\[distributed\].*--workers 1"):
        run_sweep([Planned("a", SMALL)], tmp_path)


def test_no_scheduler_at_the_address(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    with pytest.raises(UsageError, match="no Dask scheduler answers at 'nonsense://x'"):
        run_sweep([Planned("a", SMALL)], tmp_path, scheduler="nonsense://x")


def test_a_cluster_that_is_there_trains_the_runs(tmp_path):
    distributed = pytest.importorskip("distributed")
    runs = [Planned(f"s{seed}", SMALL.replace({"seed": seed, "epochs": 1})) for seed in (1, 2)]
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, scheduler_kwargs=ANY_PORT
    ) as cluster:  # fmt: skip
        outcome = run_sweep(runs, tmp_path, scheduler=cluster.scheduler.address)
    assert sorted(outcome.finished) == ["s1", "s2"]
    assert Run(tmp_path / "s2").epochs == [0, 1]


def test_two_sweeps_on_a_machine_serve_on_ports_of_their_own():
    """Of a scheduler alone: no worker is started. Where a port is taken, Dask warns, which fails a test here."""
    pytest.importorskip("distributed")
    with cluster._client("", 0) as one, cluster._client("", 0) as other:
        ports = [port for client in (one, other) for port in client.scheduler_info()["services"].values()]
    assert 8787 not in ports
    assert len(set(ports)) == len(ports) == 2


def test_a_worker_that_does_not_see_the_directory_is_told_of(tmp_path, monkeypatch):
    """A worker here cannot be made blind; a task that says it saw no token is what a blind one sends."""
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "execute", lambda *_: "unseen")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, scheduler_kwargs=ANY_PORT
    ) as there:  # fmt: skip
        outcome = run_sweep([Planned("a", SMALL)], tmp_path, scheduler=there.scheduler.address)
    assert "Workers must share the file system" in outcome.failed["a"]


def test_as_many_workers_as_fit(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("dask.system.CPU_COUNT", 8)
    monkeypatch.setattr("distributed.system.MEMORY_LIMIT", 64e9)
    runs = [Planned(str(i), SMALL) for i in range(5)]
    cpu = [Planned(str(i), preset("ptb-paper", device="cpu")) for i in range(20)]
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert cluster.fitting(runs) == 1
    assert cluster.fitting(cpu) == 8
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert cluster.fitting(runs) == 5
    monkeypatch.setattr("distributed.system.MEMORY_LIMIT", 10e9)
    assert cluster.fitting(cpu) == 2  # 66 million weights, twelve times, and what every process needs


@pytest.mark.slow
def test_the_run_of_a_killed_worker_goes_on_in_another(tmp_path):
    """Two workers; the one that trains the long run is killed after two epochs."""
    pytest.importorskip("distributed")
    runs = [Planned("long", SMALL.replace({"epochs": 10})), Planned("short", SMALL.replace({"epochs": 1}))]
    killed: list[int] = []
    killer = threading.Thread(target=_kill_writer, args=(tmp_path / "long", killed))
    killer.start()
    outcome = run_sweep(runs, tmp_path, workers=2)
    killer.join()
    assert (sorted(outcome.finished), outcome.failed) == (["long", "short"], {})
    assert killed
    assert files.read_json(tmp_path / "long" / "writer.json")["pid"] not in killed
    run_sweep(runs[:1], tmp_path / "undisturbed", workers=1)
    disturbed, whole = (
        [row["valid_loss"] for row in Run(folder / "long").rows] for folder in (tmp_path, tmp_path / "undisturbed")
    )
    assert disturbed == whole
    assert len(whole) == 11


def _kill_writer(path: Path, killed: list[int]) -> None:
    for _ in range(5000):
        if (path / files.RUN).exists() and len(Run(path).epochs) >= 2:
            pid = files.read_json(path / "writer.json")["pid"]
            assert pid != os.getpid()
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            return
        time.sleep(0.02)
