"""The explorer's benchmark without its browser: what it records, who its viewers are, and how it is told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from strnn_viz.bench import crowd, scrub
from strnn_viz.bench.explorer import table
from strnn_viz.bench.recorded import record
from strnn_viz.cli import main
from strnn_viz.config import preset
from strnn_viz.errors import UsageError
from strnn_viz.runs import Run, RunWriter
from tests.synthetic import snapshots

RESULT = {
    "machine": {"processor": "x", "cores": 2, "load": 0.5, "python": "3.11"},
    "scrub": {
        "recorded": {"what": "recorded", "median": 30.2, "p95": 71.0, "floor_median": 25.0, "floor_p95": 31.0,
                     "moves": 60, "lost": 1},
    },
    "viewers": {"viewers": 20, "alone": [5.0, 5.2, 4.9], "watched": [5.1, 5.3, 5.0], "slowdown": 0.02,
                "server_share": 0.12},
    "sessions": {"visits": 200, "documents": 0, "watchers": 0, "blocks": -31, "grown": 4_200_000},
}  # fmt: skip


def test_a_recorded_run_keeps_its_budget_and_rewires(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    run = record(tmp_path / "one", 40, 3, 0.1, lambda done, total: told.append((done, total)))
    assert run.epochs == [0, 1, 2, 3]
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
    layers = [run.layer(epoch, "lstm.0.weight_hh") for epoch in run.epochs]
    assert [layer.nnz for layer in layers] == [640] * 4
    assert [layer.churn.born for layer in layers] == [0, 192, 192, 192]


def test_what_is_left_is_what_there_was_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record(tmp_path / "runs" / "one", 8, 1)
    before = {"documents": 1, "watchers": 7, "blocks": 1000, "bytes": 100}
    left = iter([before, {"documents": 1, "watchers": 9, "blocks": 1020, "bytes": 350}])
    visits: list[int] = []
    monkeypatch.setattr(crowd, "_left", lambda: next(left))
    monkeypatch.setattr(crowd, "_visit", lambda url, count: visits.append(count))
    found = crowd.visited(tmp_path / "runs", visits=4, warm=2)
    assert visits == [2, 4]
    assert found == {"visits": 4, "documents": 0, "watchers": 2, "blocks": 20, "grown": 250}


@pytest.mark.slow
def test_epochs_are_timed_with_viewers_and_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An epoch is recorded whenever the benchmark waits for one."""
    steps = snapshots(epochs=40, hidden=4)
    with RunWriter(tmp_path / "runs" / "live", preset("demo")) as writer:
        monkeypatch.setattr(crowd, "_boundary", lambda _: writer.append(next(steps)))
        found = crowd.watched(Run(writer.path), viewers=2, pairs=2)
    assert (len(found["alone"]), len(found["watched"]), found["viewers"]) == (2, 2, 2)
    medians = [sum(found[kind]) / 2 for kind in ("watched", "alone")]
    assert found["slowdown"] == pytest.approx(medians[0] / medians[1] - 1)
    assert Run(writer.path).epochs == list(range(8))


def test_every_number_stands_beside_its_goal() -> None:
    text = table(json.loads(json.dumps(RESULT)))
    assert "recorded                                             30       71     1" in text
    assert "20 viewers of a training on one thread: 5.10 s an epoch, 5.00 s without them (+2.0%; goal" in text
    assert "12% of a core" in text
    assert "0 documents and 0 watchers left (goal 0 and 0), -31 of Python's memory blocks in use, 4.2 MB" in text


def test_without_playwright_or_chromium_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrub.shutil, "which", lambda _: None)
    with pytest.raises(UsageError, match="none is found"), scrub.browser():
        pass
    monkeypatch.setitem(sys.modules, "playwright.sync_api", None)
    result = CliRunner().invoke(main, ["bench", "explorer"])
    assert result.exit_code == 2
    assert "pip install playwright" in result.stderr.replace("\n", " ")


def test_other_benchmarks_are_never_quick() -> None:
    result = CliRunner().invoke(main, ["bench", "topology", "--quick"])
    assert result.exit_code == 2
    assert "--quick is for the explorer" in result.stderr.replace("\n", " ")
