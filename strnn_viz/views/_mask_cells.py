"""The cells of a mask plot: which part of a matrix, in which order of its units, told by state or by age."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.runs.snapshot import read_only, unpack
from strnn_viz.topology import Pooled, pool, previous_epoch, states
from strnn_viz.topology.cache import Bounded, snapshot_key
from strnn_viz.topology.pooling import CODES, LEVELS, MIXES
from strnn_viz.views import palette
from strnn_viz.views._cells import NOTHING, WHOLE, MaskInfo, axis_labels, block_sums, first_density, gate_breaks, turned
from strnn_viz.views._history import history_at, run_key
from strnn_viz.views.adjacency import order as degree_order
from strnn_viz.views.ages import AGE_COLOURS, AGES, span

#: Left, top, right and bottom, as shares of the whole picture.
Window = tuple[float, float, float, float]
#: By their number, by the degree at the epoch shown, or by the degree at the epoch given.
Order = Literal["natural", "degree"] | int

_HALF, _WHOLE = 400, 640  # columns of cells that fit half of a wide page, and all of it
_MARGIN = 0.25  # of a window, drawn around it so that a small move shows no gap
_DIMS = 3  # codes for what is not lit, by how dense it is

#: The colours of what is not lit: grey, and so faint that what is lit stands out.
DIMMED = tuple(f"{palette.SURVIVED}{round(255 * 0.08 * (i + 1)):02x}" for i in range(_DIMS))

_held: Bounded[MaskInfo] = Bounded(256)


@dataclass(frozen=True)
class Look:
    """How a matrix is looked at.

    Attributes
    ----------
    window : tuple of float or None
        Left, top, right and bottom of the part that is seen, from 0 to 1 over the matrix; None for all of it.
    colouring : {"state", "age"}
        Whether colours tell what was born, survived and died, or how old connections are.
    order : {"natural", "degree"} or int
        Units by their number, by falling degree at the epoch shown, or by that at the epoch given.
    lit : tuple of float or None
        A range of magnitudes, both ends included: weights within it are lit, the others dimmed. None for no such
        difference.
    """

    window: Window | None = None
    colouring: Literal["state", "age"] = "state"
    order: Order = "natural"
    lit: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.colouring not in ("state", "age"):
            raise UsageError(f"the colouring is {self.colouring!r}; it must be 'state' or 'age'.")
        if not isinstance(self.order, int) and self.order not in ("natural", "degree"):
            raise UsageError(f"the order is {self.order!r}; it must be 'natural', 'degree' or an epoch.")

    @property
    def colours(self) -> tuple[str, ...]:
        """The colour of every code."""
        colours = palette.CODE_COLOURS if self.colouring == "state" else AGE_COLOURS
        return colours if self.lit is None else (*colours, *DIMMED)


def mask_info(
    run: Run,
    epoch: int | None,
    info: LayerInfo | None,
    *,
    max_rows: int,
    max_columns: int | None = None,
    look: Look | None = None,
) -> MaskInfo:
    """The cells of one matrix at one epoch, and what they stand for.

    A matrix without gates lies on its longer side, since a plot is wider than high: words run across.

    Parameters
    ----------
    run : Run
    epoch : int or None
    info : LayerInfo or None
        None in an empty run.
    max_rows, max_columns : int or None
        Cells there is room for, down and across what is seen; None for the columns that fit.
    look : Look or None
        None for the whole matrix, by state.

    Returns
    -------
    MaskInfo
        Its codes are places in :attr:`Look.colours`.

    Raises
    ------
    RunError, UsageError
        If the epoch, or one that is needed for ages or the order, cannot be read or was not recorded.
    """
    if info is None or epoch is None or not run.epochs:
        return NOTHING
    look = look or Look()
    across = max_columns or (_HALF if info.gates else _WHOLE)
    before = previous_epoch(run, epoch)
    key: Any = (
        snapshot_key(run, epoch),
        before is not None and snapshot_key(run, before),
        info,
        max_rows,
        across,
        look,
    )
    if look.colouring == "age":
        key = (*key, run_key(run, epoch), span(run))
    return _held.get(key, lambda: _mask_info(run, epoch, before, info, look, max_rows, across))


def region(look: Look, info: LayerInfo) -> tuple[tuple[int, int], tuple[int, int]]:
    """First and last (not included) row and column, as stored, of the part of a matrix that is drawn."""
    if look.window is None:
        return (0, info.shape[0]), (0, info.shape[1])
    left, top, right, bottom = look.window
    (up, down), (west, east) = ((top, bottom), (left, right)) if not turned(info) else ((left, right), (top, bottom))
    return _positions(up, down, info.shape[0]), _positions(west, east, info.shape[1])


def _positions(low: float, high: float, count: int) -> tuple[int, int]:
    margin = _MARGIN * (high - low)
    first = min(max(0, int(np.floor((low - margin) * count))), count - 1)
    return first, max(first + 1, min(count, int(np.ceil((high + margin) * count))))


def unit_order(run: Run, epoch: int, info: LayerInfo, order: Order) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which row and which column, as stored, lies at each place of the picture."""
    if order == "natural":
        return np.arange(info.shape[0]), np.arange(info.shape[1])
    return degree_order(run, epoch if order == "degree" else int(order), info)


def _mask_info(
    run: Run, epoch: int, before: int | None, info: LayerInfo, look: Look, max_rows: int, max_columns: int
) -> MaskInfo:
    part = _Part(run, epoch, info, look)
    now, previous = part.mask(epoch), None if before is None else part.mask(before)
    room = (max_columns, max_rows) if turned(info) else (max_rows, max_columns)
    if look.window is not None:  # the margin has cells of the same size
        room = (round(room[0] * (1 + 2 * _MARGIN)), round(room[1] * (1 + 2 * _MARGIN)))
    breaks = [b - part.down[0] for b in gate_breaks(info) if part.down[0] < b < part.down[1]]
    density = first_density(run, info)

    def pooled(mask: NDArray[np.bool_], old: NDArray[np.bool_] | None) -> Pooled:
        return pool(states(mask, old), *room, breaks=breaks, density=density)

    cells = pooled(now, previous if look.colouring == "state" else None)
    if look.lit is None:
        codes, mask = cells.codes, now
    else:
        mask = now & part.within(epoch, look.lit)
        aged = look.colouring == "age" or previous is None
        codes = _lifted(pooled(mask, None if aged or previous is None else previous & mask).codes)
    if look.colouring == "age":
        codes = _aged(codes, mask, part.age(epoch), cells, span(run))
    if look.lit is not None:
        faint = CODES + (cells.codes.astype(np.int64) - 1) // len(MIXES) * _DIMS // LEVELS
        codes = np.where((codes == 0) & (cells.codes > 0), faint, codes).astype(np.uint8)
    return _placed(codes, cells, part)


def _lifted(codes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same mixes at no less than half of the levels: what is lit must be seen, however little of a block it is."""
    level, mix = np.divmod(codes.astype(np.int64) - 1, len(MIXES))
    lifted = 1 + (LEVELS // 2 + level // 2) * len(MIXES) + mix
    return np.where(codes > 0, lifted, 0).astype(np.uint8)


def _aged(
    codes: NDArray[np.uint8], mask: NDArray[np.bool_], age: NDArray[np.int32], cells: Pooled, whole: int
) -> NDArray[np.uint8]:
    """Codes of ages: levels as they are, and the mean age of the connections of each block."""
    level = (codes.astype(np.int64) - 1) // len(MIXES)
    mean = block_sums(np.where(mask, age, 0), cells) / np.maximum(block_sums(mask.view(np.uint8), cells), 1)
    step = np.clip(mean / whole * AGES, 0, AGES - 1).astype(np.int64)
    return np.where(codes > 0, 1 + level * AGES + step, 0).astype(np.uint8)


class _Part:
    """The part of a matrix that is drawn, in the order in which it is drawn."""

    def __init__(self, run: Run, epoch: int, info: LayerInfo, look: Look) -> None:
        self.run, self.info, self.look = run, info, look
        self.down, self.across = region(look, info)
        self._order = None if look.order == "natural" else unit_order(run, epoch, info, look.order)

    def mask(self, epoch: int) -> NDArray[np.bool_]:
        """The mask at an epoch."""
        bits, width = self.run.bits(epoch, self.info.name), self.info.shape[1]
        if self._order is not None:
            return self._cut(unpack(bits, self.info.shape))
        start, stop = self.down[0] * width, self.down[1] * width  # only the rows that are drawn
        some = np.unpackbits(bits[start // 8 : -(-stop // 8)])[start % 8 :][: stop - start].view(np.bool_)
        return np.ascontiguousarray(some.reshape(-1, width)[:, slice(*self.across)])

    def age(self, epoch: int) -> NDArray[np.int32]:
        """Ages in epochs; of no meaning where there is no connection."""
        history = history_at(self.run, epoch, self.info.name)
        ages = np.concatenate([[0], history.epochs[-1:] - history.epochs]).astype(np.int32)
        found: NDArray[np.int32] = ages[self._cut(history.since.reshape(self.info.shape))]
        return found

    def within(self, epoch: int, lit: tuple[float, float]) -> NDArray[np.bool_]:
        """Where the magnitude of a weight is in a range."""
        layer = self.run.layer(epoch, self.info.name)
        size = np.abs(layer.values)
        found = np.zeros(self.info.size, dtype=bool)
        found[np.flatnonzero(layer.mask)] = (size >= lit[0]) & (size <= lit[1])
        return self._cut(found.reshape(self.info.shape))

    def _cut(self, values: NDArray[Any]) -> NDArray[Any]:
        if self._order is None:
            return values[slice(*self.down), slice(*self.across)]
        rows, columns = self._order
        return values[rows[slice(*self.down)]][:, columns[slice(*self.across)]]


def _placed(codes: NDArray[np.uint8], cells: Pooled, part: _Part) -> MaskInfo:
    """Cells with where they lie in the plot."""
    info, look = part.info, part.look
    labels = axis_labels(info)
    if look.order != "natural":
        how = "by degree" if look.order == "degree" else f"by degree at epoch {look.order}"
        labels = (f"{labels[0].split(',')[0]}, {how}", f"{labels[1].split(',')[0]}, {how}")
    rows, columns, shape = cells.rows + part.down[0], cells.columns + part.across[0], info.shape
    if turned(info):
        codes, rows, columns = codes.T, columns, rows
        labels, shape = (labels[1], labels[0]), (shape[1], shape[0])
    down, across = shape
    bounds = (columns[0] / across, rows[0] / down, columns[-1] / across, rows[-1] / down)
    return MaskInfo(
        read_only(np.ascontiguousarray(codes)),
        shape,
        info.gates,
        *labels,
        bounds=(float(bounds[0]), float(bounds[1]), float(bounds[2]), float(bounds[3])),
        window=look.window or WHOLE,
        rows=rows,
        columns=columns,
    )
