"""Where each of the runs compared stands: its epoch nearest to the cursor, said in words. No Panel here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.link import explorer_link
from strnn_viz.dashboard.words import SIGNS
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import changes
from strnn_viz.topology.between import nearest_epoch
from strnn_viz.views._compared import LOOKS
from strnn_viz.views.compared_masks import common_density

_MARKS = {
    "circle": '<circle cx="16" cy="7" r="4"/>',
    "square": '<rect x="12.5" y="3.5" width="7" height="7"/>',
    "triangle": '<path d="M16 2.5l4.5 8h-9z"/>',
    "diamond": '<path d="M16 2l4 5-4 5-4-5z"/>',
    "inverted_triangle": '<path d="M16 11.5l4.5-8h-9z"/>',
    "hex": '<path d="M12 7l2-4h4l2 4-2 4h-4z"/>',
    "star": '<path d="M16 2l1.3 3.4 3.7.2-2.9 2.2 1 3.5-3.1-2-3.1 2 1-3.5L11 5.6l3.7-.2z"/>',
    "plus": '<path d="M14.5 2h3v3.5H21v3h-3.5V12h-3V8.5H11v-3h3.5z"/>',
}


class Standing(NamedTuple):
    """One of the runs compared.

    Attributes
    ----------
    place : int
        Which of them, from 0.
    run : Run
    state : RunState
    epoch : int or None
        Of its own, the one nearest to the cursor; None while it has none.
    wanted : int or None
        Where the cursor is.
    """

    place: int
    run: Run
    state: RunState
    epoch: int | None
    wanted: int | None

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.run.name

    @property
    def key(self) -> tuple[object, ...]:
        """What a picture of its epoch depends on."""
        return (self.name, self.state.version[0], self.epoch)

    @property
    def history(self) -> tuple[object, ...]:
        """What a curve over all its epochs depends on."""
        return (self.name, self.state.version)

    def matrix(self, name: str) -> LayerInfo | None:
        """Its matrix of that name."""
        return self.run.layers.get(name)

    @property
    def words(self) -> str:
        """Where it stands: ``epoch 12``, or why it is another one."""
        if self.epoch is None:
            return "no epoch yet"
        if self.wanted is None or self.epoch == self.wanted:
            return f"epoch {self.epoch:,}"
        if self.epoch == self.state.newest and self.epoch < self.wanted:
            last = "newest" if self.state.live else "last"
            return f"at its {last} epoch, {self.epoch:,}"
        if self.epoch == self.state.epochs[0] and self.epoch > self.wanted:
            return f"at its first epoch, {self.epoch:,}"
        return f"at its nearest epoch, {self.epoch:,}"


def standings(hub: RunHub, states: Sequence[RunState], wanted: int | None) -> list[Standing]:
    """Where some runs stand when the cursor is at an epoch.

    Parameters
    ----------
    hub : RunHub
    states : sequence of RunState
        How they are doing, all of one look, so that nothing is told of an epoch the cursor does not know of.
    wanted : int or None

    Raises
    ------
    UsageError
        If one of them is gone.
    """
    return [
        Standing(place, hub.run(state.name), state, nearest_epoch(state.epochs, wanted), wanted)
        for place, state in enumerate(states)
    ]


def colour_scale(hub: RunHub, found: Sequence[Standing], name: str) -> float:
    """The density that the cells of one matrix are scaled to in all of some runs."""
    key = ("compare", "scale", name, *((s.name, s.state.version[0], s.state.epochs[:1]) for s in found))
    return hub.derived(key, lambda: common_density([s.run for s in found], [s.matrix(name) for s in found]))


def caption(s: Standing, info: LayerInfo | None) -> str:
    """Which run a mask is of, where that stands, and how many connections it has."""
    look = LOOKS[s.place]
    named = f'<b style="color:{look.colour}">{look.letter}</b> {escape(s.name)}, {escape(s.words)}'
    if info is None:
        return f"{named}: it has no such matrix"
    if s.epoch is None:
        return named
    now = changes(s.run, s.epoch, [info])
    return f"{named}: {now.nnz:,} connections, {now.rewired:.1%} rewired"


def key_chips(found: Sequence[Standing], about: Sequence[str]) -> str:
    """What tells the runs apart, each with where it stands, as HTML.

    Parameters
    ----------
    found : sequence of Standing
    about : sequence of str
        What each run is, in a few words.
    """
    chips = []
    for s, told in zip(found, about, strict=True):
        look = LOOKS[s.place]
        line = f'<path class="line" d="M0 7H32" stroke-dasharray="{look.lengths}"/>'
        sample = (
            f'<svg viewBox="0 0 32 14" style="color:{look.colour}" aria-hidden="true">{line}{_MARKS[look.marker]}</svg>'
        )
        link = f'<a href="{escape(explorer_link(s.name))}">{escape(s.name)}</a>'
        status = f"{SIGNS.get(s.state.status, '')} {s.state.status}"
        ends = f"{escape(told)} · " if told else ""
        rest = f'<span class="muted">{ends}{escape(status)} · {escape(s.words)}</span>'
        chips.append(f"<li>{sample}<b>{look.letter}</b> {link} {rest}</li>")
    return f"<ul>{''.join(chips)}</ul>"
