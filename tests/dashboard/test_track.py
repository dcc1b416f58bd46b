import re
from pathlib import Path

import pytest

from strnn_viz.config import preset
from strnn_viz.dashboard.track import Course, Lane, Span, course_of, lanes_html, rows_of, thinned, track_end, track_svg
from tests.synthetic import make_run


def ticks(course: Course, span: Span) -> list[float]:
    return [float(x) for x in re.findall(r"M([\d.]+) 37v4", track_svg(course, span))]


@pytest.mark.parametrize(
    ("newest", "total", "end"),
    [(0, 30, 30), (12, 30, 30), (30, 30, 30), (0, 1, 1), (0, 0, 1), (3, 100_000, 60), (55, 100_000, 120),
     (850, 1000, 960), (999, 1000, 1000), (12, 8, 12)],
)  # fmt: skip
def test_the_track_of_a_long_run_grows_by_doubling(newest: int, total: int, end: int) -> None:
    assert track_end(newest, total) == end


def test_the_track_shows_the_curve_and_what_is_to_come() -> None:
    svg = track_svg(Course([(0, 1000.0), (1, 100.0), (2, float("nan")), (3, 10.0)]), Span(0, 3, 6))
    points = re.search('points="([^"]+)"', svg)[1].split()
    assert points == ["0.000,3.00", "16.667,12.00", "50.000,21.00"]  # log scale: a tenth is always as far
    assert 'class="ahead" x1="50.000"' in svg
    assert "v4" not in svg  # nothing was rewired


def test_the_track_of_an_accuracy_is_linear() -> None:
    svg = track_svg(Course([(0, 0.0), (1, 0.3), (2, 0.6)], log=False), Span(0, 2, 2))
    assert re.search('points="([^"]+)"', svg)[1].split() == ["0.000,21.00", "50.000,12.00", "100.000,3.00"]


def test_a_track_without_anything_is_still_a_track() -> None:
    assert "<svg" in track_svg(Course(), Span(0, 0, 1))
    assert "ahead" not in track_svg(Course([(0, 5.0), (1, 5.0)]), Span(0, 1, 1))


def test_ticks_stand_after_the_epochs_that_were_rewired_and_nowhere_else(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", preset("demo", epochs=5), epochs=5, hidden=4)
    course = course_of(run, "valid_perplexity")
    assert course.rewired == [1, 2, 3, 4]  # not after the first evaluation, nor after the last epoch
    assert ticks(course, Span(0, 5, 10)) == [10, 20, 30, 40]
    assert course_of(run, "valid_perplexity", [0, 2, 5]).rewired == [2]
    static = make_run(tmp_path / "static", preset("demo", epochs=5), epochs=5, hidden=4, rate=0.0)
    assert "v4" not in track_svg(course_of(static, "valid_perplexity"), Span(0, 5, 5))


def test_ticks_of_a_long_run_are_fewer_and_reach_as_far() -> None:
    span = Span(0, 1500, 1500)
    marked = thinned(range(1, 1200), span)
    assert len(marked) <= 120
    assert (marked[0], marked[1] - marked[0]) == (1, 13)
    assert marked[-1] >= 1187
    assert set(thinned(range(1, 1300), Span(0, 1300, 1500))) >= set(marked)  # none moves as the run goes on
    assert thinned(range(5, 1500, 50), span) == list(range(5, 1500, 50))


def test_lanes_never_lie_over_each_other_nor_where_another_leaves() -> None:
    span = Span(0, 30, 30)
    lanes = [Lane("a", 2, 30), Lane("b", 5, 9), Lane("c", 12, 30), Lane("d", 12, 20), Lane("e", 40, 50)]
    shown, left_out = rows_of(lanes, span)
    rows = {lane.name: row for row, lane in shown}
    assert left_out == []
    assert rows == {"c": 0, "d": 1, "b": 0, "a": 2}
    for row, lane in shown:
        for other_row, other in shown:
            if lane is not other and lane.start <= other.start <= lane.end:
                assert row != other_row
                assert lane.start == other.start or other_row < row  # where the other leaves it meets no lane


def test_forks_beyond_the_room_are_counted_and_named() -> None:
    lanes = [Lane(f"<f{i}>", 3, 20) for i in range(9)]
    html, room = lanes_html(None, lanes, Span(0, 30, 30))
    assert room == 24
    assert html.count("<a ") == 4
    assert "+5<i> more forks: &lt;f4&gt;, &lt;f5&gt;" in html


def test_a_lane_runs_from_where_it_leaves_to_where_it_is_recorded_and_leads_there() -> None:
    html, room = lanes_html(None, [Lane("one & two", 6, 21, "prune rate 0.2", look=1)], Span(0, 30, 30))
    assert room == 12
    assert "left:20.000%;width:50.000%" in html
    assert 'href="./explorer?run=one+%26+two&amp;epoch=6"' in html
    told = "one &amp; two branches off at epoch 6: prune rate 0.2; recorded to epoch 21"
    assert f'title="{told}" aria-label="{told}"' in html
    young = lanes_html(None, [Lane("young", 30, 30)], Span(0, 30, 30))[0]
    assert "no epoch of its own yet" in young
    assert 'href="./explorer?run=young"' in young  # the epoch may not be there
    assert "left:98.500%;width:1.500%" in young  # not beyond the end of the track


def test_where_a_fork_came_from_arrives_at_the_track() -> None:
    html, room = lanes_html(Lane("parent", 4, 4, "seed 2"), [], Span(4, 30, 30))
    assert room == 12
    assert "Fork of parent at epoch 4: seed 2" in html
    assert 'href="./explorer?run=parent&amp;epoch=4"' in html
    gone = lanes_html(Lane("parent", 4, 4), [], Span(4, 30, 30), linked=False)[0]
    assert "<a " not in gone
    assert 'role="img"' in gone
    assert lanes_html(Lane("parent", 4, 4), [], Span(5, 30, 30)) == ("", 0)
