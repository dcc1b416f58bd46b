"""Which pictures a browser is brought, in which order, and how much of them."""

from concurrent.futures import Executor, Future

import numpy as np
import pytest

from strnn_viz.dashboard.masks_film import BATCH_BYTES, Film, Picture, Plan, next_epochs, plan

NONE = np.zeros(0, np.uint8)


def picture(epoch: int) -> Picture:
    return Picture(np.full((2, 3), epoch, np.uint8), NONE, NONE, f"epoch {epoch}")


class Now(Executor):
    """Does work at once."""

    def submit(self, work, *args):  # type: ignore[no-untyped-def]
        done: Future = Future()
        done.set_result(work(*args))
        return done


def taken(film: Film) -> None:
    """The browser says that it has the last ones."""
    film.box.tags = [film.box.data["batch"][0]]


def go(film: Film, here: int) -> list[int]:
    film.step(here, Now())
    film.step(here, Now())
    return film.box.data["epoch"]


def test_the_epochs_nearest_to_the_cursor_and_the_newest_come_first() -> None:
    assert next_epochs(range(100), {50, 99}, 50, 5) == [49, 51, 98, 48, 52]
    assert next_epochs(range(100), set(), 50, 3, in_order=True) == [0, 1, 2]
    assert next_epochs(range(3), {0, 1, 2}, 1, 5) == []


def test_no_more_is_sent_before_the_browser_has_what_was_sent() -> None:
    film = Film()
    film.aim("scene", range(20), picture, nbytes=BATCH_BYTES // 4)
    first = go(film, 10)
    assert len(first) == 4
    assert film.waiting
    assert go(film, 10) == first
    taken(film)
    second = go(film, 10)
    assert not set(first) & set(second)
    assert film.box.data["batch"] == [2] * 4
    for epoch, image, title in zip(second, film.box.data["image"], film.box.data["title"], strict=True):
        assert (image == epoch).all()
        assert title == f"epoch {epoch}"


def test_every_epoch_comes_once() -> None:
    film = Film()
    film.aim("scene", range(30), picture, nbytes=10)
    seen: list[int] = []
    for _ in range(10):
        if not film.waiting:
            before = film.box.data["batch"]
            found = go(film, 3)
            seen += found if film.box.data["batch"] != before else []
            taken(film)
    assert sorted(seen) == list(range(30))


def test_there_is_something_to_do_until_every_picture_is_on_its_way() -> None:
    film = Film()
    assert not film.to_do
    film.aim("scene", range(6), picture, nbytes=BATCH_BYTES // 4)
    assert len(go(film, 0)) == 4
    assert film.to_do
    taken(film)
    film.step(0, Now())
    assert film.to_do  # made, and not sent
    film.step(0, Now())
    assert not film.to_do
    film.aim("scene", range(7), picture, nbytes=BATCH_BYTES // 4)
    assert film.to_do


def test_another_scene_begins_anew_and_what_was_being_made_is_dropped() -> None:
    film = Film()
    film.aim("one", range(5), picture, nbytes=10)
    film.step(0, Now())
    film.aim("other", range(5), picture, nbytes=10)
    film.step(0, Now())
    assert film.box.data["batch"] == [0]
    assert film.held == set()
    assert sorted(go(film, 0)) == [0, 1, 2, 3, 4]
    assert set(film.box.data["scene"]) == {"other"}


def test_an_epoch_that_cannot_be_drawn_is_left_out_and_not_tried_for_ever() -> None:
    def broken(epoch: int) -> Picture:
        if epoch == 2:
            raise ValueError("damaged")
        return picture(epoch)

    film = Film()
    film.aim("scene", range(4), broken, nbytes=10)
    assert sorted(go(film, 0)) == [0, 1, 3]
    assert film.held == {0, 1, 2, 3}


def test_a_film_that_is_stopped_sends_nothing() -> None:
    film = Film()
    film.aim("scene", range(4), picture, nbytes=10)
    film.stop()
    assert go(film, 0) == [-1]


@pytest.mark.parametrize(
    ("epochs", "pixels", "expected"),
    [
        (61, 75_000, Plan(1, 1)),
        (61, 200_000, Plan(2, 1)),  # 8 MB hold 61 fine ones of 131 kB
        (300, 75_000, Plan(2, 2)),
        (1, 8_000_000, Plan(2, 8)),
        (61, 1, Plan(1, 1)),
    ],
)
def test_a_long_run_is_held_coarser_and_then_not_whole(epochs: int, pixels: int, expected: Plan) -> None:
    assert plan(epochs, pixels, 8 << 20) == expected


def test_what_is_planned_fits() -> None:
    for epochs in (1, 20, 61, 64, 65, 500, 5000):
        for pixels in (100, 75_000, 400_000):
            fits = plan(epochs, pixels, 8 << 20)
            held = -(-epochs // fits.every)
            assert held * (pixels // fits.coarse**2) <= (8 << 20)
