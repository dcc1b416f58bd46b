"""What a fork may change, what it is called, and how it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from strnn_viz.config import RunConfig, preset
from strnn_viz.errors import RunError, UsageError
from strnn_viz.rules import METHODS
from strnn_viz.runs import Parent, Run, RunWriter, forks


def made(path: Path, config: RunConfig | None = None, parent: Parent | None = None) -> Run:
    RunWriter(path, config or preset("demo", epochs=4), parent=parent).close()
    return Run(path)


def test_a_configuration_with_some_values_changed(tmp_path: Path) -> None:
    parent = made(tmp_path / "one")
    config = forks.forked_config(parent, 1, {"prune_rate": "0.2", "sparsity.method": "rigl"})
    assert forks.differences(parent.config, config) == {
        "sparsity.method": ("st-rnn", "rigl"), "sparsity.prune_rate": (0.5, 0.2),
    }  # fmt: skip
    assert forks.forked_config(parent, 1, {"hidden": parent.config.model.hidden}) == parent.config  # no change at all


def test_a_model_of_its_own_size_keeps_its_method(tmp_path: Path) -> None:
    parent = made(tmp_path / "one", preset("demo", method="small-dense"))
    with pytest.raises(UsageError, match="to rigl, and one has a model of its own size. Choose one of small-dense"):
        forks.forked_config(parent, 1, {"method": "rigl"})


@pytest.mark.parametrize("method", METHODS)
def test_methods_a_fork_may_go_on_with(method: str) -> None:
    offered = forks.methods_after(method)
    assert method in offered
    others = {name for name, rules in METHODS.items() if not rules.begins_dense and name != method}
    assert set(offered) - {method} == (set() if method == "small-dense" else others)


@pytest.mark.parametrize(
    ("epochs", "text"),
    [([], ""), ([3], "3"), ([0, 1, 2, 3, 4], "0–4"), ([0, 1, 4, 6, 7], "0–1, 4, 6–7")],
)
def test_numbers_in_a_row_are_a_span(epochs: list[int], text: str) -> None:
    assert forks.spans(epochs) == text


def test_an_epoch_without_a_checkpoint_says_which_have_one(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "one", preset("demo")) as writer:
        with pytest.raises(UsageError, match="no checkpoint of epoch 0. It has none"):
            forks.check_epoch(Run(writer.path), 0)
        for epoch in (0, 1, 2):
            writer.checkpoint(epoch, {}, {})
    forks.check_epoch(Run(writer.path), 2)
    with pytest.raises(UsageError, match="no checkpoint of epoch 3. It has those of epochs 0–2"):
        forks.check_epoch(Run(writer.path), 3)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({}, "one-e12"),
        ({"sparsity.prune_rate": 0.2}, "one-e12-prune_rate-0.2"),
        ({"lr": 1e-05, "reactivate": False}, "one-e12-lr-1e-05-reactivate-false"),
    ],
)
def test_a_name_says_what_is_changed(tmp_path: Path, changes: dict[str, object], name: str) -> None:
    assert forks.fork_name(made(tmp_path / "one"), 12, changes) == name


def test_a_long_name_is_cut_where_a_number_still_fits(tmp_path: Path) -> None:
    parent = made(tmp_path / ("x" * 99))
    assert forks.fork_name(parent, 3, {"seed": 1}) == "x" * 90


def test_a_fork_is_told_by_what_differs(tmp_path: Path) -> None:
    parent, origin = made(tmp_path / "one"), Parent("one", 2)
    again = made(tmp_path / "again", parent.config, origin)
    other = made(tmp_path / "other", forks.forked_config(parent, 2, {"prune_rate": 0.2, "seed": 7}), origin)
    assert forks.words(parent, None) == ""
    assert forks.words(again, forks.parent_run(again)) == "fork of one at epoch 2, nothing changed"
    told = "fork of one at epoch 2, seed 7 instead of 1, prune_rate 0.2 instead of 0.5"
    assert forks.words(other, forks.parent_run(other)) == told
    assert forks.words(other, None) == "fork of one at epoch 2"
    assert forks.parent_path(other) == parent.path
    (parent.path / "run.json").unlink()
    assert forks.parent_run(other) is None


@pytest.mark.parametrize("name", ["../outside", "..", "/etc", "me"])
def test_no_parent_leads_out_of_the_directory_or_to_the_run_itself(tmp_path: Path, name: str) -> None:
    made(tmp_path / "outside")
    assert forks.parent_path(made(tmp_path / "runs" / "me", parent=Parent(name, 1))) is None


def test_a_parent_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    parent = made(tmp_path / "one")
    run = made(tmp_path / "me", parent=Parent("one", 1))
    (parent.path / "run.json").write_text("{")
    assert forks.parent_run(run) is None


def test_a_run_without_a_configuration_cannot_be_forked(tmp_path: Path) -> None:
    RunWriter(tmp_path / "theirs", None).close()
    with pytest.raises(RunError, match="theirs was recorded elsewhere"):
        forks.forked_config(Run(tmp_path / "theirs"), 1, {})
