"""Colours of pooled cells."""

from __future__ import annotations

import itertools
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
    green, vermilion = (((part / 255 + 0.055) / 1.055) ** 2.4 for part in (0x12, 0xB8))
    red = 0.6 * green + 0.4 * vermilion
    assert mixed[0] == round(255 * (1.055 * red ** (1 / 2.4) - 0.055))


#: Machado, Oliveira & Fernandes 2009: what is left of linear light where one kind of cone is missing.
SIGHT = {
    "all": np.eye(3),
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no blue": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
CARDS = ("#FFFFFF", "#1A2026")
SETS = {
    "connections": (palette.SURVIVED, palette.BORN, palette.DIED, palette.THRESHOLD),
    "runs": palette.RUNS,
}


def oklab(colour: str, sight: str) -> np.ndarray:
    """A colour as it is seen, in a space where equal steps look equally large (Ottosson 2020)."""
    lms = np.array([[0.41222147, 0.53633254, 0.05144599], [0.21190350, 0.68069955, 0.10739696],
                    [0.08830246, 0.28171884, 0.62997870]])  # fmt: skip
    lab = np.array([[0.21045426, 0.79361779, -0.00407205], [1.97799850, -2.42859221, 0.45059371],
                    [0.02590404, 0.78277177, -0.80867577]])  # fmt: skip
    return lab @ np.cbrt(lms @ np.clip(np.array(SIGHT[sight]) @ palette._linear(colour), 0, 1))


def apart(a: str, b: str, sight: str) -> float:
    return float(np.linalg.norm(oklab(a, sight) - oklab(b, sight)))


def test_the_simulation_knows_colours_that_are_confused() -> None:
    assert oklab("#FFFFFF", "all") == pytest.approx([1, 0, 0], abs=1e-3)
    assert apart("#009E73", "#7A8A99", "all") > 2 * apart("#009E73", "#7A8A99", "no green")
    assert apart("#FF0000", "#8F7E00", "all") > 2.5 * apart("#FF0000", "#8F7E00", "no green")


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", SETS.values(), ids=SETS)
def test_colours_of_a_set_can_be_told_apart_by_everyone(colours: tuple[str, ...], sight: str) -> None:
    for a, b in itertools.combinations(colours, 2):
        assert apart(a, b, sight) > 0.09, (a, b)


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("card", CARDS)
def test_what_survived_is_told_from_all_else_also_where_it_is_drawn_faintly(card: str, sight: str) -> None:
    share = palette.SURVIVED_OPACITY
    blended = [round(share * a + (1 - share) * b) for a, b in zip(rgba(palette.SURVIVED), rgba(card), strict=True)]
    faint = "#" + bytes(blended).hex()
    for colour in (palette.BORN, palette.DIED, *palette.RUNS):  # those of runs are told from it where two are compared
        assert apart(faint, colour, sight) > 0.09, colour
    assert apart(faint, card, sight) > 0.15


@pytest.mark.parametrize("card", CARDS)
def test_everything_stands_out_from_both_themes(card: str) -> None:
    assert contrast(palette.MUTED, card) > 3.95
    for colour in {*SETS["connections"], *SETS["runs"]}:
        assert contrast(colour, card) >= 3, colour
