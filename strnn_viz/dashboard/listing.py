"""What a list of runs tells of each: what it is, how it is doing, what it reached. Safe HTML; no Panel here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from html import escape

from strnn_viz import views
from strnn_viz.dashboard.branches import Branch
from strnn_viz.dashboard.choices import INITIALIZATIONS
from strnn_viz.dashboard.hub import RunState
from strnn_viz.dashboard.link import explorer_link
from strnn_viz.dashboard.thumbnail import SIZE
from strnn_viz.dashboard.words import SIGNS, count, status_line
from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.passages import PASSAGES
from strnn_viz.rules import METHODS
from strnn_viz.runs import Run

_FIRST = {name: words if name != "uniform" else name for words, name in INITIALIZATIONS.items()}
_CURVE = (132, 40)  # pixels of a sparkline, across and down
_POINTS = 120  # values it is drawn of, at most


def what(run: Run) -> str:
    """What a run is, in words: task, text, model, method, first topology."""
    config = run.config
    if config is None:
        return "recorded elsewhere"
    corpus, model, sparsity = config.data.corpus, config.model, config.sparsity
    text = (SOURCES.get(corpus) or PASSAGES[corpus]).title
    rules = METHODS[sparsity.method]
    first = "" if "initialization" in rules.fixed else f", {_FIRST[sparsity.initialization]}"
    cell = f"{model.layers} × {model.hidden:,} units" if model.cell == "lstm" else f"RHN of {model.hidden:,} units"
    return f"{config.task.capitalize()} of {text} · {cell} · {rules.title}{first} · seed {config.seed}"


def when(created: str) -> str:
    """When a run began, in this machine's time: ``23 Nov 2026, 14:03``; as it is written where that is no time."""
    try:
        moment = datetime.fromisoformat(created).astimezone()
    except (ValueError, OverflowError):
        return created
    return f"{moment.day} {moment:%b %Y, %H:%M}"


def searched(run: Run) -> str:
    """What a filter looks through, in small letters."""
    parent = f"fork of {run.parent.name}" if run.parent else ""
    return " ".join((run.name, what(run), run.status, parent)).casefold()


def picture(name: str, source: str) -> str:
    """The mask of a run, leading to the explorer; as much room where there is none yet."""
    width, height = SIZE
    inside = f'<img src="{source}" width="{width}" height="{height}" alt="">' if source else ""
    return f'<a href="{escape(explorer_link(name))}" tabindex="-1" aria-hidden="true">{inside}</a>'


def title(run: Run, origin: Branch | None) -> str:
    """The name of a run, where it came from, and what it is."""
    name = f'<h2><a href="{escape(explorer_link(run.name))}">{escape(run.name)}</a></h2>'
    fork = ""
    if origin:
        told = f": {origin.words}" if origin.words else ""
        fork = f"<p>↳ fork of {escape(origin.name)} at epoch {origin.epoch:,}{escape(told)}</p>"
    return f'{name}{fork}<p class="muted">{escape(what(run))}</p>'


def course(run: Run) -> str:
    """How validation went, as a line and in words: what was best and when, and how dense the newest topology is."""
    measure, rows = views.run_measure(run), run.rows
    key = f"valid_{measure.name}"
    known = [(row["epoch"], float(row[key])) for row in rows if row.get(key) is not None]
    best = measure.best(rows)
    found = "" if best is None else f"best {measure.name} <b>{measure.text(best[key])}</b>"
    beside = [] if best is None else [f"at epoch {best['epoch']:,}"]
    if rows and (share := density(run)) is not None:
        beside.append(f"density {share:.1%}")
    line = curve(known[:: 1 + len(known) // _POINTS], log=views.scale(run) == "log")
    return f'<div class="course">{line}<div><p>{found}</p><p class="muted">{" · ".join(beside)}</p></div></div>'


def density(run: Run) -> float | None:
    """Share of the weights that are active at the newest epoch; None where the record does not say."""
    counts = [layer.get("nnz") for layer in run.rows[-1]["layers"].values()]
    size = sum(info.size for info in run.layers.values())
    return None if None in counts or not size else sum(counts) / size


def curve(values: Sequence[tuple[int, float]], *, log: bool) -> str:
    """A line of numbers by epoch, low at the bottom, with a dot at its end; nothing of fewer than two.

    Parameters
    ----------
    values : sequence of (int, float)
    log : bool
        Whether on a log scale, which leaves out what is not positive.
    """
    known = [(x, math.log(y) if log else y) for x, y in values if math.isfinite(y) and (y > 0 or not log)]
    if len(known) < 2:
        return ""
    width, height = _CURVE
    left, span = known[0][0], max(1, known[-1][0] - known[0][0])
    low, high = min(y for _, y in known), max(y for _, y in known)
    up = (height - 8) / (high - low) if high > low else 0.0
    points = [(4 + (width - 8) * (x - left) / span, height - 4 - (y - low) * up) for x, y in known]
    line, (x, y) = " ".join(f"{x:.1f},{y:.1f}" for x, y in points), points[-1]
    return (
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">'
        f'<polyline points="{line}" /><circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" /></svg>'
    )


def standing(run: Run, state: RunState) -> str:
    """How a run is doing, with its sign, how far it is, and when it began."""
    sign, line = SIGNS.get(state.status, ""), status_line(state)
    why = f'<p class="error">{escape(state.message.partition(chr(10))[0])}</p>' if state.message else ""
    damaged = f"<p>⚠ {count(len(state.problems), 'damaged record')}</p>" if state.problems else ""
    began = f'<p class="muted">began {escape(when(str(run.about.get("created", ""))))}</p>'
    return f'<p><span class="{escape(state.status)}">{sign}</span> {escape(line)}</p>{why}{damaged}{began}'
