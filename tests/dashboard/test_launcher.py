import os
from collections.abc import Callable
from pathlib import Path

import pytest

from strnn_viz.dashboard.launcher import Launcher, check_fork, check_values, tail
from strnn_viz.errors import ConfigError, RunError, UsageError
from strnn_viz.runs import Parent, Run
from tests.dashboard.conftest import wait_for

Start = Callable[..., Launcher]
FORM = {"sparsity.initialization": "erdos_renyi", "sparsity.density": "0.3", "seed": "7"}


def test_a_run_is_started_as_a_process_of_its_own(start: Start) -> None:
    launcher = start("--delay", "0.5")
    launch = launcher.start("demo", FORM)
    assert launch.name == "demo-erdos_renyi"
    wait_for(lambda: launch.ready)
    assert os.getsid(launch.process.pid) != os.getsid(0)  # Ctrl-C here is not meant for it
    run = Run(launch.path)
    assert (run.config.sparsity.density, run.config.seed) == (0.3, 7)
    assert "a stand-in" in (launch.path / "train.log").read_text()
    assert launch.problem() == ""


def test_names_are_never_taken_twice(start: Start) -> None:
    launcher = start("--delay", "5")
    names = [launcher.start("demo", FORM | {"sparsity.initialization": "uniform"}).name for _ in range(3)]
    assert names == ["demo-uniform", "demo-uniform-2", "demo-uniform-3"]


def test_a_failed_start_shows_the_end_of_the_log(start: Start) -> None:
    launch = start("--fail", "early").start("demo", FORM)
    wait_for(lambda: not launch.alive)
    problem = launch.problem()
    assert "exit code 3" in problem
    assert "train.log" in problem
    assert "no module named torch" in problem


def test_a_command_that_does_not_exist_is_told(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, command=["/does/not/exist"])
    with pytest.raises(RunError, match="cannot start training demo-uniform"):
        launcher.start("demo", {})


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="cannot make a run"):
        Launcher(tmp_path / "file" / "runs").start("demo", {})


def test_values_are_checked_before_anything_is_started(start: Start) -> None:
    launcher = start()
    with pytest.raises(ConfigError, match="density"):
        launcher.start("demo", {"sparsity.density": "1.5"})
    assert not launcher.folder.exists()


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        (FORM, set()),
        ({"sparsity.density": "0", "seed": "1"}, {"sparsity.density"}),
        ({"sparsity.density": "many", "seed": "1.5"}, {"sparsity.density", "seed"}),
        ({"sparsity.prune_rate": "", "seed": "-1"}, {"sparsity.prune_rate", "seed"}),
    ],
)
def test_each_wrong_value_is_named(values: dict[str, str], wrong: set[str]) -> None:
    assert set(check_values("demo", values)) == wrong


def test_a_combination_that_makes_no_sense_is_told_at_the_key_it_names() -> None:
    both = {"sparsity.initialization": "uniform", "sparsity.epsilon": "10", "seed": "x"}
    wrong = check_values("demo", both)
    assert set(wrong) == {"sparsity.epsilon", "seed"}
    assert "parameter of Erdős–Rényi" in wrong["sparsity.epsilon"]
    regrown = check_values("demo", {"sparsity.method": "gmp", "sparsity.regrow": "random"})
    assert "begins dense and only prunes" in regrown["sparsity.regrow"]
    assert set(regrown) == {"sparsity.regrow"}


def test_a_combination_with_what_only_the_preset_says_has_no_key() -> None:
    assert "sparsity.epsilon = 10" in check_values("era", {"sparsity.initialization": "uniform"})[""]


def test_a_run_pauses_steps_goes_on_and_stops(start: Start) -> None:
    launcher = start("--delay", "0.1", "--epochs", "400")
    launch = launcher.start("demo", {})
    wait_for(lambda: launch.ready)
    run = Run(launch.path)
    wait_for(lambda: len(run) >= 2)
    launcher.pause(run)
    wait_for(lambda: run.status == "paused")
    before = max(run.epochs)
    launcher.step(run)
    wait_for(lambda: max(run.epochs) == before + 1 and run.status == "paused")
    launcher.go_on(run)
    wait_for(lambda: max(run.epochs) > before + 2)
    launcher.stop(run)
    wait_for(lambda: run.status == "stopped")
    wait_for(lambda: not launch.alive)
    assert launch.problem() == ""


def test_a_stopped_run_is_resumed_where_it_was(start: Start) -> None:
    launcher = start("--delay", "0.05", "--epochs", "6")
    launch = launcher.start("demo", {})
    wait_for(lambda: launch.ready)
    run = Run(launch.path)
    wait_for(lambda: len(run) >= 2)
    launcher.stop(run)
    wait_for(lambda: run.status == "stopped")
    wait_for(lambda: not launch.alive)
    again = launcher.resume(run)
    assert again.resumed
    wait_for(lambda: run.status == "finished")
    assert run.epochs == list(range(7))


def test_a_run_that_trains_is_not_started_twice(start: Start) -> None:
    launcher = start("--delay", "5")
    launch = launcher.start("demo", {})
    with pytest.raises(RunError, match=str(launch.process.pid)):
        launcher.resume(Run(launch.path)) if launch.ready else launcher._launch(launch.path, [], resumed=True)


def test_ending_the_server_stops_what_it_started(start: Start) -> None:
    launcher = start("--delay", "0.2", "--epochs", "100")
    launches = [launcher.start("demo", {}) for _ in range(2)]
    wait_for(lambda: all(launch.ready and Run(launch.path).epochs for launch in launches))
    sentences = launcher.stop_all()
    assert [Run(launch.path).status for launch in launches] == ["stopped", "stopped"]
    assert len(sentences) == 2
    assert f"strnn-viz train --resume {launches[0].path}" in sentences[0]
    assert not launcher.going()
    assert launcher.stop_all() == []


def test_a_process_that_ended_is_no_zombie_though_no_one_looks(start: Start) -> None:
    launch = start("--fail", "early").start("demo", {})
    status = Path(f"/proc/{launch.process.pid}/status")
    wait_for(lambda: not status.exists())


def test_the_end_of_a_log_is_short(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    assert tail(log) == ""
    log.write_text("\n".join(f"line {i}" for i in range(100_000)))
    assert tail(log, lines=2) == "line 99998\nline 99999"


def test_a_fork_is_started_from_an_epoch_of_a_run(start: Start) -> None:
    launcher = start("--delay", "0.01", "--epochs", "4", "--hidden", "8")
    first = launcher.start("demo", {})
    wait_for(lambda: not first.alive)
    launch = launcher.fork(Run(first.path), 2, {"sparsity.prune_rate": "0.20"})
    assert launch.name == "demo-uniform-e2-prune_rate-0.2"
    wait_for(lambda: not launch.alive)
    fork = Run(launch.path)
    assert (fork.parent, fork.epochs, fork.config.sparsity.prune_rate) == (Parent("demo-uniform", 2), [2, 3, 4], 0.2)
    with pytest.raises(UsageError, match="nothing left to train"):
        launcher.fork(Run(first.path), 4, {})
    assert check_fork(Run(first.path), 2, {"seed": "x", "sparsity.density": "0.1"}).keys() == {"seed"}
    assert check_fork(Run(first.path), 4, {"seed": "2"}).keys() == {""}
