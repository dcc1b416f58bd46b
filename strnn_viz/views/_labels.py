"""Where names of curves stand: beside their curve, over no other, and within the axes.

Plots do not know how many pixels they will have. So a letter is taken to be as large as it is in a small card: what has
room there has room in a larger one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strnn_viz.views._plot import Series, Word

_GAP = 0.012  # upright, between a label and what it names, as a share of the axis
_GRID = np.linspace(0, 1, 241)  # places along the epochs at which curves are looked at
_ALONG = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.0)  # of the points of a curve, where its name may stand
_WRONG_SIDE = 4  # places farther along a curve are better than its other side
#: What is worse than what: lying over a label, outside the axes, over a curve; then what is farther from the end.
_OVER_LABEL, _OUTSIDE, _OVER_CURVE, _FARTHER = 100.0, 30.0, 10.0, 0.1


class Frame(NamedTuple):
    """The axes that labels stand in.

    Attributes
    ----------
    left, right, low, high : float
        Their ends.
    log : bool
        Whether the upright one is logarithmic.
    line, letter : float
        What a line of text takes of their height, and a letter of their width.
    """

    left: float
    right: float
    low: float
    high: float
    log: bool = False
    line: float = 0.085
    letter: float = 0.0165

    @classmethod
    def of(cls, axis: Mapping[str, Any], low: float, high: float, **more: Any) -> Frame:
        """The axes of a plot: the options of its axis of epochs, and the ends of the upright one."""
        left, right = axis["xlim"]
        return cls(left, right, low, high, **more)

    def across(self, x: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Places along the epochs, from 0 to 1."""
        return (np.asarray(x, dtype=float) - self.left) / (self.right - self.left)

    def up(self, y: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Places on the upright axis, from 0 to 1."""
        y = np.asarray(y, dtype=float)
        if not self.log:
            return (y - self.low) / (self.high - self.low)
        return np.log(np.maximum(y, 1e-300) / self.low) / math.log(self.high / self.low)

    def y(self, share: float) -> float:
        """The inverse of :meth:`up`."""
        return self.low * (self.high / self.low) ** share if self.log else self.low + share * (self.high - self.low)


class _Box(NamedTuple):
    left: float
    right: float
    low: float
    high: float

    def touches(self, other: _Box) -> bool:
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high

    @property
    def outside(self) -> bool:
        return self.left < -0.005 or self.right > 1.005 or self.low < -0.005 or self.high > 1.005


def placed(
    choices: Sequence[Sequence[Word]], frame: Frame, curves: Sequence[Series] = (), levels: Sequence[float] = ()
) -> list[Word]:
    """Of every label the place that is best: over no label placed before it, within the axes, over no curve.

    Parameters
    ----------
    choices : sequence of sequence of Word
        For each label the places it may have, the best first; see :func:`along` and :func:`beside`. One that may stand
        in one place only stays there. One without any is left out.
    frame : Frame
    curves : sequence of Series
        What labels should not lie over, those they name among them.
    levels : sequence of float
        Where level lines lie, likewise.

    Returns
    -------
    list of Word
        In the order they were given.
    """
    bands = [_band(*s.finite, frame) for s in curves]
    bands += [_band(np.array([frame.left, frame.right]), np.array([y, y]), frame) for y in levels if math.isfinite(y)]
    found: list[Word] = []
    boxes: list[_Box] = []
    for places in filter(None, choices):
        best = min(range(len(places)), key=lambda i: (_cost(_box(places[i], frame), boxes, bands) + _FARTHER * i, i))
        found.append(places[best])
        boxes.append(_box(places[best], frame))
    return found


def along(series: Series, frame: Frame, colour: str, *, first: bool = False, above: bool = True) -> list[Word]:
    """Where the name of a curve may stand: at its end, above or below; then along it, on either side.

    Parameters
    ----------
    series : Series
    frame : Frame
    colour : str
    first : bool
        Whether the name stands at the beginning of the curve rather than at its end.
    above : bool
        Whether it stands above the curve rather than below.
    """
    xs, ys = series.finite
    if not len(xs):
        return []
    places = dict.fromkeys(round(part * (len(xs) - 1)) for part in (reversed(_ALONG) if first else _ALONG))
    found: list[tuple[float, Word]] = []
    for rank, i in enumerate(places):
        x, up = float(xs[i]), float(frame.up(ys[i]))
        sides = ("left", "right") if first or float(frame.across(x)) < 0.6 else ("right", "left")
        for other, align in enumerate(sides):
            text = _spaced(series.name, align)
            for over, y, baseline in ((True, up + _GAP, "bottom"), (False, up - _GAP, "top")):
                worse = rank + 0.5 * other + _WRONG_SIDE * (over != above)
                found.append((worse, Word(x, frame.y(y), text, colour, align, baseline)))
    return [word for _, word in sorted(found, key=lambda pair: pair[0])]


def beside(text: str, y: float, frame: Frame, last: float, first: float = 0.0) -> list[Word]:
    """Where the name of a level line may stand: above it or below, at its right end, its left end or its middle."""
    if not math.isfinite(y):
        return []
    up = float(frame.up(y))
    return [
        Word(x, frame.y(up + sign * _GAP), text, align=align, baseline=baseline)
        for x, align in ((last, "right"), (first, "left"), ((first + last) / 2, "center"))
        for sign, baseline in ((1, "bottom"), (-1, "top"))
    ]


def above_or_below(x: float, y: float, text: str, colour: str, frame: Frame) -> list[Word]:
    """Where a letter may stand that names a point, the nearer the better."""
    up = float(frame.up(y))
    return [
        Word(x, frame.y(up + sign * (2 * _GAP + step * frame.line)), text, colour, "center", baseline)
        for step in range(4)
        for sign, baseline in ((1, "bottom"), (-1, "top"))
    ]


def alike(a: Series, b: Series, frame: Frame) -> bool:
    """Whether two curves cannot be told apart where both are."""
    (xa, ya), (xb, yb) = a.finite, b.finite
    common, ia, ib = np.intersect1d(xa, xb, return_indices=True)
    return bool(len(common)) and bool((np.abs(frame.up(ya[ia]) - frame.up(yb[ib])) < 0.02).all())


def in_columns(words: Sequence[Word], frame: Frame) -> list[Word]:
    """Labels that stand in a column, moved up or down as little as keeps them apart, in their order.

    Parameters
    ----------
    words : sequence of Word
        All of baseline ``"middle"``. Those whose columns do not touch are not moved for each other.
    frame : Frame
    """
    lower, upper = frame.line / 2, 1 - frame.line / 2
    ordered = sorted(words, key=lambda w: float(frame.up(w.y)))
    found: list[Word] = []
    for group in _columns(ordered, frame):
        count = len(group)
        room = min(frame.line, (upper - lower) / max(1, count - 1))
        wanted = np.array([min(max(float(frame.up(w.y)), lower), upper) for w in group])
        # Without their distances, labels are where they want to be, in order: a monotone regression.
        level = _monotone(wanted - room * np.arange(count))
        places = np.clip(level, lower, upper - room * (count - 1)) + room * np.arange(count)
        found += [w._replace(y=frame.y(float(place))) for w, place in zip(group, places, strict=True)]
    return found


def _columns(words: Sequence[Word], frame: Frame) -> list[list[Word]]:
    """Labels by the columns they stand in."""
    columns: list[list[Word]] = []
    for word in sorted(words, key=lambda w: w.x):
        box = _box(word, frame)
        for other in columns:
            spans = [_box(w, frame) for w in other]
            if box.left < max(b.right for b in spans) and box.right > min(b.left for b in spans):
                other.append(word)
                break
        else:
            columns.append([word])
    return [[w for w in words if w in group] for group in columns]


def _monotone(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The nearest values that do not fall, by pooling neighbours that would."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            other, size = pools.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        pools.append((mean, count))
    return np.concatenate([np.full(count, mean) for mean, count in pools]) if pools else values


def _spaced(text: str, align: str) -> str:
    """A name with room towards what it names."""
    return f"\u2002{text}" if align == "left" else f"{text}\u2002"


def _box(word: Word, frame: Frame) -> _Box:
    x, y, wide = float(frame.across(word.x)), float(frame.up(word.y)), frame.letter * len(word.text.strip())
    space = 0.7 * frame.letter * word.text.count("\u2002")
    left = x + {"left": space, "center": -0.5 * wide, "right": -wide - space}[word.align]
    low = y - {"bottom": 0.0, "middle": 0.5, "top": 1.0}[word.baseline] * frame.line
    return _Box(left, left + wide, low, low + frame.line)


def _band(xs: NDArray[np.float64], ys: NDArray[np.float64], frame: Frame) -> tuple[NDArray[np.float64], ...]:
    """Between two places of the grid, how far down and up a curve goes; nan where it is not."""
    if not len(xs):
        nowhere = np.full(len(_GRID) - 1, np.nan)
        return nowhere, nowhere
    up = np.interp(_GRID, frame.across(xs), frame.up(ys), left=np.nan, right=np.nan)
    return np.fmin(up[:-1], up[1:]), np.fmax(up[:-1], up[1:])


def _cost(box: _Box, boxes: Sequence[_Box], bands: Sequence[tuple[NDArray[np.float64], ...]]) -> float:
    cost = _OVER_LABEL * sum(box.touches(other) for other in boxes) + _OUTSIDE * box.outside
    inside = (_GRID[1:] > box.left) & (_GRID[:-1] < box.right)
    crossed = sum(float(((low < box.high) & (high > box.low) & inside).sum()) for low, high in bands)
    return cost + _OVER_CURVE * crossed / max(1, int(inside.sum()))
