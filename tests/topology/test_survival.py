import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, ecdf

from strnn_viz.errors import UsageError
from strnn_viz.topology.lives import LifeTable, total_lives
from strnn_viz.topology.survival import kaplan_meier, survival_by_cohort, survival_curve


def table(epochs: list[int], entered: list[int], deaths: dict[tuple[int, int], int]) -> LifeTable:
    ended = tuple(
        np.array([deaths.get((born, died), 0) for born in epochs[:j]], dtype=np.int64) for j, died in enumerate(epochs)
    )
    return LifeTable(np.array(epochs), np.array(entered), ended)


LIVES = table([0, 1, 3, 6], [10, 4, 2, 1], {(0, 1): 4, (0, 3): 3, (1, 3): 1, (1, 6): 1, (3, 6): 2})


def test_a_cohort_by_hand():
    s = survival_curve(LIVES, [0])
    assert s.time.tolist() == [0, 1, 3, 6]
    assert s.at_risk.tolist() == [10, 10, 6, 3]
    assert s.died.tolist() == [0, 4, 3, 0]
    assert s.censored.tolist() == [0, 0, 0, 3]
    np.testing.assert_allclose(s.survival, [1, 0.6, 0.3, 0.3])
    assert (s.size, s.median) == (10, 3)
    assert [s.at(t) for t in (0, 0.9, 1, 2.9, 100)] == pytest.approx([1, 1, 0.6, 0.6, 0.3])
    assert np.isnan(s.at(-1))


def test_cohorts_pooled_by_hand():
    # of age 1 die 4, of 2 1, of 3 3 + 2 (from epoch 3 to 6), of 5 1; 3 live at age 6, 2 at 5, 1 at 0
    s = survival_curve(LIVES)
    assert s.time.tolist() == [0, 1, 2, 3, 5, 6]
    assert s.died.tolist() == [0, 4, 1, 5, 1, 0]
    assert s.censored.tolist() == [1, 0, 0, 0, 2, 3]
    assert s.at_risk.tolist() == [17, 16, 12, 11, 6, 3]
    np.testing.assert_allclose(s.survival, np.cumprod([1, 12 / 16, 11 / 12, 6 / 11, 5 / 6, 1]))


def test_each_cohort_has_its_curve():
    curves = survival_by_cohort(LIVES)
    assert list(curves) == [0, 1, 3, 6]
    assert curves[3].survival.tolist() == [1, 0]
    assert curves[6].time.tolist() == [0]
    assert curves[6].median == float("inf")
    assert sum(c.size for c in curves.values()) == 17
    doubled = survival_curve(total_lives([LIVES, LIVES]), [0])
    np.testing.assert_allclose(doubled.survival, curves[0].survival)
    assert doubled.lower[1] > curves[0].lower[1]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60),
    st.sampled_from([0.5, 0.9, 0.95]),
    st.sampled_from([("log-log", "log-log"), ("greenwood", "linear")]),
)
def test_against_scipy(lives, level, band):
    time = np.array([t for t, _ in lives])
    died = np.array([d for _, d in lives])
    s = kaplan_meier(time, died.astype(int), (~died).astype(int), level=level, band=band[0])
    data = CensoredData(uncensored=time[died], right=time[~died])
    expected = ecdf(data).sf
    np.testing.assert_allclose([s.at(t) for t in expected.quantiles], expected.probabilities, atol=1e-12)
    inside = (expected.probabilities > 1e-12) & (expected.probabilities < 1 - 1e-12)
    if inside.any():
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # scipy warns of the ends, where the band is not defined
            interval = expected.confidence_interval(level, method=band[1])
        where = np.searchsorted(s.time, expected.quantiles[inside])
        np.testing.assert_allclose(s.lower[where], interval.low.probabilities[inside], atol=1e-9)
        np.testing.assert_allclose(s.upper[where], interval.high.probabilities[inside], atol=1e-9)


def test_the_band_covers_as_often_as_it_says():
    rng = np.random.default_rng(1)
    hits = []
    for _ in range(400):
        life, end = rng.geometric(0.1, 80), rng.integers(1, 30, 80)
        time, died = np.minimum(life, end), life <= end
        s = kaplan_meier(time, died.astype(int), (~died).astype(int))
        place = np.searchsorted(s.time, 8, side="right") - 1
        hits.append(s.lower[place] <= 0.9**8 <= s.upper[place])
    assert 0.92 < np.mean(hits) < 0.98


def test_ends_of_the_band():
    s = kaplan_meier(np.array([2, 5]), np.array([1, 1]), np.array([1, 0]))
    assert s.survival.tolist() == pytest.approx([1, 2 / 3, 0])
    assert (s.lower[0], s.upper[0]) == (1, 1)
    assert np.isnan(s.lower[2])


def test_mistakes_are_named():
    one = np.array([1])
    with pytest.raises(UsageError, match="level = 95 is out of range"):
        kaplan_meier(one, one, one, level=95)
    with pytest.raises(UsageError, match="Choose log-log or greenwood"):
        kaplan_meier(one, one, one, band="normal")
    with pytest.raises(UsageError, match="cannot be negative"):
        kaplan_meier(-one, one, one)
    with pytest.raises(UsageError, match="no snapshot was recorded at epoch 2"):
        survival_curve(LIVES, [1, 2])


def test_nothing_to_observe():
    s = survival_curve(table([], [], {}))
    assert s.time.tolist() == [0]
    assert s.survival.tolist() == [1]
    assert s.size == 0
