"""How activations lie in memory: one row a feature, from wherever they come, and their gradients as they came."""

import pytest
import torch

from strnn_viz.nn.sparse import SparseLinear, SparseMatrix
from strnn_viz.nn.sparse.backends import backend as chosen
from strnn_viz.nn.sparse.products import feature_last, feature_major


@pytest.mark.parametrize(("features", "lanes"), [(1, 1), (3, 1), (1, 5), (5, 16), (70, 33), (16, 130)])
def test_transposed_and_lined_are_the_same_numbers(backend, features, lanes):
    by = chosen(torch.empty(0))
    x = torch.arange(features * lanes, dtype=torch.float32).view(features, lanes)
    turned = by.transposed(x)
    assert torch.equal(turned, x.t())
    assert turned.is_contiguous()
    assert turned.data_ptr() != x.data_ptr()
    wide = torch.zeros(features, lanes + 3)
    wide[:, 1:-2] = x
    for same in (x, turned.t(), wide[:, 1:-2], x.double().float()[:, :]):
        lined = by.lined(same)
        assert torch.equal(lined, x)
        assert by.lined(lined) is lined


def test_rows_begin_with_a_line_of_the_cache():
    pytest.importorskip("numba")
    by = chosen(torch.empty(0))
    for x in (torch.randn(7, 33), torch.randn(33, 7).t()):
        lined = by.lined(x)
        assert (lined.stride(), lined.data_ptr() % 64) == ((48, 1), 0)


def test_gradients_lie_in_memory_as_activations_do(backend):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(3, 4, 5, generator=generator)
    major = feature_last(x.view(12, 5).t().contiguous(), x.shape[:2])
    found = []
    for given in (x, major):
        given = given.detach().requires_grad_()
        y = feature_major(given)
        assert torch.equal(y, x.view(12, 5).t())
        y.backward(torch.arange(60.0).view(5, 12))
        assert given.grad.stride() == given.stride()
        found.append(given.grad)
    assert torch.equal(*found)
    assert torch.equal(found[0].view(12, 5), torch.arange(60.0).view(5, 12).t())


def test_what_a_sparse_layer_made_is_read_as_it_is(backend):
    layer = SparseLinear(SparseMatrix.random((6, 5), 0.5, torch.Generator().manual_seed(0)))
    y = layer(torch.randn(2, 20, 5))
    assert feature_major(y).data_ptr() == y.data_ptr()
