import pytest
import torch

from strnn_viz.nn.dropout import dropout


@pytest.mark.parametrize("share", [0.0, 0.3])
@pytest.mark.parametrize("training", [True, False])
def test_the_same_are_dropped_whatever_the_order_in_memory(share, training):
    x = torch.randn(5, 4, 6, generator=torch.Generator().manual_seed(0))
    other = x.movedim(-1, 0).contiguous().movedim(0, -1)
    assert other.stride() == (4, 1, 20)
    torch.manual_seed(1)
    expected, state = dropout(x, share, training), torch.get_rng_state()
    torch.manual_seed(1)
    found = dropout(other, share, training)
    assert torch.equal(found, expected)
    assert found.stride() == other.stride()  # the next sparse layer reads it without a copy
    assert torch.equal(torch.get_rng_state(), state)
    assert bool((expected == 0).any()) is (training and share > 0)
