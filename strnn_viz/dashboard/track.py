"""The timeline behind the epoch slider: what is learned, where it was rewired, and what branches off. No Panel here."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple
from urllib.parse import urlencode

from strnn_viz.runs import Run
from strnn_viz.views._compared import LOOKS
from strnn_viz.views.learning import rewired, scale

#: Ticks a whole track has room for; of more rewirings, as many as keep that distance are marked.
MOST_TICKS = 120
MOST_LANES = 4
_MOST_VALUES = 300  # of the curve

_ROOM = 24  # pixels below the track that lanes take at most
_FIRST = 46  # pixels from the top of the rail to where lanes begin
_TRACK = 38  # pixels from the top of the rail to below the track, where branches leave
_SHORTEST = 0.015  # share of the track that a lane takes at least, so that it can be seen


class Course(NamedTuple):
    """What the track shows of a run.

    Attributes
    ----------
    values : sequence of (int, float)
        Validation perplexity or accuracy by epoch.
    log : bool
        Whether they are drawn on a log scale, which leaves out what is not positive.
    rewired : sequence of int
        Epochs after which connections were replaced or removed.
    """

    values: Sequence[tuple[int, float]] = ()
    log: bool = True
    rewired: Sequence[int] = ()


class Lane(NamedTuple):
    """A fork as seen from the run it branches off.

    Attributes
    ----------
    name : str
        The fork.
    start, end : int
        Where it branches off, and the newest epoch it has recorded.
    words : str
        What it changed; empty where that is not known.
    look : int
        Which of the looks of compared runs it has.
    """

    name: str
    start: int
    end: int
    words: str = ""
    look: int = 0


class Span(NamedTuple):
    """Where the track begins, is recorded to, and ends."""

    first: int
    newest: int
    horizon: int

    def share(self, epoch: float) -> float:
        """Where an epoch lies on the track, from 0 to 1, and beyond for those that do not."""
        return (epoch - self.first) / max(1, self.horizon - self.first)


def course_of(run: Run, key: str, epochs: Iterable[int] | None = None) -> Course:
    """What the track shows of a run; at most a few hundred values.

    Parameters
    ----------
    run : Run
    key : str
        The metric.
    epochs : iterable of int or None
        Those that are shown; None for all.
    """
    known = None if epochs is None else set(epochs)
    rows = [row for row in run.rows if known is None or row["epoch"] in known]
    found = [(row["epoch"], row.get(key)) for row in rows[:: 1 + len(rows) // _MOST_VALUES]]
    values = [(epoch, float(value)) for epoch, value in found if value is not None]
    return Course(values, scale(run) == "log", [row["epoch"] for row in rows if rewired(row)])


def track_end(newest: int, total: int) -> int:
    """The last epoch the track has room for: all of a short run; of a long one a stretch that grows by doubling."""
    room = 60
    while room < total and newest > 0.9 * room:
        room *= 2
    return max(1, newest, min(room, total))


def track_svg(course: Course, span: Span) -> str:
    """The track: a faint curve of what is learned, a tick for each rewiring, and dots for what is to come."""
    log = course.log
    known = [(e, v) for e, v in course.values if math.isfinite(v) and (v > 0 or not log)]
    points = [(100 * span.share(e), math.log(v) if log else v) for e, v in known]
    parts = []
    if len(points) > 1:
        low, high = min(y for _, y in points), max(y for _, y in points)
        slope = 18 / (high - low) if high > low else 0
        line = " ".join(f"{x:.3f},{21 - (y - low) * slope:.2f}" for x, y in points)
        parts.append(f'<polyline points="{line}" />')
    if span.horizon > span.newest:
        parts.append(f'<line class="ahead" x1="{100 * span.share(span.newest):.3f}" x2="100" y1="33" y2="33" />')
    if marks := thinned([e for e in course.rewired if span.first <= e <= span.newest], span):
        parts.append(f'<path d="{"".join(f"M{100 * span.share(e):.3f} 37v4" for e in marks)}" />')
    return f'<svg viewBox="0 0 100 44" preserveAspectRatio="none">{"".join(parts)}</svg>'


def thinned(epochs: Sequence[int], span: Span) -> list[int]:
    """Of epochs in order, the first and as many as can be told apart on the track."""
    apart = (span.horizon - span.first) / MOST_TICKS
    kept: list[int] = []
    for epoch in epochs:
        if not kept or epoch - kept[-1] >= apart:
            kept.append(epoch)
    return kept


def rows_of(lanes: Sequence[Lane], span: Span) -> tuple[list[tuple[int, Lane]], list[Lane]]:
    """Which row below the track each lane has, so that none lies over another or is crossed by where another leaves.

    A lane that leaves earlier goes below all that leave while it lasts.

    Returns
    -------
    list of (int, Lane)
        With the number of its row, from 0, right below the track.
    list of Lane
        Those there is no room for.
    """
    shown: list[tuple[int, Lane]] = []
    left_out: list[Lane] = []
    least = math.ceil(_SHORTEST * (span.horizon - span.first))
    for lane in sorted(lanes, key=lambda lane: -lane.start):
        if not span.first <= lane.start <= span.newest:
            continue
        end = max(lane.end, lane.start + least)
        row = 1 + max((row for row, other in shown if other.start <= end), default=-1)
        if row < MOST_LANES:
            shown.append((row, lane))
        else:
            left_out.append(lane)
    return shown, left_out


def lanes_html(origin: Lane | None, lanes: Sequence[Lane], span: Span, *, linked: bool = True) -> tuple[str, int]:
    """Where a fork came from, and the forks of the run as lanes below the track: a link each.

    Parameters
    ----------
    origin : Lane or None
        The run it came from, its `start` the epoch it began at; None for a run that began by itself.
    lanes : sequence of Lane
        Its forks; those that branch off where nothing is shown are left out.
    span : Span
    linked : bool
        Whether the run it came from is there to be gone to.

    Returns
    -------
    str
        Safe HTML.
    int
        Pixels it needs below the track.
    """
    shown, left_out = rows_of(lanes, span)
    count = 1 + max((row for row, _ in shown), default=-1)
    came = origin is not None and span.first <= origin.start <= span.newest
    if not count and not came:
        return "", 0
    pitch = min(12, _ROOM // max(1, count))
    parts = []
    if origin is not None and came:
        told = f"Fork of {origin.name} at epoch {origin.start:,}" + (f": {origin.words}" if origin.words else "")
        place = f"left:calc({100 * span.share(origin.start):.3f}% - 20px);width:20px"
        drop = _drop(0, pitch)
        line = f'<path d="M0 {drop}H14Q20 {drop} 20 {drop - 6}V0" />'
        parts.append(_mark(origin, told, place, 0, pitch, line, linked=linked))
    for row, lane in shown:
        told = f"{lane.name} branches off at epoch {lane.start:,}" + (f": {lane.words}" if lane.words else "")
        told += f"; recorded to epoch {lane.end:,}" if lane.end > lane.start else "; no epoch of its own yet"
        start = min(span.share(lane.start), 1 - _SHORTEST)
        width = min(1.0, max(span.share(lane.end), start + _SHORTEST)) - start
        look = LOOKS[lane.look % len(LOOKS)]
        place = f"left:{100 * start:.3f}%;width:{100 * width:.3f}%;color:{look.colour}"
        drop = _drop(row, pitch)
        dash = f' stroke-dasharray="{look.lengths}"' if look.lengths else ""
        line = (
            f'<path d="M0 0V{drop - 6}Q0 {drop} 6 {drop}" /><line x1="6" x2="100%" y1="{drop}" y2="{drop}"{dash} />'
            f'<circle cx="100%" cy="{drop}" r="2.5" />'
        )
        parts.append(_mark(lane, told, place, row, pitch, line, at_start=lane.end > lane.start))
    if left_out:
        names = escape(", ".join(lane.name for lane in left_out))
        left = 100 * span.share(min(lane.start for lane in left_out))
        told = f"+{len(left_out)}<i> more forks: {names}</i>"
        parts.append(f'<span class="more" style="left:{left:.3f}%" title="{names}">{told}</span>')
    return "".join(parts), max(1, count) * pitch


def _drop(row: int, pitch: int) -> float:
    """How far below the track the middle of a row is, in pixels."""
    return _FIRST - _TRACK + row * pitch + pitch / 2


def _mark(
    lane: Lane, told: str, place: str, row: int, pitch: int, drawn: str, *, linked: bool = True, at_start: bool = True
) -> str:
    """A mark that leads to a run, and `at_start` to where the two part.

    Its box is the strip it is pressed on; what is drawn reaches up to the track.
    """
    top = _FIRST + row * pitch
    box = f'style="{place};top:{top}px;height:{pitch}px" title="{escape(told)}" aria-label="{escape(told)}"'
    drawing = f'<svg aria-hidden="true" style="top:{_TRACK - top}px">{drawn}</svg>'
    if not linked:
        return f'<span role="img" {box}>{drawing}</span>'
    query = escape(urlencode({"run": lane.name} | ({"epoch": lane.start} if at_start else {})))
    return f'<a href="./explorer?{query}" {box}>{drawing}</a>'
