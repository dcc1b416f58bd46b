import pytest

from strnn_viz.sparsity.schedules import cosine


def test_cosine_by_hand():
    assert [cosine(0.8, u, 5) for u in range(5)] == pytest.approx(
        [0.8, 0.4 + 0.4 * 0.5**0.5, 0.4, 0.4 - 0.4 * 0.5**0.5, 0]
    )


@pytest.mark.parametrize("updates", [1, 2, 3, 30, 100])
def test_cosine_ends_at_exactly_zero(updates):
    assert cosine(0.5, updates - 1, updates) == 0.0
    assert cosine(0.5, updates + 7, updates) == 0.0
