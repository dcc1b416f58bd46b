"""The figures of a replay: what they look like. What they show at an epoch, the page's own script puts into them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, FixedTicker, HoverTool, LinearColorMapper, Range1d, Span
from bokeh.plotting import figure

from strnn_viz.runs import Run
from strnn_viz.views import palette, run_measure, scale
from strnn_viz.views._plot import last_epoch
from strnn_viz.views.learning import (
    accuracy_range,
    column,
    frequency_baseline,
    other_metric,
    perplexity_range,
    span,
)

_FIXED: dict[str, Any] = {"toolbar_location": None, "tools": "", "sizing_mode": "stretch_both", "min_border": 4}
_QUIET: dict[str, Any] = {"background_fill_color": None, "border_fill_color": None, "outline_line_color": None}


def mask_figure(name: str) -> Any:
    """An empty picture on the unit square, its first row at the top."""
    plot = _figure(name, x_range=Range1d(0, 1), y_range=Range1d(1, 0))
    source = ColumnDataSource({"image": [np.zeros((1, 1), dtype=np.uint8)]}, name=f"{name}-cells")
    colours = LinearColorMapper(list(palette.CODE_COLOURS), low=-0.5, high=len(palette.CODE_COLOURS) - 0.5)
    plot.image("image", x=0, y=0, dw=1, dh=1, color_mapper=colours, source=source)
    gates = ColumnDataSource({"y": []}, name=f"{name}-gates")
    plot.segment(0, "y", 1, "y", source=gates, line_color=palette.MUTED)
    for axis in (plot.xaxis, plot.yaxis):
        axis.ticker = FixedTicker(ticks=[])
    plot.outline_line_color = palette.MUTED
    plot.outline_line_alpha = 0.5
    return plot


def learning_figure(run: Run) -> Any:
    """Train and validation over all epochs recorded, on the axes that the explorer has, with a line at the epoch."""
    epochs, measure, other = column(run, "epoch"), run_measure(run), other_metric(run)
    valid = column(run, other or f"valid_{measure.name}")
    train = column(run, f"train_{measure.name}")
    baseline = float("nan") if other else frequency_baseline(run)
    linear = scale(run) == "linear"
    bounds = span if other else accuracy_range if linear else perplexity_range
    low, high = bounds(run, [*train, *valid, *([baseline] if math.isfinite(baseline) else [])])
    plot = _figure(
        "learning",
        x_range=Range1d(0, last_epoch(run)),
        y_range=Range1d(low, high),
        y_axis_type="linear" if linear else "log",
        x_axis_label="epoch",
        y_axis_label=other.replace("_", " ") or measure.name,
    )
    source = ColumnDataSource({"epoch": epochs, "train": train, "valid": valid}, name="curves")
    hovered = []
    for which, dash, label in (("train", "dashed", "train"), ("valid", "solid", "validation")):
        look = {"line_color": palette.RUNS[0], "line_width": 2, "line_dash": dash, "legend_label": label}
        plot.line("epoch", which, source=source, **look)
        hovered.append(plot.scatter("epoch", which, source=source, size=4, color=palette.RUNS[0]))
    form = "{0.0%}" if linear else "{0,0.0}"
    told = [("epoch", "@epoch"), ("train", f"@train{form}"), ("validation", f"@valid{form}")]
    plot.add_tools(HoverTool(renderers=hovered[1:], tooltips=told))
    if math.isfinite(baseline):
        plot.add_layout(Span(location=baseline, dimension="width", line_color=palette.MUTED, line_dash="dotted"))
    plot.add_layout(Span(name="here", location=0, dimension="height", line_color=palette.MUTED, line_width=2))
    plot.legend.background_fill_color = None
    plot.legend.border_line_color = None
    plot.legend.location = "bottom_right" if linear else "top_right"
    return plot


def magnitude_figure() -> Any:
    """Bars over log10 of the magnitudes: what survived, on top of it what was born; lines at the prune thresholds."""
    plot = _figure(
        "magnitudes",
        x_range=Range1d(-4, 0),
        y_range=Range1d(0, 0.1),
        x_axis_label="weight magnitude |w|",
        y_axis_label="share of the weights",
    )
    for name, colour in (("survived", palette.SURVIVED), ("born", palette.BORN)):
        source = ColumnDataSource({"left": [], "right": [], "bottom": [], "top": []}, name=f"{name}-bars")
        plot.quad(source=source, color=colour, line_alpha=0, legend_label=name)
    marks = ColumnDataSource({"x": [], "top": []}, name="thresholds")
    plot.segment("x", 0, "x", "top", source=marks, color=palette.THRESHOLD, line_width=2, legend_label="pruned up to")
    plot.xaxis.ticker = FixedTicker(ticks=[])
    plot.legend.background_fill_color = None
    plot.legend.border_line_color = None
    plot.legend.location = "top_left"
    return plot


def _figure(name: str, **options: Any) -> Any:
    plot = figure(name=name, **_FIXED, **_QUIET, **options)
    plot.grid.visible = False
    return plot
