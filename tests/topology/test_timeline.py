import numpy as np
import pytest

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology.history import layer_history
from strnn_viz.topology.mask_distance import mask_distances
from strnn_viz.topology.timeline import Timeline
from tests.synthetic import make_run

NAME = "lstm.1.weight_hh"


def test_any_epoch_in_any_order(tmp_path, monkeypatch):
    run = make_run(tmp_path / "r")
    expected = {e: layer_history(run, NAME, until=e) for e in run.epochs}
    read = []
    bits = Run.bits
    monkeypatch.setattr(Run, "bits", lambda self, e, n: read.append(e) or bits(self, e, n))
    timeline = Timeline(run, NAME)
    for epoch, reads in ((3, [0, 1, 2, 3]), (4, [4]), (1, [0, 1]), (2, [2]), (4, []), (6, [5, 6])):
        np.testing.assert_array_equal(timeline.at(epoch).lifetime, expected[epoch].lifetime)
        assert read == reads
        read.clear()


def test_the_budget_is_kept(tmp_path):
    run = make_run(tmp_path / "r")
    one = layer_history(run, NAME).nbytes
    timeline = Timeline(run, NAME, budget=2 * one)
    for epoch in run.epochs:
        timeline.at(epoch)
    assert sorted(timeline._kept) == [5, 6]
    small = Timeline(run, NAME, budget=1)
    assert small.at(2).epochs.tolist() == [0, 1, 2]


def test_an_epoch_that_is_not_there(tmp_path):
    run = make_run(tmp_path / "r", epochs=2)
    with pytest.raises(UsageError, match="no epoch 9 to look at. It has: from 0 to 2"):
        Timeline(run, NAME).at(9)


def test_a_replaced_run_is_read_anew(tmp_path):
    timeline = Timeline(make_run(tmp_path / "r", epochs=2), NAME)
    timeline.at(2)
    for file in sorted((tmp_path / "r").rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    run = make_run(tmp_path / "r", epochs=2, seed=1)
    np.testing.assert_array_equal(timeline.at(1).lifetime, layer_history(run, NAME, until=1).lifetime)
    np.testing.assert_array_equal(timeline.at(2).lifetime, layer_history(run, NAME).lifetime)


@pytest.mark.parametrize("layer", [None, "LSTM layer 2", "decoder.weight"])
def test_distances_to_any_epoch(tmp_path, layer):
    run = make_run(tmp_path / "r")
    names = {None: list(run.layers), "LSTM layer 2": ["lstm.1.weight_ih", NAME]}.get(layer, [layer])
    told = []
    found = mask_distances(run, 3, layer, progress=lambda *done: told.append(done))
    masks = [np.concatenate([run[e].mask(n).ravel() for n in names]) for e in run.epochs]
    both = np.array([(m & masks[3]).sum() for m in masks])
    either = np.array([(m | masks[3]).sum() for m in masks])
    np.testing.assert_allclose(found.jaccard, 1 - both / either)
    assert found.hamming.tolist() == [(m ^ masks[3]).sum() for m in masks]
    assert (found.to, found.jaccard[3], found.hamming[3]) == (3, 0, 0)
    assert told[-1] == (7 * len(names), 7 * len(names))
