"""Ways through the page: a short cut to its views, and a tour whose steps each light one part and tell of it.

All of it happens in the browser, which also remembers that the tour was offered.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import param
from panel.custom import JSComponent

from strnn_viz.dashboard.theme import FONT, script, style


class Step(NamedTuple):
    """A part of the page, and what is told of it.

    Attributes
    ----------
    target : str
        CSS selector of the part, in whatever shadow tree it is; a step whose part is not seen is left out.
    title : str
    text : str
        Two or three sentences: what it is, what to look for.
    """

    target: str
    title: str
    text: str


#: The tour of the explorer, in the order in which a person meets its parts.
EXPLORER = (
    Step(
        "header",
        "One run at a time",
        "Everything on this page is about one run. Choose it here; beside it stands what it is doing, and how long it "
        "still needs. A run keeps training when you close the page.",
    ),
    Step(
        ".start",
        "Start a run",
        "Start training makes a small sparse LSTM learn on this machine, and shows it from its first epoch on. Density "
        "is the share of weights it may have; the prune rate is the share of those it replaces after an epoch.",
    ),
    Step(
        ".card.masks",
        "Every connection",
        "Each cell is a place in a weight matrix: grey connections stayed, green ones are new, orange ones have gone. "
        "Choose the layer, turn the wheel to look closer, and press Explain to see the last rewiring step by step.",
    ),
    Step(
        ".card.learning",
        "What it learns",
        "The curves tell how well the network does on its own text and on text it has never seen. Ticks mark the "
        "epochs after which connections were replaced; the curve below is the share of them.",
    ),
    Step(
        ".card.magnitudes",
        "How large weights are",
        "One hill for each of several epochs. The marks are where pruning cut: see whether the green newborn weights "
        "climb over them in time.",
    ),
    Step(
        ".card.distance",
        "The topology from other sides",
        "How far it has moved from where it began. The list holds a dozen more views, among them ages, survival, "
        "degrees and one single unit. The question mark of every card tells what you are looking at.",
    ),
    Step(
        ".player",
        "Any epoch, at any time",
        "Drag the slider, press the arrow keys on it, or play the epochs. You are never pulled away from where you "
        "are: Follow live brings you back to the newest epoch. Lanes below the track are forks, and lead to them.",
    ),
    Step(
        ".steer",
        "Steer and fork",
        "Pause a run, step one epoch, stop and resume it. Fork goes on from the epoch you look at, with another prune "
        "rate or method if you like: so you see what would have become of it.",
    ),
)


class Skip(JSComponent):  # type: ignore[misc]
    """A button before everything else, seen when the keyboard comes to it, that leads right to the views."""

    _esm = script("find", "skip")

    def __init__(self) -> None:
        super().__init__(margin=0, width=0, height=0)


class Tour(JSComponent):  # type: ignore[misc]
    """The button that starts a tour; the first time a person comes, it says so.

    Parameters
    ----------
    steps : sequence of Step
    name : str
        Which tour it is; the browser remembers by this name that it was offered.
    """

    steps = param.List(doc="What is shown, as mappings of target, title and text.")
    called = param.String(default="", doc="Which tour it is.")

    _esm = script("find", "tour")
    _stylesheets = [style("tour"), f":host {{ --bokeh-base-font: {FONT} !important; }}"]  # noqa: RUF012 - read by Panel

    def __init__(self, steps: tuple[Step, ...] = EXPLORER, called: str = "explorer", **params: Any) -> None:
        told = [step._asdict() for step in steps]
        super().__init__(steps=told, called=called, **{"margin": (0, 0, 0, 16), "align": "center"} | params)
