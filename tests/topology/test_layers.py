"""Which matrices and epochs are meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import LayerInfo, Run, RunWriter
from strnn_viz.topology import default_matrix, layer_groups, layer_label, matrices, previous_epoch, row_of
from strnn_viz.topology.cache import Bounded, snapshot_key
from tests.synthetic import make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "run", epochs=3, hidden=8)


@pytest.fixture
def empty(tmp_path: Path) -> Run:
    RunWriter(tmp_path / "empty", RunConfig()).close()
    return Run(tmp_path / "empty")


def names(infos: list[LayerInfo]) -> list[str]:
    return [info.name for info in infos]


def test_groups_keep_the_order_of_the_model(run: Run) -> None:
    groups = layer_groups(run)
    assert list(groups) == ["Embedding", "LSTM layer 1", "LSTM layer 2", "Decoder"]
    assert names(groups["LSTM layer 2"]) == ["lstm.1.weight_ih", "lstm.1.weight_hh"]


def test_a_layer_is_a_matrix_a_group_or_all(run: Run) -> None:
    assert names(matrices(run, "lstm.0.weight_hh")) == ["lstm.0.weight_hh"]
    assert names(matrices(run, "LSTM layer 1")) == ["lstm.0.weight_ih", "lstm.0.weight_hh"]
    assert names(matrices(run)) == list(run.layers)
    with pytest.raises(UsageError, match=r"no layer 'lstm\.7'.*LSTM layer 1"):
        matrices(run, "lstm.7")


def test_labels_say_the_role_only_where_it_tells_matrices_apart(run: Run) -> None:
    assert layer_label(run, "lstm.0.weight_hh") == "LSTM layer 1, recurrent"
    assert layer_label(run, "decoder.weight") == "Decoder"
    assert layer_label(run, "LSTM layer 2") == "LSTM layer 2"
    assert layer_label(run) == "All layers"


def test_labels_number_the_recurrent_matrices_of_a_highway_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("input", "recurrent", "recurrent")
    infos = [LayerInfo(f"m{i}", (16, 8), role, "RHN layer 1", ("h", "t")) for i, role in enumerate(names)]
    monkeypatch.setattr("tests.synthetic.layer_infos", lambda hidden: infos)
    run = make_run(tmp_path / "rhn", epochs=1, hidden=8)
    assert [layer_label(run, info.name) for info in infos] == [
        "RHN layer 1, input", "RHN layer 1, recurrent 1", "RHN layer 1, recurrent 2",
    ]  # fmt: skip


def test_the_default_is_the_first_recurrent_matrix(run: Run, empty: Run) -> None:
    info = default_matrix(run)
    assert info is not None
    assert info.name == "lstm.0.weight_hh"
    assert default_matrix(empty) is None


def test_an_empty_run_has_no_matrices_and_knows_none_wrong(empty: Run) -> None:
    assert layer_groups(empty) == {}
    assert matrices(empty, "lstm.0.weight_hh") == matrices(empty) == []
    assert layer_label(empty, "lstm.0.weight_hh") == "lstm.0.weight_hh"


def test_the_previous_epoch_is_the_last_that_can_be_read(run: Run) -> None:
    assert [previous_epoch(run, e) for e in (0, 1, 3, 9)] == [None, 0, 2, 3]
    damaged = run.path / "snapshots" / "000002.safetensors"
    damaged.write_bytes(b"")
    assert previous_epoch(Run(run.path), 3) == 1


def test_a_row_is_found_or_its_absence_explained(run: Run) -> None:
    assert row_of(run, 2)["step"] == 200
    with pytest.raises(UsageError, match="no epoch 8"):
        row_of(run, 8)
    (run.path / "snapshots" / "000002.safetensors").write_bytes(b"")
    with pytest.raises(RunError, match="damaged"):
        row_of(Run(run.path), 2)


def test_a_store_forgets_what_was_used_longest_ago() -> None:
    made: list[str] = []

    def make(key: str) -> str:
        made.append(key)
        return key.upper()

    store: Bounded[str] = Bounded(2)
    for key in ("a", "b", "a", "c", "a", "b"):
        assert store.get(key, lambda key=key: make(key)) == key.upper()  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]
    assert len(store) == 2


def test_another_file_has_another_key(run: Run) -> None:
    key = snapshot_key(run, 1)
    assert key == snapshot_key(Run(run.path), 1)
    assert key != snapshot_key(run, 2)
    path = run.path / "snapshots" / "000001.safetensors"
    os.utime(path, ns=(1, 1))
    assert snapshot_key(run, 1) != key
    path.unlink()
    assert snapshot_key(run, 1) == (str(path),)
