import pytest
import torch
from torch import nn
from torch.nn import functional as F

from strnn_viz.config import ModelConfig
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.sparsity import SparseTraining
from strnn_viz.sparsity.discovery import weight_matrices


def infos(model, **options):
    return [info for info, _ in weight_matrices(model, **options)]


def test_a_highway_network_has_a_recurrent_matrix_for_each_depth():
    found = infos(LanguageModel(20, ModelConfig(cell="rhn", hidden=6, layers=2, depth=3, tied=True)))
    assert [(i.name, i.role, i.group) for i in found] == [
        ("embedding.weight", "embedding", "Embedding"),
        ("rhn.0.weight_ih", "input", "RHN layer 1"),
        *((f"rhn.0.weight_hh_{depth}", "recurrent", "RHN layer 1") for depth in range(3)),
        ("rhn.1.weight_ih", "input", "RHN layer 2"),
        *((f"rhn.1.weight_hh_{depth}", "recurrent", "RHN layer 2") for depth in range(3)),
    ]
    assert found[0].tied == ("decoder.weight",)
    assert {i.gates for i in found[1:]} == {("h", "t")}
    assert {i.shape for i in found[1:]} == {(12, 6)}


def test_the_output_of_a_classifier_can_be_left_dense():
    model = TextClassifier(20, 3, ModelConfig(hidden=4, layers=1))
    names = ["embedding.weight", "lstm.0.weight_ih", "lstm.0.weight_hh"]
    assert [i.name for i in infos(model)] == [*names, "output.weight"]
    assert [i.name for i in infos(model, exclude=["output.*"])] == names


def test_both_directions_and_projections_of_torchs_lstm():
    found = infos(nn.LSTM(4, 6, num_layers=2, bidirectional=True, proj_size=2))
    assert [(i.name, i.role, i.group, len(i.gates)) for i in found] == [
        (f"weight_{part}_l{k}{suffix}", role, f"LSTM layer {k + 1}{direction}", gates)
        for k in range(2)
        for suffix, direction in (("", ""), ("_reverse", " backward"))
        for part, role, gates in (("ih", "input", 4), ("hh", "recurrent", 4), ("hr", "linear", 0))
    ]


@pytest.mark.parametrize("granularity", ["matrix", "gate"])
def test_a_gru_with_a_linear_head_learns_while_its_topology_changes(granularity):
    """The class of a sequence is its first value's sign, which must be carried through six steps."""
    torch.manual_seed(0)
    model = nn.ModuleDict({"gru": nn.GRU(3, 12, batch_first=True), "head": nn.Linear(12, 2)})
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    sparse = SparseTraining(model, optimizer, density=0.5, updates=8, prune_rate=0.5, granularity=granularity, seed=1)
    assert list(sparse.matrices) == ["gru.weight_ih_l0", "gru.weight_hh_l0", "head.weight"]
    active = {name: m.nnz for name, m in sparse.matrices.items()}
    first = {name: sparse.mask(name).clone() for name in active}
    x = torch.randn(256, 6, 3)
    targets = (x[:, 0, 0] > 0).long()
    losses = []
    for _ in range(8):
        for _ in range(15):
            optimizer.zero_grad()
            loss = F.cross_entropy(model["head"](model["gru"](x)[1][0]), targets)
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
        for name, matrix in sparse.matrices.items():
            assert (model.get_parameter(name)[~sparse.mask(name)] == 0).all()
            assert matrix.nnz == active[name] == round(0.5 * matrix.info.size)
        sparse.update()
        if granularity == "gate":
            gates = sparse.mask("gru.weight_hh_l0").view(3, -1).sum(1)
            assert gates.tolist() == [12 * 12 // 2] * 3
    assert losses[0] > 0.4
    assert losses[-1] < 0.05
    assert not torch.equal(sparse.mask("gru.weight_hh_l0"), first["gru.weight_hh_l0"])
