"""The figure of an experiment, as SVG: no background, and ink that follows a reader's light or dark page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from strnn_viz.experiments.experiment import Experiment
from strnn_viz.experiments.results import RowResult

_WIDTH, _ROW, _TOP, _LEFT, _RIGHT = 720, 22, 46, 250, 60
_PLOT = 260  # height of a figure with an axis

_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#24292f}.soft{fill:#57606a}.title{font-size:14px;font-weight:600}"
    ".grid{stroke:#8c959f;stroke-opacity:.35}.ref{stroke:#c2571a;stroke-width:1.5;stroke-dasharray:6 4;fill:none}"
    ".line{stroke:#1f6feb;stroke-width:1.5;fill:none}.seed{fill:#1f6feb;fill-opacity:.45}.mean{fill:#1f6feb}"
    ".bar{stroke:#1f6feb;stroke-width:1.5}.reftext{fill:#c2571a}"
    "@media (prefers-color-scheme:dark){text{fill:#e6edf3}.soft{fill:#9ea7b3}.line,.bar{stroke:#6cb0ff}"
    ".seed,.mean{fill:#6cb0ff}.ref{stroke:#f0985a}.reftext{fill:#f0985a}}"
)


def draw(experiment: Experiment, results: Sequence[RowResult]) -> str:
    """The figure: every seed as a dot, the mean as a mark; dense as a dashed line where there is an axis.

    Parameters
    ----------
    experiment : Experiment
    results : sequence of RowResult

    Returns
    -------
    str
        SVG. Rows without a run are named and have no dot.
    """
    parts = list(dict.fromkeys(result.row.part for result in results)) if experiment.axis else [""]
    body, y = (
        [f'<text class="title" x="12" y="20">{escape(f"{experiment.title}, scale {experiment.scale}")}</text>'],
        _TOP,
    )
    if not experiment.axis:
        for task in _tasks(results):
            body.append(_strip([r for r in results if _task(r) == task], task, y))
            y += _ROW * len([r for r in results if _task(r) == task]) + 56
    else:
        y += 16
        for part in parts:
            body.append(_curve([r for r in results if r.row.part == part], part, experiment.axis, y))
            y += _PLOT + 76
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}" height="{y}" role="img">'
        f"<style>{_STYLE}</style>{''.join(body)}</svg>\n"
    )


def _strip(results: Sequence[RowResult], task: str, top: int) -> str:
    """A line of dots for each row, one axis under all of them."""
    low, high = _range([f.test for r in results for f in r.found])
    bottom = top + _ROW * len(results)

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    marks = []
    for tick in _ticks(low, high):
        marks.append(f'<line class="grid" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="{top}" y2="{bottom}"/>')
        marks.append(f'<text class="soft" x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    for i, result in enumerate(results):
        y = top + _ROW * i + _ROW / 2
        marks.append(f'<text x="{_LEFT - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(result.row.key)}</text>')
        marks += [f'<circle class="seed" cx="{x(f.test):.1f}" cy="{y:.1f}" r="4"/>' for f in result.found]
        mean = result.mean("test")
        if mean is not None:
            marks.append(f'<rect class="mean" x="{x(mean) - 1.5:.1f}" y="{y - 8:.1f}" width="3" height="16" rx="1"/>')
            marks.append(f'<text class="soft" x="{_WIDTH - 8}" y="{y + 4:.1f}" text-anchor="end">{mean:.1f}</text>')
    centre = (_LEFT + _WIDTH - _RIGHT) / 2
    marks.append(f'<text class="soft" x="{centre}" y="{bottom + 34}" text-anchor="middle">{_words(task)}</text>')
    return "".join(marks)


def _curve(results: Sequence[RowResult], part: str, axis: str, top: int) -> str:
    """Means joined by a line over the axis, with bars of one standard deviation; what has no place on it, across."""
    placed = [(r.row.x, r) for r in results if r.row.x is not None]
    left, right, bottom = 64, _WIDTH - 96, top + _PLOT
    low, high = _range([f.test for r in results for f in r.found])
    first, last = _range([x for x, _ in placed])
    task = next((_task(r) for r in results), "")

    def x(value: float) -> float:
        return left + (value - first) / (last - first) * (right - left)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * _PLOT

    marks = [f'<text x="{left}" y="{top - 6}">{escape(part)}: {_words(task)}</text>']
    for tick in _ticks(low, high):
        marks.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y(tick):.1f}" y2="{y(tick):.1f}"/>')
        marks.append(f'<text class="soft" x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    marks += [
        f'<text class="soft" x="{x(place):.1f}" y="{bottom + 18}" text-anchor="middle">{place:g}</text>'
        for place in _ticks(first, last)
    ]
    marks.append(
        f'<text class="soft" x="{(left + right) / 2}" y="{bottom + 38}" text-anchor="middle">{escape(axis)}</text>'
    )
    line = []
    for place, result in sorted(placed, key=lambda item: item[0]):
        mean, spread = result.mean("test"), result.spread("test")
        if mean is None:
            continue
        line.append(f"{x(place):.1f},{y(mean):.1f}")
        marks += [f'<circle class="seed" cx="{x(place):.1f}" cy="{y(f.test):.1f}" r="3.5"/>' for f in result.found]
        marks.append(f'<circle class="mean" cx="{x(place):.1f}" cy="{y(mean):.1f}" r="4"/>')
        if spread:
            ends = f'y1="{y(mean - spread):.1f}" y2="{y(mean + spread):.1f}"'
            marks.append(f'<line class="bar" x1="{x(place):.1f}" x2="{x(place):.1f}" {ends}/>')
    marks.append(f'<polyline class="line" points="{" ".join(line)}"/>')
    for result in results:
        mean = result.mean("test")
        if result.row.x is None and mean is not None:
            marks.append(f'<line class="ref" x1="{left}" x2="{right}" y1="{y(mean):.1f}" y2="{y(mean):.1f}"/>')
            label = escape(result.row.label.lower())
            marks.append(f'<text class="reftext" x="{right + 8}" y="{y(mean) + 4:.1f}">{label} {mean:.1f}</text>')
    return "".join(marks)


def _tasks(results: Sequence[RowResult]) -> list[str]:
    return list(dict.fromkeys(_task(r) for r in results if r.row.config is not None))


def _task(result: RowResult) -> str:
    return "" if result.row.config is None else result.row.config.task


def _words(task: str) -> str:
    return "test perplexity, lower is better" if task == "language modelling" else "test accuracy (%), higher is better"


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Ends of an axis with some room at both."""
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or max(0.5, 0.02 * abs(high))
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within a range, about five."""
    rough = (high - low) / 5
    power = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else 1.0
    while power > rough:
        power /= 10
    step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough)
    first = int(low // step)
    return [round(i * step, 10) for i in range(first, first + 20) if low <= i * step <= high]
