"""Distances between runs as they become known: a few are asked for at each look, and computed beside the server."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from strnn_viz.dashboard.compare.backlog import Backlog
from strnn_viz.dashboard.compare.standing import Standing
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology.apart import Apart, apart, epochs_apart, matched_units
from strnn_viz.topology.between import misfit
from strnn_viz.views._compared import LOOKS
from strnn_viz.views.compared_distance import Way

MOST = 33  # epochs of a curve
MOST_UNITS = 128  # with which NNSTD takes a fraction of a second; with more it is left out
MOST_NNSTD = 9  # epochs of it
_AT_ONCE = 4  # that may be asked for and not yet known


class Distances:
    """One viewer's curves of distances to the first of the runs compared.

    Parameters
    ----------
    hub : RunHub
        Holds the backlog that all viewers share.
    """

    def __init__(self, hub: RunHub) -> None:
        self._backlog: Backlog = hub.kept(("compare", "backlog"), Backlog)
        self._known: dict[Hashable, Apart | None] = {}

    def ways(self, found: Sequence[Standing]) -> list[Way]:
        """What is known by now; asks for some of what is not."""
        first, asked, ways = found[0], 0, []
        for other in found[1:]:
            points = []
            for epoch, units in self._wanted(first, other):
                key = ("apart", first.name, other.name, first.state.version[0], other.state.version[0], epoch, units)
                if key not in self._known and asked < _AT_ONCE:
                    self._ask(key, first.run, other.run, epoch, units)
                    asked += key not in self._known
                if (point := self._known.get(key)) is not None:
                    points.append(point)
            ways.append(Way(other.name, LOOKS[other.place], tuple(sorted(points, key=lambda p: p.epoch))))
        return ways

    def _ask(self, key: Hashable, a: Run, b: Run, epoch: int, units: bool) -> None:
        known = self._backlog.get(key, lambda: (apart(a, b, epoch, units=units),))
        if known is not None:
            self._known[key] = known[0]

    def _wanted(self, a: Standing, b: Standing) -> list[tuple[int, bool]]:
        """Epochs, each with whether NNSTD is wanted there; the newest first, so that something is seen at once."""
        if misfit(a.run, b.run):
            return []
        epochs = epochs_apart(a.state.epochs, b.state.epochs, MOST)
        try:
            matched = set(epochs_apart(epochs, epochs, MOST_NNSTD)) if matched_units(a.run) <= MOST_UNITS else set()
        except UsageError:
            matched = set()  # nothing is known of how its matrices hang together
        return [(epoch, epoch in matched) for epoch in reversed(epochs)]
