"""Learning curves: train and validation perplexity over epochs, and the prune rate beneath them."""

from __future__ import annotations

import math
from typing import Any

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import Run
from strnn_viz.topology import row_of
from strnn_viz.views._plot import (
    ALIGNED,
    Line,
    Series,
    Word,
    cursor,
    curves,
    dashes,
    end_word,
    epoch_axis,
    framed,
    last_epoch,
    lines,
    waiting,
    words,
)
from strnn_viz.views.palette import RUNS

_X, _Y = "epoch", "perplexity"


def learning_curves(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 280) -> hv.Overlay:
    """Train and validation perplexity on a logarithmic axis, with a tick for every rewiring.

    Parameters
    ----------
    run : Run
    epoch : int or None
        Where the cursor is; None while there is no epoch.
    layer : str or None
        Not used; all views share one signature.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.
    """
    del layer
    epochs, axis, last = column(run, "epoch"), epoch_axis(run), last_epoch(run)
    train = Series(epochs, column(run, "train_perplexity"), "train", "dashed")
    other = other_metric(run)
    valid = Series(epochs, column(run, other or "valid_perplexity"), other.replace("_", " ") or "validation")
    reference = [u for u in [unigram_perplexity(run)] if math.isfinite(u)]
    low, high = (span if other else perplexity_range)(run, [*train.y, *valid.y, *reference])
    tick = low * (high / low) ** 0.03
    straight = [
        *(dash for y in reference for dash in dashes(axis["xlim"], y)),
        *(Line(row["epoch"], low, row["epoch"], tick) for row in run.rows if _pruned(row)),
        *cursor(run, epoch, low, high),
    ]
    valid_above = not len(epochs) or not (train.y[-1] > valid.y[-1] or valid.y[-1] > high / 2)
    named = [
        *end_word(train, last, RUNS[0], above=not valid_above),
        *end_word(valid, last, RUNS[0], above=valid_above),
        *(Word(last, y, "unigram model", align="right") for y in reference),
        *([Word(0, tick, "rewirings")] if any(map(_pruned, run.rows)) else []),
        *([] if len(epochs) else waiting(last / 2, math.sqrt(low * high))),
    ]
    elements = [
        lines(straight, _X, _Y, framewise=True),
        *curves([train, valid], _X, _Y, RUNS[0], "0,0.0"),
        words(named, _X, _Y),
    ]
    ticks = [(m * 10.0**k, f"{m * 10.0**k:,.{max(0, -k)}f}") for k in range(-6, 8) for m in (1, 2, 5)]
    look: dict[str, Any] = {"height": height, "backend_opts": ALIGNED, "logy": True}
    return framed(elements, ylim=(low, high), ylabel=other.replace("_", " ") or _Y, yticks=ticks, **look, **axis)


def prune_rate(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 110) -> hv.Overlay:
    """The fraction of active weights that the rewiring after each epoch replaces; shares the epochs of the curves."""
    del layer
    epochs, rate = column(run, "epoch"), column(run, "prune_rate")
    start = run.config.sparsity.prune_rate if run.config else 0.0
    top = math.ceil(10 * max([start, *rate[np.isfinite(rate)], 0.1]) - 1e-9) / 10
    series = [Series(epochs, rate, "prune rate")]
    elements = [
        lines(cursor(run, epoch, 0, 1.08 * top), _X, "rate", framewise=True),
        *curves(series, _X, "rate", RUNS[0], "0.0%"),
    ]
    ticks = [(v, f"{v:.0%}") for v in (0, top / 2, top)]
    look: dict[str, Any] = {"height": height, "backend_opts": ALIGNED}
    return framed(elements, ylim=(0, 1.08 * top), ylabel="prune rate", yticks=ticks, **look, **epoch_axis(run))


def learning_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the learning curves."""
    del layer
    if epoch is None or not run.epochs:
        return "Learning curves appear with the first epoch"
    row = row_of(run, epoch)
    if other := other_metric(run):
        return f"Epoch {epoch}: {other.replace('_', ' ')} {_number(row.get(other)):.3g}"
    valid, train = _number(row.get("valid_perplexity")), _number(row.get("train_perplexity"))
    if not math.isfinite(train):
        return f"Epoch {epoch}: validation perplexity {perplexity_text(valid)} before any training"
    text = f"Epoch {epoch}: validation perplexity {perplexity_text(valid)}, train {perplexity_text(train)}"
    unigram = unigram_perplexity(run)
    return text + (f"; unigram model {perplexity_text(unigram)}" if math.isfinite(unigram) else "")


def column(run: Run, name: str) -> NDArray[np.float64]:
    """A metric over the readable epochs, nan where it was not recorded."""
    return np.array([_number(row.get(name)) for row in run.rows], dtype=float)


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


def unigram_perplexity(run: Run) -> float:
    """Validation perplexity of the unigram model, as the newest epoch that carries it says; nan where none does."""
    known = column(run, "unigram_perplexity")
    known = known[np.isfinite(known)]
    return float(known[-1]) if known.size else float("nan")


def perplexity_range(run: Run, values: list[float]) -> tuple[float, float]:
    """Bounds of the perplexity axis in half decades, so that it grows in steps.

    It holds all `values`, and what an untrained model begins with: the size of its vocabulary.
    """
    finite = [v for v in values if math.isfinite(v) and v > 0]
    start = float(run.config.data.vocabulary) if run.config else max([*finite, 10.0])
    low = math.floor(2 * math.log10(min([*finite, start / 10]) / 1.5)) / 2  # 1.5: room for a label beneath the curve
    high = math.ceil(2 * math.log10(max([*finite, start])) - 0.02) / 2
    return float(10**low), float(10 ** (high + 0.03))  # an untrained model is slightly worse than guessing


def perplexity_text(value: float) -> str:
    """A perplexity in words: no decimals from 100 on, one below."""
    if not math.isfinite(value):
        return "unknown"
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.1f}"


def _pruned(row: Any) -> bool:
    return any(layer.get("pruned", 0) for layer in row["layers"].values())


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
