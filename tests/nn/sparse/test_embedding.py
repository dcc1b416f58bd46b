import pytest
import torch
from torch import nn
from torch.nn import functional as F

from strnn_viz.nn.sparse import SparseEmbedding, SparseMatrix
from tests.nn.sparse.reference import close, masked, multiplied_out, watched


@pytest.mark.parametrize(
    ("words", "size", "density", "shape"),
    [
        (7, 5, 0.4, (3,)),
        (30, 40, 0.1, (6, 4)),
        (5, 3, 1.0, ()),
        (9, 4, 0.0, (2, 2)),
        (9, 4, 1 / 36, (20,)),
        (3, 2, 0.5, (0,)),
    ],
)
def test_rows_and_gradients_are_those_of_a_masked_matrix(words, size, density, shape):
    generator = torch.Generator().manual_seed(words)
    dense = masked((words, size), density, generator).requires_grad_()
    ours = SparseEmbedding(SparseMatrix.from_dense(dense))
    text = torch.randint(words, shape, generator=generator)
    shares = watched(ours.weight)
    direction = torch.randn(*shape, size, generator=generator)
    y, expected = ours(text), F.embedding(text, dense)
    assert torch.equal(y, expected)
    (y * direction).sum().backward()
    (expected * direction).sum().backward()
    close(ours.weight.values.grad, dense.grad[dense != 0])
    close(multiplied_out(shares, dense.shape), dense.grad)


def test_a_dense_embedding_becomes_sparse():
    dense = nn.Embedding(6, 4)
    with torch.no_grad():
        dense.weight[:, 1] = 0
    ours = SparseEmbedding.from_dense(dense)
    assert ours.weight.nnz == 18
    assert torch.equal(ours(torch.arange(6)), dense.weight)
