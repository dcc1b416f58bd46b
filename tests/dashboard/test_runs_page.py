from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard import runs_page
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.runs_page import RunsPage
from strnn_viz.runs import RunWriter, files
from strnn_viz.runs.run import Parent
from tests.dashboard.conftest import Ticking, wait_for
from tests.synthetic import make_run


def opened(folder: Path, launcher: Launcher | None = None) -> RunsPage:
    page = RunsPage(RunHub(folder, clock=Ticking()), launcher or Launcher(folder))
    page.view()
    return page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that no test changes, one a fork."""
    path = tmp_path_factory.mktemp("runs")
    make_run(path / "a", preset("demo", epochs=3), epochs=3, hidden=8)
    make_run(path / "b", preset("demo", method="rigl", epochs=3), epochs=3, hidden=8)
    with RunWriter(path / "a-e1", preset("demo", epochs=3, prune_rate=0.2), parent=Parent("a", 1)):
        pass
    return path


def test_every_run_is_told_with_its_picture_and_its_course(folder: Path) -> None:
    page = opened(folder)
    assert sorted(page.rows) == ["a", "a-e1", "b"]
    row = page.rows["a"]
    assert "data:image/png;base64," in row.picture.object
    assert "<polyline" in row.course.object
    assert "finished · 3 epochs" in row.standing.object
    assert "fork of a at epoch 1: prune rate 0.2" in page.rows["a-e1"].title.object
    assert page.told.object == "3 runs, newest first"


def test_all_words_of_the_filter_must_be_there(folder: Path) -> None:
    page = opened(folder)
    page.filter.value_input = "RigL demo"
    assert page.told.object == "No run matches “RigL demo”."
    page.filter.value_input = "state rigl"
    assert list(page.rows) == ["b"]
    assert page.told.object == "1 of 3 runs"
    page.filter.value_input = "fork"
    assert list(page.rows) == ["a-e1"]
    page.filter.value_input = "<b>"
    assert page.told.object == "No run matches “&lt;b&gt;”."


def test_ticked_runs_are_compared_in_the_order_they_were_ticked(folder: Path) -> None:
    page = opened(folder)
    assert "Tick runs" in page.compare.object
    page.rows["b"].box.value = True
    assert "Tick another run to compare b with" in page.compare.object
    page.filter.value_input = "a"
    page.rows["a"].box.value = True
    assert '<a href="./compare?runs=b,a">Compare 2 runs</a>' in page.compare.object
    page.filter.value_input = "rigl"
    assert page.rows["b"].box.value
    page.untick.clicks += 1
    assert not page.rows["b"].box.value
    page.filter.value_input = ""
    assert not any(row.box.value for row in page.rows.values())
    assert not page.untick.visible


def test_a_new_epoch_and_a_new_run_leave_ticks_and_rows_as_they_are(
    growing: tuple[RunWriter, Iterator], tmp_path: Path
) -> None:
    writer, steps = growing
    page = opened(tmp_path / "runs")
    row = page.rows["live"]
    row.box.value = True
    assert "img" not in row.picture.object
    for told in ("no epoch yet", "epoch 0 of 6", "epoch 1 of 6"):
        assert f"training · {told}" in row.standing.object
        writer.append(next(steps))
        page._look()
    before = row.picture.object
    assert "img" in before
    make_run(tmp_path / "runs" / "other", preset("demo", epochs=1), epochs=1, hidden=4)
    page._look()
    assert sorted(page.rows) == ["live", "other"]
    assert page.rows["live"] is row
    assert row.view in page.list.objects
    assert row.box.value
    assert row.picture.object == before


def test_many_runs_are_turned_over_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_page, "PER_PAGE", 2)
    for i in range(5):
        make_run(tmp_path / f"run-{i}", preset("demo", epochs=1), epochs=1, hidden=4)
    page = opened(tmp_path)
    assert (page.pages.count, page.pages.visible, len(page.rows)) == (3, True, 2)
    first = list(page.rows)
    page.pages.value = 2
    assert len(page.rows) == 1
    assert not set(page.rows) & set(first)
    page.filter.value_input = "run"
    assert (page.pages.value, list(page.rows)) == (0, first)


def test_reading_waits_for_the_next_look_once_it_took_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs_page, "READ_SECONDS", -1.0)
    page = opened(folder)
    assert [row.state for row in page.rows.values()] == [None, None, None]
    assert "<h2>" in page.rows["a"].title.object
    monkeypatch.setattr(runs_page, "READ_SECONDS", 60.0)
    page._look()
    assert None not in [row.state for row in page.rows.values()]


def test_what_cannot_be_read_is_told_and_ends_there(tmp_path: Path) -> None:
    make_run(tmp_path / "fine", preset("demo", epochs=1), epochs=1, hidden=4)
    make_run(tmp_path / "torn", preset("demo", epochs=1), epochs=1, hidden=4)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / files.RUN).write_text("{<b>")
    snapshot = tmp_path / "torn" / files.SNAPSHOTS / "000001.safetensors"
    page = opened(tmp_path)
    assert "other" in page.problems.object
    assert "<b>" not in page.problems.object
    assert snapshot.exists()
    (tmp_path / "torn" / files.RUN).write_text("{")
    page._look()
    assert list(page.rows) == ["fine"]
    assert "torn" in page.problems.object


def test_without_a_run_one_can_be_started(start: Callable[..., Launcher], tmp_path: Path) -> None:
    page = opened(tmp_path / "runs", start("--delay", "0.02"))
    assert page.start.visible
    assert "strnn-viz train demo --runs" in page.welcome.object
    page.start.clicks += 1

    def begun() -> bool:
        page._look()
        return list(page.rows) == ["demo-uniform"]

    wait_for(begun)
    assert not page.start.visible
    assert page.welcome.object == ""
