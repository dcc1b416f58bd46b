from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.controls import SteerForm
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.runs import RunWriter, wanted
from tests.dashboard.conftest import wait_for
from tests.dashboard.test_words import state

Start = Callable[..., Launcher]


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
