"""Pictures of other epochs, brought to a browser before they are asked for, so that a scrub need not wait for them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource
from numpy.typing import NDArray

#: Bytes of pictures that one viewer's browser holds.
VIEWER_BYTES = 16 << 20
#: Bytes sent at a time; the next are sent once these have arrived.
BATCH_BYTES = 400_000

_PARTS = ("image", "rows", "columns", "title")


@dataclass(frozen=True, eq=False)
class Picture:
    """One epoch, ready to be shown.

    Attributes
    ----------
    image : ndarray of uint8, shape (r, c)
        Codes of cells; the first row is drawn at the top.
    rows, columns : ndarray of uint8, shapes (3 * r,) and (3 * c,)
        Strips beside them: survived, born and died, in 255ths of their room.
    title : str
        The sentence above, as it stands in the page; empty where another plot brings it.
    """

    image: NDArray[np.uint8]
    rows: NDArray[np.uint8]
    columns: NDArray[np.uint8]
    title: str


@dataclass(frozen=True)
class Plan:
    """Which pictures fit.

    Attributes
    ----------
    coarse : int
        Pixels a cell is wide and high.
    every : int
        Of so many epochs one is held.
    """

    coarse: int
    every: int


def plan(epochs: int, pixels: int, budget: int) -> Plan:
    """Coarser pictures of a run that is too long for fine ones, and not of every epoch if that does not do.

    A run that grows is planned for in doublings, so that what is held already seldom has to be brought anew.

    Parameters
    ----------
    epochs : int
    pixels : int
        Of one picture, a byte each.
    budget : int
        Bytes for all of them.
    """
    room = 32
    while room < epochs:
        room *= 2
    if min(room, max(epochs, 32)) * pixels <= budget:
        return Plan(1, 1)
    small = max(1, pixels // 4)
    return Plan(2, max(1, -(-room * small // max(1, budget))))


class Film:
    """What one plot's browser holds of other epochs, and what it gets next.

    Pictures are made on a thread of the hub's, a few at a time, and put into :attr:`box`. The browser takes them out
    and says so; only then it gets more, so that nothing piles up on a slow line.
    """

    def __init__(self) -> None:
        self.box = ColumnDataSource(data=_batch("", 0, {}))
        self.box.on_change("tags", self._heard)
        self.held: set[int] = set()
        self._scene: Hashable = None
        self._epochs: Sequence[int] = ()
        self._make: Callable[[int], Picture] | None = None
        self._in_order = False
        self._at_once = 1
        self._sent = self._taken = 0
        self._work: tuple[Hashable, list[int], Future[dict[int, Picture]]] | None = None

    def aim(
        self,
        scene: str,
        epochs: Sequence[int],
        make: Callable[[int], Picture],
        *,
        nbytes: int,
        in_order: bool = False,
    ) -> None:
        """Say what is to be held from now on; what is held of another scene is of no use any more.

        Parameters
        ----------
        scene : str
            All that a picture depends on but its epoch.
        epochs : sequence of int
        make : callable
            ``epoch -> Picture``; called on another thread.
        nbytes : int
            Bytes of a picture, about.
        in_order : bool
            Whether pictures are made from the first epoch to the last, where each costs less after the one before it.
        """
        if scene != self._scene:
            self._scene, self.held = scene, set()
        self._epochs, self._make, self._in_order = epochs, make, in_order
        self._at_once = max(1, min(8, BATCH_BYTES // max(1, nbytes)))

    def stop(self) -> None:
        """Bring nothing more."""
        self._epochs = ()

    def forget(self) -> None:
        """Bring nothing more, to a browser that holds nothing any more."""
        self._scene, self._epochs, self.held = None, (), set()

    @property
    def waiting(self) -> bool:
        """Whether the browser has yet to say that it took what it was sent last."""
        return self._taken != self._sent

    @property
    def to_do(self) -> bool:
        """Whether there are pictures to make, or made ones to send."""
        return self._work is not None or not self.held.issuperset(self._epochs)

    def step(self, here: int, workers: Executor) -> None:
        """Go on: have the next pictures made, or send those that are; does nothing for long.

        Parameters
        ----------
        here : int
            The epoch under the cursor; those around it and the newest go first.
        workers : Executor
        """
        if self.waiting:
            return
        if self._work is None:
            todo = next_epochs(self._epochs, self.held, here, self._at_once, self._in_order)
            if todo and self._make is not None:
                make = self._make
                self._work = (self._scene, todo, workers.submit(_made, make, todo))
            return
        scene, todo, work = self._work
        if not work.done():
            return
        self._work = None
        if scene == self._scene:
            self.held.update(todo)  # also those that cannot be read: the server tells why when they are asked for
            if found := work.result():
                self._sent += 1
                self.box.data = _batch(str(scene), self._sent, found)

    def _heard(self, attr: str, old: Any, new: Any) -> None:  # noqa: ARG002 - what Bokeh calls it with
        self._taken = int(new[0]) if new else 0


def next_epochs(epochs: Sequence[int], held: set[int], here: int, count: int, in_order: bool = False) -> list[int]:
    """The next few epochs to bring: from the first on, or those nearest to the cursor or to the newest."""
    missing = [epoch for epoch in epochs if epoch not in held]
    if missing and not in_order:
        newest = epochs[-1]
        missing.sort(key=lambda epoch: min(abs(epoch - here), newest - epoch))
    return missing[:count]


def _made(make: Callable[[int], Picture], epochs: Sequence[int]) -> dict[int, Picture]:
    found = {}
    for epoch in epochs:
        try:
            found[epoch] = make(epoch)
        except Exception:  # a picture that cannot be made is told of when it is asked for
            continue
    return found


def _batch(scene: str, number: int, pictures: Mapping[int, Picture]) -> dict[str, list[Any]]:
    """Pictures as columns of equal length."""
    count = max(1, len(pictures))
    parts = {part: [getattr(picture, part) for picture in pictures.values()] or [0] for part in _PARTS}
    return {"scene": [scene] * count, "batch": [number] * count, "epoch": list(pictures) or [-1], **parts}
