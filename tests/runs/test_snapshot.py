import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from strnn_viz.errors import UsageError
from strnn_viz.runs import LOG10_EDGES, LayerInfo, Snapshot, capture, total_churn
from strnn_viz.runs import snapshot as module
from strnn_viz.runs.snapshot import magnitude_histogram, pack, pack_positions, positions_of, unpack

INFO = LayerInfo("w", (2, 5), "recurrent", "LSTM layer 1", ("i", "f"))


def layer(active, values=None, previous=None, first=None):
    mask = np.zeros(10, dtype=bool)
    mask[active] = True
    values = np.arange(1, len(active) + 1, dtype=np.float32) if values is None else np.float32(values)
    return capture(INFO, mask.reshape(2, 5), values, previous and previous.bits, first and first.bits)


@given(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=20)))
def test_packing_round_trip(mask):
    bits = pack(mask)
    assert bits.nbytes == -(-mask.size // 8)
    assert np.array_equal(unpack(bits, mask.shape), mask)


@given(hnp.arrays(bool, st.integers(0, 200)))
def test_bits_of_positions_and_back(mask):
    bits = pack_positions(np.flatnonzero(mask), mask.size)
    assert np.array_equal(bits, pack(mask))
    assert not bits.flags.writeable
    assert np.array_equal(positions_of(bits), np.flatnonzero(mask))


def test_many_bits_are_unpacked_in_pieces(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 3)
    rng = np.random.default_rng(0)
    masks = [rng.random((9, 11)) < share for share in (0.3, 0.6, 0.2)]
    info = LayerInfo("w", (9, 11))
    values = rng.normal(size=masks[0].sum()).astype(np.float32)
    previous, first = pack(masks[1]), pack(masks[2])
    assert np.array_equal(positions_of(pack(masks[0])), np.flatnonzero(masks[0]))
    of_bits = capture(info, pack(masks[0]), values, previous, first)
    of_mask = capture(info, masks[0], values, previous, first)
    born = ~masks[1][masks[0]]
    assert 0 < of_bits.churn.born == born.sum() < len(values)
    assert of_bits.churn == of_mask.churn
    assert np.array_equal(of_bits.mask, masks[0])
    assert np.array_equal(of_bits.born_histogram, magnitude_histogram(values[born]))
    assert np.array_equal(of_bits.survived_histogram, of_mask.survived_histogram)


def test_births_and_deaths_by_hand():
    a = layer([0, 1, 2, 3])
    b = layer([1, 2, 3, 7], previous=a, first=a)
    c = layer([0, 1, 8, 9], previous=b, first=a)
    assert (a.churn.born, a.churn.died, a.churn.kept) == (0, 0, 4)
    assert (b.churn.born, b.churn.died, b.churn.kept) == (1, 1, 3)
    assert (c.churn.born, c.churn.died, c.churn.kept) == (3, 3, 2)
    total = total_churn([b, c])
    assert (total.born, total.died, total.kept) == (4, 4, 0)


def test_masks_and_dense_weights():
    snapshot = Snapshot(1, 5, {"lr": 2.0}, {"w": layer([1, 3, 9], [0.5, -1.0, 0.0])})
    assert snapshot.mask("w").tolist() == [[False, True, False, True, False], [False] * 4 + [True]]
    assert snapshot.weight("w").tolist() == [[0, 0.5, 0, -1, 0], [0, 0, 0, 0, 0]]
    assert snapshot.weight("w").dtype == np.float32
    assert (snapshot.nnz, snapshot.density) == (3, 0.3)


def test_a_snapshot_cannot_be_changed():
    snapshot = Snapshot(1, 5, {"lr": 2.0}, {"w": layer([1, 3])})
    with pytest.raises(ValueError, match="read-only"):
        snapshot.layers["w"].values[0] = 3
    with pytest.raises(ValueError, match="read-only"):
        snapshot.layers["w"].bits[0] = 3
    with pytest.raises(TypeError):
        snapshot.metrics["lr"] = 1.0  # type: ignore[index]
    with pytest.raises(AttributeError):
        snapshot.epoch = 2  # type: ignore[misc]


def test_an_unknown_layer_is_named_with_those_there_are():
    with pytest.raises(UsageError, match="no layer 'v'. Its layers are: w"):
        Snapshot(0, 0, {}, {"w": layer([1])}).mask("v")


def test_histogram_by_hand():
    counts = magnitude_histogram(np.float32([0, 0, 1e-9, 0.0101, -0.0101, 1.5, 1e5]))
    assert counts[0] == 2  # exact zeros, apart
    assert counts[1] == 1  # below the first edge: outermost bin
    assert counts[-1] == 1  # above the last
    assert counts[1 + np.searchsorted(LOG10_EDGES, np.log10(0.0101), side="right") - 1] == 2
    assert counts.sum() == 7


def test_newborn_weights_are_counted_apart():
    a = layer([0, 1])
    b = layer([1, 7, 8], [0.5, 0.0, 3.0], previous=a)
    assert b.survived_histogram.sum() == 1
    assert (b.born_histogram[0], b.born_histogram.sum()) == (1, 2)
    assert np.array_equal(b.survived_histogram + b.born_histogram, magnitude_histogram(b.values))


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=50))
def test_every_magnitude_is_counted_once(values):
    assert magnitude_histogram(np.float32(values)).sum() == len(values)
