"""From a HoloViews element to what every viewer's figure is told: computed once, then applied in a millisecond.

Updating a figure through HoloViews takes tens of milliseconds. With twenty viewers of one run that would be paid twenty
times an epoch, and again at every move of a cursor. So one figure a view is kept off any page, on a *stage*; each
element is drawn there once and read off as a *frame* of plain values. A viewer has a copy of the figure, and a frame is
applied to it by setting what differs from the frame before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

import holoviews as hv
import numpy as np
import panel as pn
import param
from bokeh.document import Document
from bokeh.model import Model
from bokeh.util.serialization import make_id

from strnn_viz.dashboard.theme import FONT
from strnn_viz.views import off_page

hv.extension("bokeh", logo=False)
hv.opts.defaults(hv.opts.Labels(text_font={"value": FONT}, backend="bokeh"))


class Moment(hv.streams.Stream):  # type: ignore[misc]
    """Tells a figure that there is something else to show."""

    count = param.Integer(default=0, doc="How often it was told.")


@dataclass(frozen=True, eq=False)
class Frame:
    """A figure at one moment, as plain values.

    Attributes
    ----------
    structure : int
        Which models the figure is made of; a figure of another structure must be made anew.
    values : mapping
        Property values by model and property; models themselves are not among them.
    """

    structure: int
    values: Mapping[str, Mapping[str, Any]]


class Stage:
    """A figure that no one sees, on which elements of one structure become frames.

    Attributes
    ----------
    structure : int
        Counts the sets of models the figure was made of; it stays what it is as long as elements keep their structure.
    """

    def __init__(self) -> None:
        self.structure = 0
        self._lock = RLock()
        self._element: Any = None
        self._moment = Moment()
        self._plot: Any = None
        self._document = Document()
        self._document.on_change(self._note)
        self._touched: set[str] = set()
        self._values: dict[str, Mapping[str, Any]] = {}
        self._template: Any = None

    def frame(self, element: Any) -> Frame:
        """Draw an element, and read the figure off."""
        with self._lock:
            self._element = element
            if self._plot is None:
                drawn = hv.DynamicMap(lambda count: self._element, streams=[self._moment])  # noqa: ARG005 - the stream's
                self._plot = off_page(drawn)
                self._plot.document = self._document
                self._document.add_root(self._plot.state)
            # Also the first time: an update sets properties that making a figure does not.
            self._moment.event(count=self._moment.count + 1)
            models = {str(model.id): model for model in self._document.models}
            if models.keys() != self._values.keys():
                self.structure += self._template is not None
                self._template = self._document.to_json()
                self._values, self._touched = {}, set(models)
            self._values |= {name: _values(models[name]) for name in self._touched}
            self._touched = set()
            return Frame(self.structure, dict(self._values))

    def _note(self, event: Any) -> None:
        """Remember which models an update has changed, so that only those are read off."""
        if (model := getattr(event, "model", None)) is not None:
            self._touched.add(str(model.id))

    def figure(self) -> tuple[Model, dict[str, Model]]:
        """A copy of the figure for one viewer, and its models by the names that frames have for them.

        No two copies share an identity: in a page where one replaces another, the browser would take the one for the
        other.
        """
        with self._lock:
            copy = Document.from_json(self._template)
            figure = copy.roots[0]
            copy.remove_root(figure)
        models = {str(model.id): model for model in figure.references()}
        for model in models.values():
            model._id = make_id()
        return figure, models


class Figure:
    """One viewer's figure.

    Parameters
    ----------
    stage : Stage
    resized : callable
        Called with the width and height inside the axes, in pixels, once they are known and whenever they change.
    made : callable
        Called with the figure whenever it is made anew, before it is in the page.

    Attributes
    ----------
    pane : Panel object
        The figure's place in the page.
    models : dict
        The models of the figure by the names that frames have for them.
    """

    def __init__(
        self,
        stage: Stage,
        resized: Callable[[int, int], None] | None = None,
        made: Callable[[Model], None] | None = None,
    ) -> None:
        self._stage = stage
        self._run = ""
        self._resized = resized
        self._made = made
        self._frame: Frame | None = None
        self.models: dict[str, Model] = {}
        self._sides: dict[str, int] = {}
        self.pane = pn.pane.Bokeh(sizing_mode="stretch_both", margin=0, min_height=0)

    def turn(self, stage: Stage, run: str) -> None:
        """Show the frames of another stage or run from now on, in a figure made anew.

        In place, a figure whose glyphs become fewer while its axes change is laid out, and painted, in between: by the
        old count with the new data, which is an error in the browser that leaves the rest of the page as it was.
        """
        if (stage, run) != (self._stage, self._run):
            self._stage, self._run, self._frame = stage, run, None

    def show(self, frame: Frame) -> None:
        """Apply what of a frame differs from the one shown."""
        before: Mapping[str, Mapping[str, Any]] = {}
        figure: Model | None = None
        if self._frame is None or frame.structure != self._frame.structure:
            figure = self._renew()
        else:
            before = self._frame.values
        for name, values in frame.values.items():
            old = before.get(name, {})
            if old is values:
                continue
            changed = {key: value for key, value in values.items() if key not in old or not same(old[key], value)}
            if changed:
                self.models[name].update(**changed)
        self._frame = frame
        if figure is not None:  # only now: in the page, each of these changes would be painted while it is being made
            self.pane.object = figure

    def _renew(self) -> Model:
        """A figure made anew, not yet in the page."""
        figure, self.models = self._stage.figure()
        if self._resized is not None:
            for side in ("inner_width", "inner_height"):
                figure.on_change(side, self._measured)
        if self._made is not None:
            self._made(figure)
        return figure

    def _measured(self, attr: str, old: Any, new: Any) -> None:  # noqa: ARG002 - what Bokeh calls it with
        self._sides[attr] = new
        width, height = self._sides.get("inner_width"), self._sides.get("inner_height")
        if self._resized and width and height:
            self._resized(width, height)


def same(a: Any, b: Any) -> bool:
    """Whether two property values are equal; arrays and containers of them included."""
    if a is b:
        return True
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def _values(model: Model) -> dict[str, Any]:
    """Properties set to plain values. Data is held by shallow copies, since columns are only ever replaced."""
    found = model.properties_with_values(include_defaults=False)
    return {
        key: dict(value) if isinstance(value, dict) else list(value) if isinstance(value, list) else value
        for key, value in found.items()
        if not _has_model(value)
    }


def _has_model(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_model, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_model, value))
    # A colour that follows a column is a record of that column and the map it goes through.
    return isinstance(value, Model) or isinstance(getattr(value, "transform", None), Model)
