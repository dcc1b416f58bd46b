"""The page of one viewer: composes the parts, looks at the hub a few times a second, and moves what has changed."""

from __future__ import annotations

import contextlib
import time
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.branches import Branch, Family
from strnn_viz.dashboard.chrome import fold_where_narrow, quiet_page
from strnn_viz.dashboard.controls import SteerForm
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.deck import Deck
from strnn_viz.dashboard.forking import ForkForm
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.link import Place, read_place
from strnn_viz.dashboard.notice import Notice, damage
from strnn_viz.dashboard.offers import run_offers
from strnn_viz.dashboard.parts import Pace, Text, paragraphs
from strnn_viz.dashboard.player import Player, in_session
from strnn_viz.dashboard.sharing import Share
from strnn_viz.dashboard.start import StartForm
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.tour import Skip, Tour
from strnn_viz.dashboard.track import Course, Lane, course_of
from strnn_viz.dashboard.words import status_detail, status_html
from strnn_viz.errors import StrnnVizError

GATHER_MS = 5  # time for moves of the slider to arrive before the last of them is drawn
DRAG_SECONDS = 0.3  # between a draw and the next move, below which a person drags
LOOK_MS = 300  # time between two looks at the hub

WELCOME = """<section>
<h1>No run yet</h1>
<p>Press <b>Start training</b> on the left: a small sparse LSTM learns to predict the next word of presidential
addresses, and after every epoch a part of its connections dies and as many are born elsewhere. Here you watch that
happen.</p>
<p class="muted">The first topology appears within seconds, then one epoch after another. Runs recorded elsewhere appear
too, once their directory lies in <code>{folder}</code>.</p>
</section>"""


class Explorer:
    """One viewer's page.

    Parameters
    ----------
    hub : RunHub
        Where runs are read, shared with other viewers.
    launcher : Launcher
        Where trainings are started and steered, shared too.
    run : str or None
        The run to show first; None for the one that trains, or else the newest.
    """

    def __init__(self, hub: RunHub, launcher: Launcher, run: str | None = None) -> None:
        self.hub = hub
        self._pace = Pace(rest=2)
        self._place: Place | None = None
        self._amiss: list[str] = []
        self.cursor = Cursor()
        self.state: RunState | None = None
        self._wanted = run
        self._names: list[str] | None = None
        self.player = Player(self.cursor)
        self.start = StartForm(launcher, self.open)
        self.steer = SteerForm(hub, launcher)
        self.fork = ForkForm(hub, launcher, self.cursor, self.open)
        self.family = Family()
        self.deck = Deck(hub, self.cursor)
        self.deck.masks.follow(self.player.slider)
        self.share = Share(hub, run_offers(hub, self.cursor), "this run, epoch, layer, view and part of the masks")
        self.picker = pmui.Select(
            label="Run", options=[], size="small", margin=(0, 0, 0, 16), disabled=True,
            sizing_mode="stretch_width", min_width=132, max_width=280,
        )  # fmt: skip
        self.status = Text(looks="status", attributes={"role": "status"}, align="center")
        self.notice = Notice()
        self.welcome = Text(looks="welcome", visible=False, sizing_mode="stretch_both")
        self.picker.param.watch(self._picked, "value")
        self._due = False
        self._drew = (0.0, 0.0)  # when the last draw began, and the seconds it took
        self.cursor.param.watch(lambda *_: self._draw_soon(), ["epoch", "follow", "group", "sheet"])

    def view(self) -> pmui.Page:
        """The page as a Panel object; call it once."""
        shell = pn.Column(
            self.notice.view, self.welcome, self.deck.view, self.player.view(),
            stylesheets=[style("shell")], sizing_mode="stretch_both", margin=0,
        )  # fmt: skip
        self._arrive(*read_place(pn.state.session_args or {}))
        if pn.state.curdoc is not None and self.state:  # without a run, what is at the left is all there is to do
            fold_where_narrow(pn.state.curdoc)
        return quiet_page(
            header=[Skip(), self.picker, self.status, self.share.button, self.share.courier, Tour()],
            sidebar=[self.start.view(), pmui.Divider(margin=(8, 16)), self.steer.view(self.fork.view())],
            main=[shell, self.deck.explain.dialog, self.share.dialog],
            sidebar_width=272,
            sidebar_resizable=False,
        )

    def open(self, name: str) -> None:
        """Show a run, following it if it trains."""
        self.hub.names(now=True)
        self._wanted = name
        self._look()

    def _arrive(self, place: Place, amiss: list[str]) -> None:
        """Look for the first time, and go where the address says."""
        names = self.hub.names()
        self._amiss = amiss
        if place.run in names:
            self._wanted = place.run
        elif place.run:
            self._amiss.append(f"The address asks for the run {place.run!r}, and there is none of that name here.")
        self._look()
        if self.state is not None and place.run in ("", self.state.name) and place != Place(run=place.run):
            with pn.io.hold():
                if place.epoch is not None:
                    self._scrub(place.epoch)
                self._amiss += self.deck.go(place)
                self.draw()
        self._tell(self.state, "")
        # Now, and not once the cursor rests: a browser that still builds the page cannot take a word that appears.
        self.deck.settle(now=True)
        self._place = self.place

    def _scrub(self, epoch: int) -> None:
        """Go to the epoch that the address asks for, and draw it: an order is frozen at the epoch that is shown."""
        self.cursor.scrub(epoch)
        self.draw()
        if self.cursor.epoch != epoch:
            self._amiss.append(f"The address asks for epoch {epoch:,}, which is not recorded; the nearest is shown.")

    @property
    def place(self) -> Place:
        """What is seen now."""
        epoch = None if self.cursor.follow else self.cursor.epoch
        return self.deck.place(Place(run=self.cursor.run, epoch=epoch))

    def _note_place(self) -> None:
        """Keep the address what is seen, once a person has gone somewhere. It is never read again: nothing swings."""
        if self._place is not None and (place := self.place) != self._place:
            self._place = place
            self.share.courier.address = place.query

    def look(self) -> None:
        """Look at the hub, and move what has changed since the last look.

        After a look that took long nothing is done for twice as long, so that a person is heard in between.
        """
        self._pace.run(self._look)

    def _look(self) -> None:
        with pn.io.hold():
            self.start.update()
            self.fork.tell()
            self.player.settle()
            names, first_look = self.hub.names(), self._names is None
            if related := names != self._names:
                self._names, self.family = names, self._relate(names)
            if related or self._wanted or self.cursor.run not in names:
                self._choose(names)
            before, state, trouble = self.state, None, ""
            try:
                state = self.hub.state(self.cursor.run) if self.cursor.run else None
                if state and _recorded(state) != _recorded(before):
                    self.deck.regroup()
            except StrnnVizError as error:
                state, trouble = None, str(error)
            self.state = state
            self.steer.update(state)
            self._tell(state, trouble)
            if state and _recorded(state) != _recorded(before):
                self.cursor.see(state.epochs)
            if first_look or related or _recorded(state) != _recorded(before):
                self.draw()
            else:
                self._offer_fork()
                if self.state and self.family.forks(self.state.name):
                    self._mark_branches()  # they may grow while the run does not
            self.deck.settle()
            self._note_place()

    def _draw_soon(self) -> None:
        """Draw once the moves that are already on their way have arrived.

        A person who drags the slider sends more epochs than can be drawn. Drawn one by one they would queue up; so
        what is drawn is where the slider is by then. In a drag, as long is waited for more as the last one took.
        """
        if not in_session():
            self.draw()
        elif not self._due:
            self._due = True
            begun, took = self._drew
            dragged = time.monotonic() - begun - took < DRAG_SECONDS
            gather = max(GATHER_MS, min(250, round(1000 * took))) if dragged else GATHER_MS
            pn.state.curdoc.add_timeout_callback(self.draw, gather)

    def draw(self) -> None:
        """Bring the player and every view to where the cursor is."""
        self._due = False
        if self.state and self.state.name != self.cursor.run:
            return  # the cursor has just turned to another run; the look under way draws it
        begun = time.monotonic()
        with pn.io.hold():
            self.welcome.say("" if self.state else WELCOME.format(folder=escape(str(self.hub.folder))))
            self.player.update(self.state, self._course())
            self._mark_branches()
            self.deck.draw(self.state)
            self._offer_fork()
        self._drew = (begun, time.monotonic() - begun)

    def _mark_branches(self) -> None:
        """Show where the run came from, and its forks for as long as they are recorded; looks as where compared."""
        kin = self.family.kin(self.cursor.run)
        looks = {name: look for look, name in enumerate(kin)}
        origin = self.family.origin(self.cursor.run)

        def lane(branch: Branch) -> Lane:
            end = branch.epoch
            with contextlib.suppress(StrnnVizError):
                end = max(end, self.hub.state(branch.name).newest or 0)
            return Lane(branch.name, branch.epoch, end, branch.words, looks.get(branch.name, 0))

        came = origin and Lane(origin.name, origin.epoch, origin.epoch, origin.words)
        linked = origin is not None and origin.name in looks
        self.player.mark(came, [lane(fork) for fork in self.family.forks(self.cursor.run)], linked=linked)

    def _offer_fork(self) -> None:
        """Say what can be forked where the cursor is."""
        run = self.cursor.run
        self.fork.update(self.state, self.family.words(run), self.family.kin(run))

    def _relate(self, names: list[str]) -> Family:
        """Which run came from which, of those that can be read."""
        runs = []
        for name in names:
            with contextlib.suppress(StrnnVizError):
                runs.append(self.hub.run(name))
        return Family(runs)

    def _choose(self, names: list[str]) -> None:
        """Bring the run picker up to date, and turn to a run where none is shown."""
        wanted, self._wanted = self._wanted, None
        if wanted in names:
            chosen = wanted
        elif self.cursor.run in names:
            chosen = self.cursor.run
        else:
            live = (name for name in names if self.hub.state(name).live)
            chosen = next(live, names[0] if names else "")
        if chosen != self.cursor.run:
            self.cursor.select(chosen)
        labels = {label: name for label, name in self.family.labels.items() if name in names}
        self.picker.param.update(options=labels, disabled=not names, **({"value": chosen} if names else {}))

    def _tell(self, state: RunState | None, trouble: str) -> None:
        """Say in words how the run is doing, and what is wrong with it or beside it."""
        if state:
            self.status.say(status_html(state))
        else:
            self.status.say("")
        detail = status_detail(state) if state else ""
        kind = "error" if state and state.status == "failed" else ""
        own = (
            paragraphs(trouble, kind="error") + paragraphs(detail, kind=kind) + damage(state.problems if state else ())
        )
        self.notice.say(self._amiss, own, self.hub.problems())

    def _course(self) -> Course:
        """What the track shows of the run."""
        if self.state is None:
            return Course()
        run, state = self.hub.run(self.state.name), self.state
        key = f"valid_{views.run_measure(run).name}"
        return self.hub.derived((run.name, "track", state.version), lambda: course_of(run, key, state.epochs))

    def _picked(self, event: Any) -> None:
        if event.new and event.new != self.cursor.run:
            self.player.halt()
            self._amiss = []
            self.cursor.select(event.new)
            self._look()


def _recorded(state: RunState | None) -> tuple[Any, ...] | None:
    """What the views and the player depend on; progress within an epoch is not of it."""
    return (state.name, state.version, state.live) if state else None
