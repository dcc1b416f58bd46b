"""The prune rate over epochs, with the learning rate behind it."""

from __future__ import annotations

import math
from typing import Any

import holoviews as hv
import numpy as np

from strnn_viz.runs import Run
from strnn_viz.topology import row_of
from strnn_viz.views._labels import Frame, placed
from strnn_viz.views._plot import (
    ALIGNED,
    Series,
    Word,
    cursor,
    curves,
    epoch_axis,
    framed,
    is_number,
    last_epoch,
    lines,
    styled,
    words,
)
from strnn_viz.views.learning import column
from strnn_viz.views.palette import MUTED, RUNS

_X, _Y = "epoch", "rate"


def prune_rate(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 110) -> hv.Overlay:
    """The fraction of active weights that the rewiring after each epoch replaces, and the learning rate.

    It shares the epochs of the learning curves. The learning rate is drawn from zero to its highest, and told.

    Parameters
    ----------
    run, epoch, layer, height
        As for :func:`strnn_viz.views.learning_curves`.
    """
    del layer
    epochs, rate, lr = (column(run, name) for name in ("epoch", "prune_rate", "lr"))
    start = run.config.sparsity.prune_rate if run.config else 0.0
    top = math.ceil(10 * max([start, *rate[np.isfinite(rate)], 0.1]) - 1e-9) / 10
    highest = float(lr[np.isfinite(lr)].max(initial=0.0))
    pruned = Series(epochs, rate, "prune rate")
    steps = Series(epochs, lr / highest * top if highest else lr * np.nan, "learning rate")
    axis = epoch_axis(run)
    frame = Frame.of(axis, 0, 1.08 * top, line=0.18, letter=0.027)  # it is a small plot
    now = lr[(epochs == epoch) & np.isfinite(lr)] if epoch is not None else lr[:0]
    told = _places(f"┈ learning rate {now[0]:.3g}", last_epoch(run), top) if now.size else []
    elements = [
        lines(cursor(run, epoch, 0, 1.08 * top), _X, _Y, framewise=True),
        styled(hv.Curve(steps.finite, _X, _Y), line_color=MUTED, line_width=1.5, line_dash="dotted"),
        *curves([pruned], _X, _Y, RUNS[0], "0.0%"),
        words(placed([told], frame, [pruned, steps]), _X, _Y),
    ]
    ticks = [(v, f"{v:.0%}") for v in (0, top / 2, top)]
    look: dict[str, Any] = {"height": height, "backend_opts": ALIGNED}
    return framed(elements, ylim=(0, 1.08 * top), ylabel="prune rate", yticks=ticks, **look, **axis)


def _places(text: str, last: int, top: float) -> list[Word]:
    """Where the learning rate of the epoch shown may be told: at the lower left, below a prune rate that falls."""
    sides = ((0.06 * last, "left"), (0.94 * last, "right"))
    levels = ((0.04 * top, "bottom"), (1.0 * top, "top"), (0.52 * top, "bottom"))
    return [Word(x, y, text, align=align, baseline=base) for y, base in levels for x, align in sides]


def prune_rate_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the prune rate: its value and that of the learning rate at the epoch."""
    del layer
    if epoch is None or not run.epochs:
        return "The prune rate appears with the first epoch"
    row = row_of(run, epoch)
    told = [
        f"{name} {value:{digits}}"
        for name, key, digits in (("prune rate", "prune_rate", ".1%"), ("learning rate", "lr", ".3g"))
        if is_number(value := row.get(key))
    ]
    return f"Epoch {epoch}: {', '.join(told) or 'neither prune rate nor learning rate was recorded'}"
