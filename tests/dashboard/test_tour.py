from __future__ import annotations

from importlib import resources

import pytest

from strnn_viz.dashboard.theme import THEME
from strnn_viz.dashboard.tour import EXPLORER, Tour

STYLES = sorted((resources.files("strnn_viz.dashboard") / "styles").iterdir(), key=lambda path: path.name)


def test_the_tour_is_short_and_every_step_is_told_in_two_or_three_sentences() -> None:
    assert 6 <= len(EXPLORER) <= 8
    assert len({step.target for step in EXPLORER}) == len(EXPLORER)
    for step in EXPLORER:
        assert 2 <= step.text.count(". ") + step.text.endswith(".") <= 3, step.title
        assert len(step.text.split()) <= 55


def test_the_browser_is_told_all_steps() -> None:
    tour = Tour()
    assert [step["target"] for step in tour.steps] == [step.target for step in EXPLORER]
    assert tour.called == "explorer"


@pytest.mark.parametrize("sheet", STYLES, ids=lambda path: path.name)
def test_nothing_moves_for_those_who_asked_for_rest(sheet) -> None:
    css = sheet.read_text(encoding="utf-8")
    if any(f"{word}:" in css for word in ("transition", "animation")):
        assert "prefers-reduced-motion" in css


def test_components_rest_too_and_show_the_focus() -> None:
    for mode in ("light", "dark"):
        components = THEME[mode]["components"]
        for name in ("MuiButtonBase", "MuiDrawer", "MuiPaper", "MuiSlider", "MuiTooltip", "MuiTouchRipple"):
            assert "@media (prefers-reduced-motion: reduce)" in components[name]["styleOverrides"]["root"]
        assert "outline" in components["MuiButtonBase"]["styleOverrides"]["root"]["&.Mui-focusVisible"]
