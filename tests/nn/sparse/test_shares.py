"""Shares of a gradient, by hand; that layers tell of the right ones is in the tests of each layer."""

import copy
import pickle

import pytest
import torch
from torch import nn

from strnn_viz.nn.sparse import SparseEmbedding, SparseLinear, SparseMatrix
from strnn_viz.nn.sparse.shares import Outer, Picked
from tests.nn.sparse.reference import close, multiplied_out, watched


def test_a_product_by_hand():
    share = Outer(torch.tensor([[1.0, 2.0], [3.0, 4.0], [0.0, 1.0]]), torch.tensor([[5.0, 6.0], [7.0, 8.0]]))
    rows = torch.ones(2, 2)
    share.add_to(rows, 1)
    assert rows.tolist() == [[40.0, 54.0], [7.0, 9.0]]
    assert share.nbytes == 4 * (6 + 4)


def test_a_look_up_by_hand():
    share = Picked(torch.tensor([3, 0, 3]), torch.tensor([[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]))
    rows = torch.zeros(2, 2)
    share.add_to(rows, 2)
    assert rows.tolist() == [[0.0, 0.0], [5.0, 40.0]]
    share.add_to(rows, 0)
    assert rows.tolist() == [[2.0, 16.0], [5.0, 40.0]]
    assert share.nbytes == 8 * 3 + 4 * 6


def test_of_a_tied_matrix_all_uses_count():
    weight = SparseMatrix.random((7, 4), 0.5, torch.Generator().manual_seed(0))
    model = nn.Sequential(SparseEmbedding(weight), SparseLinear(weight, bias=False))
    words, direction = torch.tensor([[1, 6], [1, 0]]), torch.randn(2, 2, 7, generator=torch.Generator().manual_seed(1))
    shares = watched(weight)
    (model(words) * direction).sum().backward()
    dense = weight.to_dense().requires_grad_()
    (nn.functional.embedding(words, dense) @ dense.t() * direction).sum().backward()
    assert len(shares) == 2
    close(multiplied_out(shares, (7, 4)), dense.grad)


def test_nothing_is_told_where_no_gradient_of_weights_is_computed():
    weight = SparseMatrix.random((7, 4), 0.5, torch.Generator().manual_seed(0))
    shares = watched(weight)
    weight.requires_grad_(False)
    SparseLinear(weight)(torch.randn(3, 4, requires_grad=True)).sum().backward()
    assert shares == []
    SparseEmbedding(weight)(torch.tensor([1]))
    assert shares == []


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_matrix_tells_nobody(copied):
    weight = SparseMatrix.random((7, 4), 0.5, torch.Generator().manual_seed(0))
    shares = watched(weight)
    other = SparseLinear(copied(weight))
    other(torch.randn(3, 4)).sum().backward()
    assert (shares, other.weight.observer) == ([], None)
    assert torch.equal(other.weight.values, weight.values)
