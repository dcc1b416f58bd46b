from collections.abc import Callable
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.choices import TITLES
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.start import StartForm
from strnn_viz.rules import METHODS
from strnn_viz.runs import Run
from tests.dashboard.conftest import wait_for

Start = Callable[..., Launcher]


@pytest.fixture
def form(tmp_path: Path) -> StartForm:
    return StartForm(Launcher(tmp_path / "runs"), lambda _: None)


def test_the_form_begins_with_what_the_preset_says(tmp_path: Path) -> None:
    form = StartForm(Launcher(tmp_path), lambda _: None)
    assert form.preset.value == "demo"
    assert form.values == {
        "sparsity.method": "st-rnn", "sparsity.initialization": "uniform", "sparsity.density": "0.2",
        "sparsity.prune_rate": "0.5", "seed": "1", "sparsity.granularity": "matrix", "sparsity.prune": "auto",
        "sparsity.regrow": "auto", "sparsity.redistribution": "auto", "sparsity.schedule": "auto",
        "sparsity.epsilon": "0", "sparsity.update_every": "0", "sparsity.exclude": "",
    }  # fmt: skip
    form.preset.value = "era"
    assert form.preset.helper_text.startswith("A small sparse classifier on the embedded corpus")
    changed = {"sparsity.initialization": "erdos_renyi", "sparsity.epsilon": "10", "sparsity.granularity": "gate",
               "sparsity.exclude": "output.*", "sparsity.density": "0.33"}  # fmt: skip
    assert form.values.items() >= changed.items()
    assert form.check()


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("sparsity.density", "1.5", "must be above 0 and at most 1"),
        ("sparsity.density", "dense", "not a number"),
        ("sparsity.prune_rate", "-0.1", "between 0 and 1"),
        ("seed", "1.5", "not a whole number"),
    ],
)
def test_a_value_out_of_range_is_told_beside_its_field(tmp_path: Path, key: str, text: str, said: str) -> None:
    form = StartForm(Launcher(tmp_path / "runs"), lambda _: None)
    form.fields[key].value = text
    assert form.fields[key].error_state
    assert said in form.fields[key].helper_text
    assert [field.error_state for field in form.fields.values()].count(True) == 1
    form.button.clicks += 1
    assert "Not started" in form.message.object
    assert not (tmp_path / "runs").exists()
    form.fields[key].value = "1"
    assert not form.fields[key].error_state


def test_start_opens_the_run_once_there_is_one(start: Start) -> None:
    opened: list[str] = []
    form = StartForm(start("--delay", "0.3"), opened.append)
    form.initialization.value = "erdos_renyi"
    form.button.clicks += 1
    assert "Starting demo-erdos_renyi" in form.message.object
    assert form.button.disabled
    wait_for(lambda: form.update() or opened)
    assert opened == ["demo-erdos_renyi"]
    assert not form.button.disabled
    assert "Started" in form.message.object


def test_a_failed_start_is_told_beside_the_button(start: Start) -> None:
    form = StartForm(start("--fail", "early"), lambda _: None)
    form.start()
    wait_for(lambda: form.update() or "exit code 3" in form.message.object)
    assert "no module named torch" in form.message.object
    assert 'class="error"' in form.message.object
    assert not form.button.disabled


def test_a_preset_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    form = StartForm(Launcher(tmp_path / "file"), lambda _: None)
    form.start()
    assert "cannot make a run" in form.message.object


@pytest.mark.parametrize("name", ["demo", "era", "rhn-small"])
@pytest.mark.parametrize("method", list(METHODS))
def test_every_method_can_be_started_from_every_preset(form: StartForm, name: str, method: str) -> None:
    form.preset.value = name
    form.method.value = method
    assert form.check()
    config = preset(name, **form.values)
    assert (config.sparsity.method, config.data.corpus) == (method, preset(name).data.corpus)
    assert form.method.helper_text == METHODS[method].words


def test_what_a_method_fixes_cannot_be_changed_and_says_why(form: StartForm) -> None:
    form.preset.value = "era"
    form.method.value = TITLES["Dense"]
    assert form.initialization.disabled
    assert "Every weight of Dense is active" in form.why_first.object
    assert form.fields["sparsity.density"].disabled
    assert form.fields["sparsity.density"].helper_text == "Every weight of Dense is active"
    assert form.fields["sparsity.prune_rate"].disabled
    assert not any(axis.visible for axis in form.axes.values())
    assert "Prune, Regrow, Redistribution" in form.reasons.object
    fixed = {"sparsity.initialization": "uniform", "sparsity.epsilon": "0", "sparsity.granularity": "matrix"}
    assert form.values.items() >= fixed.items()
    form.method.value = "st-rnn"
    assert not form.initialization.disabled
    assert form.why_first.object == form.reasons.object == ""
    assert all(axis.visible for axis in form.axes.values())
    assert form.values["sparsity.epsilon"] == "10"  # what was there before comes back


def test_what_the_method_says_is_said(form: StartForm) -> None:
    form.method.value = "rigl"
    regrow, budget = form.axes["sparsity.regrow"], form.axes["sparsity.granularity"]
    assert (regrow.value, regrow.helper_text) == ("auto", "RigL: largest gradient")
    regrow.value = "momentum"
    assert regrow.helper_text == ""
    assert "as the method says" not in budget.options  # a gate or a matrix is not the method's to say
    assert form.values["sparsity.regrow"] == "momentum"


def test_epsilon_decides_the_density_of_erdos_renyi_alone(form: StartForm) -> None:
    form.preset.value = "era"
    density, epsilon = form.fields["sparsity.density"], form.more["sparsity.epsilon"]
    assert density.disabled
    assert density.helper_text == "ε = 10 decides it (see Advanced)"
    epsilon.value = "0"
    assert not density.disabled
    epsilon.value = "10"
    form.initialization.value = "uniform"
    assert not density.disabled
    assert not epsilon.visible
    assert form.values["sparsity.epsilon"] == "0"
    assert form.check()


def test_a_wrong_value_in_the_fold_opens_it(form: StartForm) -> None:
    assert form.fold.active == []
    form.more["sparsity.update_every"].value = "-1"
    assert form.more["sparsity.update_every"].error_state
    assert form.fold.active == [0]


def test_a_combination_the_form_cannot_attribute_is_told_at_the_button(
    form: StartForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("strnn_viz.dashboard.start.check_values", lambda *_: {"": "these two do not go together"})
    form.button.clicks += 1
    assert "these two do not go together" in form.message.object
    assert 'class="error"' in form.message.object
    assert not (form._launcher.folder).exists()


def test_a_preset_whose_text_is_not_here_is_marked_and_refused(
    form: StartForm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)
    form.preset.value = "imdb"
    assert "strnn-viz data imdb says how to get it" in form.preset.helper_text
    form.button.clicks += 1
    assert "Not started: the corpus" in form.message.object
    assert "strnn-viz data get imdb" in form.message.object
    assert not form._launcher.folder.exists()


def test_what_the_form_says_reaches_the_trainer(start: Start) -> None:
    opened: list[str] = []
    form = StartForm(start("--delay", "0.3"), opened.append)
    form.preset.value = "era"
    form.method.value = "rigl"
    form.axes["sparsity.schedule"].value = "linear"
    form.more["sparsity.update_every"].value = "50"
    form.more["sparsity.exclude"].value = ""
    form.fields["seed"].value = "7"
    form.button.clicks += 1
    wait_for(lambda: form.update() or opened)
    assert opened == ["era-rigl-erdos_renyi"]
    config = Run(form._launcher.folder / opened[0]).config
    assert (config.sparsity.method, config.sparsity.schedule, config.sparsity.update_every) == ("rigl", "linear", 50)
    assert (config.sparsity.exclude, config.sparsity.epsilon, config.seed) == ("", 10.0, 7)
    assert config.task == "classification"
