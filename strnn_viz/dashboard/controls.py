"""Steers the training that is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launch, Launcher
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.words import steer_hint
from strnn_viz.errors import StrnnVizError


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

    def view(self, *more: pn.viewable.Viewable) -> pn.viewable.Viewable:
        """The buttons as a Panel object, with what else steers below them."""
        title = Text("<h2>Steer this run</h2>")
        pairs = [
            pn.Row(a, b, margin=0, sizing_mode="stretch_width", stylesheets=[style("pair")])
            for a, b in ((self.pause, self.resume), (self.step, self.stop))
        ]
        return pn.Column(
            title, *pairs, self.message, *more,
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
