"""Two of the runs compared, laid over each other: their difference in one picture, or a swipe between them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import panel_material_ui as pmui

from strnn_viz.dashboard.compare.chart import Chart, Panel
from strnn_viz.dashboard.compare.standing import Standing, colour_scale
from strnn_viz.dashboard.compare.swipe import Swipe
from strnn_viz.dashboard.compare.zoom import Zoom
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.theme import FIELD_SX
from strnn_viz.runs import LayerInfo
from strnn_viz.topology import layer_label
from strnn_viz.topology.between import Shared, common_matrices, misfit, shared_between
from strnn_viz.views import palette
from strnn_viz.views._compared import LOOKS
from strnn_viz.views.compared_masks import chance_words, compared_mask, mask_difference
from strnn_viz.views.compared_summaries import difference_summary

DIFFERENCE, SWIPE = "Difference", "Swipe"
USUAL = f"{LOOKS[0].letter},{LOOKS[1].letter}"


class Pair:
    """The card of two runs.

    Parameters
    ----------
    hub : RunHub
    zoom : Zoom
    again : callable
        Called when other runs or another picture were chosen, or there is room for another number of cells.
    """

    def __init__(self, hub: RunHub, zoom: Zoom, again: Callable[[], None]) -> None:
        self._hub = hub
        self._zoom = zoom
        self._filling = False
        self._again = again
        self.difference = Chart(hub, "difference", wired=zoom.wire, resized=again)
        self.swipe = Swipe(hub, zoom, again)
        self.mode = pmui.RadioButtonGroup(
            label="", options=[DIFFERENCE, SWIPE], value=DIFFERENCE, size="small", margin=0
        )
        look: dict[str, Any] = {"size": "small", "width": 84, "margin": (0, 0, 0, 8), "sx": FIELD_SX, "visible": False}
        self.first, self.second = (pmui.Select(label=label, options=[], **look) for label in ("First", "Second"))
        self.counts = Text(looks="counts", sizing_mode="stretch_width")
        for widget in (self.mode, self.first, self.second):
            widget.param.watch(lambda _: None if self._filling else again(), "value")
        tools = [self.mode, self.first, self.second]
        self.panel = Panel(
            "pair", "Difference", [self.difference.slot, self.swipe.view], tools,
            below=True, foot=self.counts, shown=["mask_difference"],
        )  # fmt: skip

    def draw(self, standings: list[Standing], info: LayerInfo | None) -> None:
        """Compare two of the runs where the cursor is.

        Parameters
        ----------
        standings : list of Standing
            At least two.
        info : LayerInfo or None
            The matrix shown, as the first run has it.
        """
        a, b = self._chosen(standings)
        swiping = self.mode.value == SWIPE
        self.difference.slot.visible, self.swipe.view.visible = not swiping, swiping
        common = common_matrices(a.run, b.run)
        shown = next((i for i in common if info and i.name == info.name), None)
        why = misfit(a.run, b.run)
        if shown is None or a.epoch is None or b.epoch is None:
            self.counts.say("")
            told = f"{why} Curves and densities compare all the same." if why else ""
            self.panel.instead(told or "Two masks are laid over each other here once both runs have an epoch.")
        else:
            self.panel.fill(lambda: self._compare(a, b, shown, common, whole=not why, swiping=swiping))

    @property
    def letters(self) -> str:
        """The two runs laid over each other, as ``"A,B"``."""
        return f"{self.first.value},{self.second.value}"

    def turn(self, letters: str) -> bool:
        """Lay two other runs over each other, as :attr:`letters` names them; whether there are such two."""
        first, _, second = letters.partition(",")
        if first == second or not {first, second} <= set(self.first.options):
            return False
        self.first.value, self.second.value = first, second
        return True

    def apply(self) -> None:
        """Bring the figures to what was prepared."""
        for chart in [self.swipe.left, self.swipe.right] if self.swipe.view.visible else [self.difference]:
            chart.apply()

    def _chosen(self, standings: list[Standing]) -> tuple[Standing, Standing]:
        letters = [LOOKS[s.place].letter for s in standings]
        self._filling = True
        try:
            for select, usual in ((self.first, letters[0]), (self.second, letters[1])):
                value = select.value if select.value in letters else usual
                select.param.update(options=letters, value=value, visible=len(letters) > 2)
            if self.first.value == self.second.value:
                self.second.value = next(letter for letter in letters if letter != self.first.value)
        finally:
            self._filling = False
        return standings[letters.index(self.first.value)], standings[letters.index(self.second.value)]

    def _compare(
        self, a: Standing, b: Standing, shown: LayerInfo, common: list[LayerInfo], *, whole: bool, swiping: bool
    ) -> str:
        named = [LOOKS[a.place].letter, LOOKS[b.place].letter]
        window, scale = self._zoom.drawn, colour_scale(self._hub, [a, b], shown.name)
        look: dict[str, Any] = {"density": scale, "window": window, "height": None}
        if swiping:
            self.swipe.name(*(f"{letter}, {s.name}" for letter, s in zip(named, (a, b), strict=True)))
            rows, columns = self.swipe.left.size
            look |= {"max_rows": rows, "max_columns": columns, "bare": True}
            for chart, s in ((self.swipe.left, a), (self.swipe.right, b)):
                chart.prepare(
                    "",
                    (s.name, shown.name),
                    (*s.key, scale, *window, rows, columns),
                    partial(compared_mask, s.run, s.epoch, s.matrix(shown.name), **look),
                )
        else:
            rows, columns = self.difference.size
            colours = (LOOKS[a.place].colour, LOOKS[b.place].colour)
            look |= {"max_rows": rows, "max_columns": columns, "colours": colours}
            self.difference.prepare(
                colours,
                (a.name, b.name, shown.name),
                (*a.key, *b.key, scale, *window, rows, columns),
                partial(mask_difference, a.run, a.epoch, b.run, b.epoch, shown, **look),
            )
        here, everywhere = (
            shared_between(a.run, a.epoch or 0, b.run, b.epoch or 0, [i.name for i in infos])
            for infos in ([shown], common)
        )
        columns_named = ("this matrix", "all layers" if whole else f"the {len(common)} matrices of one shape")
        self.counts.say(counts_table(here, everywhere, a, b, *columns_named))
        x, y = named
        pair = f"{x}, left, and {y}, right," if swiping else f"{x} and {y}"
        title = f"{pair} share {here.both:,} connections, {chance_words(here)}"
        told = f"{layer_label(a.run, shown.name)}, {x} at epoch {a.epoch}, {y} at epoch {b.epoch}: {title}"
        self.panel.telling.tell((*a.key, *b.key, told), lambda: [difference_summary(told, here, x, y)])
        return title


def counts_table(here: Shared, everywhere: Shared, a: Standing, b: Standing, *columns: str) -> str:
    """What two runs share, in numbers, of one matrix and of all, as a table that is the legend too."""
    (x, colour_a), (y, colour_b) = ((LOOKS[s.place].letter, LOOKS[s.place].colour) for s in (a, b))

    def row(sign: str, colour: str, words: str, *cells: str) -> str:
        mark = f'<b style="color:{colour}">{sign}</b> ' if sign else ""
        return f'<tr><th scope="row">{mark}{escape(words)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'

    found = (here, everywhere)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = [
        row("◀", colour_a, f"only in {x}", *(f"{s.only_a:,}" for s in found)),
        row("■", palette.SURVIVED, "in both", *(f"{s.both:,}" for s in found)),
        row("▶", colour_b, f"only in {y}", *(f"{s.only_b:,}" for s in found)),
        row("", "", "in both by chance", *(f"{s.by_chance:,.0f} ± {s.deviation:,.0f}" for s in found)),
        row("", "", "Jaccard (by chance)", *(f"{s.jaccard:.3f} ({s.chance_jaccard:.3f})" for s in found)),
        row("", "", "overlap (by chance)", *(f"{s.overlap:.3f} ({s.chance_overlap:.3f})" for s in found)),
    ]
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
