"""A card with many views in one place, of which one is seen: a look at the topology from another side."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import panel_material_ui as pmui

from strnn_viz import views
from strnn_viz.dashboard.cards import Card
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.plots import Plot, View
from strnn_viz.dashboard.theme import FIELD_SX
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.runs import Run
from strnn_viz.views._degrees import unit_count

# The field is in a head of fixed height: what is wrong hangs below it and moves nothing. Its label stays above it, as
# that of the list beside it does, so that what an empty field means can be read.
_UNIT_SX = FIELD_SX | {
    "& .MuiInputLabel-root": {"transform": "translate(14px, -9px) scale(0.75)"},
    "& .MuiOutlinedInput-notchedOutline legend": {"maxWidth": "100%"},
    "& label[data-shrink=false] + .MuiInputBase-formControl .MuiInputBase-input::placeholder": {
        "opacity": "0.75 !important",
    },
    "& .MuiFormHelperText-root": {
        "position": "absolute", "top": "100%", "right": 0, "zIndex": 2, "margin": 0, "padding": "2px 0 2px 8px",
        "width": "max-content", "maxWidth": "240px", "textAlign": "right", "backgroundColor": "background.paper",
    },
}  # fmt: skip
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
    shown : str
        Name of the view it draws.
    unit : bool
        Whether view and title take a ``unit`` to single out.
    """

    name: str
    view: View
    title: Callable[..., str]
    shown: str
    unit: bool = False


@functools.cache
def _with_unit(title: Callable[..., str], unit: int | None) -> Callable[..., str]:
    """A title about a unit; the same object every time, since what is derived is held by it."""
    return functools.partial(title, unit=unit)


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
    Lens("Distance", View(views.connectivity_distance), views.distance_title, "connectivity_distance"),
    Lens("Survival", View(views.survival_curves), views.survival_title, "survival_curves"),
    Lens("Turnover", View(views.turnover), views.turnover_title, "turnover"),
    Lens("Degrees", View(views.degree_distribution), views.degree_title, "degree_distribution", unit=True),
    Lens("Magnitude map", View(views.magnitude_map), views.magnitudes_title, "magnitude_map"),
    Lens("Gates", View(views.gate_density_strip), views.gate_density_title, "gate_density_strip"),
    Lens("Age map", View(views.age_map, pixels=True), views.ages_title, "age_map"),
    Lens("Age pyramid", View(views.age_pyramid), views.ages_title, "age_pyramid"),
    Lens("By degree", View(views.adjacency, pixels=True), views.adjacency_title, "adjacency"),
    Lens("NNSTD", View(_nnstd), views.nnstd_title, "nnstd_distance"),
    Lens("Epochs apart", View(views.distance_map), views.distance_map_title, "distance_map"),
    Lens("Path", View(views.distance_path, pixels=True), views.distance_map_title, "distance_path"),
    Lens("One unit", View(views.ego_network), views.ego_title, "ego_network", unit=True),
)


def _read_unit(text: str, count: int) -> tuple[int | None, str]:
    """The unit that a text names, of so many; else None, and what is wrong with it."""
    if text.isascii() and text.isdigit() and int(text) < count:
        return int(text), ""
    return None, f"There is no unit {text}. Units: 0 to {count - 1:,}."


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
        self.unit = pmui.TextInput(
            label="Unit", placeholder="any", max_length=7, size="small", width=84, margin=(0, 0, 0, 8), sx=_UNIT_SX,
            visible=False,
        )  # fmt: skip
        self.picker.param.watch(lambda _: chosen(), "value")
        self.unit.param.watch(lambda _: chosen(), "value")
        super().__init__(
            hub,
            area,
            [Plot(hub, lens.view, lens.name) for lens in lenses],
            self.lenses[0].title,
            "Connectivity distance",
            promise="Here is drawn how far the topology has moved, from the first epoch and from the one before.",
            tools=[self.picker, self.unit],
            shown=[lens.shown for lens in lenses],
        )
        self.about.of([self.lenses[0].shown])

    @property
    def place(self) -> int:
        """Which lens is chosen."""
        return [lens.name for lens in self.lenses].index(self.picker.value)

    def prepare(self, run: str, epoch: int, layers: Sequence[str | None], whole: str | None = None) -> None:
        """Show an epoch through the lens chosen; see :meth:`Card.prepare`."""
        lens = self.lenses[self.place]
        unit = self._unit(run, next(iter(layers), None)) if lens.unit else None
        self._title = _with_unit(lens.title, unit) if lens.unit else lens.title
        if lens.unit:
            self.plots[self.place].options["unit"] = unit
        self.unit.visible = lens.unit
        self.about.of([lens.shown])
        super().prepare(run, epoch, layers, whole)

    @property
    def shows(self) -> str:
        """The lens chosen."""
        return str(self.picker.value)

    def _unit(self, run: str, layer: str | None) -> int | None:
        """The unit to single out; None for any, also where what is typed is not one, which is said at the field."""
        text = self.unit.value.strip()
        unit, wrong = None, ""
        if text:
            with contextlib.suppress(StrnnVizError):  # told by the card, since no view can be drawn
                unit, wrong = _read_unit(text, unit_count(self._hub.run(run), layer))
        self.unit.param.update(error_state=bool(wrong), helper_text=wrong)
        return unit

    def seen(self, layers: Sequence[str | None]) -> dict[int, str | None]:
        """The chosen plot, with the layer it shows."""
        return {self.place: next(iter(layers), None)}
