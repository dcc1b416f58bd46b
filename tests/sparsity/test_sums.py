import pytest
import torch

from strnn_viz.nn.sparse.shares import Outer
from strnn_viz.sparsity.sums import GradientSum, Whole


def outer(seed, lanes=1):
    generator = torch.Generator().manual_seed(seed)
    return Outer(torch.randn(6, lanes, generator=generator), torch.randn(10, lanes, generator=generator))


def dense(*shares):
    return sum(share.g @ share.x.t() for share in shares)


def test_factors_are_kept_until_they_take_as_much_as_the_sum():
    """A share of one lane has 16 numbers, the sum 60: three are kept, the fourth makes them 64."""
    held, shares = GradientSum((6, 10), torch.zeros(1)), [outer(i) for i in range(5)]
    for n, kept in ((1, 16), (2, 32), (3, 48), (4, 60), (5, 60)):
        held.add([shares[n - 1]])
        assert held.nbytes == 4 * kept
        torch.testing.assert_close(held.rows(0, 6), dense(*shares[:n]))
        torch.testing.assert_close(held.rows(2, 5), dense(*shares[:n])[2:5])


def test_rows_are_made_anew():
    for held in (GradientSum((6, 10), torch.zeros(1)), GradientSum((6, 10), torch.zeros(1), torch.zeros(6, 10))):
        held.add([outer(0)])
        held.rows(0, 6).zero_()
        assert held.rows(0, 6).abs().min() > 0


def test_a_decaying_sum_is_multiplied_out_and_decays_once_a_gradient():
    held = GradientSum((6, 10), torch.zeros(1))
    held.add([outer(0), outer(1)], 0.5)
    assert held.nbytes == 240
    held.add([outer(2), outer(3)], 0.5)
    torch.testing.assert_close(held.full(), dense(outer(0), outer(1)) / 2 + dense(outer(2), outer(3)))


def test_multiplied_out_it_goes_on():
    held = GradientSum((6, 10), torch.zeros(1))
    held.add([outer(0)])
    torch.testing.assert_close(held.full(), dense(outer(0)))
    held.add([outer(1)])
    torch.testing.assert_close(held.full(), dense(outer(0), outer(1)))
    assert held.full() is held.full()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_begins_with_a_copy_of_its_own_type(dtype):
    full = torch.ones(6, 10)
    held = GradientSum((6, 10), torch.zeros(1, dtype=dtype), full)
    held.add([Whole(torch.full((6, 10), 2.0, dtype=dtype))])
    assert held.full().dtype == dtype
    assert (held.full() == 3).all()
    assert (full == 1).all()
