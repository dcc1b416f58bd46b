"""Survival by birth cohort, by its numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import Run
from strnn_viz.topology import matrices
from strnn_viz.views import palette, survival_curves, survival_title
from strnn_viz.views.survival import Cohort, survival_info
from tests.views import brute


def product_limit(lives: list[tuple[int, int, bool]], age: int) -> float:
    """Kaplan and Meier's estimate, one age after the other."""
    left = 1.0
    for t in range(1, age + 1):
        risk = sum(lived >= t for _, lived, _ in lives)
        left *= 1 - (sum(lived == t and ended for _, lived, ended in lives) / risk if risk else 0)
    return left


@pytest.mark.parametrize("epoch", [3, 6])
def test_curves_are_those_of_the_lives_so_far(full: Run, epoch: int) -> None:
    infos = matrices(full, "LSTM layer 2")
    lives = [life for info in infos for life in brute.lifetimes(full, info.name, epoch)]
    shown = survival_info(full, epoch, infos)
    assert shown.cohorts[0].name == "first topology"
    assert (shown.cohorts[0].first, shown.cohorts[0].colour) == (0, palette.SURVIVED)
    for cohort in shown.cohorts:
        chosen = [life for life in lives if cohort.first <= life[0] <= cohort.last]
        assert cohort.survival.size == len(chosen)
        for age in range(epoch - cohort.first + 1):
            assert cohort.survival.at(age) == pytest.approx(product_limit(chosen, age), abs=1e-12)
    assert shown.later is not None
    assert shown.later.size == sum(born > 0 for born, _, _ in lives)


def test_groups_of_cohorts_do_not_move_with_the_cursor(full: Run) -> None:
    def looks(cohorts: tuple[Cohort, ...]) -> dict[int, str]:
        return {c.first: c.colour for c in cohorts}

    early, late = (survival_info(full, e, matrices(full)).cohorts for e in (3, 6))
    assert [(c.first, c.last) for c in late] == [(0, 0), (2, 2), (3, 4), (5, 6)]  # born in pairs of epochs up to 8
    assert looks(early).items() <= looks(late).items()
    assert [c.name for c in late[1:]] == ["born 2", "born 3–4", "born 5–6"]


def test_steps_and_bands_are_drawn(full: Run, renderer: Any) -> None:
    shown = survival_info(full, 6, matrices(full))
    bands, steps, _ = brute.sources(renderer.get_plot(survival_curves(full, 6)).state)
    start = shown.cohorts[0]
    mine = np.array([c == start.colour for c in steps["color"]])
    level = np.array(steps["survival"])[mine][::2]
    np.testing.assert_allclose(level, start.survival.survival[:-1])
    np.testing.assert_allclose(np.array(steps["survival1"])[mine][1::2], start.survival.survival[1:])
    mine = np.array([c == start.colour for c in bands["color"]])
    np.testing.assert_allclose(np.array(bands["bottom"])[mine], start.survival.lower[:-1])
    np.testing.assert_allclose(np.array(bands["top"])[mine], start.survival.upper[:-1])
    assert (np.array(bands["bottom"]) <= np.array(bands["top"])).all()


def test_titles_say_what_is_left_and_how_long_the_new_ones_live(full: Run) -> None:
    shown = survival_info(full, 6, matrices(full))
    kept = sum(int((full[6].mask(n) & full[0].mask(n) & full[3].mask(n)).sum()) for n in full.layers)
    assert shown.start is not None
    assert shown.start.survival.survival[-1] <= kept / full[0].nnz  # those that came back are other lives
    left = f"{shown.start.survival.survival[-1]:.1%}"
    assert shown.later is not None
    if math.isinf(shown.later.median):
        ending = f"more than half of the {shown.later.size:,} born since live on"
    else:
        ending = f"half of the {shown.later.size:,} born since were gone within {shown.later.median:.0f} epochs"
    assert survival_title(full, 6) == f"All layers, epoch 6: {left} of the first topology is left; {ending}"
    assert survival_title(full, 1) == "All layers, epoch 1: 100.0% of the first topology is left; none was born yet"
    assert survival_title(full, 2).endswith("born since has died yet")
