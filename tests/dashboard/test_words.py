import math
import re

import pytest

from strnn_viz.dashboard.hub import RunState
from strnn_viz.dashboard.words import count, duration, follow_line, status_detail, status_html, status_line, steer_hint
from strnn_viz.runs import Progress


def state(status: str = "training", epochs: int = 13, **changes: object) -> RunState:
    known = {"name": "r", "status": status, "epochs": tuple(range(epochs)), "total": 30, "seconds": 4.8}
    unknown = {"message": "", "progress": None, "problems": (), "version": ()}
    return RunState(**(known | unknown | changes))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0.0 s"), (4.82, "4.8 s"), (9.96, "10 s"), (52.4, "52 s"), (60, "1 min"), (86.4, "1 min 26 s"),
        (119.7, "2 min"), (3599.6, "1 h"), (7500, "2 h 5 min"), (90_000, "1 d 1 h"),
        (math.nan, ""), (-1, ""), (math.inf, ""),
    ],
)  # fmt: skip
def test_a_duration_reads_at_a_glance(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_numbers_agree_with_their_nouns() -> None:
    assert count(1, "epoch") == "1 epoch"
    assert count(1203, "epoch") == "1,203 epochs"


def test_a_training_run_says_how_far_it_is_and_how_long_it_takes() -> None:
    assert status_line(state()) == "training · epoch 12 of 30 · 4.8 s each · 1 min 26 s left"


@pytest.mark.parametrize(
    ("status", "epochs", "line"),
    [
        ("training", 0, "training · no epoch yet · 4.8 s each · 2 min 24 s left"),
        ("paused", 13, "paused · epoch 12 of 30 · 4.8 s each"),
        ("stopped", 13, "stopped · epoch 12 of 30 · 4.8 s each"),
        ("interrupted", 0, "interrupted · no epoch was recorded · 4.8 s each"),
        ("finished", 31, "finished · 30 epochs · 4.8 s each"),
    ],
)
def test_other_runs_say_where_they_stand(status: str, epochs: int, line: str) -> None:
    assert status_line(state(status, epochs)) == line


def test_what_the_trainer_expects_counts_until_an_epoch_was_measured() -> None:
    told = Progress(1, 30, 50, 200, epoch_seconds=100.0, remaining_seconds=2950.0)
    line = status_line(state(epochs=1, seconds=math.nan, progress=told))
    assert line == "training · epoch 0 of 30 · 25% of epoch 1 · 1 min 40 s each · 49 min 10 s left"


def test_a_quick_epoch_needs_no_progress_of_its_own() -> None:
    told = Progress(13, 30, 50, 200, epoch_seconds=4.8, remaining_seconds=80.0)
    assert status_line(state(progress=told)) == "training · epoch 12 of 30 · 4.8 s each · 1 min 20 s left"


def test_a_failure_says_why_and_what_to_do() -> None:
    assert "the loss is nan" in status_detail(state("failed", message="the loss is nan"))
    assert "Resume" in status_detail(state("failed", message="the loss is nan"))
    assert "Resume" in status_detail(state("interrupted"))
    assert status_detail(state("training")) == ""


@pytest.mark.parametrize(
    ("epoch", "newest", "live", "follow", "line"),
    [
        (None, None, True, True, "no epoch yet"),
        (5, 5, True, True, "following live"),
        (4, 5, True, False, "behind by 1 epoch"),
        (2, 5, True, False, "behind by 3 epochs"),
        (5, 5, True, False, "at the newest epoch"),
        (5, 5, False, True, "at the last epoch"),
        (4, 4, False, True, "at the newest recorded"),
        (3, 5, False, False, "behind by 2 epochs"),
    ],
)
def test_standing_against_the_newest_epoch(
    epoch: int | None, newest: int | None, live: bool, follow: bool, line: str
) -> None:
    assert follow_line(epoch, newest, live=live, follow=follow, total=5) == line


def test_each_status_says_what_can_be_done() -> None:
    assert "no run" in steer_hint(None)
    assert "Resume" in steer_hint(state("stopped"))
    assert steer_hint(state("training")) == ""


def test_the_header_leaves_out_first_what_can_be_spared() -> None:
    html = status_html(state())
    assert '<span class="training">●</span> training · epoch 12 of 30<span class="spare"> · 4.8 s each</span>' in html
    assert '<span class="late"> · 1 min 26 s left</span>' in html
    assert f'title="{status_line(state())}"' in html
    assert re.sub(r"<[^>]+>", "", html) == f"● {status_line(state())}"
