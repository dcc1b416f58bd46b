"""Colours of pooled cells."""

from __future__ import annotations

import re

import numpy as np
import pytest

from strnn_viz.topology.pooling import LEVELS, MIXES
from strnn_viz.views import palette


def rgba(colour: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(colour[1:]))


def code(level: int, *mix: int) -> int:
    return 1 + (level - 1) * len(MIXES) + MIXES.tolist().index(list(mix))


def contrast(colour: str, other: str) -> float:
    """WCAG 2.1's ratio of relative luminances."""
    a, b = sorted(float(palette._linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (colour, other))
    return (b + 0.05) / (a + 0.05)


def test_every_code_has_its_own_colour() -> None:
    assert len(palette.CODE_COLOURS) == 253
    assert len(set(palette.CODE_COLOURS)) == 253
    assert all(re.fullmatch("#[0-9a-f]{8}", colour) for colour in palette.CODE_COLOURS)


def test_empty_is_transparent_and_full_is_the_named_colour() -> None:
    assert rgba(palette.CODE_COLOURS[0])[3] == 0
    for mix, named in (((5, 0, 0), palette.SURVIVED), ((0, 5, 0), palette.BORN), ((0, 0, 5), palette.DIED)):
        assert rgba(palette.CODE_COLOURS[code(LEVELS, *mix)])[:3] == rgba(named)
    assert rgba(palette.CODE_COLOURS[code(LEVELS, 0, 5, 0)])[3] == 255
    assert rgba(palette.CODE_COLOURS[code(LEVELS, 5, 0, 0)])[3] == round(255 * palette.SURVIVED_OPACITY)


def test_opacity_grows_with_the_level() -> None:
    for mix in MIXES.tolist():
        alphas = [rgba(palette.CODE_COLOURS[code(level, *mix)])[3] for level in range(1, LEVELS + 1)]
        assert (np.diff(alphas) > 0).all()
        assert alphas[0] > 0


def test_a_mix_lies_between_its_colours() -> None:
    mixed = np.array(rgba(palette.CODE_COLOURS[code(LEVELS, 0, 3, 2)])[:3])
    ends = np.array([rgba(palette.BORN), rgba(palette.DIED)])
    assert (ends.min(axis=0) < mixed).all()
    assert (mixed < ends.max(axis=0)).all()
    # three fifths of green and two of vermilion in linear light: the red channel, by hand
    red = 0.4 * ((0xD5 / 255 + 0.055) / 1.055) ** 2.4
    assert mixed[0] == round(255 * (1.055 * red ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("card", ["#FFFFFF", "#121212"])
def test_annotations_can_be_read_on_both_themes(card: str) -> None:
    assert contrast(palette.MUTED, card) > 4.2
    for colour in (palette.SURVIVED, palette.BORN, palette.DIED, palette.RUNS[0]):
        assert contrast(colour, card) > 3
