"""What holds for every method, whatever is asked of it: budgets, positions, zeros."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from strnn_viz.config import ModelConfig
from strnn_viz.errors import UsageError
from strnn_viz.nn.models import LanguageModel
from strnn_viz.rules import METHODS as RULES
from strnn_viz.sparsity import METHODS, SparseTraining
from strnn_viz.sparsity.initialization import allocate
from strnn_viz.training.averaged_sgd import AveragedSGD

#: Which optimizer, and its state that has an entry for each weight. The mean's count of steps is one too, but it counts
#: for inactive weights as well; it is set to zero where a weight is grown.
OPTIMIZERS = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01), {"momentum_buffer"}),
    "adam": (lambda p: torch.optim.Adam(p, lr=0.01), {"exp_avg", "exp_avg_sq"}),
    "asgd": (lambda p: AveragedSGD(p, lr=0.1, momentum=0.9), {"momentum_buffer", "mean", "steps"}),
}
WORDS = 9


#: cell, hidden units, size of a word vector. Each new shape of an LSTM has its kernels compiled: one of it is enough.
SHAPES = st.one_of(
    st.just(("lstm", 3, 2)), st.tuples(st.just("rhn"), st.integers(1, 6), st.integers(1, 5))
)  # fmt: skip


def build(cell, hidden, embedding):
    model = LanguageModel(WORDS, ModelConfig(cell=cell, hidden=hidden, embedding=embedding, layers=1, depth=2))
    model.initialize(model.config, torch.Generator().manual_seed(0))
    return model


def one_unit_left(cell, hidden, embedding):
    """Share of the weights of such a model that are left with one hidden unit: plus a weight, for rounding."""

    def weights(units):
        recurrent = 4 * units * (embedding + units) if cell == "lstm" else 2 * units * (embedding + 2 * units)
        return WORDS * embedding + recurrent + WORDS * units

    return min(1.0, (weights(1) + 1) / weights(hidden))


def counts(sparse, parts):
    """Active weights of every part that has a budget of its own."""
    return [int(n) for m in sparse.matrices.values() for n in m.mask.view(parts if m.info.gates else 1, -1).sum(1)]


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=8, deadline=None)
@given(
    optimizer=st.sampled_from(list(OPTIMIZERS)),
    initialization=st.sampled_from(["uniform", "erdos_renyi"]),
    granularity=st.sampled_from(["matrix", "gate"]),
    redistribution=st.sampled_from(["auto", "none", "momentum", "survivors"]),
    reactivate=st.booleans(),
    gradients=st.sampled_from(["backward", "step"]),
    density=st.floats(0.02, 1.0),
    rate=st.floats(0.0, 1.0),
    shape=SHAPES,
    updates=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_budgets_positions_and_zeros(
    method, optimizer, initialization, granularity, redistribution, reactivate, gradients, density, rate, shape,
    updates, seed,
):  # fmt: skip
    fixed = RULES[method].fixed
    axes = {"initialization": initialization, "granularity": granularity, "redistribution": redistribution}
    axes = {axis: value for axis, value in axes.items() if axis not in fixed}
    model = build(*shape)
    make, kept_state = OPTIMIZERS[optimizer]
    opt = make(model.parameters())
    if optimizer == "asgd":
        opt.begin_averaging()
    options = {"density": density, "updates": updates, "prune_rate": rate, "reactivate": reactivate, "seed": seed,
               "gradients": gradients, "l1": 1e-2, "temperature": 1e-3, "group_lasso": 1e-2}  # fmt: skip
    if method == "iss" and (left := one_unit_left(*shape)) > density:
        with pytest.raises(UsageError, match="cannot be reached"):
            SparseTraining(model, opt, method=method, **(options | {"density": left * 0.9}))
        density = options["density"] = left + (1 - left) * density
    sparse = SparseTraining(model, opt, method=method, **options, **axes)
    parts = {"lstm": 4, "rhn": 2}[shape[0]] if axes.get("granularity") == "gate" else 1
    shapes = [
        (m.info.shape[0] // own, m.info.shape[1])
        for m in sparse.matrices.values()
        for own in [parts if m.info.gates else 1]
        for _ in range(own)
    ]
    ends = allocate(axes.get("initialization", "uniform"), shapes, density)
    sizes = [n * m for n, m in shapes]
    whole = method in ("dense", "small-dense")
    first = counts(sparse, parts)
    assert first == (sizes if METHODS[method].begins_dense else ends)
    shared = sparse.method.redistribute is not None
    generator = torch.Generator().manual_seed(seed)
    for update in range(updates):
        for _ in range(1 + update % 2):
            opt.zero_grad()
            words = torch.randint(WORDS, (3, 2), generator=generator)
            logits, _ = model(words)
            nn.functional.cross_entropy(logits.flatten(0, 1), words.flatten()).backward()
            opt.step()
            check(sparse, opt, kept_state)
        before = {n: m.positions.clone() for n, m in sparse.matrices.items()}
        active = sparse.nnz
        told = sparse.update()
        check(sparse, opt, kept_state)
        now = counts(sparse, parts)
        if whole:
            assert now == sizes
        elif method == "gmp":
            assert all(e <= n <= f for e, n, f in zip(ends, now, first, strict=True))
            assert all(set(m.positions.tolist()) <= set(before[n].tolist()) for n, m in sparse.matrices.items())
            first = now
        elif method == "iss":
            assert sparse.nnz == active - sum(d.pruned for d in told.values())
        elif shared:
            assert sum(now) == sum(ends)
        else:
            assert now == ends
        for name, matrix in sparse.matrices.items():
            if method == "deepr":
                continue
            born = set(matrix.positions.tolist()) - set(before[name].tolist())
            died = set(before[name].tolist()) - set(matrix.positions.tolist())
            done = told[name]
            assert len(born) == done.grown - done.reactivated
            assert len(died) == done.pruned - done.reactivated
            assert reactivate or not done.reactivated
            newborn = torch.tensor(sorted(born), dtype=torch.long)
            for full in (matrix.parameter.detach(), *(opt.state[matrix.parameter][key] for key in kept_state)):
                assert full.view(-1)[newborn].abs().sum() == 0
        if update == updates - 1 and not sparse.method.flips:
            assert sparse.next_rate == 0
    if method == "gmp":
        assert now == ends
    if method == "iss":
        assert sparse.nnz <= sparse.budget


def check(sparse, optimizer, kept_state):
    for matrix in sparse.matrices.values():
        positions = matrix.positions.tolist()
        assert positions == sorted(set(positions))
        assert positions == matrix.mask.flatten().nonzero().squeeze(1).tolist()
        state = optimizer.state[matrix.parameter]
        assert kept_state <= set(state)
        for full in (matrix.parameter.detach(), *(state[key] for key in kept_state - {"steps"})):
            assert full[~matrix.mask].abs().sum() == 0
            assert torch.isfinite(full).all()
