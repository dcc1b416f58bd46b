"""Erdős–Rényi against uniform with one button: two trainings that differ in their first topology alone, at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.config import preset
from strnn_viz.dashboard import choices
from strnn_viz.dashboard.launcher import Launch, Launcher, check_values
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.theme import FIELD_SX, style
from strnn_viz.dashboard.words import count
from strnn_viz.errors import StrnnVizError

TITLE = "Erdős–Rényi vs uniform"
KINDS = ("uniform", "erdos_renyi")  # the order in which they are compared


class Duel:
    """Starts both trainings, and says what became of them.

    Parameters
    ----------
    launcher : Launcher
    opened : callable
        Called with the names of both runs once there is something to see of each.
    """

    def __init__(self, launcher: Launcher, opened: Callable[[Sequence[str]], None]) -> None:
        self._launcher = launcher
        self._opened = opened
        self._launches: list[Launch] = []
        self._said = ""
        look: dict[str, Any] = {"size": "small", "margin": 0, "sizing_mode": "stretch_width", "sx": FIELD_SX}
        names = [name for group in choices.grouped_presets().values() for name in group if two_ways(name)]
        self.preset = pmui.Select(label="Preset", options=names, value="demo" if "demo" in names else names[0], **look)
        self.seed = pmui.TextInput(label="Seed of both", **look)
        self.button, self.big_button = (
            pmui.Button(label=TITLE, icon="compare_arrows", color="primary", variant="contained", margin=0,
                        disable_elevation=True, **size)
            for size in ({"sizing_mode": "stretch_width"}, {"width": 280, "align": "center"})
        )  # fmt: skip
        self.message, self.big_message = (Text(attributes={"role": role}, visible=False) for role in ("status", "note"))
        self.preset.param.watch(lambda _: self.fill(), "value")
        for button in (self.button, self.big_button):
            button.on_click(lambda _: self.start())
        self.fill()

    def view(self) -> pn.viewable.Viewable:
        """The form as a Panel object, for the side panel."""
        return pn.Column(
            Text(f"<h2>{TITLE}</h2>"), self.preset, self.seed, self.button, self.message,
            stylesheets=[style("form")], sizing_mode="stretch_width", margin=0, css_classes=["duel"],
        )  # fmt: skip

    @property
    def under_way(self) -> bool:
        """Whether processes were started and there is nothing to see of them yet."""
        return bool(self._launches)

    def fill(self) -> None:
        """Take over the seed of the preset."""
        self.preset.helper_text = choices.describe(self.preset.value)
        self.seed.param.update(value=str(preset(self.preset.value).seed), error_state=False, helper_text="")

    def values(self, kind: str, threads: int) -> dict[str, str]:
        """What one of the two trainings is told, by configuration key."""
        return {
            "sparsity.initialization": kind, "seed": self.seed.value_input.strip(), "training.threads": str(threads),
        }  # fmt: skip

    def start(self) -> None:
        """Start both, or neither."""
        if self.under_way:
            return
        name = self.preset.value
        if missing := choices.missing_corpus(name):
            self._say(f"Not started: {missing}", kind="error")
            return
        running = len(self._launcher.going())
        threads = threads_each(running + 2)
        for kind in KINDS:
            if wrong := check_values(name, self.values(kind, threads)):
                self.seed.param.update(error_state="seed" in wrong, helper_text=wrong.get("seed", ""))
                self._say(f"Not started: {next(iter(wrong.values()))}", kind="error")
                return
        self.seed.param.update(error_state=False, helper_text="")
        started: list[Launch] = []
        try:
            for kind in KINDS:
                started.append(self._launcher.start(name, self.values(kind, threads)))  # noqa: PERF401 - kept if one fails
        except StrnnVizError as error:
            for launch in started:
                launch.process.terminate()
            self._say(f"Not started: {error}", kind="error")
            return
        self._launches = started
        self._said = sharing_words(threads, running)
        self.update()

    def update(self) -> None:
        """Say how the start goes; called again and again while it does."""
        launches = self._launches
        if not launches:
            return
        problems = [problem for launch in launches if (problem := launch.problem() or _ended(launch))]
        names = " and ".join(launch.name for launch in launches)
        if problems:
            self._say(*problems, kind="error")
            self._launches = []
        elif all(launch.ready for launch in launches):
            self._say(f"Started {names}. {self._said}", kind="muted")
            self._launches = []
            self._opened([launch.name for launch in launches])
        else:
            self._say(f"Starting {names}: loading PyTorch and the text … {self._said}")
        for button in (self.button, self.big_button):
            button.disabled = self.under_way

    def _say(self, *words: str, kind: str = "") -> None:
        for text in (self.message, self.big_message):
            text.say(paragraphs(*words, kind=kind))


def two_ways(name: str) -> bool:
    """Whether a preset can begin with either topology."""
    return not any(check_values(name, {"sparsity.initialization": kind}) for kind in KINDS)


def cores() -> int:
    """CPU cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not known on macOS and Windows
        return os.cpu_count() or 1


def threads_each(trainings: int) -> int:
    """Threads of each of some trainings at once, so that together they do not take more cores than there are."""
    return max(1, cores() // max(1, trainings))


def sharing_words(threads: int, others: int) -> str:
    """How two trainings, beside others that are under way, share the machine."""
    beside = f" beside {count(others, 'other training')}" if others else ""
    few = "; with so few cores each takes longer than alone" if cores() < 2 * threads + others or cores() < 3 else ""
    return f"Both train at once{beside} on {count(cores(), 'core')}, each with {count(threads, 'thread')}{few}."


def _ended(launch: Launch) -> str:
    return "" if launch.alive or launch.ready else f"Training {launch.name} ended before it began."
