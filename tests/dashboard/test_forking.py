from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.forking import REWIND, ForkForm
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.runs import Parent, Run, RunWriter, files
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run, snapshots

Start = Callable[..., Launcher]


def record(path: Path, kept: tuple[int, ...] = (0, 1, 2, 3, 4), **changes: object) -> Run:
    """A finished run of four epochs, with the checkpoints of some."""
    with RunWriter(path, preset("demo", epochs=4, **changes)) as writer:
        for snapshot in snapshots(epochs=4, hidden=8):
            writer.append(snapshot)
            if snapshot.epoch in kept:
                writer.checkpoint(snapshot.epoch, {}, {})
    return Run(path)


def show(form: ForkForm, name: str, epoch: int, *, unfolded: bool = True) -> None:
    """Let the page show an epoch of a run, and the form hear of it and be unfolded where it can be."""
    state = form._hub.state(name)
    form._cursor.run, form._cursor.epochs, form._cursor.epoch = name, state.epochs, epoch
    form.update(state, [])
    if unfolded and not form.form.visible and not form.unfold.disabled:
        form.unfold.clicks += 1


def made(folder: Path, launcher: Launcher | None = None, opened: Callable[[str], None] = lambda _: None) -> ForkForm:
    ticks = iter(range(1_000_000))
    hub = RunHub(folder, clock=lambda: 10.0 * next(ticks))
    return ForkForm(hub, launcher or Launcher(folder), Cursor(), opened)


@pytest.fixture
def form(tmp_path: Path) -> ForkForm:
    record(tmp_path / "one")
    form = made(tmp_path)
    show(form, "one", 2)
    return form


def texts(form: ForkForm) -> dict[str, str]:
    return {key: field.value for key, field in form.fields.items()}


def test_the_form_begins_with_what_the_run_has_at_that_epoch(form: ForkForm) -> None:
    assert texts(form) == {
        "sparsity.prune_rate": "0.5", "sparsity.density": "0.2", "sparsity.method": "st-rnn",
        "sparsity.regrow": "auto", "optimizer.lr": "2", "seed": "1",
    }  # fmt: skip
    assert form.unfold.label == "Fork from epoch 2"
    assert not form.unfold.disabled
    assert form.changes == {}
    assert form.note.object == f'<p class="muted">{REWIND}</p>'
    rate = form._hub.run("one").rows[2]["prune_rate"]
    assert form.fields["sparsity.prune_rate"].helper_text == f"share replaced at first; at epoch 2 {rate:.1%}"
    assert form.fields["optimizer.lr"].helper_text == "that of epoch 2"


def test_the_form_is_unfolded_and_folded(form: ForkForm) -> None:
    assert form.form.visible
    form.unfold.clicks += 1
    assert not form.form.visible
    form.unfold.clicks += 1
    assert form.form.visible


def test_a_folded_form_is_left_as_it_is_until_it_is_unfolded(tmp_path: Path) -> None:
    record(tmp_path / "one")
    form, filled = made(tmp_path), []
    form.fields["seed"].param.watch(filled.append, "value")
    for epoch in (0, 1, 2):
        show(form, "one", epoch, unfolded=False)
        assert form.unfold.label == f"Fork from epoch {epoch}"
    assert filled == []
    assert form.changes == {}
    form.unfold.clicks += 1
    assert texts(form)["seed"] == "1"
    assert form.fields["optimizer.lr"].helper_text == "that of epoch 2"


def test_the_learning_rate_is_the_one_reached_and_follows_the_cursor(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "one", preset("demo", epochs=4)) as writer:
        for snapshot in snapshots(epochs=3, hidden=4):
            writer.append(replace(snapshot, metrics=snapshot.metrics | {"lr": 2.0 / 1.33**snapshot.epoch}))
            writer.checkpoint(snapshot.epoch, {}, {})
    form = made(tmp_path)
    show(form, "one", 1)
    form.fields["seed"].value = "5"
    assert form.fields["optimizer.lr"].value == "1.50376"
    show(form, "one", 2)
    assert form.fields["optimizer.lr"].value == "1.13065"
    assert form.changes == {"seed": "5"}  # what was typed stays
    form.fields["optimizer.lr"].value = "2"
    assert form.changes == {"seed": "5", "optimizer.lr": "2"}  # though the run began with it
    show(form, "one", 3)
    assert form.fields["optimizer.lr"].value == "2"


def test_only_what_was_changed_is_passed(form: ForkForm) -> None:
    form.fields["sparsity.prune_rate"].value = "0.50"
    form.fields["sparsity.density"].value = "0.1"
    form.fields["sparsity.method"].value = "rigl"
    assert form.changes == {"sparsity.density": "0.1", "sparsity.method": "rigl"}
    assert "Changed: density 0.1, RigL." in form.note.object
    assert form.fields["sparsity.regrow"].helper_text == "RigL: largest gradient"


@pytest.mark.parametrize(
    ("key", "text", "said"),
    [
        ("sparsity.density", "1.5", "must be above 0 and at most 1"),
        ("sparsity.prune_rate", "often", "not a number"),
        ("optimizer.lr", "0", "must be above 0"),
        ("seed", "1.5", "not a whole number"),
    ],
)
def test_a_value_out_of_range_is_told_beside_its_field(form: ForkForm, key: str, text: str, said: str) -> None:
    form.fields[key].value = text
    assert said in form.fields[key].helper_text
    assert [field.error_state for field in form.fields.values()].count(True) == 1
    form.button.clicks += 1
    assert "Not started" in form.message.object
    assert [path.name for path in form._hub.folder.iterdir()] == ["one"]
    form.fields[key].value = form._given[key]
    assert not form.fields[key].error_state
    assert not form.message.visible


def test_only_methods_that_need_no_dense_beginning_are_offered(tmp_path: Path) -> None:
    record(tmp_path / "gmp", method="gmp")
    record(tmp_path / "one")
    form = made(tmp_path)
    show(form, "gmp", 1)
    assert form.fields["sparsity.method"].options["GMP"] == "gmp"
    assert form.fields["sparsity.regrow"].disabled
    assert form.fields["sparsity.prune_rate"].helper_text == "GMP prunes until its density is reached"
    show(form, "one", 1)
    assert not {"gmp", "iss", "dense", "small-dense"} & set(form.fields["sparsity.method"].options.values())
    assert not form.fields["sparsity.regrow"].disabled


def test_another_method_is_left_what_it_leaves_no_choice_of(tmp_path: Path) -> None:
    record(tmp_path / "one", regrow="gradient", schedule="linear")
    form = made(tmp_path)
    show(form, "one", 1)
    form.fields["sparsity.method"].value = "deepr"
    assert form.changes == {"sparsity.method": "deepr", "sparsity.regrow": "auto", "sparsity.schedule": "auto"}
    assert form.check()
    form.fields["sparsity.method"].value = "st-rnn"
    assert form.changes == {}


def test_a_typed_density_takes_the_place_of_epsilon(tmp_path: Path) -> None:
    record(tmp_path / "one", initialization="erdos_renyi", epsilon=10.0, density=0.5)
    form = made(tmp_path)
    show(form, "one", 1)
    assert form.fields["sparsity.density"].value == "0.2"  # what the run has; 0.5 decides nothing
    form.fields["sparsity.density"].value = "0.1"
    assert form.changes == {"sparsity.density": "0.1", "sparsity.epsilon": "0"}
    assert form.check()


def test_an_epoch_without_a_checkpoint_says_which_have_one(tmp_path: Path) -> None:
    record(tmp_path / "one", kept=(0, 1, 3))
    form = made(tmp_path)
    show(form, "one", 2)
    assert form.unfold.disabled
    assert "Epoch 2 has no checkpoint. Show one that has: 0–1, 3." in form.why.object
    show(form, "one", 3)
    assert not form.unfold.disabled
    assert not form.why.visible
    form.unfold.clicks += 1
    show(form, "one", 4)
    assert "Epoch 4 is the last. To go on from an earlier one, show it: 0–1, 3." in form.why.object
    assert not form.form.visible
    assert not form.message.visible  # said once


@pytest.mark.parametrize("config", [True, False])
def test_a_run_without_any_checkpoint_or_configuration_says_so(tmp_path: Path, config: bool) -> None:
    if config:
        make_run(tmp_path / "one", preset("demo", epochs=2), epochs=2, hidden=4)
    else:
        with RunWriter(tmp_path / "one", None) as writer:
            writer.append(next(snapshots(epochs=1, hidden=4)))
    form = made(tmp_path)
    show(form, "one", 0)
    assert form.unfold.disabled
    assert ("has no checkpoint to go on from" if config else "recorded elsewhere") in form.why.object


def test_without_a_run_there_is_nothing_to_fork(form: ForkForm) -> None:
    form.unfold.clicks += 1
    form.update(None, [])
    assert form.unfold.disabled
    assert not form.form.visible
    form.start()
    assert not form.message.visible


def test_a_checkpoint_that_arrives_after_its_epoch_is_seen(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "live", preset("demo", epochs=4)) as writer:
        writer.append(next(snapshots(epochs=4, hidden=4)))
        form = made(tmp_path)
        show(form, "live", 0)
        assert form.unfold.disabled
        assert "No checkpoint is saved yet" in form.why.object
        writer.checkpoint(0, {}, {})
        show(form, "live", 0)
        assert not form.unfold.disabled


def test_a_fork_is_a_process_of_its_own_and_is_opened(start: Start) -> None:
    opened: list[str] = []
    launcher = start("--delay", "0.1", "--hidden", "8")
    record(launcher.folder / "one")
    form = made(launcher.folder, launcher, opened.append)
    show(form, "one", 2)
    form.unfold.clicks += 1
    form.fields["sparsity.prune_rate"].value = "0.2"
    form.button.clicks += 1
    name = "one-e2-prune_rate-0.2"
    assert f"Starting {name}" in form.message.object
    assert form.button.disabled
    wait_for(lambda: form.tell() or opened)
    assert opened == [name]
    assert f"Started {name}." in form.message.object
    assert not form.form.visible
    run = Run(launcher.folder / name)
    assert run.parent == Parent("one", 2)
    assert run.config == form._hub.run("one").config.replace({"prune_rate": 0.2})
    show(form, name, 2)
    assert f"Started {name}." in form.message.object
    show(form, "one", 2)
    assert not form.message.visible
    assert form.changes == {}


def test_a_fork_that_fails_is_told(start: Start) -> None:
    launcher = start("--fail", "early")
    record(launcher.folder / "one")
    form = made(launcher.folder, launcher)
    show(form, "one", 2)
    form.start()
    wait_for(lambda: form.tell() or "exit code 3" in form.message.object)
    assert 'class="error"' in form.message.object
    assert not form.button.disabled


def test_a_checkpoint_that_is_gone_by_then_is_told(form: ForkForm) -> None:
    files.epoch_file(form._hub.folder / "one" / files.CHECKPOINTS, 2).unlink()
    form.start()
    assert "one has no checkpoint of epoch 2. It has those of epochs 0–1, 3–4." in form.message.object


def test_where_runs_part_is_told_in_words(form: ForkForm) -> None:
    form.update(form._hub.state("one"), ["Fork of <b> at epoch 3."])
    assert form.family.object == '<p class="">Fork of &lt;b&gt; at epoch 3.</p>'
