import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import zeta

from strnn_viz.errors import UsageError
from strnn_viz.topology.power_law import draw, fit_power_law, log_zeta


def test_log_zeta_is_the_logarithm_of_zeta():
    for start in (1.0, 2.0, 7.0, 150.0, 4000.0):
        exponents = np.array([1.01, 1.5, 2.0, 3.7, 12.0, 60.0])
        expected = zeta(exponents, start)
        known = expected > 1e-290
        found = log_zeta(exponents, np.full(6, start))
        np.testing.assert_allclose(found[known], np.log(expected[known]), rtol=1e-9, atol=1e-9)
    # beyond floats: the first terms decide
    terms = np.exp(-100 * np.log1p(np.arange(4000) / 5000)).sum()
    assert log_zeta(np.array([100.0]), np.array([5000.0]))[0] == pytest.approx(np.log(terms) - 100 * np.log(5000))


def test_draws_follow_the_law():
    x = draw(np.random.default_rng(0), 2.2, 3, 200_000)
    assert x.min() == 3
    for value in (3, 4, 10, 100):
        p = zeta(2.2, value) / zeta(2.2, 3)
        assert np.mean(x >= value) == pytest.approx(p, abs=4 * np.sqrt(p / 200_000))
    heavy = draw(np.random.default_rng(0), 1.3, 1, 50_000)
    p = zeta(1.3, 100_000) / zeta(1.3, 1)  # beyond the table
    assert np.mean(heavy >= 100_000) == pytest.approx(p, abs=4 * np.sqrt(p / 50_000))


@pytest.mark.parametrize("exponent", [1.6, 2.5, 3.4])
def test_the_exponent_is_the_likeliest_and_found_within_its_error(exponent):
    x = draw(np.random.default_rng(4), exponent, 2, 4000)
    found = fit_power_law(x, minimum=2)

    def loss(a):
        return np.log(zeta(a, 2)) * len(x) + a * np.log(x).sum()

    best = minimize_scalar(loss, bounds=(1.05, 6), method="bounded", options={"xatol": 1e-9})
    assert found.exponent == pytest.approx(best.x, abs=1e-5)
    assert abs(found.exponent - exponent) < 3.5 * found.error
    curvature = (loss(best.x + 1e-3) - 2 * loss(best.x) + loss(best.x - 1e-3)) / 1e-6
    assert found.error == pytest.approx(1 / np.sqrt(curvature), rel=1e-2)
    values = np.arange(2, x.max() + 1)  # the distance at every whole number there is
    seen = np.searchsorted(np.sort(x), values, side="right") / len(x)
    law = 1 - zeta(found.exponent, values + 1) / zeta(found.exponent, 2)
    assert found.distance == pytest.approx(np.abs(seen - law).max(), abs=1e-9)


def test_where_the_law_begins_is_found():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.integers(1, 10, 3000), draw(rng, 2.5, 10, 3000)])
    found = fit_power_law(x)
    assert 8 <= found.minimum <= 14
    assert found.exponent == pytest.approx(2.5, abs=0.15)
    assert found.tail == (x >= found.minimum).sum()
    assert found.size == 6000


def test_goodness():
    rng = np.random.default_rng(2)
    told = []
    law = fit_power_law(draw(rng, 2.3, 1, 600), samples=40, progress=lambda *done: told.append(done))
    assert law.p is not None
    assert law.p > 0.1
    assert told[-1] == (40, 40)
    assert law == fit_power_law(draw(np.random.default_rng(2), 2.3, 1, 600), samples=40)
    chance = fit_power_law(rng.poisson(30, 600), minimum=20, samples=40)
    assert chance.p == 0
    assert fit_power_law(np.array([1, 2, 3] * 9)).p is None


def test_nothing_to_fit():
    for x in ([], [0, 0], [4, 4, 4] * 9, [1, 2]):
        found = fit_power_law(np.array(x, dtype=np.int64), samples=5)
        assert np.isnan(found.exponent)
        assert found.p is None
    assert np.isnan(fit_power_law(np.arange(1, 40), minimum=39).exponent)
    with pytest.raises(UsageError, match="begins at a degree of at least 1"):
        fit_power_law(np.ones(3, dtype=int), minimum=0)
    with pytest.raises(UsageError, match="one is -2"):
        fit_power_law(np.array([-2, 3]))
