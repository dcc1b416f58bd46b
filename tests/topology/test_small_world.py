import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strnn_viz.errors import UsageError
from strnn_viz.topology.small_world import _lattice, any_gate, clustering, path_length, small_worldness


def graph_of(mask):
    graph = nx.Graph()
    rows, columns = mask.shape
    graph.add_nodes_from(range(rows + columns))
    graph.add_edges_from((int(i), int(rows + j)) for i, j in np.argwhere(mask))
    return graph


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 8), st.integers(1, 8), st.floats(0.1, 0.9), st.integers(0, 2**32 - 1))
def test_against_networkx(rows, columns, density, seed):
    mask = np.random.default_rng(seed).random((rows, columns)) < density
    graph = graph_of(mask)
    expected = nx.bipartite.robins_alexander_clustering(graph)
    found = clustering(mask)
    assert found == pytest.approx(expected) if not np.isnan(found) else expected == 0
    lengths = [n for _, row in nx.all_pairs_shortest_path_length(graph) for n in row.values() if n]
    every = np.arange(rows + columns)
    assert path_length(mask, every) == pytest.approx(np.mean(lengths) if lengths else np.nan, nan_ok=True)
    some = every[::2]
    lengths = [n for s in some for n in nx.single_source_shortest_path_length(graph, int(s)).values() if n]
    assert path_length(mask, some) == pytest.approx(np.mean(lengths) if lengths else np.nan, nan_ok=True)


def test_a_random_layer_is_no_small_world():
    mask = np.random.default_rng(1).random((120, 80)) < 0.1
    found = small_worldness(mask)
    assert found.random_clustering == pytest.approx(mask.mean(), rel=0.1)
    assert found.sigma == pytest.approx(1, abs=0.1)
    assert found.omega > 0.6
    assert found == small_worldness(mask)
    assert found != small_worldness(mask, seed=1)


def test_a_lattice_and_a_small_world():
    ring = np.zeros((200, 200), dtype=bool)
    for i in range(200):
        ring[i, (i + np.arange(8)) % 200] = True
    lattice = small_worldness(ring)
    assert lattice.clustering == lattice.lattice_clustering
    assert lattice.path_length > 3 * lattice.random_path_length
    assert lattice.omega < -0.6
    rng = np.random.default_rng(0)  # Watts and Strogatz: a few connections moved at random
    moved = rng.choice(np.flatnonzero(ring), 80, replace=False)
    ring.flat[moved] = False
    ring.flat[rng.choice(np.flatnonzero(~ring), 80, replace=False)] = True
    found = small_worldness(ring)
    assert found.sigma > 3
    assert found.path_length < 0.5 * lattice.path_length
    assert lattice.omega < found.omega < 0.5


def test_the_lattice_keeps_the_degrees_of_rows():
    mask = np.random.default_rng(0).random((12, 7)) < 0.4
    lattice = _lattice(mask)
    np.testing.assert_array_equal(lattice.sum(axis=1), mask.sum(axis=1))
    assert all(np.count_nonzero(row ^ np.roll(row, 1)) in (0, 2) for row in lattice)


def test_only_some_sources_come_near_to_all():
    mask = np.random.default_rng(0).random((150, 100)) < 0.03
    all_of_them, some = small_worldness(mask, sources=10**6), small_worldness(mask, sources=60)
    assert some.path_length == pytest.approx(all_of_them.path_length, rel=0.05)
    assert some.clustering == all_of_them.clustering


def test_nothing_to_divide_by():
    found = small_worldness(np.zeros((3, 4), dtype=bool))
    assert np.isnan([found.clustering, found.path_length, found.sigma, found.omega]).all()
    complete = small_worldness(np.ones((3, 4), dtype=bool))
    assert (complete.clustering, complete.sigma, complete.omega) == (1, 1, 0)
    with pytest.raises(UsageError, match="must be at least 1"):
        small_worldness(np.ones((3, 4), dtype=bool), samples=0)


def test_any_gate():
    mask = np.array([[1, 0], [0, 0], [0, 0], [0, 1]], dtype=bool)
    assert any_gate(mask, 2).tolist() == [[True, False], [False, True]]
    assert any_gate(mask, 1) is not mask
