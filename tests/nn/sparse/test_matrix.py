import tracemalloc

import pytest
import torch

from strnn_viz.nn.sparse import Pattern, SparseLinear, SparseMatrix
from tests.nn.sparse.reference import masked


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("density", "count"), [(0.0, 0), (0.01, 6), (0.3, 180), (0.9, 540), (1.0, 600)])
def test_random_weights_have_exactly_the_number_asked_for(density, count):
    matrix = SparseMatrix.random((20, 30), density, generator())
    assert matrix.nnz == count == len(matrix.pattern.positions.unique())
    assert bool((matrix.values.abs() <= 0.1).all())
    assert torch.equal(matrix.values, SparseMatrix.random((20, 30), density, generator()).values)


def test_random_places_are_all_equally_likely():
    hits = torch.zeros(40)
    for seed in range(400):
        hits[SparseMatrix.random((4, 10), 0.2, generator(seed)).pattern.positions] += 1
    assert hits.sum() == 400 * 8
    assert 50 < hits.min() <= hits.max() < 112  # 80 ± 8 each; four deviations


def test_a_dense_matrix_comes_back():
    dense = masked((9, 7), 0.4, generator())
    assert torch.equal(SparseMatrix.from_dense(dense).to_dense(), dense)
    kept = SparseMatrix.from_dense(dense, torch.tensor([0, 5, 62]))
    assert kept.pattern.positions.tolist() == [0, 5, 62]
    assert torch.equal(kept.values.detach(), dense.view(-1)[[0, 5, 62]])


def test_rewiring_moves_weights_and_the_state_of_the_optimizer_and_keeps_the_parameter():
    matrix = SparseMatrix(Pattern.of(torch.tensor([1, 3, 5]), (2, 3)), torch.tensor([1.0, 2.0, 3.0]))
    optimizer = torch.optim.SGD(matrix.parameters(), lr=0.5, momentum=0.9)
    matrix.values.grad = torch.tensor([0.1, 0.2, 0.4])
    optimizer.step()
    before = matrix.values
    moved = matrix.rewire(
        torch.tensor([3]), torch.tensor([0, 4]), {"momentum_buffer": optimizer.state[before]["momentum_buffer"]}
    )
    assert matrix.values is before
    assert matrix.values.grad is None
    torch.testing.assert_close(matrix.values.detach(), torch.tensor([0.0, 0.95, 0.0, 2.8]))
    torch.testing.assert_close(moved["momentum_buffer"], torch.tensor([0.0, 0.1, 0.0, 0.4]))
    optimizer.state[before].update(moved)
    matrix.values.grad = torch.ones(4)
    optimizer.step()
    torch.testing.assert_close(matrix.values.detach(), torch.tensor([-0.5, 0.405, -0.5, 2.12]))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_number_of_weights_may_change_while_a_graph_of_the_old_ones_is_alive(dtype):
    layer = SparseLinear(SparseMatrix.random((8, 6), 0.5, generator())).to(dtype)
    calls = []
    layer.weight.values.register_post_accumulate_grad_hook(lambda p: calls.append(len(p.grad)))
    x, alive = torch.ones(3, 6, dtype=dtype), []
    for removed in ([], [0, 1], [0]):
        layer.weight.rewire(layer.weight.pattern.positions[removed], torch.empty(0, dtype=torch.int64))
        alive.append(layer(x).sum())
        alive[-1].backward()
        assert len(layer.weight.values.grad) == calls[-1]
        assert layer.weight.values.dtype == dtype
    assert calls == [24, 22, 21]


def test_a_state_dict_brings_the_topology_with_it():
    a, b = (SparseLinear(SparseMatrix.random((8, 6), density, generator(1))) for density in (0.5, 0.25))
    b.load_state_dict(a.state_dict())
    assert torch.equal(a.weight.to_dense(), b.weight.to_dense())
    assert b.weight.nnz == 24
    state = a.state_dict()
    del state["weight.positions"]
    with pytest.raises(RuntimeError, match=r"Missing key\(s\) in state_dict: \"weight.positions\""):
        b.load_state_dict(state)


def test_precision_changes_weights_only():
    matrix = SparseMatrix.random((8, 6), 0.5, generator()).double()
    assert matrix.values.dtype == torch.float64
    assert matrix.pattern.indices.dtype == torch.int32


def test_nothing_of_the_matrix_s_size_is_made():
    # 10⁹ places: a mask of bytes would be a gigabyte, and would show.
    shape = (50_000, 20_000)
    tracemalloc.start()
    matrix = SparseMatrix.random(shape, 1e-5, generator())
    matrix.rewire(matrix.pattern.positions[:100], torch.tensor([0, 3]), {"momentum": torch.ones(matrix.nnz)})
    matrix.pattern.columnwise  # noqa: B018
    tracemalloc.stop()
    assert matrix.nnz == 9_902
    held = sum(t.nbytes for t in (matrix.values, matrix.pattern.indptr, matrix.pattern.indices))
    assert held < 300_000
