import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo
from strnn_viz.runs.snapshot import pack
from strnn_viz.topology.degrees import count_active, degree_order, gate_density, gini, unit_degrees
from tests.synthetic import GATES, make_run, snapshots
from tests.topology.by_hand import snapshot_of


def test_degrees_of_hidden_units_in_every_part():
    snapshot = list(snapshots(epochs=1))[-1]
    found = unit_degrees(snapshot, "LSTM layer 1")
    ih, hh, above = (snapshot.mask(n) for n in ("lstm.0.weight_ih", "lstm.0.weight_hh", "lstm.1.weight_ih"))
    h = 24
    for j in range(h):
        for g, gate in enumerate(GATES):
            row = g * h + j
            assert found.degree("in", gate=gate, role="input")[j] == ih[row].sum()
            assert found.degree("in", gate=gate, role="recurrent")[j] == hh[row].sum()
            assert found.degree("out", gate=gate, role="recurrent")[j] == hh[g * h : (g + 1) * h, j].sum()
            assert found.degree("out", gate=gate, role="input")[j] == above[g * h : (g + 1) * h, j].sum()
        assert found.degree("in")[j] == sum(ih[g * h + j].sum() + hh[g * h + j].sum() for g in range(4))
        assert found.degree("out")[j] == hh[:, j].sum() + above[:, j].sum()
    assert {(p.matrix, p.role) for p in found.outgoing} == {
        ("lstm.0.weight_hh", "recurrent"), ("lstm.1.weight_ih", "input")
    }  # fmt: skip


def test_degrees_of_a_run_are_those_of_its_epoch(tmp_path):
    run = make_run(tmp_path / "r", epochs=3)
    for epoch in (1, None):
        found = unit_degrees(run, "LSTM layer 2", epoch=epoch)
        expected = unit_degrees(run[3 if epoch is None else epoch], "LSTM layer 2")
        np.testing.assert_array_equal(found.degree("in"), expected.degree("in"))
        np.testing.assert_array_equal(found.degree("out"), expected.degree("out"))


def test_words_have_no_side_in_and_outputs_none_out():
    snapshot = next(snapshots(epochs=0))
    words = unit_degrees(snapshot, "Embedding: words")
    embedding = snapshot.mask("embedding.weight")
    assert not words.incoming
    np.testing.assert_array_equal(words.degree("out"), embedding.sum(axis=1))
    np.testing.assert_array_equal(unit_degrees(snapshot, "Embedding").degree("in"), embedding.sum(axis=0))
    np.testing.assert_array_equal(
        unit_degrees(snapshot, "Decoder").degree("in"), snapshot.mask("decoder.weight").sum(1)
    )
    np.testing.assert_array_equal(words.dead, embedding.sum(axis=1) == 0)


def test_dead_units_are_those_with_nothing_in_or_nothing_out():
    infos = [LayerInfo("a", (4, 2)), LayerInfo("b", (2, 4))]
    snapshot = snapshot_of(infos, [[[1, 0], [0, 0], [1, 1], [0, 1]], [[1, 1, 0, 0], [0, 0, 0, 1]]])
    assert unit_degrees(snapshot, "a").dead.tolist() == [False, True, True, False]
    assert unit_degrees(snapshot, "b").dead.tolist() == [False, False]
    assert unit_degrees(snapshot, "a: input").dead.tolist() == [False, False]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30))
def test_gini_is_half_the_mean_difference_over_the_mean(values):
    x = np.array(values)
    expected = np.abs(x[:, None] - x).mean() / (2 * x.mean()) if x.any() else 0.0
    assert gini(x) == pytest.approx(expected, abs=1e-12)


def test_gini_at_its_ends():
    assert gini(np.full(7, 3)) == 0
    assert gini(np.array([0, 0, 0, 9])) == 0.75
    assert gini(np.zeros(3, dtype=int)) == gini(np.zeros(0, dtype=int)) == 0


def test_order_by_degree_keeps_gates_apart():
    info = LayerInfo("m", (6, 3), "recurrent", "LSTM layer 1", ("a", "b"))
    mask = np.array([[0, 0, 0], [1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0], [1, 1, 1]], dtype=bool)
    rows, columns = degree_order(mask, info)
    assert rows.tolist() == [1, 2, 0, 3, 5, 4]
    assert columns.tolist() == [2, 0, 1]


@given(st.lists(st.booleans(), min_size=1, max_size=70), st.data())
def test_active_positions_between_any_two(values, data):
    start = data.draw(st.integers(0, len(values)))
    stop = data.draw(st.integers(start, len(values)))
    assert count_active(pack(np.array(values)), start, stop) == sum(values[start:stop])


def test_density_of_gates_over_a_run(tmp_path):
    run = make_run(tmp_path / "r", epochs=3, hidden=9)  # gates do not end where bytes do
    told = []
    found = gate_density(run, "lstm.0.weight_hh", progress=lambda *done: told.append(done))
    assert found.gates == GATES
    expected = [[run[e].mask("lstm.0.weight_hh")[9 * g : 9 * g + 9].mean() for g in range(4)] for e in run.epochs]
    np.testing.assert_allclose(found.density, expected)
    assert told == [(i, 4) for i in range(1, 5)]
    decoder = gate_density(run, "decoder.weight")
    assert decoder.gates == ("",)
    np.testing.assert_allclose(decoder.density[:, 0], [run[e].layer("decoder.weight").density for e in run.epochs])
    with pytest.raises(UsageError, match=r"'LSTM layer 1' is not one matrix of run r. It has: embedding.weight"):
        gate_density(run, "LSTM layer 1")


def test_unknown_layers_are_named():
    with pytest.raises(UsageError, match="no units called 'x'"):
        unit_degrees(next(snapshots(epochs=0)), "x")
