"""The page that lists the runs: each with its newest mask and its course, to open, or to tick and compare."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable
from html import escape
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard import listing
from strnn_viz.dashboard.branches import Family
from strnn_viz.dashboard.chrome import quiet_page
from strnn_viz.dashboard.hub import RunHub, RunState
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.link import compare_link
from strnn_viz.dashboard.parts import Pace, Text, paragraphs
from strnn_viz.dashboard.starting import Starting
from strnn_viz.dashboard.theme import style
from strnn_viz.dashboard.thumbnail import thumbnail
from strnn_viz.errors import StrnnVizError

PER_PAGE = 20
MOST = 8  # runs that can be compared at once
READ_SECONDS = 0.1  # that reading runs may take of one look; the rest waits for the next

_EMPTY = """<section><h1>No run yet</h1>
<p>Train the demo here, or any preset from the <a href="./explorer">explorer</a> or a terminal:</p>
<pre>strnn-viz train demo --runs {folder}</pre>
<p class="muted">Runs recorded elsewhere appear too, once their directory lies in <code>{folder}</code>.</p>
</section>"""


class Row:
    """One run of the list.

    Parameters
    ----------
    hub : RunHub
    name : str
        The run.
    ticked : bool
    tick : callable
        Called with the name and whether it is ticked, when a person ticks or unticks it.
    """

    def __init__(self, hub: RunHub, name: str, *, ticked: bool, tick: Callable[[str, bool], None]) -> None:
        self.name = name
        self._hub = hub
        self._told: tuple[Any, ...] = ()
        self.state: RunState | None = None
        # Readers of the page need a name; to others the row says it.
        self.box = pmui.Checkbox(
            label=f"Compare {name}", value=ticked, size="small", margin=0, align="center", stylesheets=[style("tick")],
        )  # fmt: skip
        self.box.param.watch(lambda event: tick(name, event.new), "value")
        self.picture = Text(listing.picture(name, ""), looks="thumbnail", css_classes=["picture"])
        self.title = Text(looks="run", css_classes=["title"])
        self.course = Text(looks="run", css_classes=["course"])
        self.standing = Text(looks="run", css_classes=["standing"])
        self.view = pn.Row(
            self.box, self.picture, self.title, self.course, self.standing,
            stylesheets=[style("run_row")], css_classes=["run-row"], sizing_mode="stretch_width", margin=0,
        )  # fmt: skip

    def name_it(self, family: Family) -> None:
        """Say what the run is, and where it came from: of ``run.json`` alone."""
        self.title.object = listing.title(self._hub.run(self.name), family.origin(self.name))

    def update(self) -> None:
        """Bring it to what is recorded; what is wrong with the run is told in its row."""
        hub, name = self._hub, self.name
        try:
            run, self.state = hub.run(name), hub.state(name)
            self.standing.object = listing.standing(run, self.state)
            told = (name, *self.state.version)
            if told != self._told:
                epoch = self.state.newest
                image = hub.derived((name, "thumbnail", told[1], epoch), lambda: thumbnail(run, epoch))
                self.course.object = hub.derived((name, "course", told), lambda: listing.course(run))
                self.picture.object = listing.picture(name, image)
                self._told = told
        except StrnnVizError as error:
            self.standing.object = paragraphs(f"⚠ {error}", kind="error")


class RunsPage:
    """One viewer's page.

    Parameters
    ----------
    hub : RunHub
        Where runs are read, shared with other viewers.
    launcher : Launcher
        Where trainings are started, shared too.
    """

    def __init__(self, hub: RunHub, launcher: Launcher) -> None:
        self.hub = hub
        self._launcher = launcher
        self._pace = Pace(rest=2)
        self._names: list[str] | None = None
        self._family = Family()
        self._searched: dict[str, str] = {}
        self._ticked: list[str] = []
        self.rows: dict[str, Row] = {}
        self.filter = pmui.TextInput(
            label="Filter", placeholder="name, method, task, status …", size="small", width=300, margin=0
        )
        self.told = Text(attributes={"role": "status"}, css_classes=["told"], align="center")
        self.compare = Text(looks="compare_link", attributes={"aria-live": "polite"}, align="center")
        self.untick = pmui.Button(label="Untick all", variant="text", size="small", margin=0, visible=False)
        self.list = pn.Column(stylesheets=[style("run_list")], sizing_mode="stretch_width", margin=0)
        self.pages = pmui.Pagination(count=1, value=0, size="small", visible=False, margin=(8, 0, 0, 0))
        self.problems = Text(looks="problems", visible=False, sizing_mode="stretch_width")
        self.welcome = Text(looks="welcome", visible=False, sizing_mode="stretch_width")
        self.start = pmui.Button(label="Train the demo", icon="play_arrow", variant="contained", visible=False,
                                 disable_elevation=True, margin=0)  # fmt: skip
        self.message = Text(attributes={"role": "status"}, visible=False)
        self._starting = Starting(self.message, self.start, self._started)
        self.filter.param.watch(lambda _: self._turn(0), "value_input")
        self.pages.param.watch(lambda _: self._look(), "value")
        self.untick.on_click(lambda _: self._untick())
        self.start.on_click(lambda _: self._train())

    def view(self) -> pmui.Page:
        """The page as a Panel object; call it once."""
        head = pn.Row(self.filter, self.told, self.compare, self.untick, css_classes=["head"], margin=0,
                      sizing_mode="stretch_width")  # fmt: skip
        body = pn.Column(
            self.welcome, self.start, self.message, head, self.list, self.pages, self.problems,
            stylesheets=[style("runs")], sizing_mode="stretch_both", margin=0,
        )  # fmt: skip
        self._look()
        return quiet_page(main=[body])

    def look(self) -> None:
        """Look at the hub, and move what has changed since the last look."""
        self._pace.run(self._look)

    def _look(self) -> None:
        with pn.io.hold():
            self._starting.update()
            names = self.hub.names()
            if names != self._names:
                self._names = names
                self._relate(names)
            found = self._found(names)
            shown = self._shown(found)
            self._place(shown)
            self._read()
            self._tell(names, found)

    def _relate(self, names: list[str]) -> None:
        """Take note of what there is, from each run's ``run.json`` alone."""
        runs = []
        for name in names:
            with contextlib.suppress(StrnnVizError):
                runs.append(self.hub.run(name))
        self._family = Family(runs)
        self._ticked = [name for name in self._ticked if name in names]
        for row in self.rows.values():
            if row.name in names:
                row.name_it(self._family)

    def _found(self, names: list[str]) -> list[str]:
        """The runs that the filter lets through: all its words must be there."""
        words = self.filter.value_input.casefold().split()
        if not words:
            return names
        found = []
        for name in names:
            with contextlib.suppress(StrnnVizError):
                text = listing.searched(self.hub.run(name))
                if all(word in text for word in words):
                    found.append(name)
        return found

    def _shown(self, found: list[str]) -> list[str]:
        """The runs of the page turned to."""
        count = max(1, math.ceil(len(found) / PER_PAGE))
        page = min(self.pages.value, count - 1)  # the first is 0
        self.pages.param.update(count=count, value=page, visible=count > 1)
        return found[page * PER_PAGE : (page + 1) * PER_PAGE]

    def _place(self, shown: list[str]) -> None:
        """Bring the list to these runs; a row that stays is the very same, so that nothing of it moves or is lost."""
        if shown == list(self.rows):
            return
        rows = {}
        for name in shown:
            with contextlib.suppress(StrnnVizError):
                row = self.rows.get(name)
                if row is None:
                    row = Row(self.hub, name, ticked=name in self._ticked, tick=self._tick)
                    row.name_it(self._family)
                rows[name] = row
        self.rows = rows
        self.list.objects = [row.view for row in rows.values()]

    def _read(self) -> None:
        """Bring rows up to date; of those never read, as many as there is time for."""
        until = time.monotonic() + READ_SECONDS
        for row in self.rows.values():
            if row.state is not None or time.monotonic() < until:
                row.update()

    def _tell(self, names: list[str], found: list[str]) -> None:
        empty = not names
        self.welcome.say(_EMPTY.format(folder=escape(str(self.hub.folder))) if empty else "")
        self.start.visible = empty
        self.filter.visible = not empty
        if empty:
            self.told.say("")
        elif not found:
            self.told.say(f"No run matches “{escape(self.filter.value_input.strip())}”.")
        elif len(found) < len(names):
            self.told.say(f"{len(found):,} of {len(names):,} runs")
        else:
            self.told.say(f"{len(names):,} run{'s' if len(names) > 1 else ''}, newest first")
        self.compare.say("" if len(names) < 2 else self._offer())
        self.untick.visible = bool(self._ticked)
        self.problems.say(paragraphs(*self.hub.problems().values(), kind="muted"))

    def _offer(self) -> str:
        """What can be done with the runs that are ticked."""
        ticked = self._ticked
        if len(ticked) < 2:
            what = f"Tick another run to compare {escape(ticked[0])} with" if ticked else "Tick runs to compare them"
            return f'<span class="muted">{what}</span>'
        if len(ticked) > MOST:
            return f'<span class="muted">{len(ticked)} runs are ticked, and {MOST} can be compared: untick some</span>'
        return f'<a href="{escape(compare_link(ticked))}">Compare {len(ticked)} runs</a>'

    def _tick(self, name: str, on: bool) -> None:
        self._ticked = [one for one in self._ticked if one != name] + ([name] if on else [])
        self._look()

    def _untick(self) -> None:
        self._ticked = []
        for row in self.rows.values():
            row.box.value = False

    def _turn(self, page: int) -> None:
        self.pages.value = page
        self._look()

    def _started(self, _name: str) -> None:
        """Look at once for the run that has just begun."""
        self.hub.names(now=True)

    def _train(self) -> None:
        self._starting.begin(lambda: self._launcher.start("demo", {}))
