"""What a run went through, folded once for all views and all viewers, and folded on when an epoch is added."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import (
    LayerHistory,
    LifeTable,
    Movement,
    Timeline,
    row_of,
    total_lives,
    total_movement,
)
from strnn_viz.topology.cache import Bounded, snapshot_key

#: Bytes of histories held for one matrix: all epochs of a small one, one or two of one with ten million positions.
_BUDGET = 96 << 20

_timelines: Bounded[Timeline] = Bounded(8)


@dataclass(frozen=True, eq=False)
class Past:
    """What some matrices of a run went through, from its first readable epoch to its newest.

    Attributes
    ----------
    movement : Movement
    lives : LifeTable
        As of the newest epoch; :meth:`LifeTable.until` goes back.
    """

    movement: Movement
    lives: LifeTable


_pasts: Bounded[Past] = Bounded(256)


def past(run: Run, layers: list[LayerInfo]) -> Past | None:
    """Movement and lives of some matrices together, of all epochs there are; None where there are none.

    Of each epoch the packed masks are read once. A finished run is then never read again; of one under way only what
    is new.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    epochs = run.epochs
    if not epochs or not layers:
        return None
    until = run_key(run)
    found = [_pasts.get((until, info.name), lambda name=info.name: _past(run, name, epochs[-1])) for info in layers]  # type: ignore[misc]
    if len(found) == 1:
        return found[0]
    names = tuple(info.name for info in layers)
    return _pasts.get(
        (until, names),
        lambda: Past(total_movement(p.movement for p in found), total_lives(p.lives for p in found)),
    )


def history_at(run: Run, epoch: int, name: str) -> LayerHistory:
    """The history of one matrix up to an epoch, folded on from the nearest one held.

    Raises
    ------
    RunError, UsageError
        If an epoch up to it cannot be read, or was not recorded.
    """
    check(run, epoch)
    path = str(run.path.absolute())
    return _timelines.get((path, name), lambda: Timeline(run, name, budget=_BUDGET)).at(epoch)


def run_key(run: Run, until: int | None = None) -> Hashable:
    """Identity of all that can be read of a run, or of its epochs up to `until`."""
    return tuple(snapshot_key(run, e) for e in run.epochs if until is None or e <= until)


def check(run: Run, epoch: int) -> None:
    """Raise what is wrong with an epoch, if anything is."""
    row_of(run, epoch)


def seen(run: Run, epoch: int | None) -> bool:
    """Whether there is anything to show; raises what is wrong with the epoch."""
    if epoch is None or not run.epochs:
        return False
    check(run, epoch)
    return True


def _past(run: Run, name: str, newest: int) -> Past:
    found = history_at(run, newest, name)
    return Past(found.movement, found.lives)
