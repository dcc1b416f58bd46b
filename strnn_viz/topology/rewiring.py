"""One rewiring of one matrix, whole: what it found, pruned and regrew, counted, and in its places on a small patch.

A snapshot is taken right before the rewiring that follows its epoch, so the weights that were pruned are on record as
they were then. Which of them were pruned is not, only how many: where some were regrown in the very place they left,
what the method would have pruned is worked out again, and believed only if it fits all that was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from strnn_viz.config import SparsityConfig
from strnn_viz.rules import METHODS
from strnn_viz.runs import LayerInfo, LayerSnapshot, Run
from strnn_viz.topology.layers import previous_epoch, row_of

Mask: TypeAlias = NDArray[np.bool_]

PATCH = 24  # cells on a side: few enough that each can be seen


@dataclass(frozen=True, eq=False)
class Patch:
    """A small window of a matrix around one rewiring.

    Attributes
    ----------
    row, column : int
        Of its first cell in the matrix as stored.
    before : ndarray of float32, shape (r, c)
        The weights when the rewiring began; zero where there was no connection.
    active : ndarray of bool, shape (r, c)
        Connections before.
    pruned, regrown : ndarray of bool, shape (r, c)
        What was removed, and what was there afterwards and had not been, or had been removed.
    """

    row: int
    column: int
    before: NDArray[np.float32]
    active: Mask
    pruned: Mask
    regrown: Mask


@dataclass(frozen=True, eq=False)
class RewiringEvent:
    """The rewiring of one matrix between two epochs.

    Attributes
    ----------
    info : LayerInfo
    epoch : int
        The epoch it led to; it took place right after the one before.
    rate : float
        Prune rate it had; nan where it was not recorded.
    active : int
        Connections before it.
    pruned, reactivated : int
        Connections removed, and those of them regrown in the same place.
    regrown : int
        Connections grown, those in the same place included.
    threshold : float
        The largest magnitude pruned.
    traced : bool
        Whether all that were pruned are known one by one. If not, those that came back at once count in the numbers
        and are not marked in the patch.
    windows : int
        Windows of the size of the patch that the matrix was looked through for it.
    patch : Patch
        The window with most of the rarer of the two, pruned and regrown, then with most of both; of equal ones the
        first.
    """

    info: LayerInfo
    epoch: int
    rate: float
    active: int
    pruned: int
    reactivated: int
    regrown: int
    threshold: float
    traced: bool
    windows: int
    patch: Patch

    @property
    def kept(self) -> int:
        """Connections that were not pruned."""
        return self.active - self.pruned

    @property
    def after(self) -> int:
        """Connections after it."""
        return self.kept + self.regrown

    @property
    def share(self) -> float:
        """Pruned connections as a fraction of the active ones."""
        return self.pruned / max(1, self.active)


def rewiring_event(run: Run, epoch: int, info: LayerInfo, *, size: int = PATCH) -> RewiringEvent | None:
    """The one rewiring of a matrix that led to an epoch.

    Parameters
    ----------
    run : Run
    epoch : int
    info : LayerInfo
    size : int
        Cells of the patch on a side, at most.

    Returns
    -------
    RewiringEvent or None
        None where the records hold no single rewiring: none took place or nothing was pruned, the epoch before cannot
        be read, or several took place between the two.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    row_of(run, epoch)
    if not single(run) or previous_epoch(run, epoch) != epoch - 1:
        return None
    row = row_of(run, epoch - 1)
    pruned, reactivated = (int(row["layers"][info.name][part]) for part in ("pruned", "reactivated"))
    if not pruned:
        return None
    before, now = run.layer(epoch - 1, info.name), run.layer(epoch, info.name).mask
    mask, rate = before.mask, float(row.get("prune_rate") or np.nan)
    died, born = mask & ~now, now & ~mask
    if int(died.sum()) != pruned - reactivated:
        return None  # something else has moved connections too, as the beginning of a fork may
    threshold = float(row["layers"][info.name].get("threshold") or np.nan)
    gone = died if not reactivated else _pruned(run, before, rate, pruned, threshold)
    traced = gone is not None and not (died & ~gone).any() and int((gone & now).sum()) == reactivated
    gone = gone if gone is not None and traced else died
    regrown = born | (gone & now)
    inside, windows = _busiest(gone, regrown, info, size)
    marked = [part[inside].copy() for part in (mask, gone, regrown)]
    patch = Patch(inside[0].start, inside[1].start, before.weight[inside].copy(), *marked)
    grown = int(born.sum()) + reactivated
    return RewiringEvent(info, epoch, rate, before.nnz, pruned, reactivated, grown, threshold, traced, windows, patch)


def single(run: Run) -> bool:
    """Whether a run rewires once between two epochs, by removing single weights."""
    if run.config is None:
        return False
    rules, sparsity = METHODS[run.config.sparsity.method], run.config.sparsity
    return rules.rewires and sparsity.method not in ("deepr", "iss") and not sparsity.update_every


def prune_rule(sparsity: SparsityConfig) -> str:
    """How a run chooses what it prunes: ``magnitude``, ``signed`` or ``threshold``."""
    return sparsity.prune if sparsity.prune != "auto" else METHODS[sparsity.method].own("prune")


def _pruned(run: Run, before: LayerSnapshot, rate: float, count: int, threshold: float) -> Mask | None:
    """What the method prunes of a matrix, if that is as many, and as large, as it did prune."""
    assert run.config is not None
    sparsity, gates = run.config.sparsity, len(before.info.gates)
    rule, values, mask = prune_rule(sparsity), before.values, before.mask
    whole = rule == "threshold" or sparsity.granularity != "gate" or not gates
    blocks = np.split(mask.ravel(), 1 if whole else gates)
    ends = np.cumsum([np.count_nonzero(block) for block in blocks])
    gone = np.zeros(len(values), dtype=bool)
    for part in np.split(np.arange(len(values)), ends[:-1]):
        score = _signed(values[part]) if rule == "signed" else np.abs(values[part])
        lowest = count if rule == "threshold" else round((0.0 if np.isnan(rate) else rate) * len(part))
        gone[part[np.argsort(score, kind="stable")[:lowest]]] = True
    if int(gone.sum()) != count or np.abs(values[gone]).max() != np.float32(threshold):
        return None
    found = np.zeros(before.info.size, dtype=bool)
    found[np.flatnonzero(mask)[gone]] = True
    return found.reshape(before.shape)


def _signed(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Rank of each weight among those of its sign from those closest to zero, as a share of them (SET)."""
    score = np.empty(len(values))
    for own in (values < 0, values >= 0):
        order = np.argsort(np.abs(values[own]), kind="stable")
        rank = np.empty(len(order))
        rank[order] = np.arange(len(order))
        score[own] = (rank + 0.5) / max(1, len(order))
    return score


def _busiest(pruned: Mask, regrown: Mask, info: LayerInfo, size: int) -> tuple[tuple[slice, slice], int]:
    """The window of a patch, and how many windows there are; none spans two gates."""
    rows, columns = info.shape
    band = rows // max(1, len(info.gates))
    across, lefts = min(size, columns), np.array(_starts(columns, size))
    tops = [first + top for first in range(0, rows, band) for top in _starts(band, size)]
    best, found = (-1, -1), (slice(0), slice(0))
    for top in tops:
        down = slice(top, top + min(size, band))
        sums = [np.concatenate([[0], part[down].sum(axis=0).cumsum()]) for part in (pruned, regrown)]
        gone, new = (total[lefts + across] - total[lefts] for total in sums)
        for left, both in zip(lefts.tolist(), zip(gone.tolist(), new.tolist(), strict=True), strict=True):
            if (min(both), sum(both)) > best:
                best, found = (min(both), sum(both)), (down, slice(left, left + across))
    return found, len(tops) * len(lefts)


def _starts(length: int, size: int) -> list[int]:
    """Where windows begin that cover a length side by side; the last one is moved back to lie inside."""
    last = max(0, length - size)
    return sorted({min(start, last) for start in range(0, length, size)})
