"""The page of one viewer who compares runs: composes the parts, looks at the hub, and moves what has changed."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.chrome import fold_where_narrow, quiet_page
from strnn_viz.dashboard.compare.deck import Deck
from strnn_viz.dashboard.compare.duel import TITLE, Duel
from strnn_viz.dashboard.compare.offers import card_offers
from strnn_viz.dashboard.compare.standing import Standing, key_chips, standings
from strnn_viz.dashboard.compare.words import asked_words, misfits, setting_words, summary
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.link import ComparedPlace, read_compared
from strnn_viz.dashboard.notice import Notice
from strnn_viz.dashboard.parts import Pace, Text, paragraphs
from strnn_viz.dashboard.player import Player, in_session
from strnn_viz.dashboard.sharing import Share
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.track import Course, course_of
from strnn_viz.dashboard.words import count
from strnn_viz.errors import StrnnVizError
from strnn_viz.views._compared import MOST_RUNS
from strnn_viz.views.compared_learning import valid_key

GATHER_MS = 5  # time for moves of the slider to arrive before the last of them is drawn

TELL_SECONDS = 5.0  # after which what differs is told though epochs go on arriving

WELCOME = f"""<section>
<h1>Two topologies side by side</h1>
<p><b>{TITLE}</b> starts two trainings at once: the same preset, seed, data and schedule, and only the first topology
differs. Here you watch both with one cursor, and what sets them apart.</p>
<p class="muted">To compare what is recorded already, choose two to eight runs on the left{{few}}.</p>
</section>"""


class Comparison:
    """One viewer's page.

    Parameters
    ----------
    hub : RunHub
        Where runs are read, shared with other viewers.
    launcher : Launcher
        Where trainings are started, shared too.
    runs : sequence of str
        Names of the runs to compare, two to eight; none for the two newest.
    """

    def __init__(self, hub: RunHub, launcher: Launcher, runs: Sequence[str] = ()) -> None:
        self.hub = hub
        self._pace = Pace(rest=2)
        self._asked = list(dict.fromkeys(filter(None, runs)))
        self._names: list[str] | None = None
        self._filling = False
        self._due = self._turning = False
        self._told: tuple[Any, ...] = ()
        self._told_at = -math.inf
        self._place: ComparedPlace | None = None
        self._amiss: list[str] = []
        self.chosen: list[str] = []
        self.found: list[Standing] = []
        self._states: list[RunState] = []
        self.cursor = Cursor()
        self.player = Player(self.cursor)
        self.duel = Duel(launcher, self.open)
        self.deck = Deck(hub)
        self.share = Share(
            hub, card_offers(self.deck.taken, self._here), "these runs, this epoch, matrix and part of the masks"
        )
        self.picker = pmui.MultiChoice(
            label="Runs compared", options=[], max_items=MOST_RUNS, margin=0, sizing_mode="stretch_width",
            searchable=True,
        )  # fmt: skip
        self.picker.param.watch(self._picked, "value")
        self.status = Text(looks="status", attributes={"role": "status"}, align="center")
        self.notice = Notice()
        self.welcome = Text(looks="inviting")
        self.empty = pn.Column(
            self.welcome, self.duel.big_button, self.duel.big_message,
            stylesheets=[style("invitation")], css_classes=["gone"], sizing_mode="stretch_both", margin=0,
        )  # fmt: skip
        self.cursor.param.watch(lambda *_: self._draw_soon(), ["epoch", "follow"])

    def view(self) -> pmui.Page:
        """The page as a Panel object; call it once."""
        shell = pn.Column(
            self.notice.view, self.empty, self.deck.view, self.player.view(),
            stylesheets=[style("shell")], sizing_mode="stretch_both", margin=0,
        )  # fmt: skip
        self._arrive(*read_compared(pn.state.session_args or {}))
        if pn.state.curdoc is not None and self.found:
            fold_where_narrow(pn.state.curdoc)
        choose = pn.Column(
            Text("<h2>Compare</h2>"), self.picker,
            stylesheets=[style("form")], sizing_mode="stretch_width", margin=0, css_classes=["choose"],
        )  # fmt: skip
        return quiet_page(
            header=[self.status, self.share.button, self.share.courier],
            sidebar=[choose, pmui.Divider(margin=(8, 16)), self.duel.view()],
            main=[shell, self.share.dialog],
            sidebar_width=272,
            sidebar_resizable=False,
        )

    def _arrive(self, place: ComparedPlace, amiss: list[str]) -> None:
        """Look for the first time, and go where the address says."""
        self._amiss = amiss
        self._look()
        if self.found and place != ComparedPlace(runs=place.runs):
            with pn.io.hold():
                self._amiss += self.deck.go(place)
                if place.epoch is not None:
                    self.cursor.scrub(place.epoch)
                    if self.cursor.epoch != place.epoch:
                        self._amiss.append(
                            f"The address asks for epoch {place.epoch:,}, which is not recorded; the nearest is shown."
                        )
                self._draw(self._names or [])
        self._tell(self._names or [], "")
        # Now, and not once the cursor rests: a browser that still builds the page cannot take a word that appears.
        self.deck.settle(now=True)
        self._place = self.place

    @property
    def place(self) -> ComparedPlace:
        """What is seen now."""
        epoch = None if self.cursor.follow else self.cursor.epoch
        return self.deck.place(ComparedPlace(tuple(self._asked or self.chosen), epoch))

    def _here(self) -> str:
        """What is compared now, in a few words."""
        at = "" if self.cursor.epoch is None else f" at epoch {self.cursor.epoch:,}"
        return f"{count(len(self.found), 'run')}{at}"

    def _note_place(self) -> None:
        """Keep in the address what is seen, once a person has gone somewhere, so that it can be shared."""
        if self._place is not None and (place := self.place) != self._place:
            self._place = place
            self.share.courier.address = place.query

    def open(self, names: Sequence[str]) -> None:
        """Compare these runs from now on, following those that train."""
        self.hub.names(now=True)
        self._asked, self._amiss = list(names), []
        self._names = None
        self._look()

    def look(self) -> None:
        """Look at the hub, and move what has changed since the last look; then nothing for twice as long as it took."""
        self._pace.run(self._look)

    def _look(self) -> None:
        with pn.io.hold():
            self.duel.update()
            self.player.settle()
            names = self.hub.names()
            chosen, by_person = self.chosen, self._names is None
            if names != self._names:
                self._choose(names)
            before, trouble = [(s.state.version, s.state.status) for s in self.found], ""
            try:
                states = [self.hub.state(name) for name in self.chosen]
            except StrnnVizError as error:
                states, trouble = [], str(error)
            self._states = states
            if states and [(s.version, s.status) for s in states] != before:
                self.cursor.see(sorted({epoch for state in states for epoch in state.epochs}))
                self._draw(names)
            elif not states:
                self._draw(names)
            else:
                self.deck.grow()
            self._tell(names, trouble)
            self.deck.settle()
            if self._place is not None and chosen != self.chosen and not by_person:
                self._place = self.place  # runs came or went by themselves, which is not for the address
            self._note_place()

    def _draw_soon(self) -> None:
        """Draw once the moves that are already on their way have arrived; one by one they would queue up."""
        if self._turning:
            return
        if not in_session():
            self._draw(self._names or [])
        elif not self._due:
            self._due = True
            pn.state.curdoc.add_timeout_callback(lambda: self._draw(self._names or []), GATHER_MS)

    def _draw(self, names: Sequence[str]) -> None:
        """Bring the player and every card to where the cursor is."""
        self._due = False
        with pn.io.hold():
            try:
                self.found = standings(self.hub, self._states, self.cursor.epoch)
            except StrnnVizError:
                self.found = []  # the next look tells why
            few = " – there is only one yet" if len(names) == 1 else " – there is none yet" if not names else ""
            self.welcome.say(WELCOME.format(few=few))
            self.empty.css_classes = ["gone"] if self.found else []
            self.player.update(self._joint(), self._course())
            if self.found:
                self.deck.relate(self.found, names)
            self.deck.draw(self.found)
            about = [setting_words(s) for s in self.found]
            self.deck.key.say(key_chips(self.found, about) if self.found else "")

    def _choose(self, names: Sequence[str]) -> None:
        """Take note of the runs there are; compare those asked for, or the two newest where none were."""
        self._names = list(names)
        if self._asked:
            chosen = [name for name in self._asked if name in names][:MOST_RUNS]
        else:
            chosen = [name for name in self.chosen if name in names] or list(reversed(names[:2]))
        self._turn(chosen if len(chosen) > 1 else [])
        shown = chosen if self._asked else self.chosen
        self._filling = True
        try:
            self.picker.param.update(options=list(names), value=shown, disabled=not names)
        finally:
            self._filling = False

    def _turn(self, chosen: list[str]) -> None:
        if chosen != self.chosen:
            self.chosen, self.found, self._states = chosen, [], []
            self._turning = True  # the look under way draws them, once it is known which epochs there are
            self.cursor.select(",".join(chosen))
            self._turning = False

    def _joint(self) -> RunState | None:
        """How the runs are doing together, for the player: all epochs there are, live while one of them is."""
        if not self.found:
            return None
        states = [s.state for s in self.found]
        longest = max(states, key=lambda state: state.total)
        live = next((state.status for state in states if state.live), longest.status)
        return dataclasses.replace(longest, status=live, epochs=self.cursor.epochs)

    def _course(self) -> Course:
        """What the track shows: that of the first run."""
        if not self.found:
            return Course()
        run = self.found[0].run
        key = (run.name, "compared", self.found[0].state.version)
        return self.hub.derived(key, lambda: course_of(run, valid_key(run)))

    def _tell(self, names: Sequence[str], trouble: str) -> None:
        """Say in words what is compared, what is wrong, and, once the cursor rests, what differs."""
        live = sum(s.state.live for s in self.found)
        told = f"{count(len(self.found), 'run')} compared" + (f" · {live} in training" if live else "")
        self.status.say(told if self.found else "")
        here = (self.cursor.epoch, *(s.history for s in self.found))
        asked = asked_words(self._asked, names)
        own = paragraphs(trouble, kind="error") + paragraphs(*misfits(self.found))
        self.notice.say([*asked, *self._amiss], own)
        # A person who scrubs is not read to, nor at every epoch of a fast training.
        rests, long_ago = here == self._told, self._pace.clock() > self._told_at + TELL_SECONDS
        self._told = here
        if self.found and (rests or long_ago):
            words = " ".join(summary(self.found, self.deck.gap_title, self.deck.densities()))
            if paragraphs(words) != self.deck.summary.object:
                self.deck.summary.say(paragraphs(words))
                self._told_at = self._pace.clock()

    def _picked(self, event: Any) -> None:
        if self._filling:
            return
        names = [name for name in event.new or [] if name in (self._names or [])]
        self._asked, self._amiss = list(names), []
        self._names = None
        self.player.halt()
        self._look()


def asked_runs() -> list[str]:
    """The names in ``?runs=a,b`` of the address this session was opened with."""
    return list(read_compared(pn.state.session_args)[0].runs)
