"""The history of a matrix at any epoch, for a viewer that moves back and forth."""

from __future__ import annotations

from bisect import bisect_right
from collections import OrderedDict
from threading import RLock

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology.history import LayerHistory, Progress, layer_history


class Timeline:
    """Histories of one matrix at the epochs asked for, of which as many are kept as fit a budget.

    An epoch is folded on from the nearest one kept before it, so playing forward reads one mask a step; what was
    computed for one viewer serves the next. Threads may share it.

    Parameters
    ----------
    run : Run
    name : str
        Name of the matrix.
    budget : int
        Bytes to hold; at least one history is held however large it is.
    """

    def __init__(self, run: Run, name: str, *, budget: int = 256 << 20) -> None:
        self.run = run
        self.name = name
        self.budget = budget
        self._kept: OrderedDict[int, LayerHistory] = OrderedDict()
        self._lock = RLock()

    def at(self, epoch: int, *, progress: Progress | None = None) -> LayerHistory:
        """The history up to `epoch`.

        Raises
        ------
        UsageError, RunError
            If the run has no such epoch or matrix, or an epoch up to it cannot be read.
        """
        with self._lock:
            if epoch not in self.run.epochs:
                known = f"from {self.run.epochs[0]} to {self.run.epochs[-1]}" if self.run.epochs else "none yet"
                raise UsageError(f"run {self.run.name} has no epoch {epoch} to look at. It has: {known}.")
            held = sorted(self._kept)
            place = bisect_right(held, epoch)
            start = self._kept[held[place - 1]] if place else None
            result = layer_history(self.run, self.name, until=epoch, start=start, progress=progress)
            if start is not None and result.sources[: len(start.sources)] != start.sources:
                self._kept.clear()  # the run was replaced or resumed: what is held is not its past
            self._kept[epoch] = result
            self._kept.move_to_end(epoch)
            while len(self._kept) > 1 and sum(h.nbytes for h in self._kept.values()) > self.budget:
                self._kept.popitem(last=False)
            return result
