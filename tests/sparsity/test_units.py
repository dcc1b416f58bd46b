"""ISS: whole hidden units shrink and go, from every matrix at once."""

import pytest
import torch
from torch.nn import functional as F

from strnn_viz.config import ModelConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.classifier import TextClassifier
from strnn_viz.nn.models import LanguageModel
from strnn_viz.nn.units import compact
from strnn_viz.sparsity import SparseTraining
from strnn_viz.sparsity.schedules import cubic_density

WORDS = 20


def make(hidden=6, updates=4, density=0.5, lr=0.5, momentum=0.0, model=LanguageModel, **options):
    config = ModelConfig(hidden=hidden, **({"layers": 2} | {k: options.pop(k) for k in list(options)
                                                            if k in ModelConfig.__dataclass_fields__}))  # fmt: skip
    built = model(WORDS, config) if model is LanguageModel else model(WORDS, 3, config)
    built.initialize(config, torch.Generator().manual_seed(0))
    optimizer = torch.optim.SGD(built.parameters(), lr=lr, momentum=momentum)
    return built, optimizer, SparseTraining(built, optimizer, method="iss", density=density, updates=updates, **options)


def nnz_by_hand(first, second, hidden=6):
    """Weights of a two-layer LSTM language model with so many units kept, its word vectors whole."""
    return WORDS * hidden + 4 * first * (hidden + first) + 4 * second * (first + second) + WORDS * second


def test_the_proximal_step_by_hand():
    """A unit of norm 5, shortened by 1, keeps four fifths of each weight; a weight of two groups is shortened twice."""
    model, _, sparse = make(hidden=2, layers=1, lr=0.0, density=0.9)
    for parameter in model.parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        model.lstm[0].weight_ih[0, 0] = 3.0  # input gate of unit 0
        model.decoder.weight[7, 0] = 4.0  # what reads unit 0
    assert [n.tolist() for n in sparse._units.norms()] == [[5.0, 0.0]]
    sparse._units.shrink(1.0)
    assert model.lstm[0].weight_ih[0, 0].item() == pytest.approx(3 * 0.8)
    assert model.decoder.weight[7, 0].item() == pytest.approx(4 * 0.8)
    with torch.no_grad():
        model.lstm[0].weight_ih.zero_()
        model.decoder.weight.zero_()
        model.lstm[0].weight_hh[2, 1] = 5.0  # forget gate of unit 0, reading unit 1: of both groups
    assert [n.tolist() for n in sparse._units.norms()] == [[5.0, 5.0]]
    sparse._units.shrink(1.0)
    assert model.lstm[0].weight_hh[2, 1].item() == pytest.approx(5 * 0.8 * 0.8)
    sparse._units.shrink(100.0)
    assert model.lstm[0].weight_hh.abs().sum() == 0


def test_a_step_shrinks_by_the_learning_rate_times_the_penalty():
    model, optimizer, sparse = make(lr=0.5, group_lasso=0.1)
    before = [n.clone() for n in sparse._units.norms()]
    words = model.embedding.weight.detach().clone()
    model.zero_grad()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    for old, new in zip(before, sparse._units.norms(), strict=True):
        assert (new < old).all()
        # .05 off every group; a weight of two groups is shortened for both, so a little more
        assert (old - new >= 0.05 - 1e-6).all()
        assert (old - new <= 0.1).all()
    assert torch.equal(model.embedding.weight, words)  # no unit makes or reads untied word vectors


def test_without_a_penalty_nothing_shrinks():
    model, optimizer, _ = make(group_lasso=0.0)
    before = model.decoder.weight.detach().clone()
    for parameter in model.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.step()
    assert torch.equal(model.decoder.weight, before)


def test_the_weakest_units_go_from_every_matrix_and_the_budget_is_kept():
    model, _, sparse = make(updates=4, density=0.5)
    with torch.no_grad():
        model.decoder.weight[:, 4] = 9.0  # unit 4 of the second layer is strong,
        model.lstm[1].weight_ih[:, [1, 3]] = 9.0  # as are 1 and 3 of the first
    size = sparse.size
    assert size == nnz_by_hand(6, 6) == sparse.nnz
    for update in range(1, 5):
        before = sparse.nnz
        rate = sparse.next_rate
        done = sparse.update()
        target = round(cubic_density(sparse.budget / size, update, 4) * size)
        kept = [int(k.sum()) for k in sparse.kept_units()]
        assert sparse.nnz == nnz_by_hand(*kept) <= target
        assert sum(d.pruned for d in done.values()) == before - sparse.nnz
        assert all(d.grown == d.reactivated == 0 for d in done.values())
        assert rate == max(0, 1 - target / before)
        # one unit more would have been too much: the budget is not undershot by more than a unit
        assert sparse.nnz > target - 4 * 12 - 4 * 6 - WORDS
        first, second = sparse.kept_units()
        for gate in range(4):
            rows = slice(6 * gate, 6 * gate + 6)
            assert torch.equal(sparse.mask("lstm.0.weight_ih")[rows], first[:, None].expand(6, 6))
            assert torch.equal(sparse.mask("lstm.0.weight_hh")[rows], first[:, None] & first)
            assert torch.equal(sparse.mask("lstm.1.weight_ih")[rows], second[:, None] & first)
            assert torch.equal(sparse.mask("lstm.1.weight_hh")[rows], second[:, None] & second)
        assert torch.equal(sparse.mask("decoder.weight"), second.expand(WORDS, 6))
        assert sparse.mask("embedding.weight").all()
    assert sparse.nnz <= sparse.budget
    assert first[[1, 3]].all()
    assert second[4]


def test_units_of_layers_of_unequal_groups_are_compared_by_root_mean_square():
    """A unit of the first layer has 96 weights, one of the second 92: a smaller norm, though its weights are larger."""
    model, _, sparse = make(density=0.9, updates=1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(0.1)
        for parameter in (*model.lstm[1].parameters(), *model.decoder.parameters()):
            parameter.fill_(0.101)
    first, second = sparse._units.norms()
    assert second.max() < first.min()
    sparse.update()  # one unit is enough
    assert [k.tolist() for k in sparse.kept_units()] == [[False, *[True] * 5], [True] * 6]


def test_a_layer_keeps_its_last_unit_and_a_density_below_is_refused():
    smallest = nnz_by_hand(1, 1)
    size = nnz_by_hand(6, 6)
    _, _, sparse = make(density=(smallest + 6) / size, updates=1)
    sparse.update()
    assert [int(k.sum()) for k in sparse.kept_units()] == [1, 1]
    with pytest.raises(UsageError, match="cannot be reached by removing hidden units: with a single unit a layer"):
        make(density=(smallest - 12) / size)


def test_a_matrix_of_the_units_cannot_be_left_dense_but_the_embedding_can():
    with pytest.raises(UsageError, match=r"exclude leaves decoder\.weight dense"):
        make(exclude=["decoder.*"])
    _, _, sparse = make(exclude=["embedding.*"], updates=1)
    sparse.update()
    assert sparse.nnz <= sparse.budget


@pytest.mark.parametrize(
    "options",
    [{}, {"tied": True}, {"cell": "rhn", "depth": 2, "layers": 1, "tied": True}, {"cell": "rhn", "depth": 2},
     {"model": TextClassifier}],
    ids=["lstm", "tied", "rhn tied", "rhn", "classifier"],
)  # fmt: skip
def test_the_compact_model_computes_what_the_masked_one_does_after_training(options):
    model, optimizer, sparse = make(density=0.5, lr=0.2, momentum=0.9, group_lasso=1e-3, **options)
    generator = torch.Generator().manual_seed(1)

    def draw():
        return torch.randint(WORDS, (7, 4), generator=generator)

    def outputs(which, words):
        found = which(words)
        return found[0] if isinstance(found, tuple) else found

    for _ in range(4):
        for _ in range(3):
            optimizer.zero_grad()
            logits = outputs(model, draw()).flatten(0, -2)
            F.cross_entropy(logits, torch.randint(logits.shape[1], (len(logits),), generator=generator)).backward()
            optimizer.step()
        sparse.update()
    assert sparse.nnz <= sparse.budget
    for kept in sparse.kept_units():
        assert 0 < int(kept.sum()) < 6
    for matrix in sparse.matrices.values():
        for full in (matrix.parameter.detach(), *matrix._states().values()):
            assert full[~matrix.mask].abs().sum() == 0
    model.eval()
    small = compact(model, sparse.kept_units())
    assert sum(p.numel() for n, p in small.named_parameters() if "bias" not in n) == sparse.nnz
    words = draw()
    with torch.no_grad():
        torch.testing.assert_close(outputs(small, words), outputs(model, words), rtol=0, atol=1e-5)


def test_which_units_are_kept_is_found_again_in_the_masks():
    _, _, sparse = make(updates=4)
    sparse.update(), sparse.update()
    _, _, again = make(updates=4)
    again.load_state_dict(sparse.state_dict())
    assert [k.tolist() for k in again.kept_units()] == [k.tolist() for k in sparse.kept_units()]
    assert [int(k.sum()) for k in sparse.kept_units()] != [6, 6]
