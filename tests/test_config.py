import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strnn_viz import RunConfig, preset, presets
from strnn_viz.config import knobs, preset_text, resolve_key
from strnn_viz.errors import ConfigError

PRESETS = ["ag-news", "amazon", "demo", "era", "imdb", "ptb-paper", "ptb-rhn", "ptb-selfish", "ptb-small", "rhn-small",
           "twitter", "wikitext-small", "yelp-2018", "yelp-polarity"]  # fmt: skip


def test_presets_are_read_and_differ():
    assert presets() == PRESETS
    configs = [preset(name) for name in presets()]
    assert len(set(configs)) == len(PRESETS)


def test_the_papers_preset_is_the_papers():
    c = preset("ptb-paper")
    assert (c.model.layers, c.model.hidden, c.model.dropout) == (2, 1500, 0.65)
    assert (c.training.batch_size, c.training.bptt, c.training.epochs) == (20, 35, 100)
    o = c.optimizer
    assert (o.algorithm, o.momentum, o.lr, o.lr_decay, o.clip_norm) == ("sgd", 0.9, 2.0, 1.33, 10.0)
    assert preset("ptb-small").model.hidden == 200


@pytest.mark.parametrize(
    "overrides",
    [{"density": 0.2}, {"sparsity.density": 0.2}, {"sparsity": {"density": 0.2}}, {"density": "0.2"}],
)
def test_one_value_said_in_every_way(overrides):
    assert preset("demo", **overrides).sparsity.density == 0.2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sparsity.densty": 0.2}, "unknown configuration key 'sparsity.densty'. Did you mean sparsity.density?"),
        ({"epoch": 3}, "Did you mean training.epochs?"),
        ({"sparsity": {"prunerate": 0.2}}, "Did you mean sparsity.prune_rate?"),
        ({"qqqq": 1}, "Known keys: seed, data.corpus"),
        ({"density": 1.5}, "sparsity.density = 1.5 is out of range: it must be above 0 and at most 1 (fraction): "
                           "active weights of all weights."),
        ({"density": float("nan")}, "out of range"),
        ({"epochs": 0}, "training.epochs = 0 is out of range: it must be between 1 and"),
        ({"epochs": 2.5}, "training.epochs = 2.5 is not a whole number"),
        ({"epochs": "many"}, "training.epochs = 'many' is not a whole number"),
        ({"seed": True}, "seed = True is not a whole number"),
        ({"tied": "maybe"}, "model.tied = 'maybe' is not true or false"),
        ({"initialization": "erdos"}, "is not one of uniform, erdos_renyi. Did you mean erdos_renyi?"),
        ({"tied": True, "embedding": 7}, "needs model.embedding = model.hidden, but they are 7 and 64"),
        ({"density": None}, "sparsity.density = None is not a number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_what_was_expected(change, message):
    with pytest.raises(ConfigError) as caught:
        preset("demo").replace(change)
    assert message in str(caught.value)


def test_a_preset_that_is_not_there():
    with pytest.raises(
        ConfigError, match=r"no preset is called 'demmo'\. Did you mean demo\? Presets: ag-news, amazon, demo"
    ):
        preset("demmo")


def test_a_file_of_ones_own(tmp_path: Path):
    file = tmp_path / "mine.toml"
    file.write_text("seed = 5\n[sparsity]\ndensity = 0.1\n")
    assert preset(str(file)) == RunConfig().replace({"seed": 5, "density": 0.1})
    file.write_text("seed = \n")
    with pytest.raises(ConfigError, match=r"mine\.toml is not valid TOML: .*line 1"):
        preset(str(file))
    file.write_text("sed = 4\n")
    with pytest.raises(ConfigError, match=r"mine\.toml: unknown configuration key 'sed'. Did you mean seed"):
        preset(str(file))
    with pytest.raises(ConfigError, match=r"cannot read the configuration file .*none\.toml: No such file"):
        preset(str(tmp_path / "none.toml"))


def test_every_last_part_of_a_key_is_unique_and_every_knob_has_words():
    leaves = [key.rpartition(".")[2] for key in knobs()]
    assert len(set(leaves)) == len(leaves)
    assert all(resolve_key(leaf) == key for leaf, key in zip(leaves, knobs(), strict=True))
    for key, knob in knobs().items():
        assert knob.help, key
        kind = type(RunConfig().get(key))
        assert kind in (str, bool) or (knob.unit and knob.low is not None and knob.high is not None), key


def test_round_trip_through_plain_values():
    for name in presets():
        config = preset(name, seed=3)
        assert RunConfig.from_dict(config.to_dict()) == config


@given(st.floats(allow_nan=True), st.sampled_from(["density", "prune_rate", "dropout", "lr"]))
def test_a_number_is_taken_exactly_or_refused(value, key):
    low, high, is_open = {"density": (0, 1, True), "prune_rate": (0, 1, False), "dropout": (0, 0.99, False),
                          "lr": (0, 1000, True)}[key]  # fmt: skip
    if (value > low if is_open else value >= low) and value <= high:
        assert RunConfig().replace({key: value}).get(key) == value
    else:
        with pytest.raises(ConfigError, match="out of range"):
            RunConfig().replace({key: value})


def test_presets_begin_with_a_comment_that_describes_them():
    for name in presets():
        text, _ = preset_text(name)
        assert text.startswith("# ")
        assert tomllib.loads(text)


def test_another_method_alone_is_enough_to_ask_for():
    era = preset("era")
    assert (era.sparsity.initialization, era.sparsity.granularity) == ("erdos_renyi", "gate")
    dense = era.replace({"method": "dense"}).sparsity
    assert (dense.initialization, dense.granularity, dense.epsilon) == ("uniform", "matrix", 0.0)
    assert era.replace({"method": "rigl"}).sparsity.initialization == "erdos_renyi"
    with pytest.raises(ConfigError, match="granularity = gate makes no sense with sparsity.method = dense"):
        era.replace({"method": "dense", "granularity": "gate"})


def test_small_dense_keeps_what_says_how_many_weights_the_sparse_network_has():
    era = preset("era")
    small = era.replace({"method": "small-dense", "granularity": "gate"}).sparsity
    assert (small.initialization, small.granularity, small.epsilon) == ("erdos_renyi", "gate", era.sparsity.epsilon)


def test_a_density_that_is_asked_for_decides():
    """Where ε decided until then; it goes on to where it is given as well."""
    era = preset("era")
    assert era.sparsity.epsilon > 0
    assert era.replace({"density": "0.1"}).sparsity.epsilon == 0
    assert preset("era", density=0.1).sparsity.epsilon == 0
    assert era.replace({"density": 0.1, "epsilon": 3}).sparsity.epsilon == 3
    assert RunConfig.from_dict(era.to_dict()) == era
    assert era.replace({"prune_rate": 0.1}).sparsity.epsilon == era.sparsity.epsilon
