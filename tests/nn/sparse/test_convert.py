import pytest
import torch
from torch import nn

from strnn_viz import SparseTraining
from strnn_viz.config import ModelConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.sparse import SparseLinear, SparseMatrix, dense_state_dict, to_sparse
from tests.nn.sparse.reference import close

CONFIGS = {
    "lstm": ModelConfig(hidden=8, init_range=0.5),
    "tied lstm": ModelConfig(hidden=8, init_range=0.5, tied=True),
    "tied rhn": ModelConfig(cell="rhn", hidden=8, depth=2, layers=1, init_range=0.5, tied=True),
}


def trained(name, **options):
    """A masked language model and its sparse training, after an update of the topology."""
    model = LanguageModel(30, CONFIGS[name])
    model.initialize(CONFIGS[name], torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    sparse = SparseTraining(model, optimizer, density=0.3, updates=3, seed=1, **options)
    sparse.update()  # what it has grown is zero, and active
    return model, sparse


@pytest.mark.parametrize("name", CONFIGS)
def test_a_model_computes_the_same_and_its_state_comes_back(backend, name):
    model, sparse = trained(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    words = torch.randint(30, (6, 4), generator=torch.Generator().manual_seed(2))
    expected = model(words)[0].detach()
    positions = {key: matrix.positions for key, matrix in sparse.matrices.items()}
    sparse.remove()
    assert to_sparse(model, positions) is model
    logits, _ = model(words)
    close(logits, expected)
    stored = {key: m for key, m in model.named_modules() if isinstance(m, SparseMatrix)}
    assert {key: m.pattern.positions.tolist() for key, m in stored.items()} == {
        key: p.tolist() for key, p in positions.items()
    }
    assert [p for p in model.parameters() if p.ndim > 1] == []
    logits.sum().backward()
    assert all(m.values.grad.shape == (m.nnz,) for m in stored.values())
    after = dense_state_dict(model)
    assert after.keys() == before.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_a_tied_matrix_stays_one():
    model, sparse = trained("tied lstm")
    to_sparse(model, {key: matrix.positions for key, matrix in sparse.matrices.items()})
    assert model.embedding.weight is model.decoder.weight
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    again = SparseTraining(model, optimizer, density=0.3, updates=3, seed=1)
    assert [m.info for m in again.matrices.values()] == [m.info for m in sparse.matrices.values()]


def test_what_has_no_positions_stays_dense():
    model, sparse = trained("lstm", exclude=["embedding.*", "decoder.*", "lstm.0.weight_ih"])
    to_sparse(model, {key: matrix.positions for key, matrix in sparse.matrices.items()})
    assert type(model.embedding) is nn.Embedding
    assert type(model.decoder) is nn.Linear
    assert model.lstm[0].weight_ih.nnz == 4 * 8 * 8  # of one layer both matrices are stored
    assert model.lstm[0].weight_hh.nnz < 4 * 8 * 8


def test_by_default_what_is_not_zero_is_active_and_other_layers_stay():
    embeddings = nn.Embedding(5, 2, padding_idx=0), nn.Embedding(5, 2, scale_grad_by_freq=True)
    model = nn.Sequential(nn.Linear(4, 3), *embeddings, nn.Bilinear(2, 2, 2)).eval()
    with torch.no_grad():
        model[0].weight[:, 1:3] = 0
    to_sparse(model)
    assert type(model[0]) is SparseLinear
    assert model[0].weight.nnz == 6
    assert not model[0].training
    assert [type(m) for m in model[1:]] == [nn.Embedding, nn.Embedding, nn.Bilinear]


def test_of_a_model_without_memory_the_given_weights_are_taken():
    with torch.device("meta"):
        model = nn.Sequential(nn.Linear(4, 3), nn.Linear(3, 2))
    to_sparse(model, {"0.weight": torch.tensor([1, 5])}, {"0.weight": torch.tensor([2.0, -3.0])})
    assert model[0].weight.to_dense().tolist() == [[0, 2, 0, 0], [0, -3, 0, 0], [0, 0, 0, 0]]
    assert model[0].bias.tolist() == [0, 0, 0]
    assert model[1].weight.is_meta  # what is not named stays where it was


def test_positions_that_no_layer_takes_are_refused_and_nothing_is_replaced():
    model = nn.Sequential(nn.Linear(4, 3), nn.Embedding(5, 2, padding_idx=0))
    at = torch.tensor([1, 5])
    says = "positions of 1.weight, 7.weight: expected names .* Linear, Embedding without padding_idx, .* RHNLayer"
    with pytest.raises(UsageError, match=says):
        to_sparse(model, {"0.weight": at, "1.weight": at, "7.weight": at})
    assert type(model[0]) is nn.Linear
    with pytest.raises(UsageError, match="positions of weight: expected names of weight matrices within the model"):
        to_sparse(nn.Linear(4, 3), {"weight": at})  # a layer cannot take its own place
