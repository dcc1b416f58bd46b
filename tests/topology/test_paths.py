import math

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.topology.links import links
from strnn_viz.topology.paths import effective_paths, effective_topology
from tests.synthetic import GATES, make_run, snapshots
from tests.topology.by_hand import snapshot_of


def random_masks(infos, density, seed):
    rng = np.random.default_rng(seed)
    return [rng.random(info.shape) < density for info in infos]


def model(hidden=3, layers=2, words=5, tied=False):
    infos = [LayerInfo("e", (words, hidden), "embedding", "Embedding", (), ("d",) if tied else ())]
    for i in range(layers):
        infos.append(LayerInfo(f"ih{i}", (4 * hidden, hidden), "input", f"LSTM layer {i + 1}", GATES))
        infos.append(LayerInfo(f"hh{i}", (4 * hidden, hidden), "recurrent", f"LSTM layer {i + 1}", GATES))
    return infos if tied else [*infos, LayerInfo("d", (words, hidden), "linear", "Decoder")]


def count_by_walking(snapshot, steps):
    """Paths through the unrolled model, found by following every single connection."""
    wired = links(layer.info for layer in snapshot.layers.values())
    edges = {}
    for link in wired:
        blocks = link.by_gate(snapshot.mask(link.info.name))
        for _, target, source in np.argwhere(blocks):
            edges.setdefault((link.source, int(source)), []).append((link.recurrent, link.target, int(target)))
    end = wired[-1].target

    def walk(space, unit, step):
        if step > steps:
            return 0
        if space == end:
            return step == steps
        return sum(walk(target, i, step + later) for later, target, i in edges.get((space, unit), ()))

    first = wired[0].source
    return sum(walk(first, i, 1) for i in range(first.size))


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("tied", [False, True])
def test_every_path_is_counted(steps, seed, tied):
    infos = model(tied=tied)
    snapshot = snapshot_of(infos, random_masks(infos, 0.3, seed))
    number = count_by_walking(snapshot, steps)
    assert number > 0
    found = effective_paths(snapshot, steps=steps)
    assert 10**found.log10 == pytest.approx(number, rel=1e-9)
    everything = snapshot_of(infos, [np.ones(info.shape) for info in infos])
    if steps < 3:
        assert 10**found.log10_dense == pytest.approx(count_by_walking(everything, steps), rel=1e-9)
    assert effective_paths(everything, steps=steps).log10 == pytest.approx(found.log10_dense, rel=1e-12)
    assert effective_paths(everything, steps=steps).density == pytest.approx(1)


def test_a_feed_forward_stack():
    infos = [LayerInfo("a", (5, 4)), LayerInfo("b", (6, 5)), LayerInfo("c", (2, 6))]
    masks = random_masks(infos, 0.5, 0)
    a, b, c = (m.astype(int) for m in masks)
    found = effective_paths(snapshot_of(infos, masks))
    assert 10**found.log10 == pytest.approx((c @ b @ a).sum())
    assert found.density == pytest.approx((c @ b @ a).sum() / (4 * 5 * 6 * 2))


def test_several_recurrent_matrices_are_passed_in_order_within_a_step():
    infos = [
        LayerInfo("x", (6, 4), "input", "RHN", ("h", "t")),
        LayerInfo("r0", (6, 3), "recurrent", "RHN", ("h", "t")),
        LayerInfo("r1", (6, 3), "recurrent", "RHN", ("h", "t")),
        LayerInfo("d", (4, 3), "linear", "Decoder"),
    ]
    masks = random_masks(infos, 0.6, 3)
    x, r0, r1 = (m.reshape(2, 3, -1).sum(axis=0) for m in masks[:3])
    d = masks[3].astype(int)
    snapshot = snapshot_of(infos, masks)
    one = r1 @ x
    assert 10 ** effective_paths(snapshot).log10 == pytest.approx((d @ one).sum())
    assert 10 ** effective_paths(snapshot, steps=2).log10 == pytest.approx((d @ r1 @ r0 @ one).sum())


def test_numbers_beyond_any_float(tmp_path):
    run = make_run(tmp_path / "r", epochs=2)
    found = effective_paths(run, steps=400)
    assert 320 < found.log10 < found.log10_dense < math.inf
    assert effective_paths(run, epoch=2, steps=400) == found
    # a step multiplies by the largest eigenvalue of a layer's recurrent connections
    hh = [run[2].mask(f"lstm.{i}.weight_hh").reshape(4, 24, 24).sum(axis=0) for i in range(2)]
    largest = max(np.abs(np.linalg.eigvals(m)).max() for m in hh)
    slope = effective_paths(run, steps=401).log10 - found.log10
    assert slope == pytest.approx(np.log10(largest), abs=0.002)


def test_no_path_at_all():
    infos = [LayerInfo("a", (2, 2)), LayerInfo("b", (2, 2))]
    snapshot = snapshot_of(infos, [[[1, 1], [0, 0]], [[0, 1], [0, 1]]])
    found = effective_paths(snapshot)
    assert found.log10 == -math.inf
    assert found.density == 0
    useful = effective_topology(snapshot)
    assert useful.share == 0
    assert useful.active == {"a": 2, "b": 2}


@pytest.mark.parametrize("seed", range(5))
def test_effective_connections_are_those_on_some_path(seed):
    infos = model(hidden=6, words=7)
    masks = random_masks(infos, 0.06 + 0.02 * seed, seed)
    snapshot = snapshot_of(infos, masks)
    import networkx as nx

    graph = nx.MultiDiGraph()
    wired = links(infos)
    for link in wired:
        for end in (link.source, link.target):
            graph.add_nodes_from((end.name, i) for i in range(end.size))
        for gate, target, source in np.argwhere(link.by_gate(snapshot.mask(link.info.name))):
            graph.add_edge((link.source.name, source), (link.target.name, target), key=(link.info.name, gate))
    first, last = wired[0].source, wired[-1].target
    reached = set().union(*({n} | nx.descendants(graph, n) for n in ((first.name, i) for i in range(first.size))))
    reaching = set().union(*({n} | nx.ancestors(graph, n) for n in ((last.name, i) for i in range(last.size))))
    expected = dict.fromkeys(snapshot.layers, 0)
    for a, b, (name, _) in graph.edges(keys=True):
        expected[name] += a in reached and b in reaching
    found = effective_topology(snapshot)
    assert found.effective == expected
    assert found.active == {n: snapshot.layer(n).nnz for n in snapshot.layers}
    assert found.share == pytest.approx(sum(expected.values()) / snapshot.nnz)
    for name, i in graph:
        assert found.reached[name][i] == ((name, i) in reached)
        assert found.reaching[name][i] == ((name, i) in reaching)


def test_a_tied_connection_is_effective_where_either_use_is():
    infos = model(hidden=2, layers=1, words=3, tied=True)
    ih = np.zeros((8, 2), dtype=bool)
    ih[0, 0] = True  # the second dimension leads nowhere, the second unit has no input
    hh = np.zeros((8, 2), dtype=bool)
    found = effective_topology(snapshot_of(infos, [np.ones((3, 2)), ih, hh]))
    assert found.effective == {"e": 3, "ih0": 1, "hh0": 0}


def test_layers_that_do_not_follow_each_other():
    infos = [LayerInfo("a", (3, 2)), LayerInfo("b", (2, 5))]
    snapshot = snapshot_of(infos, [np.ones((3, 2)), np.ones((2, 5))])
    with pytest.raises(UsageError, match="from a, which leads to 3 units, to b, which reads 5 of 'b: input'"):
        effective_paths(snapshot)
    with pytest.raises(UsageError, match="at least 1 time step"):
        effective_paths(next(snapshots(epochs=0)), steps=0)
    with pytest.raises(UsageError, match="no path to count"):
        effective_paths(snapshot_of([], []))
