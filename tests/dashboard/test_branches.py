from pathlib import Path

import pytest

from strnn_viz.config import RunConfig, preset
from strnn_viz.dashboard.branches import Family
from strnn_viz.runs import Parent, Run, RunWriter, list_runs


def made(path: Path, parent: str = "", epoch: int = 0, **changes: object) -> Run:
    config = (Run(path.parent / parent).config if parent and (path.parent / parent).is_dir() else None) or RunConfig()
    RunWriter(path, config.replace(changes), parent=Parent(parent, epoch) if parent else None).close()
    return Run(path)


@pytest.fixture
def family(tmp_path: Path) -> Family:
    RunWriter(tmp_path / "demo", preset("demo")).close()
    runs = [Run(tmp_path / "demo")]
    runs += [
        made(tmp_path / "other"),
        made(tmp_path / "demo-e7-method-rigl", "demo", 7, method="rigl", regrow="momentum"),
        made(tmp_path / "demo-e4-prune_rate-0.2", "demo", 4, prune_rate=0.2),
        made(tmp_path / "mine", "demo-e4-prune_rate-0.2", 9),
        made(tmp_path / "demo-e4-prune_rate-0.2-e9-lr-0.5", "demo-e4-prune_rate-0.2", 9, lr=0.5),
        made(tmp_path / "orphan", "gone", 3),
    ]
    return Family(runs)


def test_forks_are_listed_under_their_parents_by_epoch(family: Family) -> None:
    assert list(family.labels.items()) == [
        ("demo", "demo"),
        ("↳ demo-e4 · prune rate 0.2", "demo-e4-prune_rate-0.2"),
        ("\u2003↳ mine · nothing changed", "mine"),
        ("\u2003↳ …-e9 · learning rate 0.5", "demo-e4-prune_rate-0.2-e9-lr-0.5"),
        ("↳ demo-e7 · RigL, regrow largest momentum", "demo-e7-method-rigl"),
        ("other", "other"),
        ("orphan", "orphan"),
    ]


def test_branches_are_told_from_both_ends(family: Family) -> None:
    assert family.words("demo") == [
        "At epoch 4 demo-e4-prune_rate-0.2 branches off: prune rate 0.2.",
        "At epoch 7 demo-e7-method-rigl branches off: RigL, regrow largest momentum.",
    ]
    assert family.words("mine") == ["Fork of demo-e4-prune_rate-0.2 at epoch 9: nothing changed."]
    assert family.words("orphan") == ["Fork of gone at epoch 3."]
    assert family.kin("mine") == ["demo-e4-prune_rate-0.2", "mine"]
    assert family.kin("orphan") == ["orphan"]
    assert family.kin("demo")[0] == "demo"
    assert set(family.kin("demo")[1:]) == {fork.name for fork in family.forks("demo")}
    assert family.words("other") == []
    assert [fork.epoch for fork in family.forks("demo")] == [4, 7]
    assert family.origin("mine").epoch == 9
    assert family.origin("demo") is None


def test_forks_that_changed_the_same_are_told_apart(tmp_path: Path) -> None:
    RunWriter(tmp_path / "demo", preset("demo")).close()
    runs = [Run(tmp_path / "demo"), *(made(tmp_path / f"demo-e1-seed-9{end}", "demo", 1, seed=9) for end in ("", "-2"))]
    labels = Family(runs).labels
    assert labels["↳ demo-e1 · seed 9"] == "demo-e1-seed-9"
    assert labels["↳ demo-e1-seed-9-2 · seed 9"] == "demo-e1-seed-9-2"


def test_a_ring_of_parents_that_a_damaged_file_makes_loses_no_run(tmp_path: Path) -> None:
    for name, parent in (("a", "b"), ("b", "a"), ("c", "c")):
        made(tmp_path / name, parent, 1)
    family = Family(list_runs(tmp_path)[0])
    assert sorted(family.labels.values()) == ["a", "b", "c"]


def test_a_run_that_cannot_be_read_any_more_stands_by_itself(tmp_path: Path) -> None:
    run = made(tmp_path / "a")
    (tmp_path / "a" / "run.json").write_text("{")
    assert Family([run]).labels == {"a": "a"}
