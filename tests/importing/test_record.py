import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError, UsageError
from strnn_viz.importing import record
from strnn_viz.runs import LayerInfo, Run, RunWriter
from strnn_viz.topology.history import layer_history
from tests.synthetic import make_run


def test_masks_and_weights_by_name_become_a_run(tmp_path):
    rng = np.random.default_rng(0)
    masks = [rng.random((5, 4)) < 0.5 for _ in range(3)]
    weights = [rng.normal(size=(5, 4)).astype(np.float32) for _ in range(3)]
    for epoch, (mask, weight) in enumerate(zip(masks, weights, strict=True)):
        record({"fc": (mask, weight)}, tmp_path / "a" / "r", 2 * epoch, accuracy=0.5 + epoch / 10, step=epoch * 7)
    run = Run(tmp_path / "a" / "r")
    assert run.epochs == [0, 2, 4]
    assert run.config is None
    assert run.about["origin"] == "recorded with strnn_viz.record"
    assert run.status == "finished"
    assert run.metrics["accuracy"].tolist() == [0.5, 0.6, 0.7]
    assert run.metrics["step"].tolist() == [0, 7, 14]
    for snapshot, mask, weight in zip(run, masks, weights, strict=True):
        np.testing.assert_array_equal(snapshot.mask("fc"), mask)
        np.testing.assert_array_equal(snapshot.weight("fc"), np.where(mask, weight, 0))
    churn = run[4].layer("fc").churn
    assert churn.born == (masks[2] & ~masks[1]).sum()
    assert churn.died == (masks[1] & ~masks[2]).sum()
    assert churn.kept == (masks[2] & masks[0]).sum()
    assert layer_history(run, "fc").epochs.tolist() == [0, 2, 4]


def test_what_a_mask_may_be(tmp_path):
    mask = np.array([[1, 0], [0, 1]])
    weight = np.array([[0.5, 7.0], [0.0, 0.0]])
    snapshot = record({"a": mask, "b": (mask.astype(float), weight), "c": (None, weight)}, tmp_path / "r", 0)
    assert snapshot.layer("a").values.tolist() == [1, 1]
    assert snapshot.layer("b").values.tolist() == [0.5, 0]  # a regrown connection begins at 0
    assert snapshot.layer("c").values.tolist() == [0.5, 7]
    assert record({"a": torch.ones(2, 2)}, tmp_path / "t", 0).nnz == 4
    with pytest.raises(UsageError, match=r"mask of a holds numbers other than 0 and 1. Give booleans; or"):
        record({"a": weight}, tmp_path / "u", 0)
    with pytest.raises(UsageError, match=r"the weights of a has shape \(2, 1\), but the matrix has \(2, 2\)"):
        record({"a": (mask, weight[:, :1])}, tmp_path / "u", 0)
    assert not (tmp_path / "u").exists()


def test_names_tell_gates_and_roles_or_layers_do(tmp_path):
    shapes = {"rnn.weight_ih_l0": (12, 5), "rnn.weight_hh_l0": (12, 4)}
    masks = {n: np.ones(s, dtype=bool) for n, s in shapes.items()}
    gru = record(masks, tmp_path / "r", 0).layer("rnn.weight_hh_l0").info
    assert (gru.gates, gru.role, gru.group) == (("r", "z", "n"), "recurrent", "GRU layer 1")
    info = LayerInfo("w", (12, 4), "recurrent", "My cell", ("a", "b", "c"))
    assert record({"w": np.ones((12, 4))}, tmp_path / "s", 0, layers=[info]).layer("w").info == info
    with pytest.raises(UsageError, match="'v' is in one of them only"):
        record({"v": np.ones((12, 4))}, tmp_path / "t", 0, layers=[info])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.rnn = nn.LSTM(6, 6, 2)
        self.decoder = nn.Linear(6, 11)
        self.decoder.weight = self.embedding.weight


def test_a_model_is_recorded_where_its_weights_are_not_0(tmp_path):
    torch.manual_seed(0)
    model = Net()
    with torch.no_grad():
        for p in model.parameters():
            p *= torch.rand_like(p) < 0.3
    snapshot = record(model, tmp_path / "r", 0, loss=torch.tensor(1.5))
    assert list(snapshot.layers) == [
        "embedding.weight",
        *(f"rnn.weight_{p}_l{i}" for i in (0, 1) for p in ("ih", "hh")),
    ]
    assert snapshot.layer("embedding.weight").info.tied == ("decoder.weight",)
    for name, layer in snapshot.layers.items():
        np.testing.assert_array_equal(layer.weight, model.get_parameter(name).detach().numpy())
    assert snapshot.metrics == {"loss": 1.5}


def test_a_model_with_masks_is_recorded_under_them(tmp_path):
    model = Net()
    masks = {"rnn.weight_hh_l0": torch.rand(24, 6) < 0.5, "decoder": torch.rand(11, 6).bfloat16().round()}
    snapshot = record(model, tmp_path / "r", 0, masks=masks)
    assert set(snapshot.layers) == {"rnn.weight_hh_l0", "embedding.weight"}  # decoder and embedding are one
    np.testing.assert_array_equal(snapshot.mask("rnn.weight_hh_l0"), masks["rnn.weight_hh_l0"].numpy())
    np.testing.assert_array_equal(snapshot.mask("embedding.weight"), masks["decoder"].bool().numpy())
    with pytest.raises(
        UsageError, match="there is a mask 'rnn', but no matrix of that name. Matrices: embedding.weight"
    ):
        record(model, tmp_path / "s", 0, masks={"rnn": masks["decoder"]})


def test_a_model_pruned_by_torch_keeps_masks_of_its_own(tmp_path):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    prune.random_unstructured(model[0], "weight", 0.5)
    rnn = nn.LSTM(3, 4)
    prune.l1_unstructured(rnn, "weight_hh_l0", 10)
    with torch.no_grad():
        model[0].weight_orig[model[0].weight_mask.bool()] = 0  # a connection whose weight is 0 is one
    snapshot = record(nn.ModuleDict({"m": model, "rnn": rnn}), tmp_path / "r", 0)
    assert set(snapshot.layers) == {"m.0.weight", "m.2.weight", "rnn.weight_ih_l0", "rnn.weight_hh_l0"}
    np.testing.assert_array_equal(snapshot.mask("m.0.weight"), model[0].weight_mask.bool().numpy())
    assert not snapshot.weight("m.0.weight").any()
    hh = snapshot.layer("rnn.weight_hh_l0")
    assert (hh.nnz, hh.info.role, hh.info.group, len(hh.info.gates)) == (64 - 10, "recurrent", "LSTM layer 1", 4)


def test_epochs_only_go_forward(tmp_path):
    record({"a": np.eye(3)}, tmp_path / "r", 3)
    for epoch in (3, 2):
        with pytest.raises(UsageError, match=f"epoch {epoch} does not come after epoch 3, the last of"):
            record({"a": np.eye(3)}, tmp_path / "r", epoch)
    for epoch in (-1, True, 1.5, "4"):
        with pytest.raises(UsageError, match="not a whole number of at least 0"):
            record({"a": np.eye(3)}, tmp_path / "r", epoch)
    assert Run(tmp_path / "r").epochs == [3]
    record({"a": np.eye(3)}, tmp_path / "r", np.int64(4))
    assert Run(tmp_path / "r").epochs == [3, 4]


def test_all_epochs_have_the_same_matrices(tmp_path):
    record({"a": np.eye(3), "b": np.eye(2)}, tmp_path / "r", 0)
    assert list(record({"b": np.eye(2), "a": np.eye(3)}, tmp_path / "r", 1).layers) == ["a", "b"]
    with pytest.raises(UsageError, match=r"b has shape none: it is missing in epoch 2, but .* has \(2, 2\)"):
        record({"a": np.eye(3)}, tmp_path / "r", 2)
    with pytest.raises(UsageError, match=r"a has shape \(4, 4\) in epoch 2"):
        record({"a": np.eye(4), "b": np.eye(2)}, tmp_path / "r", 2)
    with pytest.raises(UsageError, match="c has shape .* no matrix of that name"):
        record({"a": np.eye(3), "b": np.eye(2), "c": np.eye(2)}, tmp_path / "r", 2)


def test_runs_that_are_not_for_recording_into(tmp_path):
    make_run(tmp_path / "r", epochs=1)
    with pytest.raises(RunError, match="was trained here"):
        record({"a": np.eye(3)}, tmp_path / "r", 9)
    record({"a": np.eye(3)}, tmp_path / "s", 0)
    with RunWriter(tmp_path / "s", None, resume=True), pytest.raises(RunError, match="is being written by process"):
        record({"a": np.eye(3)}, tmp_path / "s", 1)
    assert Run(tmp_path / "r").config == RunConfig()


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({}, {}, "no weight matrix to record"),
        (nn.ReLU(), {}, "no weight matrix to record"),
        (3, {}, "int cannot be recorded. Give a PyTorch model, or arrays by name"),
        ({"a": np.ones(3)}, {}, "a is no matrix"),
        ({"a": (None, None)}, {}, "a is no matrix"),
        ({"a": (np.eye(2),)}, {}, "a is no matrix"),
        ({"a": np.eye(2)}, {"masks": {}}, "masks belongs to a model"),
        (nn.Linear(2, 2), {"layers": []}, "Leave layers out"),
        ({"a": np.eye(2)}, {"accuracy": "high"}, "the metric accuracy = 'high' is not a number"),
    ],
)
def test_mistakes_leave_nothing_behind(tmp_path, given, options, message):
    with pytest.raises(UsageError, match=message):
        record(given, tmp_path / "r", 0, **options)
    assert list(tmp_path.iterdir()) == []


def test_arrays_are_recorded_without_torch(tmp_path):
    code = f"""
import sys
sys.modules["torch"] = None
import numpy as np
from strnn_viz.importing import record
record({{"a": np.eye(3)}}, {str(tmp_path / "r")!r}, 0, accuracy=1)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    assert Run(tmp_path / "r")[0].nnz == 3
