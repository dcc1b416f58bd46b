"""Learning curves: train and validation perplexity or accuracy over epochs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError
from strnn_viz.runs import ACCURACY, PERPLEXITY, Measure, Run, measure_of
from strnn_viz.runs.forks import parent_path
from strnn_viz.topology import row_of
from strnn_viz.topology.cache import Bounded
from strnn_viz.views._labels import Frame, along, beside, placed
from strnn_viz.views._plot import (
    ALIGNED,
    Line,
    Series,
    Word,
    cursor,
    curves,
    dashes,
    epoch_axis,
    framed,
    last_epoch,
    lines,
    styled,
    waiting,
    words,
)
from strnn_viz.views.palette import MUTED, RUNS

_X = "epoch"

_parents: Bounded[Run] = Bounded(16)


def learning_curves(
    run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 280, steps: bool = False
) -> hv.Overlay:
    """Train and validation perplexity on a logarithmic axis, or accuracy on a linear one; a tick for every rewiring.

    Of a fork, what validation measured in the run it came from stands behind its own, in grey.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; None while there is no epoch.
    layer : str or None
        Not used; all views share one signature.
    height : int or None
        Height of the plot in pixels; None for all that its place has.
    steps : bool
        Whether to draw how training went within epochs too, where perplexity is measured and it was recorded.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run; the kind of its axis is that of :func:`scale`.
    """
    del layer
    epochs, axis, last = column(run, "epoch"), epoch_axis(run), last_epoch(run)
    measure, other = run_measure(run), other_metric(run)
    train = Series(epochs, column(run, f"train_{measure.name}"), "train", "dashed")
    valid = Series(epochs, column(run, other or f"valid_{measure.name}"), other.replace("_", " ") or "validation")
    parent, within = parent_series(run, measure), within_epochs(run if steps else None)
    reference = [u for u in [frequency_baseline(run)] if math.isfinite(u) and not other]
    linear = scale(run) == "linear"
    bounds = span if other else accuracy_range if linear else perplexity_range
    low, high = bounds(run, [*train.y, *valid.y, *parent.y, *reference])
    tick, middle = (low + 0.03 * (high - low), (low + high) / 2) if linear else (
        low * (high / low) ** 0.03, math.sqrt(low * high))  # fmt: skip
    straight = [
        *(dash for y in reference for dash in dashes(axis["xlim"], y)),
        *(Line(row["epoch"], low, row["epoch"], tick) for row in run.rows if rewired(row)),
        *cursor(run, epoch, low, high),
    ]
    frame = Frame.of(axis, low, high, log=not linear, line=0.1, letter=0.027)  # its card is narrow
    valid_above = not (len(epochs) and train.y[-1] > valid.y[-1])
    choices = [
        [Word(0, tick, "rewirings")] if any(map(rewired, run.rows)) else [],
        *(beside(_bare(measure.reference_title), y, frame, last) for y in reference),
        along(valid, frame, RUNS[0], above=valid_above),
        along(train, frame, RUNS[0], above=not valid_above),
        along(parent, frame, MUTED, first=True),  # at its beginning the curves of a fork are not yet
    ]
    named = placed(choices, frame, [train, valid, parent], reference) or waiting(last / 2, middle)
    elements = [
        lines(straight, _X, measure.name, framewise=True),
        styled(hv.Curve(parent.finite, _X, measure.name), line_color=MUTED, line_width=1.5),
        styled(hv.Curve(within.finite, _X, measure.name), line_color=RUNS[0], line_alpha=0.5, line_width=1),
        *curves([train, valid], _X, measure.name, RUNS[0], "0.0%" if linear else "0,0.0"),
        words(named, _X, measure.name),
    ]
    ticks = [(m * 10.0**k, f"{m * 10.0**k:,.{max(0, -k)}f}") for k in range(-6, 8) for m in (1, 2, 5)]
    if linear:
        ticks = [(i / 10, f"{i / 10:.0%}") for i in range(0, 11, 1 if high < 0.65 else 2)]
    look: dict[str, Any] = {"height": height, "backend_opts": ALIGNED, "logy": not linear}
    return framed(
        elements, ylim=(low, high), ylabel=other.replace("_", " ") or measure.name, yticks=ticks, **look, **axis
    )


def learning_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the learning curves."""
    del layer
    if epoch is None or not run.epochs:
        return "Learning curves appear with the first epoch"
    row = row_of(run, epoch)
    if other := other_metric(run):
        return f"Epoch {epoch}: {other.replace('_', ' ')} {_number(row.get(other)):.3g}"
    measure = run_measure(run)
    valid, train = (_number(row.get(f"{split}_{measure.name}")) for split in ("valid", "train"))
    if not math.isfinite(train):
        return f"Epoch {epoch}: validation {measure.name} {value_text(measure, valid)} before any training"
    text = f"Epoch {epoch}: validation {measure.name} {value_text(measure, valid)}, train {value_text(measure, train)}"
    baseline = frequency_baseline(run)
    known = f"; {_bare(measure.reference_title)} {value_text(measure, baseline)}"
    return text + (known if math.isfinite(baseline) else "")


def run_measure(run: Run) -> Measure:
    """What a run is judged by; one without any epoch yet, by the task of its configuration."""
    if run.config is None:
        return PERPLEXITY  # what others call accuracy may be a percentage, or anything
    rows = run.rows
    return measure_of(rows[-1]) if rows else ACCURACY if run.config.task == "classification" else PERPLEXITY


def scale(run: Run) -> str:
    """The kind of the learning curves' axis: ``"linear"`` for accuracy, ``"log"`` for what can be any size."""
    return "linear" if run_measure(run) is ACCURACY else "log"


def column(run: Run, name: str) -> NDArray[np.float64]:
    """A metric over the readable epochs, nan where it was not recorded."""
    return np.array([_number(row.get(name)) for row in run.rows], dtype=float)


def parent_series(run: Run, measure: Measure) -> Series:
    """What validation measured in the run that a fork came from; empty for a run that is no fork."""
    path = parent_path(run)
    try:
        rows = [] if path is None else _parents.get(path, lambda: Run(path)).rows
    except RunError:
        rows = []
    values = [_number(row.get(f"valid_{measure.name}")) for row in rows]
    return Series([row["epoch"] for row in rows], values, "parent")


def within_epochs(run: Run | None) -> Series:
    """Perplexity of training within epochs; empty for no run, and where it is not perplexity that is measured."""
    found = run.steps if run is not None and run_measure(run) is PERPLEXITY and not other_metric(run) else []
    return Series([at for at, _ in found], [math.exp(min(loss, 50.0)) for _, loss in found], "train, within epochs")


def other_metric(run: Run) -> str:
    """What a run that was recorded elsewhere, without perplexities, measured instead; empty for the runs made here."""
    if run.config is not None or np.isfinite(column(run, "valid_perplexity")).any():
        return ""
    names = {name for row in run.rows for name in row} - {"epoch", "step", "layers", "lr", "prune_rate", "seconds"}
    return min(names, key=lambda name: ("accuracy" not in name, name), default="")


def span(run: Run, values: list[float]) -> tuple[float, float]:
    """Bounds of the axis for a metric of unknown size, in half decades around all positive `values`."""
    del run
    positive = [v for v in values if math.isfinite(v) and v > 0] or [1.0]
    low, high = math.floor(2 * math.log10(min(positive) / 1.5)) / 2, math.ceil(2 * math.log10(max(positive)) + 0.1) / 2
    return float(10**low), float(10**high)


def frequency_baseline(run: Run) -> float:
    """What a model reaches that knows only how frequent words or classes are; nan where no epoch says."""
    known = column(run, run_measure(run).reference)
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else float("nan")


def accuracy_range(run: Run, values: list[float]) -> tuple[float, float]:
    """Bounds of the accuracy axis in tenths, so that it grows in steps: from 0, with room above for a label."""
    del run
    top = math.ceil(10 * max([0.5, *(v for v in values if math.isfinite(v))]) - 1e-9) / 10
    return 0.0, 1.08 * top


def perplexity_range(run: Run, values: list[float]) -> tuple[float, float]:
    """Bounds of the perplexity axis in half decades, so that it grows in steps.

    It holds all `values`, and what an untrained model begins with: the size of its vocabulary.
    """
    finite = [v for v in values if math.isfinite(v) and v > 0]
    start = float(run.config.data.vocabulary) if run.config else max([*finite, 10.0])
    low = math.floor(2 * math.log10(min([*finite, start / 10]) / 1.5)) / 2  # 1.5: room for a label beneath the curve
    high = math.ceil(2 * math.log10(max([*finite, start])) - 0.02) / 2
    return float(10**low), float(10 ** (high + 0.03))  # an untrained model is slightly worse than guessing


def value_text(measure: Measure, value: float) -> str:
    """A value in words; of a perplexity no decimals from 100 on, one below."""
    return measure.text(value) if math.isfinite(value) else "unknown"


def _bare(title: str) -> str:
    return title.removeprefix("a ").removeprefix("always the ")


def rewired(row: Mapping[str, Any]) -> bool:
    """Whether connections were pruned after an epoch, by its row of the run."""
    return any(layer.get("pruned", 0) for layer in row["layers"].values())


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
