"""The left side: start a training, and steer the one that is shown."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.config import knobs, preset, presets
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launch, Launcher, check_values
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.theme import FIELD_SX, style
from strnn_viz.dashboard.words import duration, steer_hint
from strnn_viz.errors import StrnnVizError

INITIALIZATIONS = {"Uniform": "uniform", "Erdős–Rényi": "erdos_renyi"}
FIELDS = {"sparsity.density": "Density", "sparsity.prune_rate": "Prune rate", "seed": "Seed"}
HINTS = {
    "sparsity.density": "share of weights that are active",
    "sparsity.prune_rate": "share replaced at first, falling to 0",
    "seed": "the same seed repeats a run exactly",
}


class StartForm:
    """Starts a training process, and says beside its button what became of it.

    Parameters
    ----------
    launcher : Launcher
    opened : callable
        Called with the name of a run as soon as there is something to see of it.
    """

    def __init__(self, launcher: Launcher, opened: Callable[[str], None]) -> None:
        self._launcher = launcher
        self._opened = opened
        self._launch: Launch | None = None
        names = presets()
        self.preset = pmui.Select(
            label="Preset", options=names, value="demo" if "demo" in names else names[0], size="small", margin=0,
            sizing_mode="stretch_width", sx=FIELD_SX,
        )  # fmt: skip
        self.initialization = pmui.RadioButtonGroup(
            label="", options=INITIALIZATIONS, size="small", margin=0, sizing_mode="stretch_width",
        )  # fmt: skip
        self.fields = {
            key: pmui.TextInput(label=label, size="small", margin=0, sizing_mode="stretch_width", sx=FIELD_SX)
            for key, label in FIELDS.items()
        }
        self.button = pmui.Button(
            label="Start training", icon="play_arrow", color="primary", variant="contained", margin=0,
            sizing_mode="stretch_width", disable_elevation=True,
        )  # fmt: skip
        self.message = Text(attributes={"role": "status"}, visible=False)
        self._fill()
        self.preset.param.watch(lambda _: self._fill(), "value")
        for field in self.fields.values():
            field.param.watch(lambda _: self.check(), "value")
        self.button.on_click(lambda _: self.start())

    def view(self) -> pn.viewable.Viewable:
        """The form as a Panel object."""
        title = Text("<h2>Start a run</h2>")
        return pn.Column(
            title, self.preset, self.initialization, *self.fields.values(), self.button, self.message,
            stylesheets=[style("form")], sizing_mode="stretch_width", margin=0, css_classes=["start"],
        )  # fmt: skip

    @property
    def values(self) -> dict[str, str]:
        """What the form says, by configuration key."""
        # value_input is what is seen in the field; value may lag behind it by what was typed last.
        typed = {key: field.value_input.strip() for key, field in self.fields.items()}
        return {"sparsity.initialization": self.initialization.value, **typed}

    def check(self) -> bool:
        """Mark each field whose value cannot be, with what is wrong beside it."""
        wrong = check_values(self.preset.value, self.values)
        for key, field in self.fields.items():
            field.param.update(error_state=key in wrong, helper_text=wrong.get(key, hint(key)))
        return not wrong

    def start(self) -> None:
        """Start training with what the form says."""
        if not self.check():
            self.message.say(paragraphs("Not started: a value above is out of its range.", kind="error"))
            return
        try:
            self._launch = self._launcher.start(self.preset.value, self.values)
        except StrnnVizError as error:
            self.message.say(paragraphs(str(error), kind="error"))
            return
        self.update()

    def update(self) -> None:
        """Say how the start goes; called again and again while it does."""
        launch = self._launch
        if launch is None:
            return
        problem = launch.problem()
        if problem:
            self.message.say(paragraphs(problem, kind="error"))
            self._launch = None
        elif launch.ready:
            self.message.say(paragraphs(f"Started {launch.name}.", kind="muted"))
            self._launch = None
            self._opened(launch.name)
        elif not launch.alive:
            self.message.say(paragraphs(f"Training {launch.name} ended before it began.", kind="error"))
            self._launch = None
        else:
            waited = duration(float(int(time.monotonic() - launch.begun)))
            self.message.say(paragraphs(f"Starting {launch.name}: loading PyTorch and the text, {waited} so far."))
        self.button.disabled = self._launch is not None

    def _fill(self) -> None:
        config = preset(self.preset.value)
        self.initialization.value = config.sparsity.initialization
        for key, field in self.fields.items():
            value = config.get(key)
            field.value = f"{value:g}" if isinstance(value, float) else str(value)
        self.check()


class SteerForm:
    """Pause, resume, step and stop the run that is shown.

    Parameters
    ----------
    hub : RunHub
    launcher : Launcher
    """

    def __init__(self, hub: RunHub, launcher: Launcher) -> None:
        self._hub = hub
        self._launcher = launcher
        self._run = ""
        self._state: RunState | None = None
        self._trouble = ""
        self._asked: tuple[str, Callable[[RunState], bool]] | None = None
        self._launch: Launch | None = None
        self.pause = self._button("Pause", "pause", self._pause)
        self.resume = self._button("Resume", "play_arrow", self._resume)
        self.step = self._button("Step one epoch", "skip_next", self._step, width=152)
        self.stop = self._button("Stop", "stop", self._stop)
        self.message = Text(attributes={"role": "status"}, visible=False)

    def view(self) -> pn.viewable.Viewable:
        """The buttons as a Panel object."""
        title = Text("<h2>Steer this run</h2>")
        pairs = [
            pn.Row(a, b, margin=0, sizing_mode="stretch_width", stylesheets=[style("pair")])
            for a, b in ((self.pause, self.resume), (self.step, self.stop))
        ]
        return pn.Column(
            title, *pairs, self.message,
            stylesheets=[style("form")], sizing_mode="stretch_width", margin=0, css_classes=["steer"],
        )  # fmt: skip

    def update(self, state: RunState | None) -> None:
        """Enable what can be done now, and say what is being waited for."""
        status = state.status if state else ""
        self._state = state
        if state is None or state.name != self._run:
            self._run, self._asked, self._launch = state.name if state else "", None, None
            self._trouble = ""
        if self._launch and (problem := self._launch.problem()):
            self._trouble, self._launch, self._asked = problem, None, None
        elif state and self._launch and (state.live or not self._launch.alive):
            self._launch = None
        held = self._launcher.find(self._run)
        ending = self._launch is None and bool(state and not state.live and held and held.alive)
        busy = self._launch is not None
        self.pause.disabled = status != "training"
        self.resume.disabled = busy or ending or status not in ("paused", "stopped", "interrupted", "failed")
        self.step.disabled = self.stop.disabled = status not in ("training", "paused")
        if state and self._asked and self._asked[1](state):
            self._asked = None
        if self._trouble:
            self.message.say(paragraphs(self._trouble, kind="error"))
        elif self._asked:
            self.message.say(paragraphs(self._asked[0]))
        elif ending:
            self.message.say(paragraphs(f"{status.capitalize()}: the training process is ending …", kind="muted"))
        else:
            self.message.say(paragraphs(steer_hint(state), kind="muted"))

    def _pause(self) -> None:
        self._launcher.pause(self._hub.run(self._run))
        self._wait("Pausing after the step under way …", lambda state: state.status != "training")

    def _resume(self) -> None:
        run = self._hub.run(self._run)
        if run.status == "paused":
            self._launcher.go_on(run)
            self._wait("Going on …", lambda state: state.status != "paused")
        else:
            self._launch = self._launcher.resume(run)
            self._wait(f"Continuing {run.name}: loading PyTorch and the text …", lambda _: self._launch is None)

    def _step(self) -> None:
        run = self._hub.run(self._run)
        before = max(run.epochs, default=-1)
        self._launcher.step(run)
        self._wait(
            f"Training epoch {before + 1:,}; it pauses there …",
            lambda state: not state.live or (state.status == "paused" and (state.newest or 0) > before),
        )

    def _stop(self) -> None:
        self._launcher.stop(self._hub.run(self._run))
        self._wait("Stopping after the step under way …", lambda state: not state.live)

    def _wait(self, words: str, done: Callable[[RunState], bool]) -> None:
        self._asked = (words, done)

    def _button(self, label: str, icon: str, action: Callable[[], None], width: int | None = None) -> pmui.Button:
        size = {"width": width} if width else {"sizing_mode": "stretch_width"}
        button = pmui.Button(label=label, icon=icon, size="small", variant="outlined", disabled=True, margin=0,
                             sx={"whiteSpace": "nowrap", "px": "8px"}, **size)  # fmt: skip

        def click(_: Any) -> None:
            self._trouble = ""
            try:
                action()
            except StrnnVizError as error:
                self._trouble = str(error)
            self.update(self._state)

        button.on_click(click)
        return button


def hint(key: str) -> str:
    """What a value may be, in a few words."""
    return HINTS.get(key) or knobs()[key].expected
