import pytest

from strnn_viz import preset
from strnn_viz.errors import ConfigError, UsageError
from strnn_viz.experiments.grid import grid

BASE = preset("demo", seed=4)


def test_every_combination_with_every_seed():
    runs = grid("demo", BASE, {"method": ["st-rnn", "rigl"], "sparsity.density": ["0.1", "0.2"]}, seeds=2)
    assert [run.name for run in runs] == [
        f"demo-method-{m}-density-{d}-s{s}" for m in ("st-rnn", "rigl") for d in ("0.1", "0.2") for s in (4, 5)
    ]
    assert runs[-1].config == BASE.replace({"method": "rigl", "density": 0.2, "seed": 5})
    assert len({run.config for run in runs}) == 8


def test_densities_are_varied_also_where_epsilon_decides_in_the_preset():
    base = preset("era")
    assert base.sparsity.epsilon > 0
    runs = grid("era", base, {"density": ["0.1", "0.2"]})
    assert [(run.config.sparsity.density, run.config.sparsity.epsilon) for run in runs] == [(0.1, 0.0), (0.2, 0.0)]


def test_nothing_varied_is_one_run_a_seed():
    assert [(run.name, run.config.seed) for run in grid("demo", BASE, {}, 3)] == [
        ("demo-s4", 4), ("demo-s5", 5), ("demo-s6", 6),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("axes", "error", "message"),
    [
        ({"method": ["rigl", "dense"], "regrow": ["gradient"]}, ConfigError,
         "the combination method-dense-regrow-gradient cannot be trained: sparsity.regrow = gradient makes no sense"),
        ({"densty": ["0.1"]}, ConfigError, "Did you mean sparsity.density"),
        ({"density": ["1.5"]}, ConfigError, "sparsity.density = 1.5 is out of range"),
        ({"seed": ["1", "2"]}, UsageError, "Ask for several with --seeds"),
        ({"density": []}, UsageError, "density is to be varied but has no value"),
    ],
)  # fmt: skip
def test_what_cannot_be(axes, error, message):
    with pytest.raises(error) as caught:
        grid("demo", BASE, axes)
    assert message in str(caught.value)
