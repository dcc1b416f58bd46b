"""Where names of curves stand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from strnn_viz.views._labels import Frame, _band, _box, alike, along, beside, in_columns, placed
from strnn_viz.views._plot import Series, Word

AXES = Frame(0, 30, 0, 1)
EPOCHS = np.arange(31.0)


def apart(words: list[Word], frame: Frame = AXES) -> bool:
    return not any(_box(a, frame).touches(_box(b, frame)) for a, b in itertools.combinations(words, 2))


def crossed(word: Word, *series: Series, frame: Frame = AXES) -> bool:
    """Whether a curve runs through a label."""
    box = _box(word, frame)
    return any(
        box.left < frame.across(x) < box.right and box.low < frame.up(y) < box.high
        for s in series
        for x, y in zip(np.linspace(s.x[0], s.x[-1], 500), np.interp(np.linspace(s.x[0], s.x[-1], 500), s.x, s.y),
                        strict=True)
    )  # fmt: skip


@pytest.mark.parametrize("gap", [0.0, 0.02, 0.05, 0.1, 0.3])
@pytest.mark.parametrize("level", [0.0, 0.5, 0.8])
def test_names_of_close_curves_lie_over_no_other_and_over_no_curve(gap: float, level: float) -> None:
    fall = 0.9 * np.exp(-EPOCHS / 8)
    curves = [
        Series(EPOCHS, np.clip(level + fall * (1 - level), 0, 1), "validation"),
        Series(EPOCHS, np.clip(level + fall * (1 - level) - gap, 0, 1), "train"),
    ]
    reference = min(1.0, level + 0.03)
    choices = [beside("unigram model", reference, AXES, 30), *(along(s, AXES, "#000000") for s in curves)]
    words = placed(choices, AXES, curves, [reference])
    assert [w.text.strip() for w in words] == ["unigram model", "validation", "train"]
    assert apart(words)
    assert not any(_box(w, AXES).outside for w in words)
    for word in words[1:]:
        assert not crossed(word, *curves)


def test_a_name_stands_at_the_end_of_a_curve_that_has_room() -> None:
    (word,) = placed([along(Series(EPOCHS, 0.3 + 0 * EPOCHS, "to first"), AXES, "#000000")], AXES)
    assert (word.x, word.align, word.baseline) == (30, "right", "bottom")
    (early,) = placed([along(Series([0, 1], [0.5, 0.5], "to first"), AXES, "#000000")], AXES)
    assert (early.x, early.align) == (1, "left")
    (begin,) = placed([along(Series(EPOCHS, 0.3 + 0 * EPOCHS, "parent"), AXES, "#000000", first=True)], AXES)
    assert (begin.x, begin.align) == (0, "left")
    assert placed([along(Series([], [], "none"), AXES, "#000000"), beside("x", float("nan"), AXES, 30)], AXES) == []


def test_a_label_with_one_place_stays_there_and_the_others_give_way() -> None:
    pinned = Word(0, 0.5, "rewirings")
    words = placed([[pinned], along(Series([0, 1], [0.5, 0.5], "train"), AXES, "#000000")], AXES)
    assert words[0] == pinned
    assert apart(words)


def test_places_are_those_of_the_axis_also_where_it_is_logarithmic() -> None:
    frame = Frame(0, 10, 1, 100, log=True)
    assert frame.up(10.0) == pytest.approx(0.5)
    assert frame.y(0.5) == pytest.approx(10.0)
    low, high = _band(np.array([0.0, 10.0]), np.array([1.0, 100.0]), frame)
    assert (low[0], high[-1]) == (pytest.approx(0), pytest.approx(1))
    assert (low < high).all()


def test_curves_that_cannot_be_told_apart() -> None:
    a, b = Series([0, 1], [0.0, 0.4], "a"), Series([1], [0.4], "b")
    assert alike(a, b, AXES)
    assert not alike(a, Series([1], [0.5], "b"), AXES)
    assert not alike(a, Series([], [], "b"), AXES)


def test_letters_are_moved_apart_only_where_they_would_touch() -> None:
    plain = Frame(0, 10, 0, 1, line=0.1)

    def letters(*rows: tuple[float, float, str], frame: Frame = plain) -> dict[str, float]:
        found = in_columns([Word(x, y, text, baseline="middle") for x, y, text in rows], frame)
        assert apart([w._replace(y=w.y + 1e-9 * i) for i, w in enumerate(found)], frame._replace(line=0.0999))
        return {w.text: w.y for w in found}

    assert letters((9.9, 0.5, "A"), (10, 0.5, "B"), (2, 0.5, "C")) == pytest.approx({"A": 0.45, "B": 0.55, "C": 0.5})
    assert letters((9, 0.99, "A"), (9, 1.0, "B")) == pytest.approx({"A": 0.85, "B": 0.95})
    assert letters((9, 0.2, "A"), (9, 0.1, "B")) == pytest.approx({"A": 0.2, "B": 0.1})
    log = Frame(0, 10, 1, 100, log=True)
    assert letters((9, 10.0, "A"), frame=log) == pytest.approx({"A": 10.0})


def test_eight_letters_keep_the_order_of_their_curves() -> None:
    ends = [0.31, 0.3, 0.305, 0.32, 0.9, 0.0, 0.295, 0.33]
    words = in_columns([Word(10, y, letter, baseline="middle") for y, letter in zip(ends, "ABCDEFGH", strict=True)],
                       Frame(0, 10, 0, 1))  # fmt: skip
    assert [w.text for w in words] == [letter for _, letter in sorted(zip(ends, "ABCDEFGH", strict=True))]
    assert (np.diff([w.y for w in words]) >= 0.085 - 1e-9).all()
    assert min(w.y for w in words) >= 0.04
    assert max(w.y for w in words) <= 0.96
