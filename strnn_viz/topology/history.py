"""What every connection of a matrix went through: births, deaths, age, lifetime, times regrown.

A history is folded over a run's masks one snapshot at a time, so it costs eight bytes a position however long the run
is, and a live run's view needs to read only the new epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import read_only, unpack
from strnn_viz.topology.cache import snapshot_key
from strnn_viz.topology.layers import matrices
from strnn_viz.topology.lives import LifeTable
from strnn_viz.topology.movement import Movement, empty_movement

#: Told how many masks were read, of how many.
Progress = Callable[[int, int], None]

_BLOCK = 1 << 17  # bytes of a mask looked at together: a million positions
_MOST = np.iinfo(np.uint16).max


@dataclass(frozen=True, eq=False)
class LayerHistory:
    """One matrix from a run's first snapshot to some later one.

    Ages go by masks: a connection pruned and regrown at once in the same place ("reactivated") lives on, since no mask
    shows its absence; how many there were is in the run's churn.

    Attributes
    ----------
    info : LayerInfo
    movement : Movement
        Counts by snapshot, and the rates and distances made of them.
    ended : tuple of ndarray
        As in :class:`LifeTable`.
    first, bits : ndarray of uint8, shape (ceil(rows * columns / 8),)
        The first mask and the last, packed.
    since : ndarray of uint16, shape (rows * columns,)
        Snapshot in which the present life began, counted from 1; 0 where there is no connection.
    births : ndarray of uint16, shape (rows * columns,)
        Lives begun, those of the first snapshot included.
    lived : ndarray of uint32, shape (rows * columns,)
        Epochs of all lives that have ended.
    sources : tuple
        Identities of the files read, where they were files: what tells whether a history still is that of the run.
    """

    info: LayerInfo
    movement: Movement
    ended: tuple[NDArray[np.int64], ...]
    first: NDArray[np.uint8]
    bits: NDArray[np.uint8]
    since: NDArray[np.uint16]
    births: NDArray[np.uint16]
    lived: NDArray[np.uint32]
    sources: tuple[Hashable, ...] = ()

    @property
    def epochs(self) -> NDArray[np.int64]:
        """Epochs of the snapshots; shape (t,)."""
        return self.movement.epochs

    @property
    def nbytes(self) -> int:
        """Bytes held for positions."""
        return sum(a.nbytes for a in (self.first, self.bits, self.since, self.births, self.lived))

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The last mask; shape (rows, columns)."""
        return unpack(self.bits, self.info.shape)

    @property
    def age(self) -> NDArray[np.int32]:
        """Epochs since the present life began; shape (rows, columns), -1 where there is no connection."""
        return self._by_since(-1).reshape(self.info.shape)

    @property
    def lifetime(self) -> NDArray[np.uint32]:
        """Epochs as a connection, over all lives, the present one included; shape (rows, columns)."""
        return (self.lived + self._by_since(0).view(np.uint32)).reshape(self.info.shape)

    @property
    def regrown(self) -> NDArray[np.uint16]:
        """Times a connection was born again after it had died; shape (rows, columns)."""
        return (np.maximum(self.births, 1) - np.uint16(1)).reshape(self.info.shape)

    @property
    def deaths(self) -> NDArray[np.uint16]:
        """Lives ended; shape (rows, columns)."""
        return (self.births - (self.since > 0)).astype(np.uint16).reshape(self.info.shape)

    @property
    def lives(self) -> LifeTable:
        """Lives by the snapshots in which they began and ended."""
        entered = self.movement.born.copy()
        entered[:1] = self.movement.nnz[:1]
        return LifeTable(self.epochs, entered, self.ended)

    def _by_since(self, absent: int) -> NDArray[np.int32]:
        ages = self.epochs[-1:] - self.epochs
        return np.concatenate([[absent], ages]).astype(np.int32)[self.since]


def empty_history(info: LayerInfo) -> LayerHistory:
    """The history of a matrix of which no snapshot was seen yet."""
    none = np.zeros(-(-info.size // 8), dtype=np.uint8)
    since, births = (np.zeros(info.size, dtype=np.uint16) for _ in range(2))
    return LayerHistory(info, empty_movement(info.size), (), none, none, since, births,
                        np.zeros(info.size, dtype=np.uint32))  # fmt: skip


def advance(history: LayerHistory, epoch: int, bits: NDArray[np.uint8], source: Hashable = None) -> LayerHistory:
    """The history with one more snapshot; the one given stays as it is.

    Parameters
    ----------
    history : LayerHistory
    epoch : int
        Must come after all of the history's.
    bits : ndarray of uint8, shape (ceil(rows * columns / 8),)
        The packed mask, as from :meth:`Run.bits`.
    source : hashable, optional
        Identity of the file it was read from.

    Raises
    ------
    UsageError
        If the epoch is not later, the mask is not of this matrix, or there are more than 65,535 snapshots.
    """
    return _sealed(_advance(_opened(history), epoch, bits.copy(), source))


def layer_history(
    run: Run,
    name: str,
    *,
    until: int | None = None,
    start: LayerHistory | None = None,
    progress: Progress | None = None,
) -> LayerHistory:
    """What a matrix of a run went through, one mask in memory at a time.

    Parameters
    ----------
    run : Run
    name : str
        Name of the matrix.
    until : int, optional
        The last epoch to look at; all that are recorded by default.
    start : LayerHistory, optional
        An earlier result to go on from, of which only what is new is read. Where it is not a part of this run's
        history (the run was resumed from further back, say), it is not used.
    progress : callable, optional
        Told (masks read, masks to read).

    Returns
    -------
    LayerHistory
        `start` itself where nothing is new.

    Raises
    ------
    UsageError, RunError
        If the run has no such matrix, or an epoch cannot be read.
    """
    info = _matrix(run, name)
    epochs = [e for e in run.epochs if until is None or e <= until]
    known = 0 if start is None else len(start.epochs)
    if start is None or start.info != info or start.sources != tuple(snapshot_key(run, e) for e in epochs[:known]):
        result, known = empty_history(info), 0
    elif known == len(epochs):
        return start
    else:
        result = _opened(start)
    for done, epoch in enumerate(epochs[known:]):
        result = _advance(result, epoch, run.bits(epoch, name), snapshot_key(run, epoch))
        if progress is not None:
            progress(done + 1, len(epochs) - known)
    return _sealed(result)


def histories(
    run: Run, layer: str | None = None, *, until: int | None = None, progress: Progress | None = None
) -> Iterator[LayerHistory]:
    """The histories of several matrices, one at a time, so that only one is in memory.

    Parameters
    ----------
    run : Run
    layer : str or None
        Name of a matrix or of a group; None for all.
    until, progress
        As for :func:`layer_history`; progress is told over all matrices.
    """
    infos = matrices(run, layer)
    for i, info in enumerate(infos):

        def tell(done: int, total: int, i: int = i) -> None:
            if progress is not None:
                progress(i * total + done, len(infos) * total)

        yield layer_history(run, info.name, until=until, progress=tell)


def movements(run: Run, layer: str | None = None, *, progress: Progress | None = None) -> dict[str, Movement]:
    """How much each matrix moved, by name: turnover, R_s and distances over all epochs.

    Overall numbers are those of ``total_movement(movements(run).values())``. Parameters as for :func:`histories`.
    """
    return {h.info.name: h.movement for h in histories(run, layer, progress=progress)}


def _matrix(run: Run, name: str) -> LayerInfo:
    info = run.layers.get(name)
    if info is None:
        raise UsageError(f"run {run.name} has no matrix {name!r}. It has: {', '.join(run.layers) or 'none yet'}.")
    return info


def _opened(h: LayerHistory) -> LayerHistory:
    """A copy that `_advance` may change."""
    return replace(h, since=h.since.copy(), births=h.births.copy(), lived=h.lived.copy())


def _sealed(h: LayerHistory) -> LayerHistory:
    for array in (h.first, h.bits, h.since, h.births, h.lived):
        read_only(array)
    return h


def _advance(h: LayerHistory, epoch: int, bits: NDArray[np.uint8], source: Hashable) -> LayerHistory:
    """Fold in one more mask. The arrays `since`, `births` and `lived` of `h` are changed in place."""
    m, t = h.movement, len(h.epochs)
    if t and epoch <= m.epochs[-1]:
        raise UsageError(f"epoch {epoch} does not come after epoch {m.epochs[-1]}, the last of this history.")
    if bits.dtype != np.uint8 or bits.shape != h.bits.shape:
        raise UsageError(f"a mask of {h.info.name} has {len(h.bits)} bytes, but {bits.dtype} {bits.shape} was given.")
    if t >= _MOST:
        raise UsageError(f"a history holds at most {_MOST:,} snapshots. Look at fewer epochs.")
    began = np.append(m.epochs, epoch)
    ended = np.zeros(t + 1, dtype=np.int64)
    born = explored = 0
    for start in range(0, len(bits), _BLOCK):
        now, before = bits[start : start + _BLOCK], h.bits[start : start + _BLOCK]
        changed = now ^ before
        if not changed.any():
            continue
        where = np.flatnonzero(np.unpackbits(changed).view(np.bool_))
        is_on = np.unpackbits(now).view(np.bool_)[where]
        where += 8 * start
        came, gone = where[is_on], where[~is_on]
        lives = h.since[gone]
        ended += np.bincount(lives, minlength=t + 2)[1:]
        h.lived[gone] += (epoch - began[lives - 1]).astype(np.uint32)
        h.since[gone] = 0
        h.since[came] = t + 1
        h.births[came] += np.uint16(1)
        born += len(came)
        explored += int(np.count_nonzero(h.births[came] == 1))
    nnz = int(np.bitwise_count(bits).sum())
    kept = int(np.bitwise_count(bits & h.first).sum()) if t else nnz
    counts = {"epochs": epoch, "nnz": nnz, "born": born if t else 0, "died": int(ended.sum()), "kept": kept,
              "explored": explored + (int(m.explored[-1]) if t else 0)}  # fmt: skip
    longer = {part: np.append(getattr(m, part), value) for part, value in counts.items()}
    moved = Movement(size=m.size, **longer)
    return replace(h, movement=moved, ended=(*h.ended, ended[:t]), first=h.first if t else bits, bits=bits,
                   sources=(*h.sources, source))  # fmt: skip
