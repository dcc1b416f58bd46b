import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strnn_viz.config import RunConfig
from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, LayerSnapshot, Run, RunWriter, Snapshot, capture
from strnn_viz.runs.snapshot import pack
from strnn_viz.topology.churn import distance_curves
from strnn_viz.topology.history import LayerHistory, advance, empty_history, histories, layer_history, movements
from strnn_viz.topology.lives import total_lives
from strnn_viz.topology.movement import total_movement
from tests.synthetic import make_run, snapshots

INFO = LayerInfo("m", (1, 5))
EPOCHS = [0, 1, 2, 4, 5]
#             0         1        2         4         5
BY_HAND = [[1, 1, 1, 1, 0], [0, 0, 1, 0, 1], [1, 1, 0, 1, 0]]  # three connections over five snapshots


def fold(info: LayerInfo, epochs: list[int], masks: list[np.ndarray]) -> LayerHistory:
    result = empty_history(info)
    for epoch, mask in zip(epochs, masks, strict=True):
        result = advance(result, epoch, pack(mask.reshape(info.shape)))
    return result


def by_hand() -> LayerHistory:
    rows = np.array([*BY_HAND, [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]], dtype=bool)
    return fold(INFO, EPOCHS, list(rows.T))


def test_a_hand_made_history():
    h = by_hand()
    assert h.age.tolist() == [[-1, 0, -1, -1, 5]]
    assert h.lifetime.tolist() == [[5, 2, 3, 0, 5]]  # 0-5; 2-4 and 5 on; 0-2 and 4-5; never; all along
    assert h.regrown.tolist() == [[0, 1, 1, 0, 0]]
    assert h.deaths.tolist() == [[1, 1, 2, 0, 0]]
    assert h.births.tolist() == [1, 2, 2, 0, 1]
    assert h.mask.tolist() == [[False, True, False, False, True]]
    m = h.movement
    assert m.epochs.tolist() == EPOCHS
    assert m.nnz.tolist() == [3, 3, 3, 3, 2]
    assert m.born.tolist() == [0, 0, 1, 1, 1]
    assert m.died.tolist() == [0, 0, 1, 1, 2]
    assert m.kept.tolist() == [3, 3, 2, 3, 1]
    assert m.exploration.tolist() == [0.6, 0.6, 0.8, 0.8, 0.8]
    assert m.turnover.tolist()[1:] == [0, 2 / 6, 2 / 6, 3 / 5]
    assert np.isnan(m.turnover[0])
    assert m.hamming_to_first.tolist() == [0, 0, 2, 0, 3]
    assert m.hamming_to_previous.tolist() == [0, 0, 2, 2, 3]
    assert m.jaccard_to_first.tolist() == [0, 0, 0.5, 0, 0.75]
    assert m.jaccard_to_previous.tolist()[1:] == [0, 0.5, 0.5, 0.75]
    lives = h.lives
    assert lives.entered.tolist() == [3, 0, 1, 1, 1]
    assert lives.alive.tolist() == [1, 0, 0, 0, 1]
    assert lives.ages.tolist() == [5, 4, 3, 1, 0]
    assert lives.deaths.tolist() == [[0, 0, 1, 0, 1], [0] * 5, [0, 0, 0, 1, 0], [0, 0, 0, 0, 1], [0] * 5]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 8), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_against_following_every_position(rows, columns, t, density, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random((rows, columns)) < density for _ in range(t)]
    epochs = np.cumsum(rng.integers(1, 5, t)).tolist()
    h = fold(LayerInfo("m", (rows, columns)), epochs, masks)
    age, lifetime, regrown = (np.zeros((rows, columns), dtype=int) for _ in range(3))
    deaths = np.zeros((t, t), dtype=int)
    for place in np.ndindex(rows, columns):
        born = None
        lives = 0
        for j in range(t):
            if masks[j][place] and born is None:
                born, lives = j, lives + 1
            elif not masks[j][place] and born is not None:
                deaths[born, j] += 1
                lifetime[place] += epochs[j] - epochs[born]
                born = None
        age[place] = -1 if born is None else epochs[-1] - epochs[born]
        lifetime[place] += 0 if born is None else age[place]
        regrown[place] = max(0, lives - 1)
    np.testing.assert_array_equal(h.age, age)
    np.testing.assert_array_equal(h.lifetime, lifetime)
    np.testing.assert_array_equal(h.regrown, regrown)
    np.testing.assert_array_equal(h.lives.deaths, deaths)
    np.testing.assert_array_equal(h.mask, masks[-1])
    union = np.logical_or.accumulate(masks)
    np.testing.assert_array_equal(h.movement.exploration, union.mean(axis=(1, 2)))
    np.testing.assert_array_equal(h.movement.hamming_to_first, [(m ^ masks[0]).sum() for m in masks])
    assert h.lives.alive.sum() == masks[-1].sum()
    for j in range(t):  # a table cut short is the table of the time
        early = fold(h.info, epochs[: j + 1], masks[: j + 1])
        np.testing.assert_array_equal(h.lives.until(epochs[j]).alive, early.lives.alive)


def test_a_history_of_a_run_counts_what_the_run_counted(tmp_path):
    run = make_run(tmp_path / "r")
    found = {h.info.name: h for h in histories(run)}
    assert list(found) == list(run.layers)
    for name, h in found.items():
        churn = [row["layers"][name] for row in run.rows]
        for part in ("born", "died", "kept", "nnz"):
            assert getattr(h.movement, part).tolist() == [c[part] for c in churn]
        curves = distance_curves(run, [run.layers[name]])
        np.testing.assert_allclose(h.movement.jaccard_to_first, curves.to_first, rtol=1e-14)
        np.testing.assert_allclose(h.movement.jaccard_to_previous, curves.to_previous, rtol=1e-14)


def test_overall_is_all_matrices_as_one(tmp_path):
    run = make_run(tmp_path / "r")
    total = total_movement(movements(run).values())
    masks = [np.concatenate([run[e].mask(n).ravel() for n in run.layers]) for e in run.epochs]
    union = np.logical_or.accumulate(masks)
    np.testing.assert_allclose(total.exploration, union.mean(axis=1))
    curves = distance_curves(run, list(run.layers.values()))
    np.testing.assert_allclose(total.jaccard_to_first, curves.to_first, rtol=1e-14)
    lives = total_lives(h.lives for h in histories(run))
    assert lives.entered.tolist()[1:] == total.born.tolist()[1:]
    assert lives.alive.sum() == run[run.epochs[-1]].nnz


def test_different_epochs_are_not_summed(tmp_path):
    run = make_run(tmp_path / "r", epochs=3)
    a = layer_history(run, "decoder.weight").movement
    b = layer_history(run, "embedding.weight", until=2).movement
    with pytest.raises(UsageError, match="3 snapshots up to epoch 2 and 4 snapshots up to epoch 3"):
        total_movement([a, b])
    with pytest.raises(UsageError, match="no movement"):
        total_movement([])


def test_going_on_reads_only_what_is_new(tmp_path, monkeypatch):
    name = "lstm.0.weight_hh"
    moments = list(snapshots(epochs=6))
    with RunWriter(tmp_path / "r", RunConfig()) as writer:
        for snapshot in moments[:4]:
            writer.append(snapshot)
    run = Run(tmp_path / "r")
    start = layer_history(run, name)
    assert layer_history(run, name, start=start) is start
    with RunWriter(tmp_path / "r", RunConfig(), resume=True) as writer:
        for snapshot in moments[4:]:
            writer.append(snapshot)
    read = []
    bits = Run.bits
    monkeypatch.setattr(Run, "bits", lambda self, e, n: read.append(e) or bits(self, e, n))
    before = start.age.copy()
    went_on = layer_history(run, name, start=start)
    assert read == [4, 5, 6]
    np.testing.assert_array_equal(start.age, before)
    whole = layer_history(run, name)
    np.testing.assert_array_equal(went_on.lifetime, whole.lifetime)
    np.testing.assert_array_equal(went_on.lives.deaths, whole.lives.deaths)
    assert layer_history(run, name, until=2, start=whole).epochs.tolist() == [0, 1, 2]


def test_another_run_of_the_same_name_is_not_gone_on_from(tmp_path):
    name = "lstm.0.weight_hh"
    start = layer_history(make_run(tmp_path / "r", epochs=2), name)
    for file in sorted((tmp_path / "r").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    run = make_run(tmp_path / "r", epochs=3, seed=1)
    np.testing.assert_array_equal(layer_history(run, name, start=start).lifetime, layer_history(run, name).lifetime)


def test_what_is_given_is_left_alone():
    h = by_hand()
    bits = pack(np.ones((1, 5), dtype=bool)).copy()
    longer = advance(h, 9, bits)
    assert h.epochs.tolist() == EPOCHS
    assert h.age.tolist() == [[-1, 0, -1, -1, 5]]
    bits[:] = 0
    assert longer.mask.all()
    assert longer.age.tolist() == [[0, 4, 0, 0, 9]]
    with pytest.raises(ValueError, match="read-only"):
        longer.births[0] = 3


def test_mistakes_are_named():
    h = by_hand()
    with pytest.raises(UsageError, match="epoch 5 does not come after epoch 5"):
        advance(h, 5, h.bits)
    with pytest.raises(UsageError, match=r"has 1 bytes, but uint8 \(2,\) was given"):
        advance(h, 6, np.zeros(2, dtype=np.uint8))


def test_unknown_matrices_and_empty_runs(tmp_path):
    run = make_run(tmp_path / "r", epochs=1)
    with pytest.raises(UsageError, match=r"no matrix 'x'. It has: embedding.weight"):
        layer_history(run, "x")
    with RunWriter(tmp_path / "empty", RunConfig()):
        assert movements(Run(tmp_path / "empty")) == {}
    h = empty_history(INFO)
    assert h.age.tolist() == [[-1] * 5]
    assert h.movement.turnover.size == h.lives.alive.size == 0


def test_progress_counts_masks(tmp_path):
    run = make_run(tmp_path / "r", epochs=2)
    told = []
    movements(run, "LSTM layer 1", progress=lambda done, total: told.append((done, total)))
    assert told == [(i, 6) for i in range(1, 7)]


def test_too_many_snapshots(monkeypatch):
    monkeypatch.setattr("strnn_viz.topology.history._MOST", 5)
    h = by_hand()
    with pytest.raises(UsageError, match="at most 5 snapshots"):
        advance(h, 9, h.bits)


def big_run(path, shape: tuple[int, int], count: int) -> Run:
    """A run of one matrix whose masks share half their connections; its weights are nobody's business."""
    rng = np.random.default_rng(0)
    info = LayerInfo("m", shape)
    with RunWriter(path, RunConfig()) as writer:
        for epoch in range(count):
            mask = rng.random(shape) < 0.05
            layer = capture(info, mask, np.zeros(mask.sum(), np.float32))
            assert isinstance(layer, LayerSnapshot)
            writer.append(Snapshot(epoch, 0, {}, {"m": layer}))
    return Run(path)


def test_memory_does_not_grow_with_the_run(tmp_path):
    shape = (2000, 1500)
    run = big_run(tmp_path / "r", shape, 9)
    run.epochs  # noqa: B018 - the metrics are read here, not while measuring
    peaks = []
    for until in (2, 8):
        tracemalloc.start()
        for h in histories(run, until=until):
            held = h.nbytes
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        del h
    size = shape[0] * shape[1]
    assert held == 8 * size + 2 * size // 8
    assert peaks[1] < held + (8 << 20)  # a block of a million positions, its indices, and one more mask
    assert peaks[1] < peaks[0] + (1 << 20)
