"""How old connections are: each in its place in the matrix, and how many there are of each age."""

from __future__ import annotations

from dataclasses import dataclass

import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import drawn_matrix, layer_label, matrices, states
from strnn_viz.topology.cache import Bounded
from strnn_viz.topology.pooling import LEVELS, MIXES
from strnn_viz.views import _cells, palette
from strnn_viz.views._cells import MaskInfo, block_sums, first_density
from strnn_viz.views._history import history_at, past, run_key, seen
from strnn_viz.views._plot import Word, epoch_axis, framed, last_epoch, lines, stepped, styled, waiting, words
from strnn_viz.views._scale import key_bar, key_words, sequential

#: Colours for ages in even steps from the newest, sand, to the oldest, blue.
AGES = 21

#: Colour of every code of an age map: 0 is empty; then the ages of each level of density, which is the opacity.
AGE_COLOURS = (
    "#00000000",
    *(
        f"{colour}{round(255 * level / LEVELS):02x}"
        for level in range(1, LEVELS + 1)
        for colour in sequential(AGES, reverse=True)
    ),
)

_SHARES = (0, 0.01, 0.05, 0.2, 0.5, 1)
_held: Bounded[MaskInfo] = Bounded(64)


def span(run: Run) -> int:
    """The age the scale ends at: it grows by steps with the run, and is the same wherever the cursor is."""
    epochs = run.epochs
    return max(1, min(last_epoch(run), stepped(epochs[-1])) - epochs[0]) if epochs else max(1, last_epoch(run))


def age_info(run: Run, epoch: int | None, info: LayerInfo | None, *, max_rows: int, max_columns: int) -> MaskInfo:
    """The cells of an age map.

    A cell's colour is the mean age of the connections in its block, its opacity how many there are, on the scale of
    the mask; where a block is one position both are exact.

    Parameters
    ----------
    run : Run
    epoch : int or None
    info : LayerInfo or None
        None in an empty run.
    max_rows, max_columns : int
        Cells there is room for.

    Returns
    -------
    MaskInfo
        Its codes are places in `AGE_COLOURS`: ``1 + (level - 1) * AGES + step`` with step 0 to 20 for the mean age as
        a share of :func:`span`.

    Raises
    ------
    RunError, UsageError
        If an epoch up to this one cannot be read, or this one was not recorded.
    """
    if info is None or epoch is None or not seen(run, epoch):
        return _cells.NOTHING
    whole = span(run)
    key = (run_key(run, epoch), info, max_rows, max_columns, whole)
    return _held.get(key, lambda: _age_info(run, epoch, info, max_rows, max_columns, whole))


def _age_info(run: Run, epoch: int, info: LayerInfo, max_rows: int, max_columns: int, whole: int) -> MaskInfo:
    age = history_at(run, epoch, info.name).age
    mask = age >= 0
    cells = _cells.pooled(states(mask), info, max_rows, max_columns, first_density(run, info))
    level = (cells.codes.astype(np.int64) - 1) // len(MIXES)
    mean = block_sums(np.where(mask, age, 0), cells) / np.maximum(block_sums(mask.view(np.uint8), cells), 1)
    step = np.clip(mean / whole * AGES, 0, AGES - 1).astype(np.int64)
    codes = np.where(cells.codes > 0, 1 + level * AGES + step, 0).astype(np.uint8)
    return _cells.placed(codes, info)


def age_map(
    run: Run,
    epoch: int | None,
    *,
    layer: str | None = None,
    height: int | None = 400,
    max_rows: int | None = None,
    max_columns: int | None = None,
) -> hv.Overlay:
    """Every connection of one matrix in its place, coloured by its age in epochs.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        Name of a matrix, or of a group for its first; None for the first recurrent one.
    height : int or None
        Height of the picture in pixels, to which the axis below it is added; None for all that its place has.
    max_rows, max_columns : int or None
        Cells there is room for, as for :func:`mask_evolution`.

    Returns
    -------
    Overlay
        Of an Image, the key of its colours, Segments and Labels, always. Both axes run from 0 to 1 over the matrix.

    Raises
    ------
    RunError, UsageError
        If an epoch up to this one cannot be read, this one was not recorded, or the run has no such matrix.
    """
    chosen = drawn_matrix(run, layer)
    rows, columns = _cells.room(chosen, height, max_rows, max_columns)
    shown = age_info(run, epoch, chosen, max_rows=rows, max_columns=columns)
    key = key_bar(1.025, 1.05, 1, 0, _cells.X, _cells.Y, reverse=True)
    named = key_words(1.05, 1, 0, "born", f"{span(run):,}\u2009epochs")
    return _cells.draw(shown, AGE_COLOURS, height, key=key, named=named)


@dataclass(frozen=True, eq=False)
class PyramidInfo:
    """How many connections there are of each age.

    Attributes
    ----------
    ages : ndarray of int64, shape (n,)
        In epochs, from the youngest; one for each epoch of birth, that of the first topology last.
    counts : ndarray of int64, shape (n,)
    width : float
        Epochs between two ages.
    """

    ages: NDArray[np.int64]
    counts: NDArray[np.int64]
    width: float

    @property
    def nnz(self) -> int:
        """Connections of all ages."""
        return int(self.counts.sum())

    @property
    def median(self) -> int:
        """The smallest age that at least half of the connections do not exceed; 0 where there are none."""
        if not self.nnz:
            return 0
        return int(self.ages[np.searchsorted(np.cumsum(self.counts), self.nnz / 2)])


def pyramid_info(run: Run, epoch: int | None, layers: list[LayerInfo]) -> PyramidInfo:
    """Count the connections of an epoch by age.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, or this one was not recorded.
    """
    none = np.zeros(0, dtype=np.int64)
    found = past(run, layers) if seen(run, epoch) else None
    if found is None or epoch is None:
        return PyramidInfo(none, none, 1.0)
    lives = found.lives.until(epoch)
    steps = np.diff(found.lives.epochs)
    return PyramidInfo(lives.ages[::-1], lives.alive[::-1], float(steps.min(initial=steps[0])) if steps.size else 1.0)


def age_pyramid(run: Run, epoch: int | None, *, layer: str | None = None, height: int | None = 240) -> hv.Overlay:
    """How many connections there are of each age; those just born at the left, those of the first topology last.

    The axis is that of square roots, so that small cohorts can be seen beside the first topology; its ticks say so.

    Parameters
    ----------
    run : Run
    epoch : int or None
        None while there is none.
    layer : str or None
        Name of a matrix or of a group; None for all, pooled.
    height : int or None
        Height of the plot in pixels; None for all that its place has.

    Returns
    -------
    Overlay
        Of the same elements for every epoch and for an empty run.

    Raises
    ------
    RunError, UsageError
        If an epoch cannot be read, this one was not recorded, or the run has no such layer.
    """
    shown = pyramid_info(run, epoch, matrices(run, layer))
    last, half = last_epoch(run), 0.42 * shown.width
    first = len(shown.ages) - 1
    share = shown.counts / max(1, shown.nnz)
    born = (np.arange(first + 1) == 0) & (first > 0)
    data = (
        shown.ages - half,
        np.zeros(first + 1),
        shown.ages + half,
        np.sqrt(share),
        shown.ages.astype(float),
        shown.counts.astype(float),
        share,
        np.where(born, palette.BORN, palette.SURVIVED).astype(object),
    )
    bars = hv.Rectangles(data, ["age", "root", "age1", "root1"], ["epochs", "connections", "share", "colour"])
    named = [] if shown.nnz else waiting(last / 2, 0.5)
    root, reach = np.sqrt(share), 0.3 * last  # a name is no longer, and must clear the bars beside its own
    if shown.nnz:
        oldest = float(shown.ages[-1])
        right = oldest > 0.8 * last
        near = (shown.ages > oldest - reach) if right else np.abs(shown.ages - oldest) < reach / 2
        align = "right" if right else "center" if first else "left"
        named.append(Word(oldest + half * right, float(root[near].max()), "first topology", align=align))
    if first > 0 and shown.counts[0]:
        named.append(Word(-half, float(root[shown.ages < reach / 2].max()), "▲ born", palette.BORN, "left"))
    tips = [("age", "@epochs epochs"), ("", "@connections{0,0} connections"), ("", "@share{0.0%}")]
    axis = epoch_axis(run) | {"xlim": (-0.04 * last - half, 1.04 * last + half), "xlabel": "age in epochs"}
    return framed(
        [
            lines([], "age", "root", framewise=True),
            styled(bars, color=hv.dim("colour"), line_alpha=0, tools=["hover"], hover_tooltips=tips),
            words(named, "age", "root"),
        ],
        height=height,
        ylim=(0, 1.12),
        yticks=[(s**0.5, f"{s:.0%}") for s in _SHARES],
        ylabel="share, root scale",
        **axis,
    )


def ages_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """The sentence above the ages: how many connections were just born, how many are of the first topology."""
    if epoch is None or not run.epochs:
        return "Ages appear with the first epoch"
    shown = pyramid_info(run, epoch, matrices(run, layer))
    where = f"{layer_label(run, layer)}, epoch {epoch}"
    if shown.counts[-1] == shown.nnz:
        return f"{where}: all {shown.nnz:,} connections are those of the first topology"
    born, old = (int(c) / shown.nnz for c in shown.counts[[0, -1]])
    unit = "epoch" if shown.median == 1 else "epochs"
    half = "half are new" if shown.median == 0 else f"half are at most {shown.median:,} {unit} old"
    return f"{where}: {born:.1%} of {shown.nnz:,} connections are new, {half}, {old:.1%} are of the first topology"
