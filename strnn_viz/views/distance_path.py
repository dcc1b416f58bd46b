"""The way a topology takes through the plane, in which epochs are as far apart as their masks."""

from __future__ import annotations

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.topology import matrices
from strnn_viz.views._epoch_distances import DistanceMapInfo, Metric, distance_map_info
from strnn_viz.views._history import seen
from strnn_viz.views._plot import Line, Word, framed, last_epoch, lines, styled, waiting, words
from strnn_viz.views._scale import sequential
from strnn_viz.views.palette import RUNS

_AXES = ("plane_x", "plane_y")
_FAR = tuple(m * 10.0**k for k in range(-3, 2) for m in (1, 2, 3, 5))


def distance_path(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 280,
    metric: Metric = "jaccard",
    most: int | None = None,
    max_rows: int | None = None,
    max_columns: int | None = None,
) -> hv.Overlay:
    """The path of a topology through the plane (multidimensional scaling), a mark for each epoch.

    Parameters
    ----------
    run : Run
    epoch : int or None
        The epoch whose mark has a ring; None while there is none.
    layer, height, metric, most
        As for :func:`distance_map`.
    max_rows, max_columns : int or None
        Pixels inside the axes, down and across, for one scale along both; None for `height` and half as much again.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        As for :func:`distance_map`.
    """
    seen(run, epoch)
    shown = distance_map_info(run, matrices(run, layer), metric=metric, most=most)
    down = max_rows or height or 280
    aspect = (max_columns or 1.5 * down) / max(1, down)
    x, y = shown.points.T
    far = 1.2 * max(float(np.abs(x).max(initial=0)) / aspect, float(np.abs(y).max(initial=0)))
    half = next((f for f in _FAR if f >= far), far) if far else 1.0
    path = [Line(*shown.points[i], *shown.points[i + 1]) for i in range(len(x) - 1)]
    at = shown.place(epoch)
    ring = np.zeros((0, 2)) if at is None else shown.points[[at]]
    marks = hv.Scatter((x, y, shown.epochs.astype(float)), _AXES[0], [_AXES[1], "epoch"])
    colours = list(sequential(32))
    return framed(
        [
            lines(path, *_AXES, width=1.25, framewise=True),
            styled(
                marks,
                color="epoch",
                cmap=colours,
                clim=(0, max(1, last_epoch(run))),
                size=7,
                tools=["hover"],
                colorbar=False,
                hover_tooltips=[("", "epoch @epoch")],
            ),
            styled(
                hv.Scatter((ring[:, 0], ring[:, 1]), *_AXES), fill_alpha=0, line_color=RUNS[0], line_width=2.5, size=15
            ),
            words(_named(shown, at, half), *_AXES),
        ],
        height=height,
        xlim=(-half * aspect, half * aspect),
        ylim=(-half, half),
        xlabel="distance in the plane",
        ylabel="",
    )


def _named(shown: DistanceMapInfo, at: int | None, half: float) -> list[Word]:
    """Numbers of the first, the newest and the shown epoch, at the outside of the path."""
    if not len(shown.epochs):
        return waiting(0, 0)
    found: list[Word] = []
    for i in dict.fromkeys([*([] if at is None else [at]), 0, len(shown.epochs) - 1]):
        x, y = (float(v) for v in shown.points[i])
        away = max(float(np.hypot(x, y)), 1e-9)
        x, y = x + 0.1 * half * x / away, y + 0.1 * half * y / away
        if all(abs(x - w.x) + abs(y - w.y) > 0.15 * half for w in found):
            found.append(Word(x, y, f"{shown.epochs[i]:,}", align="left" if x >= 0 else "right", baseline="middle"))
    return found
