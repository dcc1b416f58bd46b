"""A card with many views in one place, of which one is seen: a look at the topology from another side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.cards import Card, Plot, View
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.errors import UsageError
from strnn_viz.runs import Run

_MOST_UNITS = 512  # beyond, one distance takes seconds, and every viewer of the server would wait for it


@dataclass(frozen=True)
class Lens:
    """One of the views to choose from.

    Attributes
    ----------
    name : str
        What it is called in the list.
    view : View
    title : callable
        ``(run, epoch, *, layer) -> str``.
    """

    name: str
    view: View
    title: Callable[..., str]


def _nnstd(run: Run, epoch: int | None, **options: Any) -> Any:
    """NNSTD over epochs where it takes no time to speak of."""
    units = max((info.shape[1] for info in run.layers.values() if info.role == "recurrent"), default=0)
    if units > _MOST_UNITS:
        raise UsageError(
            f"the topology distance of {units:,} units takes seconds an epoch. In a terminal: "
            f"strnn-viz distance {run.name}@0 {run.name}@{epoch}"
        )
    return views.nnstd_distance(run, epoch, **options)


LENSES = (
    Lens("Distance", View(views.connectivity_distance), views.distance_title),
    Lens("Survival", View(views.survival_curves), views.survival_title),
    Lens("Turnover", View(views.turnover), views.turnover_title),
    Lens("Degrees", View(views.degree_distribution), views.degree_title),
    Lens("Gates", View(views.gate_density_strip), views.gate_density_title),
    Lens("Age map", View(views.age_map, pixels=True), views.ages_title),
    Lens("Age pyramid", View(views.age_pyramid), views.ages_title),
    Lens("By degree", View(views.adjacency, pixels=True), views.adjacency_title),
    Lens("NNSTD", View(_nnstd), views.nnstd_title),
    Lens("Epochs apart", View(views.distance_map), views.distance_map_title),
    Lens("Path", View(views.distance_path, pixels=True), views.distance_map_title),
    Lens("One unit", View(views.ego_network), views.ego_title),
)


class LensCard(Card):
    """A card that shows the lens chosen from a list; the others do no work.

    Parameters
    ----------
    hub : RunHub
    area : str
        Its place in the page's grid.
    chosen : callable
        Called when another lens is chosen, to draw it.
    lenses : sequence of Lens
    """

    def __init__(self, hub: RunHub, area: str, chosen: Callable[[], None], lenses: Sequence[Lens] = LENSES) -> None:
        self.lenses = list(lenses)
        names = [lens.name for lens in lenses]
        self.picker = pmui.Select(
            label="View", options=names, value=names[0], size="small", width=168, margin=(0, 0, 0, 12)
        )
        self.picker.param.watch(lambda _: chosen(), "value")
        super().__init__(
            hub,
            area,
            [Plot(hub, lens.view, lens.name) for lens in lenses],
            self.lenses[0].title,
            "Connectivity distance",
            promise="Here is drawn how far the topology has moved, from the first epoch and from the one before.",
            tools=[self.picker],
        )

    @property
    def place(self) -> int:
        """Which lens is chosen."""
        return [lens.name for lens in self.lenses].index(self.picker.value)

    def prepare(self, run: str, epoch: int, layers: Sequence[str | None], whole: str | None = None) -> None:
        """Show an epoch through the lens chosen; see :meth:`Card.prepare`."""
        self._title = self.lenses[self.place].title
        super().prepare(run, epoch, layers, whole)

    def seen(self, layers: Sequence[str | None]) -> dict[int, str | None]:
        """The chosen plot, with the layer it shows."""
        return {self.place: next(iter(layers), None)}
