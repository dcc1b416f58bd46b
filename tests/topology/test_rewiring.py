"""One rewiring: what it pruned and regrew, exactly, and where it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run, RunWriter, Snapshot, capture
from strnn_viz.topology import rewiring_event
from tests.synthetic import make_run

MATRIX = LayerInfo("w", (2, 4), "recurrent", "LSTM layer 1")
GATED = LayerInfo("w", (4, 4), "recurrent", "LSTM layer 1", ("i", "f"))


def record(
    path: Path,
    info: LayerInfo,
    before: list[list[float]],
    after: list[list[int]],
    *,
    pruned: int,
    reactivated: int,
    threshold: float,
    rate: float = 0.5,
    **sparsity: object,
) -> Run:
    """A run of epochs 0, 1 and 2, rewired once, after epoch 1; nan in `before` is no connection."""
    weights = np.array(before, dtype=np.float32)
    masks = [~np.isnan(weights), ~np.isnan(weights), np.array(after, dtype=bool)]
    config = RunConfig().replace({f"sparsity.{key}": value for key, value in sparsity.items()} | {"epochs": 4})
    previous = first = None
    with RunWriter(path, config) as writer:
        for epoch, mask in enumerate(masks):
            values = weights[mask] if epoch < 2 else np.ones(int(mask.sum()), dtype=np.float32)
            layer = capture(info, mask, values, previous, first)
            if epoch == 1:
                told = replace(layer.churn, pruned=pruned, reactivated=reactivated, threshold=threshold)
                layer = replace(layer, churn=told)
            previous, first = layer.bits, first if first is not None else layer.bits
            writer.append(Snapshot(epoch, epoch, {"prune_rate": rate if epoch == 1 else 0.0}, {"w": layer}))
    return Run(path)


NAN = float("nan")
WEIGHTS = [[0.4, NAN, -0.1, NAN], [0.3, -0.2, NAN, NAN]]


def test_everything_about_a_rewiring_is_exact(tmp_path: Path) -> None:
    # -0.1 and -0.2 are the smallest; the place of -0.2 is taken again, the other goes to the first row's end.
    run = record(tmp_path / "r", MATRIX, WEIGHTS, [[1, 0, 0, 1], [1, 1, 0, 0]], pruned=2, reactivated=1, threshold=0.2)
    event = rewiring_event(run, 2, MATRIX)
    assert event is not None
    assert (event.active, event.pruned, event.reactivated, event.regrown) == (4, 2, 1, 2)
    assert (event.kept, event.after, event.share, event.rate) == (2, 4, 0.5, 0.5)
    assert event.threshold == pytest.approx(0.2)
    assert event.traced
    patch = event.patch
    assert (patch.row, patch.column, event.windows) == (0, 0, 1)
    assert patch.pruned.astype(int).tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    assert patch.regrown.astype(int).tolist() == [[0, 0, 0, 1], [0, 1, 0, 0]]
    assert patch.active.astype(int).tolist() == [[1, 0, 1, 0], [1, 1, 0, 0]]
    np.testing.assert_array_equal(patch.before, np.nan_to_num(np.array(WEIGHTS, dtype=np.float32)))


def test_of_equal_weights_the_first_goes_as_in_training(tmp_path: Path) -> None:
    weights = [[0.1, NAN, 0.1, NAN], [0.1, 0.5, NAN, NAN]]
    run = record(tmp_path / "r", MATRIX, weights, [[1, 0, 0, 1], [1, 1, 0, 0]], pruned=2, reactivated=1, threshold=0.1)
    event = rewiring_event(run, 2, MATRIX)
    assert event is not None
    assert event.traced
    assert event.patch.pruned.astype(int).tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]


def test_gates_prune_by_themselves(tmp_path: Path) -> None:
    # Of each gate half go: 0.1 of the first, 0.7 of the second, though 0.2 of the first is smaller.
    weights = [[0.1, 0.2, NAN, NAN], [NAN] * 4, [0.7, NAN, NAN, 0.8], [NAN] * 4]
    after = [[0, 1, 1, 0], [0] * 4, [1, 0, 0, 1], [0] * 4]
    run = record(tmp_path / "r", GATED, weights, after, pruned=2, reactivated=1, threshold=0.7, granularity="gate")
    event = rewiring_event(run, 2, GATED, size=2)
    assert event is not None
    assert event.traced
    assert event.windows == 4
    # The second gate's window has one of each, and so has the first gate's, which pruned and regrew in two windows.
    assert (event.patch.row, event.patch.column) == (2, 0)
    assert event.patch.pruned.astype(int).tolist() == [[1, 0], [0, 0]]
    assert event.patch.regrown.astype(int).tolist() == [[1, 0], [0, 0]]


def test_signs_are_pruned_apart(tmp_path: Path) -> None:
    # Half of the negative and half of the positive: -0.4 goes although 0.3 is smaller.
    weights = [[0.2, 0.3, NAN, NAN], [-0.4, -0.5, NAN, NAN]]
    after = [[0, 1, 1, 0], [1, 1, 0, 0]]
    run = record(tmp_path / "r", MATRIX, weights, after, pruned=2, reactivated=1, threshold=0.4, method="set")
    event = rewiring_event(run, 2, MATRIX)
    assert event is not None
    assert event.traced
    assert event.patch.pruned.astype(int).tolist() == [[1, 0, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("threshold", [0.3, 0.1])
def test_what_does_not_fit_the_record_is_not_believed(tmp_path: Path, threshold: float) -> None:
    run = record(
        tmp_path / "r", MATRIX, WEIGHTS, [[1, 0, 0, 1], [1, 1, 0, 0]], pruned=2, reactivated=1, threshold=threshold
    )
    event = rewiring_event(run, 2, MATRIX)
    assert event is not None
    assert not event.traced
    assert (event.pruned, event.reactivated, event.regrown, event.after) == (2, 1, 2, 4)
    assert event.patch.pruned.astype(int).tolist() == [[0, 0, 1, 0], [0, 0, 0, 0]]
    assert event.patch.regrown.astype(int).tolist() == [[0, 0, 0, 1], [0, 0, 0, 0]]


def test_without_anything_back_in_its_place_no_rule_is_needed(tmp_path: Path) -> None:
    run = record(
        tmp_path / "r", MATRIX, WEIGHTS, [[1, 1, 0, 1], [1, 0, 0, 0]], pruned=2, reactivated=0, threshold=0.9, rate=0.1
    )
    event = rewiring_event(run, 2, MATRIX)
    assert event is not None
    assert event.traced
    assert event.patch.pruned.astype(int).tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]


def test_there_is_none_where_the_records_hold_none(tmp_path: Path) -> None:
    after, told = [[1, 0, 0, 1], [1, 1, 0, 0]], {"pruned": 2, "reactivated": 1, "threshold": 0.2}
    run = record(tmp_path / "r", MATRIX, WEIGHTS, after, **told)
    assert rewiring_event(run, 0, MATRIX) is None  # nothing came before
    assert rewiring_event(run, 1, MATRIX) is None  # nothing was pruned
    with pytest.raises(UsageError, match="no epoch 7"):
        rewiring_event(run, 7, MATRIX)
    moved = record(tmp_path / "m", MATRIX, WEIGHTS, [[0, 1, 1, 1], [0, 0, 0, 1]], **told)
    assert rewiring_event(moved, 2, MATRIX) is None  # more has gone than was pruned
    for name, sparsity in (("d", {"method": "deepr"}), ("s", {"method": "static"}), ("e", {"update_every": 5})):
        other = record(tmp_path / name, MATRIX, WEIGHTS, after, **told, **sparsity)
        assert rewiring_event(other, 2, MATRIX) is None
    gone = record(tmp_path / "g", MATRIX, WEIGHTS, after, **told)
    path = gone.path / "snapshots" / "000001.safetensors"
    path.write_bytes(path.read_bytes()[:-8])
    assert rewiring_event(Run(gone.path), 2, MATRIX) is None  # the weights before are lost


def test_every_rewiring_of_a_run_adds_up(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", epochs=5, hidden=24)
    for epoch in range(2, 6):
        for info in run.layers.values():
            event = rewiring_event(run, epoch, info)
            assert event is not None
            row = run.rows[epoch - 1]["layers"][info.name]
            assert (event.pruned, event.reactivated) == (row["pruned"], row["reactivated"])
            assert event.after == event.active == row["nnz"]
            assert event.regrown == event.pruned
            assert event.traced
            assert event.patch.pruned.any()
            assert event.patch.regrown.any()


def test_windows_cover_a_matrix_and_no_gate_is_cut(tmp_path: Path) -> None:
    run = make_run(tmp_path / "r", epochs=3, hidden=40)
    info = run.layers["lstm.0.weight_hh"]  # 4 gates of 40 rows, 40 columns: windows begin at 0 and 16
    event = rewiring_event(run, 2, info)
    assert event is not None
    assert event.windows == 4 * 2 * 2
    assert event.patch.active.shape == (24, 24)
    assert event.patch.row % 40 in (0, 16)
    assert event.patch.column in (0, 16)
