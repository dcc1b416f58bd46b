"""A run in a notebook cell: the four views and a scrubber, brought up to date in place while the kernel trains."""

from __future__ import annotations

import os
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

import holoviews as hv
import panel as pn

from strnn_viz import views
from strnn_viz.errors import RunError
from strnn_viz.runs import LayerInfo, Run, list_runs
from strnn_viz.runs.files import RUN


def watch(source: Run | str | os.PathLike[str], *, layer: str | None = None) -> Watch:
    """Show a run in a notebook.

    Parameters
    ----------
    source : Run or path-like
        A run, its directory, or a directory of runs, of which the newest is shown.
    layer : str or None
        The layer whose connections are shown, for example ``"LSTM layer 1"``; None for the first recurrent one.

    Returns
    -------
    Watch
        A Panel object; put it last in a cell. Its :meth:`Watch.update` shows what was recorded since.

    Raises
    ------
    RunError
        If there is no run.

    Examples
    --------
    >>> view = watch(writer.path)  # doctest: +SKIP
    >>> view  # doctest: +SKIP
    >>> for snapshot in train(config):  # doctest: +SKIP
    ...     writer.append(snapshot)
    ...     view.update()
    """
    if isinstance(source, Run):
        return Watch(source, layer)
    path = Path(source)
    if not (path / RUN).is_file():
        runs, _ = list_runs(path)
        if not runs:
            raise RunError(f"{path} is neither a run nor a directory of runs. Give where a RunWriter records.")
        path = runs[0].path
    return Watch(Run(path), layer)


class Watch(pn.viewable.Viewer):  # type: ignore[misc]
    """The four views of a run under one scrubber; made by :func:`watch`.

    Attributes
    ----------
    run : Run
    player : panel widget
        Its value is the epoch shown.
    """

    def __init__(self, run: Run, layer: str | None = None) -> None:
        super().__init__()
        self.run = run
        self._layer = layer
        self._epoch: int | None = None
        self._follow = True
        self.player = pn.widgets.Player(
            label="Epoch", start=0, end=1, value=0, interval=400, loop_policy="once", show_loop_controls=False,
            visible_buttons=["first", "previous", "pause", "play", "next", "last"], show_value=True, disabled=True,
            sizing_mode="stretch_width", max_width=640,
        )  # fmt: skip
        self.player.param.watch(self._scrubbed, "value")
        masks = _Panel(views.mask_title, height=320), _Panel(None, height=320)
        self._left, self._right = masks
        self._magnitudes = _Panel(views.magnitudes_title)
        self._distance = _Panel(views.distance_title)
        self._learning = _Panel(views.learning_title)
        self._draw()
        self._view = pn.Column(
            pn.Row(self._left.view, self._right.view, sizing_mode="stretch_width"),
            pn.Row(self._learning.view, self._magnitudes.view, self._distance.view, sizing_mode="stretch_width"),
            self.player,
            sizing_mode="stretch_width",
        )
        self.update()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._view

    def update(self) -> None:
        """Show what was recorded since: the newest epoch, unless an earlier one was chosen with the scrubber."""
        epochs = self.run.epochs
        if not epochs:
            return
        epoch = epochs[-1] if self._follow or self._epoch not in epochs else self._epoch
        self._epoch = epoch
        self.player.param.update(
            start=epochs[0], end=max(epochs[-1], epochs[0] + 1), value=epoch, disabled=len(epochs) < 2
        )
        self._draw()

    def _scrubbed(self, event: Any) -> None:
        epochs = self.run.epochs
        if event.new != self._epoch and event.new in epochs:
            self._epoch, self._follow = event.new, event.new == epochs[-1]
            self._draw()

    def _draw(self) -> None:
        run, epoch = self.run, self._epoch
        group, matrices = self._chosen()
        names: list[str | None] = [info.name for info in matrices] or [None]
        self._left.show(views.mask_evolution, run, epoch, names[0], title=group)
        self._right.view.visible = len(names) > 1
        self._right.show(views.mask_evolution, run, epoch, names[-1])
        self._learning.show(views.learning_curves, run, epoch, None)
        self._magnitudes.show(views.magnitudes, run, epoch, group)
        self._distance.show(views.connectivity_distance, run, epoch, group)

    def _chosen(self) -> tuple[str | None, list[LayerInfo]]:
        """The layer shown and its matrices; nothing while the run has recorded nothing."""
        groups = views.layer_groups(self.run)
        recurrent = (name for name, infos in groups.items() if any(info.role == "recurrent" for info in infos))
        group = self._layer or next(recurrent, next(iter(groups), None))
        return (group, groups[group]) if group in groups else (self._layer if groups else None, [])


class _Moment(hv.streams.Stream):  # type: ignore[misc]
    """Tells a figure that there is something else to show."""


class _Panel:
    """A figure with a sentence above it."""

    def __init__(self, title: Callable[..., str] | None, height: int = 260) -> None:
        self._title = title
        self._height = height
        self._moment = _Moment()
        self._words = pn.pane.HTML("", sizing_mode="stretch_width", min_height=36, margin=(0, 5))
        self.element: Any = None
        self.map = hv.DynamicMap(lambda: self.element, streams=[self._moment])
        self.view = pn.Column(self._words, sizing_mode="stretch_width")

    def show(
        self, draw: Callable[..., Any], run: Run, epoch: int | None, layer: str | None, title: str | None = None
    ) -> None:
        """Show an epoch: the figure is made the first time, and updated ever after."""
        first, self.element = self.element is None, draw(run, epoch, layer=layer, height=self._height)
        if self._title is not None:
            self._words.object = f"<b>{escape(self._title(run, epoch, layer=title or layer))}</b>"
        if first:
            self.view.append(pn.pane.HoloViews(self.map, linked_axes=False, sizing_mode="stretch_width"))
        else:
            self._moment.event()
