import pytest

from strnn_viz import sparsity
from strnn_viz.config import RunConfig, knobs, preset, presets
from strnn_viz.dashboard import choices
from strnn_viz.rules import METHODS
from strnn_viz.sparsity import growth, redistribution, schedules, selection
from strnn_viz.sparsity.methods import METHODS as VALUES

TABLES = {
    "sparsity.prune": ("prune", selection.SELECT | {"threshold": selection.below_threshold}),
    "sparsity.regrow": ("regrow", growth.REGROW),
    "sparsity.redistribution": ("redistribute", redistribution.REDISTRIBUTE),
    "sparsity.schedule": ("schedule", schedules.SCHEDULES),
}


@pytest.mark.parametrize("key", list(TABLES))
@pytest.mark.parametrize("method", list(METHODS))
def test_what_a_method_does_by_itself_is_what_it_does(method: str, key: str) -> None:
    if key.rpartition(".")[2] in METHODS[method].fixed:
        return  # not the method's to leave open
    attribute, table = TABLES[key]
    assert getattr(VALUES[method], attribute) is table[METHODS[method].own(key.rpartition(".")[2])]


@pytest.mark.parametrize("key", list(choices.AXES))
def test_every_choice_of_an_axis_has_words(key: str) -> None:
    assert set(choices.axis_options(key).values()) == set(knobs()[key].choices)


def test_every_method_has_a_title_of_its_own() -> None:
    assert set(choices.TITLES.values()) == set(sparsity.METHODS)


@pytest.mark.parametrize("method", list(METHODS))
def test_every_axis_the_rules_fix_is_fixed_with_its_reason(method: str) -> None:
    found = choices.fixed_axes(method, "erdos_renyi")
    assert {f"sparsity.{axis}" for axis in METHODS[method].fixed} <= set(found)
    assert all(reason and "{" not in reason and reason[0] == reason[0].upper() for reason in found.values())
    assert ("sparsity.prune_rate" in found) == (method in ("static", "dense", "small-dense", "gmp", "iss", "deepr"))


def test_epsilon_is_gone_without_a_word_where_the_initialization_is_uniform() -> None:
    assert choices.fixed_axes("st-rnn", "uniform") == {"sparsity.epsilon": ""}
    assert choices.fixed_axes("st-rnn", "erdos_renyi") == {}


def test_fixed_values_leave_an_axis_to_the_method() -> None:
    era = preset("era")
    assert choices.fixed_value("sparsity.granularity", era) == RunConfig().sparsity.granularity == "matrix"
    assert choices.fixed_value("sparsity.prune_rate", preset("imdb")) == "0.4"  # of no use, and still the preset's


@pytest.mark.parametrize("name", presets())
def test_every_preset_says_what_it_is(name: str) -> None:
    assert choices.describe(name).endswith(".")
    assert not choices.describe(name).startswith("#")


def test_presets_are_grouped_by_whether_their_text_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    groups = choices.grouped_presets()
    assert sorted(name for names in groups.values() for name in names) == presets()
    assert {"demo", "era", "rhn-small"} <= set(groups["Ready"])
    assert {"imdb", "ptb-small", "twitter"} <= set(groups["Text not here yet"])
    assert choices.missing_corpus("demo") == ""
    assert "STRNN_VIZ_DATA" in choices.missing_corpus("imdb")
