"""NNSTD sees through the order of units, and is a distance: planted orders, brute force, axioms."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Snapshot
from strnn_viz.topology.nnstd import Distance, nnstd
from tests.topology.planted import GRU, LSTM, MODELS, RHN, Masks, Model, exactly, moved, recurrent

DENSITY = 0.2
LEFT = 1 - 0.5 / 1.5  # distance of equally sized sets that share half of their elements


def ned(a: set[int], b: set[int]) -> float:
    return len(a ^ b) / len(a | b) if a | b else 0.0


def by_hand(model: Model, a: Masks, b: Masks, group: str, gate: str | None = None) -> float:
    """Distance of a recurrent layer or of rows, by sets of (matrix, gate, column)."""
    sets: list[dict[int, set[tuple[int, int, int]]]] = [{}, {}]
    for place, info in enumerate(model.infos):
        if info.group != group:
            continue
        for side, masks in zip(sets, (a, b), strict=True):
            mask = masks[place].T if info.role == "embedding" else masks[place]
            n = len(mask) // max(1, len(info.gates))
            for row, column in zip(*np.nonzero(mask), strict=True):
                g = row // n
                if gate is None or info.gates[g] == gate:
                    side.setdefault(int(row % n), set()).add((place, int(g), int(column)))
    return float(np.mean([ned(sets[0].get(i, set()), sets[1].get(i, set())) for i in range(n)]))


@pytest.mark.parametrize("share", [0.0, 0.5])
@pytest.mark.parametrize("name", MODELS)
def test_a_planted_order_is_recovered_exactly(name: str, share: float) -> None:
    model, rng = MODELS[name], np.random.default_rng(1)
    masks, orders = model.draw(rng, DENSITY), model.orders(rng)
    other = model.reorder(moved(rng, masks, share), orders)
    found = nnstd(model.snapshot(masks), model.snapshot(other))
    for layer in found.layers:
        if layer.permutation is None:
            assert layer.name == "Decoder"
            continue
        expected = np.argsort(orders[model.units(layer.name)])
        np.testing.assert_array_equal(layer.permutation, expected, err_msg=layer.name)
        assert layer.identity > 0.75
    assert found.converged
    if share:
        assert [layer.raw for layer in found.layers] == pytest.approx([LEFT] * len(found.layers), abs=0.02)
    else:
        assert found.raw == found.normalized == 0


def test_every_layer_and_set_of_the_planted_models_is_matched() -> None:
    model = MODELS["stacked LSTM"]
    snapshot = model.snapshot(model.draw(np.random.default_rng(0), DENSITY))
    found = nnstd(snapshot, snapshot)
    assert [layer.name for layer in found.layers] == ["Embedding", "layer 1", "layer 2", "layer 3", "Decoder"]
    assert list(found.permutations) == ["Embedding", "layer 1", "layer 2", "layer 3"]
    assert (found.raw, found.identity, found.iterations, found.converged) == (0, 0, 0, True)


def test_distances_are_those_of_sets_counted_by_hand() -> None:
    model, rng = MODELS["stacked LSTM"], np.random.default_rng(2)
    a = model.draw(rng, DENSITY)
    b = model.reorder(moved(rng, a, 0.3), model.orders(rng))
    found = nnstd(model.snapshot(a), model.snapshot(b))
    matched = model.reorder(b, {name.replace("Emb", "emb"): p for name, p in found.permutations.items()})
    for layer in found.layers:
        assert layer.raw == pytest.approx(by_hand(model, a, matched, layer.name), abs=1e-12)
        assert layer.identity == pytest.approx(by_hand(model, a, b, layer.name), abs=1e-12)
        assert list(layer.gates) == (list(LSTM) if "layer" in layer.name else [])
        for gate, raw in layer.gates.items():
            assert raw == pytest.approx(by_hand(model, a, matched, layer.name, gate), abs=1e-12)
    assert found.raw == pytest.approx(np.mean([layer.raw for layer in found.layers]))
    assert found.identity == pytest.approx(np.mean([layer.identity for layer in found.layers]))


def test_a_gate_that_moved_alone_is_named() -> None:
    model, rng = recurrent(GRU, 32), np.random.default_rng(3)
    a = model.draw(rng, DENSITY)
    b = [mask.copy() for mask in a]
    for mask, other in zip(b, model.draw(rng, DENSITY), strict=True):
        mask[32:64] = other[32:64]
    layer = nnstd(model.snapshot(a), model.snapshot(b)).layers[0]
    assert layer.gates["r"] == layer.gates["n"] == 0
    assert layer.gates["z"] > 0.8
    assert 0 < layer.raw < layer.gates["z"]


def test_what_is_kept_is_no_worse_than_either_start() -> None:
    """Alternation is not monotone: between independent masks it leaves its start and comes to worse."""
    model = recurrent(LSTM, 32)
    for seed in range(5):
        rng = np.random.default_rng(seed)
        a, b = model.draw(rng, DENSITY), model.draw(rng, DENSITY)
        found = nnstd(model.snapshot(a), model.snapshot(b))
        # with the gates of a unit side by side, a stack of one layer has the units' sets of input connections
        ours, theirs = (m[0].reshape(4, 32, 32).swapaxes(0, 1).reshape(32, 128) for m in (a, b))
        p = nnstd([ours], [theirs], pin_outputs=False).permutations["layer 1"]
        by_input = by_hand(model, a, model.reorder(b, {"layer 1": p}), "layer 1")
        assert by_input < found.identity
        assert found.raw <= by_input + 1e-12


@pytest.mark.parametrize("seed", range(5))
def test_one_layer_of_a_stack_is_matched_optimally(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = (exactly(rng, (6, 9), 20) for _ in range(2))
    sets = [[set(np.flatnonzero(row).tolist()) for row in mask] for mask in (a, b)]
    best = min(np.mean([ned(sets[0][i], sets[1][j]) for i, j in enumerate(p)]) for p in permutations(range(6)))
    assert nnstd([a], [b], pin_outputs=False).raw == pytest.approx(best, abs=1e-12)
    assert nnstd([a], [b]).raw == pytest.approx(np.mean([ned(x, y) for x, y in zip(*sets, strict=True)]), abs=1e-12)


def test_the_quadratic_assignment_is_solved_where_it_can_be_solved_by_hand() -> None:
    model, rng = recurrent(RHN, 6, depth=2), np.random.default_rng(0)
    a = model.draw(rng, 0.4)
    b = model.reorder(moved(rng, a, 0.2), model.orders(rng))
    best = min(by_hand(model, a, model.reorder(b, {"layer 1": np.array(p)}), "layer 1") for p in permutations(range(6)))
    assert nnstd(model.snapshot(a), model.snapshot(b)).raw == pytest.approx(best, abs=1e-12)


def test_a_stack_hands_its_order_upward_and_keeps_its_outputs() -> None:
    rng = np.random.default_rng(4)
    shapes = [(40, 60), (30, 40), (10, 30)]
    a = [exactly(rng, shape, round(0.3 * shape[0] * shape[1])) for shape in shapes]
    p, q = rng.permutation(40), rng.permutation(30)
    b = [a[0][p], a[1][q][:, p], a[2][:, q]]
    found = nnstd(a, b)
    assert [layer.raw for layer in found.layers] == [0, 0, 0]
    assert min(layer.identity for layer in found.layers) > 0.5
    assert list(found.permutations) == ["layer 1", "layer 2"]
    np.testing.assert_array_equal(found.permutations["layer 1"], np.argsort(p))
    np.testing.assert_array_equal(found.permutations["layer 2"], np.argsort(q))
    turned = [*b[:2], b[2][::-1]]
    assert nnstd(a, turned).layers[2].raw > 0.5
    assert nnstd(a, turned, pin_outputs=False).raw == 0


def test_inputs_are_never_permuted() -> None:
    mask = np.eye(6, dtype=bool)
    last = np.ones((2, 6), dtype=bool)
    shifted = np.roll(mask, 1, axis=1)
    assert nnstd([mask, last], [shifted, last]).raw == 0  # rows find each other
    wide = np.hstack([mask, np.zeros((6, 1), dtype=bool)])
    assert nnstd([wide, last], [np.roll(wide, 1, axis=1), last]).layers[0].raw == pytest.approx(1 / 6)


def test_among_equally_good_assignments_the_same_one_is_taken() -> None:
    dead = np.zeros((5, 5), dtype=bool)
    first, second = dead.copy(), dead.copy()
    first[0, 0] = second[4, 0] = True  # units 1 to 4 of one and 0 to 3 of the other have no connection at all
    above = np.eye(5, dtype=bool)
    in_order, in_place = (nnstd([first, above], [second, above], ties=t) for t in ("order", "identity"))
    assert in_order.layers[0].raw == in_place.layers[0].raw == 0
    np.testing.assert_array_equal(in_order.permutations["layer 1"], [4, 0, 1, 2, 3])
    np.testing.assert_array_equal(in_place.permutations["layer 1"], [4, 1, 2, 3, 0])
    assert in_order.layers[1].raw == 1
    assert in_place.layers[1].raw == pytest.approx(2 / 5)


def test_full_and_empty_masks_have_nothing_to_differ_in() -> None:
    for value in (True, False):
        stack = [np.full((4, 3), value), np.full((2, 4), value)]
        found = nnstd(stack, [mask.copy() for mask in stack])
        assert (found.raw, found.normalized, found.expected) == (0, 0, 0)
    full, empty = [np.ones((4, 3), dtype=bool)], [np.zeros((4, 3), dtype=bool)]
    assert (nnstd(full, empty).raw, nnstd(full, empty).normalized) == (1, 1)


def check_axioms(a: Snapshot | Masks, b: Snapshot | Masks) -> Distance:
    there, back = nnstd(a, b), nnstd(b, a)
    assert there.raw == pytest.approx(back.raw, abs=1e-12)
    assert there.normalized == pytest.approx(back.normalized, abs=1e-12)
    assert there.identity == pytest.approx(back.identity, abs=1e-12)
    for one, other in zip(there.layers, back.layers, strict=True):
        assert one.raw == pytest.approx(other.raw, abs=1e-12)
        assert 0 <= one.raw <= 1
        assert 0 <= one.identity <= 1
        if one.permutation is not None:
            assert sorted(one.permutation) == list(range(len(one.permutation)))
            assert other.permutation is not None
            np.testing.assert_array_equal(other.permutation[one.permutation], np.arange(len(one.permutation)))
    for same in (a, b):
        found = nnstd(same, same)
        assert found.raw == found.normalized == found.identity == 0
        assert all((p == np.arange(len(p))).all() for p in found.permutations.values())
    return there


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 1), st.integers(1, 9), st.integers(1, 9))
def test_axioms_of_stacks(seed: int, d: float, e: float, n: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    check_axioms([rng.random((n, m)) < d, rng.random((m, n)) < d], [rng.random((n, m)) < e, rng.random((m, n)) < e])


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.1, 0.5, 0.9]),
    st.integers(1, 7),
    st.sampled_from([LSTM, GRU, RHN]),
    st.booleans(),
)
def test_axioms_of_recurrent_models(seed: int, d: float, hidden: int, gates: tuple[str, ...], tied: bool) -> None:
    rng = np.random.default_rng(seed)
    model = recurrent(gates, hidden, layers=2, words=5, tied=tied)
    check_axioms(model.snapshot(model.draw(rng, d)), model.snapshot(model.draw(rng, 1 - d)))


def test_a_snapshot_of_linear_layers_is_a_stack() -> None:
    rng = np.random.default_rng(5)
    infos = (LayerInfo("0.weight", (7, 5)), LayerInfo("2.weight", (3, 7)))
    model = Model(infos, ("", ""), ((), ()), {})
    a, b = model.draw(rng, 0.5), model.draw(rng, 0.5)
    stack, snapshots = nnstd(a, b), nnstd(model.snapshot(a), model.snapshot(b))
    assert [layer.raw for layer in stack.layers] == [layer.raw for layer in snapshots.layers]
    assert [layer.name for layer in snapshots.layers] == ["0.weight", "2.weight"]


def test_what_is_no_topology_is_refused() -> None:
    mask = np.ones((3, 2), dtype=bool)
    weights = np.ones((3, 2))
    for wrong, message in (
        ([weights], r"boolean array \(out, in\), not an array of float64.*weights != 0"),
        ([mask, mask], r"mask 2 .* has 2 inputs, but the layer below has 3"),
        ([], "an empty one"),
        (7, "not int"),
        (mask, "not an array of bool"),
    ):
        with pytest.raises(UsageError, match=message):
            nnstd(wrong, [mask])  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=r"layer 1 is \(3, 2\) in one and layer 1 is \(3, 4\) in the other"):
        nnstd([mask], [np.ones((3, 4), dtype=bool)])
    with pytest.raises(UsageError, match="networks of 1 and 2 masked matrices"):
        nnstd([mask], [mask, mask.T])
    lstm, gru = recurrent(LSTM, 6), recurrent(RHN, 12)
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="connected otherwise|is \\(24, 6\\)"):
        nnstd(lstm.snapshot(lstm.draw(rng, 0.5)), gru.snapshot(gru.draw(rng, 0.5)))
