import numpy as np
import pytest

from strnn_viz.topology.spectrum import spectral_gap


@pytest.mark.parametrize(
    ("shape", "exact"),
    [((30, 20), 2048), ((20, 30), 2048), ((1, 9), 2048), ((2, 2), 2048), ((30, 20), 0), ((20, 30), 0)],
)
def test_the_two_largest_singular_values(shape, exact, monkeypatch):
    monkeypatch.setattr("strnn_viz.topology.spectrum._GRAM", exact)
    mask = np.random.default_rng(2).random(shape) < 0.4
    expected = np.append(np.linalg.svd(mask.astype(float), compute_uv=False), 0)[:2]
    found = spectral_gap(mask)
    np.testing.assert_allclose([found.first, found.second], expected, atol=1e-7)
    assert found == spectral_gap(mask)
    assert found.gap == found.first - found.second


def biregular(rows, columns, degree, seed):
    """A random bipartite graph in which all rows have one degree and all columns another, without double edges."""
    rng = np.random.default_rng(seed)
    mask = np.zeros((rows, columns), dtype=bool)
    for k in range(degree):  # a circulant one, then mixed by switching pairs of edges
        mask[np.arange(rows), (np.arange(rows) * columns // rows + k) % columns] = True
    edges = np.argwhere(mask)
    for first, second in rng.integers(len(edges), size=(20_000, 2)):
        (i, a), (j, b) = edges[first].copy(), edges[second].copy()
        if not mask[i, b] and not mask[j, a]:
            mask[i, a] = mask[j, b] = False
            mask[i, b] = mask[j, a] = True
            edges[first], edges[second] = (i, b), (j, a)
    return mask


def test_a_random_regular_graph_has_the_gap_expected_of_it():
    mask = biregular(300, 150, 6, 0)
    assert set(mask.sum(axis=0)) == {12}
    found = spectral_gap(mask)
    assert (found.row_degree, found.column_degree) == (6, 12)
    assert found.bound == np.sqrt(5) + np.sqrt(11)
    assert found.first == pytest.approx(np.sqrt(72))
    assert found.second == pytest.approx(found.bound, rel=0.04)
    assert found.gap == pytest.approx(found.regular_gap, rel=0.08)


def test_a_layer_in_two_parts_has_no_gap():
    mask = np.kron(np.eye(2), np.ones((10, 8))).astype(bool)
    found = spectral_gap(mask)
    assert found.first == found.second == pytest.approx(np.sqrt(80))
    assert found.gap == 0
    assert not found.ramanujan
    assert found.regular_gap > 3


def test_a_complete_layer_and_an_empty_one():
    found = spectral_gap(np.ones((9, 4), dtype=bool))
    assert (found.first, found.ramanujan) == (pytest.approx(6), True)
    assert found.second == pytest.approx(0, abs=1e-6)
    empty = spectral_gap(np.zeros((9, 4), dtype=bool))
    assert (empty.first, empty.second, empty.bound, empty.gap) == (0, 0, 0, 0)
