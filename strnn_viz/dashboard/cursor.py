"""Where a viewer stands: which run, which epoch, which layer. One a session; it knows no widget."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import param


class Cursor(param.Parameterized):  # type: ignore[misc]
    """The one epoch cursor that drives every view of a session.

    It holds a single promise: a person who scrubs is never pulled back to the newest epoch. Following is given up by
    any move a person makes while epochs still arrive, and taken up only when asked for.
    """

    run = param.String(default="", doc="Name of the run shown; empty while there is none.")
    group = param.String(default="", doc="The layer that is shown.")
    sheet = param.String(default="", doc="Those matrices of the layer that are shown; its name where they are all.")
    epoch = param.Integer(default=None, allow_None=True, doc="The epoch shown; None while none is recorded.")
    follow = param.Boolean(default=True, doc="Whether to jump to each new epoch as it arrives.")
    epochs = param.ClassSelector(class_=tuple, default=(), doc="Epochs that can be shown, in order.")

    @property
    def newest(self) -> int | None:
        """The newest epoch that can be shown."""
        return self.epochs[-1] if self.epochs else None

    @property
    def behind(self) -> int:
        """How many epochs the newest is ahead of the one shown."""
        return 0 if self.epoch is None or self.newest is None else max(0, self.newest - self.epoch)

    def select(self, run: str) -> None:
        """Turn to another run, at its newest epoch."""
        self.param.update(run=run, epochs=(), epoch=None, follow=True)

    def see(self, epochs: Sequence[int]) -> None:
        """Take note of the epochs there are now; move only if following, or if the epoch shown is gone."""
        known = tuple(epochs)
        epoch = self.epoch
        if not known:
            epoch = None
        elif self.follow or epoch is None:
            epoch = known[-1]
        elif epoch not in known:
            epoch = _nearest(known, epoch)
        self.param.update(epochs=known, epoch=epoch)

    def scrub(self, epoch: int) -> None:
        """Go where a person points: to the recorded epoch nearest to `epoch`. Following ends."""
        if self.epochs:
            self.param.update(epoch=_nearest(self.epochs, epoch), follow=False)

    def step(self, by: int) -> None:
        """Go some recorded epochs on or back, and stay inside what is recorded."""
        if self.epochs and self.epoch is not None:
            here = bisect_left(self.epochs, self.epoch)
            self.scrub(self.epochs[min(max(here + by, 0), len(self.epochs) - 1)])

    def first(self) -> None:
        """Go to the first epoch recorded."""
        if self.epochs:
            self.scrub(self.epochs[0])

    def go_live(self) -> None:
        """Go to the newest epoch, and to each that arrives from now on."""
        self.param.update(follow=True, epoch=self.newest)


def _nearest(epochs: Sequence[int], wanted: int) -> int:
    """The recorded epoch nearest to `wanted`; the earlier of two equally near."""
    after = bisect_right(epochs, wanted)
    near = epochs[max(after - 1, 0) : after + 1]
    return min(near, key=lambda epoch: (abs(epoch - wanted), epoch))
