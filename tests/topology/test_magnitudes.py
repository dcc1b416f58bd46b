"""Histograms against the weights they were made of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import LOG10_EDGES, Run, RunWriter, capture, files
from strnn_viz.runs.snapshot import LayerInfo, Snapshot
from strnn_viz.topology import magnitudes, matrices, quantile
from tests.synthetic import make_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return make_run(tmp_path / "run", epochs=3, hidden=12)


def counts(values: np.ndarray) -> np.ndarray:
    return np.histogram(np.log10(np.abs(values, dtype=float)), LOG10_EDGES)[0]


@pytest.mark.parametrize("layer", ["lstm.1.weight_hh", "LSTM layer 1", None])
def test_histograms_count_the_weights_by_age(run: Run, layer: str | None) -> None:
    layers = matrices(run, layer)
    found = magnitudes(run, 2, layers)
    born = np.concatenate([run[2].weight(i.name)[run[2].mask(i.name) & ~run[1].mask(i.name)] for i in layers])
    old = np.concatenate([run[2].weight(i.name)[run[2].mask(i.name) & run[1].mask(i.name)] for i in layers])
    assert found.born.tolist() == counts(born).tolist()
    assert found.survived.tolist() == counts(old).tolist()
    assert found.total.sum() == found.nnz == len(born) + len(old)
    assert found.zeros == 0


def test_exact_zeros_stand_apart(tmp_path: Path) -> None:
    info = LayerInfo("w", (2, 4))
    first, then = np.zeros((2, 4), bool), np.zeros((2, 4), bool)
    first[0], then[:, :3] = True, True
    old = capture(info, first, np.array([0, 0.5, 0.5, 0.5], np.float32))
    new = capture(info, then, np.array([0, 0.5, 0.05, 0, 0, 0.05], np.float32), old.bits, old.bits)
    with RunWriter(tmp_path / "run", make_run(tmp_path / "other", epochs=0).config) as writer:
        writer.append(Snapshot(0, 0, {}, {"w": old}))
        writer.append(Snapshot(1, 1, {}, {"w": new}))
    run = Run(tmp_path / "run")
    found = magnitudes(run, 1, matrices(run))
    assert (found.survived_zeros, found.born_zeros, found.zeros, found.nnz) == (1, 2, 3, 6)
    assert found.survived.sum() == 2
    assert found.born.sum() == 1


def test_histograms_are_read_once_and_without_the_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    original = files.read_histograms

    def refuse(*_: object) -> None:
        raise AssertionError("weights were read")

    def counted(path: Path, name: str) -> object:
        reads.append(name)
        return original(path, name)

    monkeypatch.setattr(files, "read_layer", refuse)
    monkeypatch.setattr(files, "read_snapshot", refuse)
    monkeypatch.setattr(files, "read_histograms", counted)
    layers = matrices(run, "LSTM layer 1")
    before = magnitudes(run, 1, layers)
    again = magnitudes(Run(run.path), 1, layers)  # another viewer
    assert reads == ["lstm.0.weight_ih", "lstm.0.weight_hh"]
    assert again.born.tolist() == before.born.tolist()


def test_an_epoch_that_is_not_there_is_an_error(run: Run) -> None:
    with pytest.raises(UsageError, match="no epoch 7"):
        magnitudes(run, 7, matrices(run))


@pytest.mark.parametrize("share", [0.005, 0.25, 0.5, 0.999])
def test_quantiles_are_right_to_a_bin(run: Run, share: float) -> None:
    values = np.abs(run[3].weight("embedding.weight")[run[3].mask("embedding.weight")])
    found = quantile(counts(values), share)
    assert abs(np.log10(found) - np.log10(np.quantile(values, share))) < LOG10_EDGES[1] - LOG10_EDGES[0]


def test_quantiles_at_the_edges() -> None:
    bins = np.zeros(len(LOG10_EDGES) - 1, np.int64)
    assert np.isnan(quantile(bins, 0.5))
    bins[12] = 4  # from 1e-5 to the next twelfth of a decade
    assert quantile(bins, 0.0) <= quantile(bins, 0.5)
    assert quantile(bins, 0.5) == pytest.approx(10 ** (-5 + 1 / 24))
    assert quantile(bins, 1.0) == pytest.approx(10 ** (-5 + 1 / 12))
