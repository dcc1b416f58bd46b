import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy import sparse
from torch import nn
from torch.nn.utils import prune

from strnn_viz.errors import RunError, UsageError
from strnn_viz.importing import import_run
from strnn_viz.runs import Run
from strnn_viz.topology.history import layer_history
from strnn_viz.topology.paths import effective_paths

ROOT = os.environ.get("STRNN_VIZ_DATA", "")
REFERENCE = Path(ROOT) / "nnstd_reference" / "topo" / "e5_s0_w0"
needs_reference = pytest.mark.skipif(
    not (ROOT and REFERENCE.is_dir()), reason="STRNN_VIZ_DATA names no directory with nnstd_reference in it"
)


@needs_reference
def test_the_reference_topologies(tmp_path):
    told = []
    run = import_run(REFERENCE, tmp_path / "w0", progress=lambda *done: told.append(done))
    assert run.epochs == [0, 10, 20, 30, 40, 50, 100, 150, 190]
    assert told[-1] == (9, 9)
    assert {n: i.shape for n, i in run.layers.items()} == {
        "weight_l0": (784, 784), "weight_l1": (784, 784), "weight_l2": (784, 784), "weight_l3": (10, 784)
    }  # fmt: skip
    m = layer_history(run, "weight_l0", until=10).movement
    assert (m.nnz[1] - m.born[1], m.born[1], m.died[1]) == (2811, 908, 961)
    assert run.rows[1]["layers"]["weight_l0"]["born"] == 908
    first = sparse.load_npz(REFERENCE / "epoch_000" / "weight_l0.npz").toarray()[:-1].T
    np.testing.assert_array_equal(run[0].weight("weight_l0"), first)
    accuracy = np.loadtxt(REFERENCE / "testacc.txt")
    np.testing.assert_allclose(run.metrics["test_accuracy"], accuracy[run.epochs])
    again = Run(tmp_path / "w0")
    assert (again.status, again.config, again.problems) == ("finished", None, [])
    assert again.about["origin"] == "imported from e5_s0_w0 (npz)"
    assert effective_paths(again, epoch=0).log10 > 5


def write_npz(folder: Path, epoch: int, *weights: np.ndarray) -> None:
    inside = folder / f"epoch_{epoch:03d}"
    inside.mkdir(parents=True)
    for i, weight in enumerate(weights):
        sparse.save_npz(inside / f"weight_l{i}.npz", sparse.csr_matrix(weight))


@pytest.fixture
def npz(tmp_path):
    rng = np.random.default_rng(0)
    weights = []
    for epoch in (0, 2, 10):
        w = [rng.normal(size=s).astype(np.float32) * (rng.random(s) < 0.5) for s in ((5, 3), (4, 6))]
        write_npz(tmp_path / "npz", epoch, *w)
        weights.append(w)
    return tmp_path / "npz", weights


def test_npz_weights_by_epoch(npz, tmp_path):
    folder, weights = npz
    run = import_run(folder, tmp_path / "r")  # 3 outputs, 4 rows: the last is a bias
    assert run.epochs == [0, 2, 10]
    for snapshot, (a, b) in zip(run, weights, strict=True):
        np.testing.assert_array_equal(snapshot.weight("weight_l0"), a[:-1].T)
        np.testing.assert_array_equal(snapshot.weight("weight_l1"), b[:-1].T)
    assert [i.group for i in run.layers.values()] == ["Layer 1", "Layer 2"]
    assert list(run.metrics.columns) == ["epoch", "step"]
    whole = import_run(folder, tmp_path / "whole", bias=False)
    assert whole.layers["weight_l0"].shape == (3, 5)


def test_widths_tell_whether_there_is_a_bias(tmp_path):
    write_npz(tmp_path / "npz", 0, np.ones((5, 3)), np.ones((3, 2)))
    assert import_run(tmp_path / "npz", tmp_path / "r").layers["weight_l0"].shape == (3, 5)


def test_a_stored_zero_is_a_connection(tmp_path):
    (tmp_path / "npz" / "epoch_0").mkdir(parents=True)
    stored = sparse.coo_matrix(([0.0, 2.0, 1.0], ([0, 1, 2], [1, 0, 0])), shape=(3, 2))
    sparse.save_npz(tmp_path / "npz" / "epoch_0" / "w.npz", stored)
    layer = import_run(tmp_path / "npz", tmp_path / "r")[0].layer("w")
    assert layer.mask.tolist() == [[False, True], [True, False]]
    assert layer.values.tolist() == [2, 0]


def test_accuracy_by_epoch(npz, tmp_path):
    folder, _ = npz
    (folder / "testacc.txt").write_text("0.1\n0.2\n3e-1\n")
    run = import_run(folder, tmp_path / "r")
    assert run.rows[0]["test_accuracy"] == 0.1
    assert run.rows[1]["test_accuracy"] == 0.3
    assert "test_accuracy" not in run.rows[2]
    (folder / "testacc.txt").write_text("high\n")
    with pytest.raises(RunError, match="should hold one number a line"):
        import_run(folder, tmp_path / "s")


def model(seed: int, density: float = 0.4) -> nn.Module:
    torch.manual_seed(seed)
    net = nn.ModuleDict({"rnn": nn.LSTM(5, 4), "out": nn.Linear(4, 3)})
    with torch.no_grad():
        for p in net.parameters():
            p *= torch.rand_like(p) < density
    return net


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_state_dicts_by_epoch(tmp_path, suffix):
    (tmp_path / "saved").mkdir()
    nets = {e: model(e) for e in (1, 2, 10)}
    for epoch, net in nets.items():
        save = save_file if suffix == ".safetensors" else torch.save
        save(net.state_dict(), tmp_path / "saved" / f"lstm2-epoch{epoch}-v7{suffix}")
    (tmp_path / "saved" / "best.pt").write_text("not looked at")
    run = import_run(tmp_path / "saved", tmp_path / "r")
    assert run.epochs == [1, 2, 10]
    assert set(run.layers) == {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "out.weight"}  # a file has its own order
    assert run.layers["rnn.weight_hh_l0"].group == "LSTM layer 1"
    for epoch, net in nets.items():
        for name in run.layers:
            np.testing.assert_array_equal(run[epoch].weight(name), net.state_dict()[name].numpy())


def test_masks_inside_the_file_beside_it_and_of_torch_prune(tmp_path):
    net = model(0, density=1)
    mask = torch.rand(3, 4) < 0.5
    for folder in ("inside", "beside", "masks", "pruned"):
        (tmp_path / folder).mkdir()
    inside = {"state_dict": net.state_dict(), "masks": {"module.out": mask}, "epoch": 4, "step": 70, "val_acc": 0.5}
    torch.save(inside, tmp_path / "inside" / "3.pth")
    run = import_run(tmp_path / "inside", tmp_path / "a")
    np.testing.assert_array_equal(run[3].mask("out.weight"), mask.numpy())
    assert list(run.layers) == ["out.weight"]
    assert (run[3].step, dict(run[3].metrics)) == (70, {"val_acc": 0.5})

    torch.save(net.state_dict(), tmp_path / "beside" / "3.pt")
    torch.save({"out.weight_mask": mask.float()}, tmp_path / "masks" / "mask_3.pt")
    run = import_run(tmp_path / "beside", tmp_path / "b", masks=tmp_path / "masks")
    np.testing.assert_array_equal(run[3].mask("out.weight"), mask.numpy())

    prune.custom_from_mask(net["out"], "weight", mask)
    torch.save(nn.DataParallel(net).state_dict(), tmp_path / "pruned" / "3.pt")
    run = import_run(tmp_path / "pruned", tmp_path / "c")
    assert set(run.layers) == {"rnn.weight_ih_l0", "rnn.weight_hh_l0", "out.weight"}
    np.testing.assert_array_equal(run[3].mask("out.weight"), mask.numpy())
    np.testing.assert_array_equal(run[3].weight("out.weight"), net["out"].weight.detach().numpy())


def test_tied_weights_are_one_matrix(tmp_path):
    net = nn.ModuleDict({"embedding": nn.Embedding(7, 3), "decoder": nn.Linear(3, 7)})
    net["decoder"].weight = net["embedding"].weight
    (tmp_path / "s").mkdir()
    torch.save(net.state_dict(), tmp_path / "s" / "0.pt")
    run = import_run(tmp_path / "s", tmp_path / "r")
    assert run.layers["embedding.weight"].tied == ("decoder.weight",)
    assert list(run.layers) == ["embedding.weight"]


class Trap:
    def __reduce__(self):
        return (os.mkdir, ("trapped",))


def test_no_code_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s").mkdir()
    torch.save({"state_dict": model(0).state_dict(), "x": Trap()}, tmp_path / "s" / "0.pt")
    with pytest.raises(RunError, match=r"would run whatever code is in it. Save model.state_dict\(\) in its place"):
        import_run(tmp_path / "s", tmp_path / "r")
    assert not (tmp_path / "trapped").exists()
    assert not (tmp_path / "r").exists()


def test_mistakes_are_named(npz, tmp_path):
    folder, _ = npz
    new = tmp_path / "new"
    with pytest.raises(UsageError, match="is not a directory"):
        import_run(tmp_path / "nowhere", new)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="no directory such as epoch_000. Name them as epoch_003.pt"):
        import_run(tmp_path / "empty", new)
    with pytest.raises(UsageError, match="no directory such as epoch_000 with npz files"):
        import_run(tmp_path / "empty", new, "npz")
    with pytest.raises(UsageError, match="Choose from: auto, npz, state_dict"):
        import_run(folder, new, "onnx")
    with pytest.raises(UsageError, match="masks is for state_dicts"):
        import_run(folder, new, masks=folder)
    with pytest.raises(UsageError, match="bias is for npz"):
        import_run(folder, new, "state_dict", bias=True)
    (folder / "epoch_010" / "weight_l1.npz").rename(folder / "epoch_010" / "weight_l7.npz")
    with pytest.raises(UsageError, match="epoch 10 has matrices weight_l0 .*weight_l7"):
        import_run(folder, new)
    assert Run(new).epochs == [0, 2]
    assert Run(new).status == "failed"
    with pytest.raises(RunError, match="already holds a run"):
        import_run(folder, new)
    (folder / "epoch_000" / "weight_l0.npz").write_bytes(b"garbage")
    with pytest.raises(RunError, match=r"weight_l0.npz is not a SciPy sparse matrix"):
        import_run(folder, tmp_path / "other")
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": 1}, "holds no weight matrix"),
        ([1], "holds list, not a state_dict"),
        ({"gen": {"weight": torch.eye(2)}, "disc": {"weight": torch.eye(2)}}, "several sets of weights: gen, disc"),
        ({"scale": torch.eye(2)}, "no two-dimensional tensor called weight"),
    ],
)
def test_files_that_hold_something_else(tmp_path, content, message):
    (tmp_path / "s").mkdir()
    torch.save(content, tmp_path / "s" / "0.pt")
    with pytest.raises(UsageError, match=message):
        import_run(tmp_path / "s", tmp_path / "r")


def test_damaged_and_doubled_files(tmp_path):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "1.pt").write_bytes(b"garbage")
    with pytest.raises(RunError, match="1.pt"):
        import_run(tmp_path / "s", tmp_path / "r")
    (tmp_path / "s" / "01.pt").write_bytes(b"garbage")
    with pytest.raises(UsageError, match="are both of epoch 1"):
        import_run(tmp_path / "s", tmp_path / "r")
    (tmp_path / "s" / "01.pt").unlink()
    (tmp_path / "m").mkdir()
    with pytest.raises(UsageError, match="has no masks of epoch 1"):
        import_run(tmp_path / "s", tmp_path / "r", masks=tmp_path / "m")
