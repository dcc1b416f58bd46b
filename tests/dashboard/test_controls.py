from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.controls import StartForm, SteerForm
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.runs import RunWriter, wanted
from tests.dashboard.conftest import wait_for
from tests.dashboard.test_words import state

Start = Callable[..., Launcher]


def test_the_form_begins_with_what_the_preset_says(tmp_path: Path) -> None:
    form = StartForm(Launcher(tmp_path), lambda _: None)
    assert form.preset.value == "demo"
    assert form.values == {
        "sparsity.initialization": "uniform", "sparsity.density": "0.2", "sparsity.prune_rate": "0.5", "seed": "1",
    }  # fmt: skip
    form.preset.value = "ptb-small" if "ptb-small" in form.preset.options else "demo"
    assert form.check()


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("sparsity.density", "1.5", "must be above 0 and at most 1"),
        ("sparsity.density", "dense", "not a number"),
        ("sparsity.prune_rate", "-0.1", "between 0 and 1"),
        ("seed", "1.5", "not a whole number"),
    ],
)
def test_a_value_out_of_range_is_told_beside_its_field(tmp_path: Path, key: str, text: str, said: str) -> None:
    form = StartForm(Launcher(tmp_path / "runs"), lambda _: None)
    form.fields[key].value = text
    assert form.fields[key].error_state
    assert said in form.fields[key].helper_text
    assert [field.error_state for field in form.fields.values()].count(True) == 1
    form.button.clicks += 1
    assert "Not started" in form.message.object
    assert not (tmp_path / "runs").exists()
    form.fields[key].value = "1"
    assert not form.fields[key].error_state


def test_start_opens_the_run_once_there_is_one(start: Start) -> None:
    opened: list[str] = []
    form = StartForm(start("--delay", "0.3"), opened.append)
    form.initialization.value = "erdos_renyi"
    form.button.clicks += 1
    assert "Starting demo-erdos_renyi" in form.message.object
    assert form.button.disabled
    wait_for(lambda: form.update() or opened)
    assert opened == ["demo-erdos_renyi"]
    assert not form.button.disabled
    assert "Started" in form.message.object


def test_a_failed_start_is_told_beside_the_button(start: Start) -> None:
    form = StartForm(start("--fail", "early"), lambda _: None)
    form.start()
    wait_for(lambda: form.update() or "exit code 3" in form.message.object)
    assert "no module named torch" in form.message.object
    assert 'class="error"' in form.message.object
    assert not form.button.disabled


def test_a_preset_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    form = StartForm(Launcher(tmp_path / "file"), lambda _: None)
    form.start()
    assert "cannot make a run" in form.message.object


@pytest.mark.parametrize(
    ("status", "enabled"),
    [
        ("training", ["pause", "step", "stop"]),
        ("paused", ["resume", "step", "stop"]),
        ("stopped", ["resume"]),
        ("interrupted", ["resume"]),
        ("failed", ["resume"]),
        ("finished", []),
    ],
)
def test_only_what_can_be_done_is_enabled(hub: RunHub, status: str, enabled: list[str]) -> None:
    form = SteerForm(hub, Launcher(hub.folder))
    form.update(state(status))
    assert [name for name in ("pause", "resume", "step", "stop") if not getattr(form, name).disabled] == enabled


def test_without_a_run_nothing_is_enabled(hub: RunHub) -> None:
    form = SteerForm(hub, Launcher(hub.folder))
    form.update(None)
    assert all(getattr(form, name).disabled for name in ("pause", "resume", "step", "stop"))
    assert "no run to steer" in form.message.object


@pytest.fixture
def steered(growing: tuple[RunWriter, Iterator]) -> Iterator[tuple[SteerForm, RunHub, RunWriter]]:
    writer, steps = growing
    writer.append(next(steps))
    writer.append(next(steps))
    ticks = iter(range(1_000_000))
    hub = RunHub(writer.path.parent, clock=lambda: 10.0 * next(ticks))
    form = SteerForm(hub, Launcher(writer.path.parent))
    form.update(hub.state("live"))
    return form, hub, writer


def test_a_click_says_what_it_waits_for_until_it_has_happened(steered: tuple[SteerForm, RunHub, RunWriter]) -> None:
    form, hub, writer = steered
    form.pause.clicks += 1
    assert wanted(writer.path).state == "pause"
    assert "Pausing" in form.message.object
    form.update(hub.state("live"))
    assert "Pausing" in form.message.object
    writer.status("paused")
    form.update(hub.state("live"))
    assert "Paused" in form.message.object
    form.resume.clicks += 1
    assert wanted(writer.path).state == "run"
    assert "Going on" in form.message.object


def test_a_step_is_asked_for_as_the_next_epoch(steered: tuple[SteerForm, RunHub, RunWriter]) -> None:
    form, _, writer = steered
    form.step.clicks += 1
    assert (wanted(writer.path).state, wanted(writer.path).pause_after) == ("run", 2)
    assert "Training epoch 2" in form.message.object


def test_a_stop_is_asked_for(steered: tuple[SteerForm, RunHub, RunWriter]) -> None:
    form, _, writer = steered
    form.stop.clicks += 1
    assert wanted(writer.path).state == "stop"
    assert "Stopping" in form.message.object


def test_a_run_that_vanished_is_told_beside_the_button(steered: tuple[SteerForm, RunHub, RunWriter]) -> None:
    form, hub, writer = steered
    (writer.path / "run.json").unlink()
    hub.names(now=True)
    form.pause.clicks += 1
    assert "there is no run" in form.message.object
    assert 'class="error"' in form.message.object


def test_a_resume_that_fails_is_told(start: Start, tmp_path: Path) -> None:
    launcher = start("--fail", "early")
    writer = RunWriter(launcher.folder / "old", preset("demo"))
    writer.status("stopped")
    writer.close()
    hub = RunHub(launcher.folder)
    form = SteerForm(hub, launcher)
    form.update(hub.state("old"))
    form.resume.clicks += 1
    assert "Continuing old" in form.message.object
    assert form.resume.disabled
    wait_for(lambda: form.update(hub.state("old")) or "exit code 3" in form.message.object)
    assert not form.resume.disabled
