from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.hub import SCAN_EVERY, RunHub, nbytes
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Progress, Run, RunWriter, files
from strnn_viz.runs.control import write_progress
from tests.dashboard.conftest import Clock, Ticking
from tests.synthetic import make_run, snapshots


def test_runs_are_known_by_name_newest_first(folder: Path, hub: RunHub) -> None:
    assert sorted(hub.names()) == ["first", "second"]
    assert hub.run("first").path == folder / "first"
    assert hub.run("first") is hub.run("first")


@pytest.mark.parametrize("name", ["third", "", ".", "..", "../first", "/etc", "first/../second"])
def test_no_name_leads_out_of_the_directory(hub: RunHub, name: str) -> None:
    with pytest.raises(UsageError, match="there is no run"):
        hub.run(name)


def test_a_directory_that_is_not_there_yet_has_no_runs(tmp_path: Path) -> None:
    hub = RunHub(tmp_path / "later")
    assert hub.names() == []
    assert hub.problems() == {}


def test_what_cannot_be_read_is_named_and_the_rest_is_shown(tmp_path: Path) -> None:
    make_run(tmp_path / "good", epochs=1, hidden=4)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "run.json").write_text('{"format": 1')
    (tmp_path / "other").mkdir()
    hub = RunHub(tmp_path)
    assert hub.names() == ["good"]
    assert list(hub.problems()) == ["bad"]
    assert "bad" in hub.problems()["bad"]


def test_the_directory_is_looked_at_once_a_second(tmp_path: Path) -> None:
    clock = Clock()
    hub = RunHub(tmp_path, clock=clock)
    assert hub.names() == []
    make_run(tmp_path / "new", epochs=1, hidden=4)
    assert hub.names() == []
    assert hub.names(now=True) == ["new"]
    make_run(tmp_path / "newer", epochs=1, hidden=4)
    clock.now += SCAN_EVERY
    assert sorted(hub.names()) == ["new", "newer"]


def test_a_run_that_is_deleted_is_gone(tmp_path: Path) -> None:
    clock = Clock()
    run = make_run(tmp_path / "short-lived", epochs=1, hidden=4)
    hub = RunHub(tmp_path, clock=clock)
    hub.derived(("short-lived", "view"), lambda: np.zeros(100))
    assert hub.state("short-lived").status == "finished"
    (run.path / "run.json").unlink()
    clock.now += 10
    with pytest.raises(RunError):
        hub.state("short-lived")
    assert hub.names(now=True) == []
    assert hub.derived(("short-lived", "view"), lambda: "computed anew") == "computed anew"


def test_a_state_says_all_that_is_known(hub: RunHub) -> None:
    state = hub.state("first")
    assert (state.status, state.epochs, state.total, state.newest) == ("finished", (0, 1, 2, 3, 4, 5), 5, 5)
    assert not state.live
    assert state.seconds == pytest.approx(1.5)
    assert state.problems == ()


def test_looks_at_an_unchanged_run_compare_equal(tmp_path: Path) -> None:
    clock = Clock()
    with RunWriter(tmp_path / "run", preset("demo", epochs=4)) as writer:
        steps = snapshots(epochs=4, hidden=4)
        writer.append(next(steps))
        write_progress(writer.path, Progress(1, 4, 5, 10))
        hub = RunHub(tmp_path, clock=clock)
        first = hub.state("run")
        assert first.live
        assert first.status == "training"
        clock.now += 1
        assert hub.state("run") == first  # nan in the progress notwithstanding
        write_progress(writer.path, Progress(1, 4, 6, 10))
        assert hub.state("run") == first  # too soon to look again
        clock.now += 1
        assert hub.state("run") != first
        writer.append(next(steps))
        clock.now += 1
        assert hub.state("run").epochs == (0, 1)
        assert hub.state("run").version != first.version
    clock.now += 1
    assert hub.state("run").status == "finished"


def test_a_trainer_that_was_killed_leaves_an_interrupted_run(tmp_path: Path) -> None:
    clock = Clock()
    writer = RunWriter(tmp_path / "run", preset("demo"))
    hub = RunHub(tmp_path, clock=clock)
    assert hub.state("run").live
    writer.close()
    clock.now += 1
    assert hub.state("run").status == "interrupted"
    assert not hub.state("run").live


def test_what_is_derived_is_derived_once(hub: RunHub) -> None:
    calls = []
    values = {hub.derived(("first", "once"), lambda: calls.append(1) or len(calls)) for _ in range(3)}
    assert values == {1}
    assert calls == [1]


def test_what_is_derived_takes_no_more_memory_than_allowed(tmp_path: Path) -> None:
    hub = RunHub(tmp_path, cache_bytes=10_000)
    made = []
    for i in [0, 1, 2, 0, 3, 4, 0, 1]:
        hub.derived(("r", i), lambda i=i: made.append(i) or np.zeros(3_000, dtype=np.uint8))
    # three fit; 0 was asked for again and again, so it stayed
    assert made == [0, 1, 2, 3, 4, 1]


def test_a_size_is_that_of_the_arrays_within() -> None:
    one, other = np.zeros(1000, dtype=np.uint8), np.zeros(1000, dtype=np.uint8)
    assert 2000 <= nbytes({"a": [one], "b": (other, 1)}) < 3000
    assert nbytes({"a": [one], "b": (one, 1)}) < 2000  # the same array twice is in memory once
    assert nbytes("words") < 100


def test_a_value_that_holds_itself_has_a_size() -> None:
    value: dict[str, object] = {"array": np.zeros(1000, dtype=np.uint8)}
    value["self"] = [value]
    assert 1000 <= nbytes(value) < 2000


def test_no_one_can_watch_a_hub(hub: RunHub) -> None:
    assert not hasattr(hub, "param")


def test_a_look_at_the_directory_reads_each_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_run(tmp_path / "whole", preset("demo", epochs=1), epochs=1, hidden=4)
    RunWriter(tmp_path / "young", preset("demo", epochs=1)).close()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{")
    read: list[str] = []
    read_json = files.read_json
    monkeypatch.setattr(files, "read_json", lambda path: read.append(path.parent.name) or read_json(path))
    monkeypatch.setattr(Run, "_read_metrics", lambda self: read.append(f"metrics of {self.name}"))
    hub = RunHub(tmp_path, clock=Ticking())
    for _ in range(3):
        assert sorted(hub.names()) == ["whole", "young"]
        assert len(hub.problems()) == 1
    assert sorted(read) == ["broken", "whole", "young"]
    (tmp_path / "broken" / "run.json").write_text("{}")
    assert "does not tell “format”" in next(iter(hub.problems().values()))
