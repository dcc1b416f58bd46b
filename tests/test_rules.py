import itertools
import random

import pytest
import torch

from strnn_viz.config import ModelConfig, RunConfig
from strnn_viz.errors import ConfigError
from strnn_viz.nn.models import LanguageModel
from strnn_viz.rules import METHODS, PRUNE, REDISTRIBUTION, REGROW, SCHEDULE, refuse_senseless
from strnn_viz.sparsity import SparseTraining

AXES = {
    "initialization": ("uniform", "erdos_renyi"),
    "granularity": ("matrix", "gate"),
    "prune": ("auto", *PRUNE),
    "regrow": ("auto", *REGROW),
    "redistribution": ("auto", *REDISTRIBUTION),
    "schedule": ("auto", *SCHEDULE),
}
NUMBERS = {"update_every": 5, "epsilon": 2.0, "reactivate": False}

#: Axis -> methods along which it may not be varied.
FIXED = {
    "prune": {"deepr", "static", "gmp", "iss", "dense", "small-dense"},
    "regrow": {"deepr", "static", "gmp", "iss", "dense", "small-dense"},
    "redistribution": {"deepr", "static", "gmp", "iss", "dense", "small-dense"},
    "schedule": {"deepr", "static", "gmp", "iss", "dense", "small-dense"},
    "initialization": {"iss", "dense"},
    "granularity": {"iss", "selfish", "dense"},
    "epsilon": {"iss", "dense"},
    "update_every": {"deepr", "static", "dense", "small-dense"},
    "reactivate": {"static", "dense", "small-dense"},
}


@pytest.mark.parametrize(("method", "axis"), list(itertools.product(METHODS, FIXED)))
def test_an_axis_is_refused_with_the_reason_where_it_makes_no_sense_and_nowhere_else(method, axis):
    value = NUMBERS[axis] if axis in NUMBERS else AXES[axis][-1]
    axes = {axis: value, **({"initialization": "erdos_renyi"} if axis == "epsilon" and method not in FIXED["epsilon"]
                            else {})}  # fmt: skip
    assert (axis in METHODS[method].fixed) == (method in FIXED[axis])
    if method not in FIXED[axis]:
        refuse_senseless(method, **axes)
        assert RunConfig().replace({"method": method, **axes}).get(axis) == value
        return
    reason = METHODS[method].fixed[axis].format(title=METHODS[method].title)
    for refused in (
        lambda: refuse_senseless(method, **axes),
        lambda: RunConfig().replace({"method": method, **axes}),
    ):
        with pytest.raises(ConfigError) as error:
            refused()
        assert str(error.value).startswith(
            f"sparsity.{axis} = {'false' if value is False else value} makes no sense with sparsity.method = {method}: "
        )
        assert reason in str(error.value)
        assert f"Leave sparsity.{axis} at {'true' if axis == 'reactivate' else ''}" in str(error.value)
        assert "{" not in str(error.value)


def test_deepr_may_be_told_that_it_rewires_at_every_step():
    assert RunConfig().replace({"method": "deepr", "update_every": 1}).sparsity.update_every == 1
    assert RunConfig().replace({"method": "deepr"}).sparsity.update_every == 0
    with pytest.raises(ConfigError, match="update_every = 1 makes no sense with sparsity.method = static"):
        RunConfig().replace({"method": "static", "update_every": 1})


@pytest.mark.parametrize("method", METHODS)
def test_what_is_usual_is_never_refused(method):
    refuse_senseless(method)
    refuse_senseless(method, initialization="uniform", granularity="matrix", prune="auto", regrow="auto",
                     redistribution="auto", schedule="auto", update_every=0, epsilon=0.0, reactivate=True)  # fmt: skip


def test_epsilon_is_of_erdos_renyi():
    with pytest.raises(ConfigError, match=r"sparsity\.epsilon = 10 is a parameter of Erdős–Rényi.*= uniform\. Set"):
        RunConfig().replace({"epsilon": 10.0})
    assert RunConfig().replace({"epsilon": 10.0, "initialization": "erdos_renyi"}).sparsity.epsilon == 10


def sensible():
    """Every combination of axes that is not refused, by method."""
    for method in METHODS:
        for values in itertools.product(*AXES.values()):
            axes = dict(zip(AXES, values, strict=True))
            try:
                refuse_senseless(method, **axes)
            except ConfigError:
                continue
            yield method, axes


def test_how_many_combinations_make_sense():
    found = [method for method, _ in sensible()]
    whole = 2 * 2 * 4 * 4 * 4 * 4
    expected = dict.fromkeys(("st-rnn", "set", "rigl", "snfs", "dsr"), whole)
    expected |= {"selfish": whole // 2, "deepr": 4, "static": 4, "gmp": 4, "iss": 1, "dense": 1, "small-dense": 4}
    assert {method: found.count(method) for method in METHODS} == expected


@pytest.mark.parametrize("method", METHODS)
def test_every_combination_that_makes_sense_trains_and_updates(method):
    """Prune, regrow, redistribution and schedule in all combinations; where the rest has many, some of them."""
    random_ = random.Random(1)
    combinations = [axes for name, axes in sensible() if name == method]
    seen: dict[tuple[str, ...], dict[str, str]] = {}
    for axes in random_.sample(combinations, len(combinations)):
        seen.setdefault(tuple(axes[a] for a in ("prune", "regrow", "redistribution")), axes)
    chosen = combinations if len(combinations) <= 4 else list(seen.values())
    assert len(chosen) in (1, 4, 64)
    config = ModelConfig(hidden=5, layers=1)
    generator = torch.Generator().manual_seed(0)
    for axes in chosen:
        model = LanguageModel(9, config)
        model.initialize(config, generator)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        sparse = SparseTraining(model, optimizer, method=method, density=0.6, updates=3, prune_rate=0.4,
                                reactivate=random_.random() < 0.5, **axes)  # fmt: skip
        budget = sparse.size if method in ("gmp", "iss") else sparse.nnz
        for _ in range(2):
            optimizer.zero_grad()
            slopes = [torch.randn(p.shape, generator=generator) for p in model.parameters()]
            torch.stack([(p * s).sum() for p, s in zip(model.parameters(), slopes, strict=True)]).sum().backward()
            optimizer.step()
            done = sparse.update()
        assert set(done) == set(sparse.matrices)
        if method in ("gmp", "iss"):
            assert sparse.nnz < budget
        else:
            assert sparse.nnz == budget
