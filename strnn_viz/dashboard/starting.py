"""From a click that starts a process until there is a run to see: what is said meanwhile, or why there is none."""

from __future__ import annotations

import time
from collections.abc import Callable

import panel_material_ui as pmui

from strnn_viz.dashboard.launcher import Launch
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.words import duration
from strnn_viz.errors import StrnnVizError


class Starting:
    """Says how a start goes, and lets no second one begin meanwhile.

    Parameters
    ----------
    message : Text
        Where it is said.
    button : Button
        What starts, disabled while a start is under way.
    opened : callable
        Called with the name of a run as soon as there is something to see of it.
    """

    def __init__(self, message: Text, button: pmui.Button, opened: Callable[[str], None]) -> None:
        self._message = message
        self._button = button
        self._opened = opened
        self._launch: Launch | None = None

    @property
    def under_way(self) -> bool:
        """Whether a process was started and there is no run yet."""
        return self._launch is not None

    def begin(self, start: Callable[[], Launch]) -> None:
        """Start a process, or say why it cannot be."""
        try:
            self._launch = start()
        except StrnnVizError as error:
            self._message.say(paragraphs(str(error), kind="error"))
        else:
            self.update()

    def refuse(self) -> None:
        """Say that nothing was started, unless the reason is told already."""
        if not self._message.visible:
            self._message.say(paragraphs("Not started: a value above cannot be.", kind="error"))

    def update(self) -> None:
        """Say how the start goes; called again and again while it does."""
        launch = self._launch
        if launch is None:
            return
        problem = launch.problem()
        if problem:
            self._message.say(paragraphs(problem, kind="error"))
            self._launch = None
        elif launch.ready:
            self._message.say(paragraphs(f"Started {launch.name}.", kind="muted"))
            self._launch = None
            self._opened(launch.name)
        elif not launch.alive:
            self._message.say(paragraphs(f"Training {launch.name} ended before it began.", kind="error"))
            self._launch = None
        else:
            waited = duration(float(int(time.monotonic() - launch.begun)))
            self._message.say(paragraphs(f"Starting {launch.name}: loading PyTorch and the text, {waited} so far."))
        self._button.disabled = self._launch is not None
