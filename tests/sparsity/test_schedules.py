import pytest

from strnn_viz.sparsity.schedules import SCHEDULES, constant, cosine, cubic_density, linear


def test_cosine_by_hand():
    assert [cosine(0.8, u, 5) for u in range(5)] == pytest.approx(
        [0.8, 0.4 + 0.4 * 0.5**0.5, 0.4, 0.4 - 0.4 * 0.5**0.5, 0]
    )


@pytest.mark.parametrize("updates", [1, 2, 3, 30, 100])
def test_cosine_ends_at_exactly_zero(updates):
    assert cosine(0.5, updates - 1, updates) == 0.0
    assert cosine(0.5, updates + 7, updates) == 0.0


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("updates", [1, 2, 3, 30, 100])
def test_every_schedule_ends_at_exactly_zero_and_never_rises(name, updates):
    rates = [SCHEDULES[name](0.7, u, updates) for u in range(updates + 3)]
    assert rates[updates - 1 :] == [0.0] * 4
    assert updates == 1 or rates[0] == 0.7
    assert rates == sorted(rates, reverse=True)


def test_linear_and_constant_by_hand():
    assert [linear(0.8, u, 5) for u in range(5)] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0])
    assert [constant(0.8, u, 5) for u in range(5)] == [0.8, 0.8, 0.8, 0.8, 0]


def test_the_cubic_schedule_by_hand():
    """Of 8 updates the first six prune: what is left of the way is (5/6)^3, (4/6)^3, ..."""
    expected = [0.1 + 0.9 * (1 - u / 6) ** 3 for u in range(7)]
    assert [cubic_density(0.1, u, 8) for u in range(9)] == pytest.approx([*expected, 0.1, 0.1])
    assert cubic_density(0.1, 0, 8) == 1.0


@pytest.mark.parametrize("updates", [1, 2, 3, 4, 100])
def test_the_cubic_schedule_ends_at_exactly_the_density(updates):
    assert cubic_density(0.07, updates, updates) == 0.07
