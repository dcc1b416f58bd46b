import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.topology.churn import BORN, DIED, SURVIVED, states
from strnn_viz.topology.graph import to_networkx
from tests.synthetic import GATES, make_run
from tests.topology.by_hand import snapshot_of

HH = "lstm.0.weight_hh"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "r", epochs=3, hidden=10)


def test_a_recurrent_matrix_with_all_it_knows(run):
    graph = to_networkx(run, HH, epoch=2)
    assert isinstance(graph, nx.MultiDiGraph)
    assert graph.number_of_nodes() == 10
    assert graph.nodes["LSTM layer 1", 3] == {"layer": "LSTM layer 1", "role": "hidden", "unit": 3}
    weight, codes = run[2].weight(HH), states(run[2].mask(HH), run[1].mask(HH))
    assert graph.number_of_edges() == run[2].layer(HH).nnz
    words = {SURVIVED: "survived", BORN: "born"}
    for (_, source), (_, target), (matrix, gate), data in graph.edges(keys=True, data=True):
        row = GATES.index(gate) * 10 + target
        assert matrix == data["matrix"] == HH
        assert data["gate"] == gate
        assert data["weight"] == weight[row, source]
        assert data["state"] == words[codes[row, source]]
    assert {d["state"] for *_, d in graph.edges(data=True)} == {"survived", "born"}


def test_a_snapshot_knows_states_only_from_another(run):
    alone = to_networkx(run[2], HH)
    assert {d["state"] for *_, d in alone.edges(data=True)} == {"survived"}
    beside = to_networkx(run[2], HH, previous=run[1])
    assert nx.utils.graphs_equal(beside, to_networkx(run, HH, epoch=2))
    with pytest.raises(UsageError, match="a run knows its own"):
        to_networkx(run, HH, previous=run[1])


def test_an_embedding_leads_from_words(run):
    graph = to_networkx(run, "embedding.weight")
    mask = run[3].mask("embedding.weight")
    edges = {(s, t) for (_, s), (_, t) in graph.edges()}
    assert edges == {tuple(map(int, place)) for place in np.argwhere(mask)}
    assert graph.nodes["Embedding: words", 0]["role"] == "word"
    assert {d["gate"] for *_, d in graph.edges(data=True)} == {""}


def test_a_layer_is_all_that_leads_to_it(run):
    graph = to_networkx(run, "LSTM layer 1")
    assert {m for *_, (m, _) in graph.edges(keys=True)} == {"lstm.0.weight_ih", HH}
    assert {m for *_, (m, _) in to_networkx(run, "Embedding: words").edges(keys=True)} == {"embedding.weight"}


def test_what_changed(run):
    graph = to_networkx(run, HH, epoch=2, states=("born", "died"))
    codes = states(run[2].mask(HH), run[1].mask(HH))
    found = [d["state"] for *_, d in graph.edges(data=True)]
    assert found.count("born") == (codes == BORN).sum() > 0
    assert found.count("died") == (codes == DIED).sum() > 0
    assert {d["weight"] for *_, d in graph.edges(data=True) if d["state"] == "died"} == {0.0}
    with pytest.raises(UsageError, match="states = 'new' is not known. Choose from: survived, born, died"):
        to_networkx(run, HH, states=("new",))


def test_an_ego_network_is_what_touches_the_unit(run):
    whole = nx.compose_all([to_networkx(run, n) for n in (HH, "lstm.0.weight_ih", "lstm.1.weight_ih")])
    me = ("LSTM layer 1", 4)
    ego = to_networkx(run, "LSTM layer 1", unit=4)
    expected = set(whole.in_edges(me, keys=True)) | set(whole.out_edges(me, keys=True))
    assert set(ego.edges(keys=True)) == expected
    assert set(ego) == {me} | set(whole.predecessors(me)) | set(whole.successors(me))
    near = to_networkx(run, HH, unit=4, neighbours=True)
    assert set(near.edges(keys=True)) == set(whole.subgraph(ego).edges(keys=True))
    with pytest.raises(UsageError, match="unit = 10 is out of range: LSTM layer 1 has units 0 to 9"):
        to_networkx(run, HH, unit=10)


def test_a_unit_with_nothing_is_alone():
    infos = [LayerInfo("a", (2, 2)), LayerInfo("b", (2, 2))]
    snapshot = snapshot_of(infos, [[[1, 1], [0, 0]], [[1, 0], [1, 0]]])
    assert list(to_networkx(snapshot, "a", unit=1)) == [("a", 1)]
    assert to_networkx(snapshot, "a").number_of_nodes() == 4


def test_too_many_edges_are_refused_before_they_are_built(run, monkeypatch):
    nnz = run[3].layer("decoder.weight").nnz
    monkeypatch.setattr(nx.MultiDiGraph, "add_edge", None)
    monkeypatch.setattr(nx.MultiDiGraph, "add_nodes_from", None)
    with pytest.raises(UsageError, match=f"would have {nnz} edges, more than max_edges = 100. Choose a unit"):
        to_networkx(run, "decoder.weight", max_edges=100)


def test_only_the_strongest(run):
    graph = to_networkx(run, "decoder.weight", strongest=7, max_edges=7)
    found = sorted(abs(d["weight"]) for *_, d in graph.edges(data=True))
    values = run[3].layer("decoder.weight").values
    np.testing.assert_array_equal(np.float32(found), np.sort(np.abs(values))[-7:])


def test_without_networkx_it_says_what_to_install(run):
    code = f"""
import sys
sys.modules["networkx"] = None
from strnn_viz.runs import Run
from strnn_viz.topology import graph
from strnn_viz.errors import UsageError
try:
    graph.to_networkx(Run({str(run.path)!r}), {HH!r})
except UsageError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'strnn-viz[dashboard]'" in done.stdout
