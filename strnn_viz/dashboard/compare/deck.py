"""The cards of the comparison, and what each shows of the runs and the epoch under the cursor."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.compare.chart import FILLING, Chart, Panel
from strnn_viz.dashboard.compare.distances import Distances
from strnn_viz.dashboard.compare.pair import DIFFERENCE, USUAL, Pair
from strnn_viz.dashboard.compare.standing import Standing, caption, colour_scale
from strnn_viz.dashboard.compare.zoom import Zoom
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.link import ComparedPlace
from strnn_viz.dashboard.masks_menu import legend
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.theme import style
from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting.compared import Compared
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import default_matrix, layer_label
from strnn_viz.views._compared import LOOKS, MOST_RUNS
from strnn_viz.views.compared_density import Densities, compared_density, compared_density_title, densities
from strnn_viz.views.compared_distance import Way, compared_distance, compared_distance_title
from strnn_viz.views.compared_gap import Against, Kinds, compared_gap, compared_gap_title, gaps_to_first, kinds_to_first
from strnn_viz.views.compared_learning import compared_learning, compared_learning_title
from strnn_viz.views.compared_masks import WHOLE, Window, compared_mask
from strnn_viz.views.compared_summaries import (
    density_summary,
    distance_summary,
    gap_summary,
    learning_summary,
    masks_summary,
)
from strnn_viz.views.learning import scale

#: Masks side by side, by how many there are.
_ACROSS = {2: 2, 3: 3, 4: 2, 5: 3, 6: 3, 7: 4, 8: 4}
#: The curves and bars below them, by their places in the grid.
_NAMES = {"learning": "Learning", "gap": "Gap", "density": "Density of each matrix", "apart": "Distance"}
_DRAWN = {
    "learning": "compared_learning", "gap": "compared_gap", "density": "compared_density",
    "apart": "compared_distance",
}  # fmt: skip


class Deck:
    """Masks side by side, two of them over each other, learning, gaps, densities, distances.

    Parameters
    ----------
    hub : RunHub
    """

    def __init__(self, hub: RunHub) -> None:
        self._hub = hub
        self._found: list[Standing] = []
        self._kinds: list[Kinds] = []
        self._kinds_key: tuple[Any, ...] = ()
        self._filling = False
        self.zoom = Zoom(self.redraw)
        self.distances = Distances(hub)
        self.matrix = pmui.Select(
            label="Matrix", options=[], size="small", width=216, margin=(0, 0, 0, 12), disabled=True
        )
        self.matrix.param.watch(lambda _: None if self._filling else self.redraw(), "value")
        self.masks = [
            Chart(hub, "masks", wired=self.zoom.wire, resized=None if i else self.redraw) for i in range(MOST_RUNS)
        ]
        for chart in self.masks:
            chart.slot.stylesheets = [style("slot"), style("gallery_slot")]
        self.gallery = pn.Column(stylesheets=[style("gallery")], **FILLING)
        self.gallery_card = Panel(
            "masks", "Connections side by side", [self.gallery], [self.zoom.view(), self.matrix],
            foot=Text(legend("state", 0), looks="legend"), shown=["compared_mask"],
        )  # fmt: skip
        self.pair = Pair(hub, self.zoom, self.redraw)
        self.charts = {area: Chart(hub, area, over_epochs=area != "density") for area in _NAMES}
        self.panels = {
            area: Panel(area, _NAMES[area], [chart.slot], shown=[_DRAWN[area]]) for area, chart in self.charts.items()
        }
        self.head = pn.Column(stylesheets=[style("card")], styles={"grid-area": "head"}, css_classes=["card", "head"],
                              margin=0, sizing_mode="stretch_width")  # fmt: skip
        self.key, self.summary = Text(looks="key"), Text(looks="summary", attributes={"role": "status"})
        self.head[:] = [Text("<h1>What differs</h1>", looks="summary"), self.key, self.summary]
        cards = [self.head, self.gallery_card.view, self.pair.panel.view, *(p.view for p in self.panels.values())]
        self.view = pn.Column(*cards, stylesheets=[style("compare")], css_classes=["gone"], **FILLING)
        self.ways: list[Way] = []
        self.gaps: list[Against] = []
        self.gap_title = ""

    def relate(self, found: Sequence[Standing], names: Sequence[str]) -> None:
        """Look for other seeds of the runs compared, where the runs there are have changed."""
        key = (tuple(s.state.version[0] for s in found), tuple(s.name for s in found), tuple(names))
        if key != self._kinds_key:
            others = _readable(self._hub, names)
            self._kinds, self._kinds_key = kinds_to_first([s.run for s in found], others), key

    def draw(self, found: Sequence[Standing]) -> None:
        """Bring every card to where the cursor is.

        Parameters
        ----------
        found : sequence of Standing
            The runs compared, two to eight; none, and no card is seen.
        """
        self._found = list(found)
        self.view.css_classes = [] if len(found) > 1 else ["gone"]
        if len(found) < 2:
            return
        bars = len(found) * len({layer_label(s.run, name) for s in found for name in s.run.layers})
        self.view.styles = {"--bars": f"{min(1160, max(300, 110 + 14 * bars))}px"}
        self._offer(found[0].run)
        info = found[0].run.layers.get(self.matrix.value or "")
        self.gallery_card.fill(lambda: self._draw_masks(info))
        self.pair.draw(self._found, info)
        runs, epoch, count = [s.run for s in found], found[0].wanted, len(found)
        names, history = tuple(s.name for s in found), tuple(s.history for s in found)
        axis = scale(runs[0])
        self.panels["learning"].fill(lambda: self._chart(
            "learning", (count, axis), names, (history,),
            lambda: compared_learning(runs, None, height=None), lambda: compared_learning_title(runs, epoch),
            lambda: learning_summary(runs, epoch),
        ))  # fmt: skip
        self.panels["gap"].fill(lambda: self._draw_gap(runs, epoch))
        self.panels["density"].fill(lambda: self._chart(
            "density", count, names, (repr(self.densities()),), lambda: compared_density(self.densities(), height=None),
            lambda: compared_density_title(self.densities(), epoch), lambda: density_summary(self.densities(), epoch),
        ))  # fmt: skip
        self._draw_distances()
        self.apply()

    def apply(self) -> None:
        """Bring the figures to what was prepared."""
        for chart in (*self.masks[: len(self._found)], *self.charts.values()):
            chart.apply()
        self.pair.apply()

    def redraw(self) -> None:
        """Draw again what depends on the matrix, the part of it that is seen, and the room there is."""
        if len(self._found) < 2:
            return
        with pn.io.hold():
            info = self._found[0].run.layers.get(self.matrix.value or "")
            self.gallery_card.fill(lambda: self._draw_masks(info))
            self.pair.draw(self._found, info)
            for chart in self.masks[: len(self._found)]:
                chart.apply()
            self.pair.apply()

    def grow(self) -> None:
        """Ask for more distances, and draw those that are known by now."""
        if len(self._found) > 1:
            before = [len(way.points) for way in self.ways]
            if [len(way.points) for way in self.distances.ways(self._found)] != before:
                with pn.io.hold():
                    self._draw_distances()
                    self.charts["apart"].apply()

    def place(self, place: ComparedPlace) -> ComparedPlace:
        """What an address tells of the deck, added to runs and an epoch; the usual is not told."""
        matrix, mode, seen = self.matrix.value or "", self.pair.mode.value, self.zoom.seen
        usual = default_matrix(self._found[0].run) if self._found else None
        return replace(
            place,
            matrix="" if usual is None or matrix == usual.name else matrix,
            mode="" if mode == DIFFERENCE else mode.lower(),
            pair=self.pair.letters if self._found and self.pair.letters != USUAL else "",
            zoom=None if seen == WHOLE else (seen.left, seen.top, seen.right, seen.bottom),
        )

    def go(self, place: ComparedPlace) -> list[str]:
        """Show the matrix, the picture of two masks and the part of the masks that an address asks for.

        Returns
        -------
        list of str
            A sentence for each of these that there is not.
        """
        amiss = []
        modes = {mode.lower(): mode for mode in self.pair.mode.options}
        matrices = {name: name for name in self.matrix.options.values()}
        for what, asked, widget, known in (
            ("matrix", place.matrix, self.matrix, matrices),
            ("mode", place.mode, self.pair.mode, modes),
        ):
            if asked in known:
                widget.value = known[asked]
            elif asked:
                amiss.append(f"The address asks for the {what} {asked!r}. There are: {', '.join(known)}.")
        if place.pair and not self.pair.turn(place.pair):
            amiss.append(f"The address asks for the pair {place.pair!r}, where two letters of runs are expected: A,B.")
        if place.zoom:
            self.zoom.show(Window(place.zoom[0], place.zoom[2], place.zoom[1], place.zoom[3]))
        return amiss

    def taken(self) -> Compared:
        """What is compared now, to be drawn anew or written down.

        Raises
        ------
        StrnnVizError
            If there is nothing to compare.
        """
        found = self._found
        info = found[0].run.layers.get(self.matrix.value or "") if found else None
        if len(found) < 2 or info is None or found[0].wanted is None:
            raise StrnnVizError("There is no epoch of two runs yet, so there is nothing to save.")
        letters = [LOOKS[s.place].letter for s in found]
        first, second = (letters.index(letter) for letter in self.pair.letters.split(","))
        return Compared(
            runs=tuple(s.run for s in found),
            epochs=tuple(s.epoch for s in found),
            epoch=found[0].wanted,
            matrix=info,
            density=colour_scale(self._hub, found, info.name),
            window=self.zoom.seen,
            pair=(first, second),
            gaps=tuple(self.gaps),
            densities=tuple(self.densities()),
            ways=tuple(self.ways),
        )

    def settle(self, *, now: bool = False) -> None:
        """Tell those who hear the page what each card shows, once the cursor rests or `now`."""
        for panel in (self.gallery_card, self.pair.panel, *self.panels.values()):
            panel.telling.settle(now=now)

    def densities(self) -> list[Densities]:
        """Of each run, at its epoch."""
        return [
            self._hub.derived((s.name, "densities", *s.history, s.epoch), lambda s=s: densities(s.run, s.epoch))  # type: ignore[misc]
            for s in self._found
        ]

    def _offer(self, run: Run) -> None:
        """Offer the matrices of the first run, and keep the one shown if it is among them."""
        options = {layer_label(run, info.name): info.name for info in run.layers.values()}
        chosen = default_matrix(run)
        value = self.matrix.value if self.matrix.value in options.values() else (chosen.name if chosen else None)
        if (options, value) != (self.matrix.options, self.matrix.value):
            self._filling = True
            try:
                self.matrix.param.update(options=options, value=value, disabled=len(options) < 2)
            finally:
                self._filling = False

    def _draw_masks(self, info: LayerInfo | None) -> str:
        found, window = self._found, self.zoom.drawn
        slots = [chart.slot for chart in self.masks[: len(found)]]
        across = _ACROSS[len(found)]
        if list(self.gallery.objects) != slots:
            for i, slot in enumerate(slots):  # told where, since Panel's own parts of a layout are in its grid too
                slot.styles = {"grid-row": f"{1 + 2 * (i // across)} / span 2", "grid-column": str(1 + i % across)}
            self.gallery[:] = slots
            self.gallery.styles = {"--across": str(across), "--down": str(-(-len(found) // across))}
        if info is None:
            return "Connections appear with the first epoch"
        rows, columns = self.masks[0].size
        scaled = colour_scale(self._hub, found, info.name)
        for s, chart in zip(found, self.masks, strict=False):
            own = s.matrix(info.name)
            look: dict[str, Any] = {
                "density": scaled,
                "window": window,
                "max_rows": rows,
                "max_columns": columns,
                "height": None,
            }
            chart.prepare(
                "",
                (s.name, info.name),
                (*s.key, scaled, *window, rows, columns),
                partial(compared_mask, s.run, s.epoch, own, **look),
            )
            chart.caption.say(caption(s, own))
        label = layer_label(found[0].run, info.name)
        own_epochs, matrices = [s.epoch for s in found], [s.matrix(info.name) for s in found]
        self.gallery_card.telling.tell(
            (info.name, found[0].wanted, *(s.key for s in found)),
            lambda: [masks_summary([s.run for s in found], own_epochs, matrices, found[0].wanted)],
        )
        return f"{label}, epoch {found[0].wanted}: {len(found)} masks on one colour scale, zoomed together"

    def _draw_gap(self, runs: list[Run], epoch: int | None) -> str:
        key = tuple(
            (run.name, self._hub.state(run.name).version)
            for pair in self._kinds
            for kind in pair
            for run in kind.values()
        )
        names = tuple(run.name for run in runs)
        gaps: list[Against] = self._hub.derived(
            ("compare", "gaps", names, key), lambda: gaps_to_first(runs, self._kinds)
        )
        self.gaps, self.gap_title = gaps, compared_gap_title(runs, gaps, epoch)
        return self._chart(
            "gap", len(runs), names, (key,),
            lambda: compared_gap(runs, gaps, None, height=None), lambda: self.gap_title,
            lambda: gap_summary(runs, gaps, epoch),
        )  # fmt: skip

    def _draw_distances(self) -> None:
        found = self._found
        runs, epoch = [s.run for s in found], found[0].wanted

        def draw() -> str:
            self.ways = self.distances.ways(found)
            key = tuple(tuple(p.epoch for p in way.points) for way in self.ways)
            return self._chart(
                "apart", len(found), tuple(s.name for s in found),
                (key, tuple(s.state.version[0] for s in found), tuple(s.state.total for s in found)),
                lambda: compared_distance(runs, self.ways, None, height=None),
                lambda: compared_distance_title(self.ways, epoch), lambda: distance_summary(self.ways, epoch),
            )  # fmt: skip

        self.panels["apart"].fill(draw)

    def _chart(
        self, area: str, kind: Any, names: tuple[str, ...], key: tuple[Any, ...], draw: Callable[[], Any],
        title: Callable[[], str], summary: Callable[[], str],
    ) -> str:  # fmt: skip
        epoch = self._found[0].wanted
        self.charts[area].prepare(kind, names, key, draw)
        self.charts[area].point(epoch)
        self.panels[area].telling.tell((names, key, epoch), lambda: [summary()])
        return title()


def _readable(hub: RunHub, names: Sequence[str]) -> list[Run]:
    """Runs that can be read; one that cannot is no seed of anything."""
    found = []
    for name in names:
        with contextlib.suppress(StrnnVizError):
            run = hub.run(name)
            if run.config is not None:
                found.append(run)
    return found
