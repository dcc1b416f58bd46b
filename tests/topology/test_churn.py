"""Counts, distances and states against brute force on the masks themselves."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, RunWriter
from strnn_viz.topology import (
    BORN,
    DIED,
    EMPTY,
    SURVIVED,
    changes,
    distance_curves,
    hamming_distance,
    independent_distance,
    jaccard_distance,
    matrices,
    rewired_share,
    states,
)
from tests.synthetic import make_run

EPOCHS = 5
LAYERS = [None, "LSTM layer 2", "lstm.0.weight_hh", "embedding.weight"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "run"
    make_run(path, epochs=EPOCHS, hidden=16)
    return path


@pytest.fixture
def run(recorded: Path) -> Run:
    return Run(recorded)


@pytest.fixture
def copied(recorded: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(recorded, tmp_path / "copy"))


def masks(run: Run, epoch: int, layer: str | None) -> np.ndarray:
    return np.concatenate([run[epoch].mask(info.name).ravel() for info in matrices(run, layer)])


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return 1 - (a & b).sum() / (a | b).sum()


def test_states_name_what_became_of_every_position() -> None:
    now = np.array([[False, True], [True, False]])
    before = np.array([[False, True], [False, True]])
    assert states(now, before).tolist() == [[EMPTY, SURVIVED], [BORN, DIED]]
    assert states(now).tolist() == [[EMPTY, SURVIVED], [SURVIVED, EMPTY]]
    assert states(now, before).dtype == np.uint8


@pytest.mark.parametrize("layer", LAYERS)
def test_changes_are_those_of_the_masks(run: Run, layer: str | None) -> None:
    for epoch in range(1, EPOCHS + 1):
        found = changes(run, epoch, matrices(run, layer))
        now, before = masks(run, epoch, layer), masks(run, epoch - 1, layer)
        assert (found.survived, found.born, found.died) == (
            (now & before).sum(),
            (now & ~before).sum(),
            (~now & before).sum(),
        )
        assert found.since == epoch - 1
        assert found.nnz == now.sum()
        assert found.rewired == (now & ~before).sum() / now.sum()
    assert changes(run, 3, matrices(run, layer)).born > 0


def test_nothing_comes_before_the_first_snapshot(run: Run) -> None:
    found = changes(run, 0, matrices(run))
    assert (found.born, found.died, found.since, found.rewired) == (0, 0, None, 0.0)
    assert found.survived == run[0].nnz


def test_where_an_epoch_is_damaged_changes_count_from_the_one_before(copied: Path) -> None:
    whole = Run(copied)
    now, before = masks(whole, 4, None), masks(whole, 2, None)
    damaged = copied / "snapshots" / "000003.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    run = Run(copied)
    found = changes(run, 4, matrices(run))
    assert (found.since, found.born, found.died) == (2, (now & ~before).sum(), (~now & before).sum())
    with pytest.raises(RunError, match="damaged"):
        changes(run, 3, matrices(run))
    with pytest.raises(UsageError, match="no epoch 99"):
        changes(run, 99, matrices(run))


def test_rewired_share_of_nothing_is_nothing() -> None:
    assert rewired_share(3, 12) == 0.25
    assert rewired_share(0, 0) == 0.0


@pytest.mark.parametrize("layer", LAYERS)
def test_distance_curves_are_those_of_the_masks(run: Run, layer: str | None) -> None:
    curves = distance_curves(run, matrices(run, layer))
    assert curves.epochs.tolist() == list(range(EPOCHS + 1))
    assert np.isnan(curves.to_previous[0])
    for epoch in range(EPOCHS + 1):
        now = masks(run, epoch, layer)
        assert curves.to_first[epoch] == pytest.approx(distance(masks(run, 0, layer), now), abs=1e-12)
        if epoch:
            assert curves.to_previous[epoch] == pytest.approx(distance(masks(run, epoch - 1, layer), now), abs=1e-12)


def test_distance_curves_need_no_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a snapshot was read")

    monkeypatch.setattr(Run, "layer", refuse)
    monkeypatch.setattr(Run, "__getitem__", refuse)
    assert len(distance_curves(run, matrices(run)).epochs) == EPOCHS + 1


def test_a_row_recovered_from_its_snapshot_gives_the_same_distances(copied: Path) -> None:
    expected = distance_curves(Run(copied), matrices(Run(copied)))
    lines = (copied / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:40] + b"\n"
    (copied / "metrics.jsonl").write_bytes(b"".join(lines))
    run = Run(copied)
    assert "nnz" not in run.rows[2]["layers"]["decoder.weight"]
    found = distance_curves(run, matrices(run))
    np.testing.assert_array_equal(found.to_first, expected.to_first)
    np.testing.assert_array_equal(found.to_previous, expected.to_previous)


def test_distances_of_an_empty_run_are_empty(tmp_path: Path) -> None:
    RunWriter(tmp_path / "empty", RunConfig()).close()
    curves = distance_curves(Run(tmp_path / "empty"), [])
    assert curves.epochs.size == curves.to_first.size == curves.to_previous.size == 0
    assert np.isnan(curves.independent)


def test_packed_distances() -> None:
    a, b = np.packbits([1, 1, 0, 0, 1, 0, 0, 0, 1]), np.packbits([1, 0, 1, 0, 1, 0, 0, 0, 0])
    assert jaccard_distance(a, b) == 1 - 2 / 5
    assert hamming_distance(a, b) == 3
    assert jaccard_distance(a, a) == hamming_distance(a, a) == 0
    assert jaccard_distance(np.zeros(3, np.uint8), np.zeros(3, np.uint8)) == 0
    assert hamming_distance(np.full(100, 255, np.uint8), np.zeros(100, np.uint8)) == 800  # more than a byte counts to


def test_independent_masks_are_as_far_apart_as_the_reference_says(run: Run) -> None:
    assert independent_distance(0.33) == pytest.approx(0.802, abs=5e-4)
    assert independent_distance(0.2) == pytest.approx(0.889, abs=5e-4)
    assert independent_distance(1.0) == 0.0
    rng = np.random.default_rng(0)
    a, b = rng.random((2, 400_000)) < 0.2
    assert distance(a, b) == pytest.approx(independent_distance(0.2), abs=3e-3)
    # every matrix of the run has one density, so pooling them changes nothing
    assert distance_curves(run, matrices(run)).independent == pytest.approx(independent_distance(0.2), abs=2e-3)


def test_the_reference_pools_matrices_of_unequal_density(tmp_path: Path) -> None:
    from strnn_viz.runs import LayerInfo, Snapshot, capture

    rng = np.random.default_rng(1)
    dense, sparse = LayerInfo("dense", (300, 400)), LayerInfo("sparse", (500, 800))
    drawn = [(rng.random(dense.shape) < 0.6, rng.random(sparse.shape) < 0.1) for _ in range(2)]
    with RunWriter(tmp_path / "run", RunConfig()) as writer:
        for epoch, pair in enumerate(drawn):
            layers = [capture(i, m, np.ones(m.sum(), np.float32)) for i, m in zip((dense, sparse), pair, strict=True)]
            writer.append(Snapshot(epoch, epoch, {}, {layer.name: layer for layer in layers}))
    run = Run(tmp_path / "run")
    a, b = (np.concatenate([m.ravel() for m in pair]) for pair in drawn)
    assert distance_curves(run, matrices(run)).independent == pytest.approx(distance(a, b), abs=5e-3)


def test_the_reference_of_a_topology_that_shrinks_is_between_its_ends(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", epochs=4, hidden=10, begins_dense=True)
    found = distance_curves(run, matrices(run))
    # All of the first topology is active, so any mask of density d is 1 - d away from it.
    nnz, size = run[4].nnz, sum(info.size for info in run.layers.values())
    assert found.independent == pytest.approx(1 - nnz / size)
    assert found.to_first[-1] == pytest.approx(found.independent)
