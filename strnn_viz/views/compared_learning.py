"""The learning curves of several runs over each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import holoviews as hv

from strnn_viz.runs import Run
from strnn_viz.topology import row_of
from strnn_viz.topology.between import nearest_epoch
from strnn_viz.views._compared import (
    LOOKS,
    cursor_line,
    elsewhere,
    final_epoch,
    letters,
    listed,
    look_curve,
    shared_axis,
)
from strnn_viz.views._labels import Frame
from strnn_viz.views._plot import Series, framed, waiting, words
from strnn_viz.views.learning import accuracy_range, column, other_metric, run_measure, scale, span, value_text

_X = "epoch"


def valid_key(run: Run) -> str:
    """The metric that a run is compared by: what validation measured."""
    return other_metric(run) or f"valid_{run_measure(run).name}"


def comparable_measures(runs: Sequence[Run]) -> list[bool]:
    """Which runs measured what the first did, on one axis."""
    return [valid_key(run) == valid_key(runs[0]) for run in runs]


def compared_learning(runs: Sequence[Run], epoch: int | None, *, height: int | None = 280) -> hv.Overlay:
    """What validation measured in each run, over epochs; a logarithmic axis for perplexities, a linear one else.

    The axis holds what was measured after training began, since before it all runs guess alike.

    Parameters
    ----------
    runs : sequence of Run
        One to eight. Of those that measured something else than the first nothing is drawn.
    epoch : int or None
        Where the cursor is.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for as many runs, whatever they have recorded.
    """
    key, linear = valid_key(runs[0]), scale(runs[0]) == "linear"
    y = key.removeprefix("valid_")
    series = [
        Series(column(run, "epoch"), column(run, key), run.name) if fits else Series([], [], run.name)
        for run, fits in zip(runs, comparable_measures(runs), strict=True)
    ]
    values = [v for s in series for x, v in zip(*s.finite, strict=True) if x > 0 or len(s.finite[0]) < 3]
    low, high = accuracy_range(runs[0], values) if linear else span(runs[0], values)
    middle = (low + high) / 2 if linear else math.sqrt(low * high)
    told = "{:.1%}".format if linear else "{:,.1f}".format
    curves = [part for s, look in zip(series, LOOKS, strict=False) for part in look_curve(s, look, _X, y, told)]
    axis = shared_axis(runs)
    ends = letters(series, Frame.of(axis, low, high, log=not linear))
    empty = [] if any(len(s.finite[0]) for s in series) else waiting(final_epoch(runs) / 2, middle)
    ticks: list[Any] = [(m * 10.0**k, f"{m * 10.0**k:,.{max(0, -k)}f}") for k in range(-6, 8) for m in (1, 2, 5)]
    if linear:
        ticks = [(i / 10, f"{i / 10:.0%}") for i in range(0, 11, 1 if high < 0.65 else 2)]
    elements = [cursor_line(epoch, low, high, _X, y), *curves, words([*ends, *empty], _X, y)]
    name = y.replace("_", " ")
    return framed(elements, height=height, ylim=(low, high), logy=not linear, ylabel=name, yticks=ticks, **axis)


def compared_learning_title(runs: Sequence[Run], epoch: int | None) -> str:
    """The sentence above the curves: what each run has reached at its epoch nearest to the one shown."""
    if epoch is None or not any(run.epochs for run in runs):
        return "Learning curves appear with the first epoch"
    measure, key = run_measure(runs[0]), valid_key(runs[0])
    told = []
    for run, look, fits in zip(runs, LOOKS, comparable_measures(runs), strict=False):
        at = nearest_epoch(run.epochs, epoch)
        if not fits:
            told.append(f"{look.letter} measured another thing")
        elif at is not None:
            value = row_of(run, at).get(key)
            text = value_text(measure, float("nan") if value is None else float(value))
            told.append(f"{look.letter} {text}{elsewhere(at, epoch)}")
    name = f"validation {measure.name}" if key.startswith("valid_") else key.replace("_", " ")
    return f"Epoch {epoch}: {name} {listed(told, 6)}"
