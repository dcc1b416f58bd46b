import pytest

from strnn_viz.dashboard.cursor import Cursor


@pytest.fixture
def cursor() -> Cursor:
    cursor = Cursor(run="r")
    cursor.see([0, 1, 2, 3])
    return cursor


def test_it_starts_at_the_newest_epoch_and_follows(cursor: Cursor) -> None:
    assert (cursor.epoch, cursor.follow, cursor.behind) == (3, True, 0)
    cursor.see([0, 1, 2, 3, 4])
    assert cursor.epoch == 4


def test_a_person_who_scrubs_is_never_pulled_back(cursor: Cursor) -> None:
    cursor.scrub(1)
    assert (cursor.epoch, cursor.follow) == (1, False)
    for newest in range(4, 9):
        cursor.see(range(newest + 1))
        assert (cursor.epoch, cursor.behind) == (1, newest - 1)


def test_scrubbing_to_the_newest_epoch_does_not_follow_either(cursor: Cursor) -> None:
    cursor.scrub(2)
    cursor.scrub(3)
    cursor.see([0, 1, 2, 3, 4])
    assert (cursor.epoch, cursor.behind) == (3, 1)


def test_going_live_follows_again(cursor: Cursor) -> None:
    cursor.scrub(0)
    cursor.see([0, 1, 2, 3, 4])
    cursor.go_live()
    assert (cursor.epoch, cursor.follow) == (4, True)
    cursor.see([0, 1, 2, 3, 4, 5])
    assert cursor.epoch == 5


@pytest.mark.parametrize(("asked", "shown"), [(-4, 0), (2, 2), (5, 4), (6, 7), (99, 9)])
def test_an_epoch_that_was_not_recorded_gives_the_nearest(asked: int, shown: int) -> None:
    cursor = Cursor()
    cursor.see([0, 2, 4, 7, 9])
    cursor.scrub(asked)
    assert cursor.epoch == shown


def test_steps_go_over_gaps_and_stay_inside() -> None:
    cursor = Cursor()
    cursor.see([0, 2, 7])
    seen = []
    for by in (-1, -1, -1, 1, 1, 1):
        cursor.step(by)
        seen.append(cursor.epoch)
    assert seen == [2, 0, 0, 2, 7, 7]
    cursor.first()
    assert cursor.epoch == 0


def test_another_run_is_followed_from_its_newest_epoch(cursor: Cursor) -> None:
    cursor.scrub(1)
    cursor.select("other")
    assert (cursor.run, cursor.epoch, cursor.newest) == ("other", None, None)
    cursor.see([0, 1])
    assert (cursor.epoch, cursor.follow) == (1, True)


def test_an_epoch_that_vanished_gives_way_to_the_nearest(cursor: Cursor) -> None:
    cursor.scrub(3)
    cursor.see([0, 1])  # a resumed run goes back to its checkpoint
    assert cursor.epoch == 1


def test_without_an_epoch_nothing_moves() -> None:
    cursor = Cursor()
    cursor.see([])
    for move in (lambda: cursor.scrub(3), lambda: cursor.step(1), cursor.first, cursor.go_live):
        move()
        assert cursor.epoch is None
