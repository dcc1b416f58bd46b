"""Several runs compared, to keep: each card of the comparison as a figure, and its numbers as a table."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bokeh.models import LayoutDOM

from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting.curves import Row
from strnn_viz.exporting.figures import HEIGHT, WIDTH, bokeh_figure, headed, sheet
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import changes, layer_label
from strnn_viz.topology.between import common_matrices, misfit, shared_between
from strnn_viz.views import LEGEND, palette
from strnn_viz.views._compared import LOOKS, Look
from strnn_viz.views.compared_density import Densities, compared_density, compared_density_title
from strnn_viz.views.compared_distance import Way, compared_distance, compared_distance_title
from strnn_viz.views.compared_gap import Against, compared_gap, compared_gap_title
from strnn_viz.views.compared_learning import comparable_measures, compared_learning, compared_learning_title, valid_key
from strnn_viz.views.compared_masks import WHOLE, Window, chance_words, compared_mask, mask_difference

_LETTERS = 85  # of a bold line that fit the width
_CELLS = 2 * HEIGHT  # of a matrix, down and across: a cell is a pixel of a screen with two a unit


@dataclass(frozen=True)
class Compared:
    """What a viewer compares, as it stood at a moment.

    Attributes
    ----------
    runs : tuple of Run
        Two to eight.
    epochs : tuple of int or None
        Where each stands; None while it has none.
    epoch : int
        Where the cursor is.
    matrix : LayerInfo
        The matrix shown, as the first run has it.
    density : float
        What the cells of all masks are scaled to.
    window : Window
        The part of the matrix that is seen.
    pair : tuple of int
        Places among the runs of the two laid over each other.
    gaps : tuple of Against
        Of every run but the first.
    densities : tuple of Densities
        Of every run.
    ways : tuple of Way
        Of every run but the first, as far as is known by now.
    """

    runs: tuple[Run, ...]
    epochs: tuple[int | None, ...]
    epoch: int
    matrix: LayerInfo
    density: float
    window: Window
    pair: tuple[int, int]
    gaps: tuple[Against, ...]
    densities: tuple[Densities, ...]
    ways: tuple[Way, ...]

    @property
    def label(self) -> str:
        """What the matrix is called."""
        return layer_label(self.runs[0], self.matrix.name)

    @property
    def names(self) -> str:
        """The runs by their letters."""
        return " · ".join(f"{look.letter} {run.name}" for run, look in zip(self.runs, LOOKS, strict=False))


@dataclass(frozen=True)
class Card:
    """What of a comparison can be kept.

    Attributes
    ----------
    label : str
        What a person calls it.
    draw : callable
        Given a `Compared`, its picture.
    rows : callable or None
        Given a `Compared`, its numbers, a row for every point after a row of titles; None where there are none.
    over_epochs : bool
        Whether these numbers are of all epochs and not of the one under the cursor.
    """

    label: str
    draw: Callable[[Compared], LayoutDOM]
    rows: Callable[[Compared], Iterator[Row]] | None = None
    over_epochs: bool = False


def _masks(c: Compared) -> LayoutDOM:
    """Masks beside each other, each under its run and what that has rewired."""
    across = {2: 2, 4: 2}.get(len(c.runs), 3)
    side = 1200 // across
    plots = []
    for run, epoch, look in zip(c.runs, c.epochs, LOOKS, strict=False):
        own = run.layers.get(c.matrix.name)
        plot = bokeh_figure(compared_mask(run, epoch, own, density=c.density, window=c.window, max_rows=_CELLS,
                                          max_columns=_CELLS, height=None), side, side)  # fmt: skip
        if own is None:
            told = "no such matrix"
        elif epoch is None:
            told = "no epoch yet"
        else:
            told = f"epoch {epoch:,}, {changes(run, epoch, [own]).nnz:,} connections"
        letters = side // 7
        lines = [*textwrap.wrap(f"{look.letter} {run.name}", letters), told]
        headed(plot, [("\n".join(lines), "12px", "bold", look.colour)])
        plots.append(plot)
    seen = "" if c.window == WHOLE else ", a part"
    what = f"{c.label}{seen}, epoch {c.epoch:,}: {len(plots)} masks on one colour scale"
    return sheet([(what, "15px", "bold")], plots, across, side, LEGEND)


def _difference(c: Compared) -> LayoutDOM:
    """Two masks in one picture."""
    (a, at_a, x), (b, at_b, y) = _two(c)
    if c.matrix.name not in {info.name for info in common_matrices(a, b)}:
        raise StrnnVizError(f"The masks of {x.letter} and {y.letter} cannot be laid over each other. {misfit(a, b)}")
    drawn = mask_difference(a, at_a, b, at_b, c.matrix, density=c.density, colours=(x.colour, y.colour),
                            window=c.window, max_rows=_CELLS, max_columns=_CELLS, height=None)  # fmt: skip
    shared = shared_between(a, at_a, b, at_b, [c.matrix.name])
    sentence = (
        f"{c.label}, {x.letter} at epoch {at_a}, {y.letter} at epoch {at_b}: "
        f"{shared.both:,} connections in both, {chance_words(shared)}"
    )
    key = [
        (f"only in {x.letter}: {shared.only_a:,}", x.colour, "◀"),
        (f"in both: {shared.both:,}", palette.SURVIVED, "■"),
        (f"only in {y.letter}: {shared.only_b:,}", y.colour, "▶"),
    ]
    head = [(f"{x.letter} {a.name} and {y.letter} {b.name}", "15px", "bold"), (sentence, "12px", "normal")]
    return sheet(head, [bokeh_figure(drawn, WIDTH, WIDTH)], 1, WIDTH, key)


def _difference_rows(c: Compared) -> Iterator[Row]:
    (a, at_a, _), (b, at_b, _) = _two(c)
    yield ["matrix", "run_a", "epoch_a", "run_b", "epoch_b", "only_a", "both", "only_b", "both_by_chance", "jaccard",
           "jaccard_by_chance", "overlap", "overlap_by_chance"]  # fmt: skip
    for info in common_matrices(a, b):
        s = shared_between(a, at_a, b, at_b, [info.name])
        yield [info.name, a.name, at_a, b.name, at_b, s.only_a, s.both, s.only_b, s.by_chance, s.jaccard,
               s.chance_jaccard, s.overlap, s.chance_overlap]  # fmt: skip


def _two(c: Compared) -> list[tuple[Run, int, Look]]:
    """The two runs laid over each other, each with its epoch.

    Raises
    ------
    StrnnVizError
        If one of them has none.
    """
    found = []
    for place in c.pair:
        run, epoch = c.runs[place], c.epochs[place]
        if epoch is None:
            raise StrnnVizError(f"Run {run.name} has no epoch yet, so there is no difference to save.")
        found.append((run, epoch, LOOKS[place]))
    return found


def _learning(c: Compared) -> LayoutDOM:
    drawn = compared_learning(c.runs, c.epoch, height=HEIGHT)
    return _curves(c, drawn, compared_learning_title(c.runs, c.epoch))


def _learning_rows(c: Compared) -> Iterator[Row]:
    key = valid_key(c.runs[0])
    yield ["run", "epoch", key]
    for run, fits in zip(c.runs, comparable_measures(c.runs), strict=True):
        if fits:
            yield from ([run.name, row["epoch"], row[key]] for row in run.rows if row.get(key) is not None)


def _gap(c: Compared) -> LayoutDOM:
    drawn = compared_gap(c.runs, c.gaps, c.epoch, height=HEIGHT)
    return _curves(c, drawn, compared_gap_title(c.runs, c.gaps, c.epoch))


def _gap_rows(c: Compared) -> Iterator[Row]:
    yield ["run", "against", "epoch", "gap", "lower", "upper", "difference", "seeds", "seeds_against"]
    for a in c.gaps:
        theirs, ours = a.gap.seeds
        columns = (a.gap.epochs.tolist(), a.gap.middle, a.gap.low, a.gap.high, a.gap.absolute)
        for values in zip(*columns, strict=True):
            yield [a.name, c.runs[0].name, *values, ours, theirs]


def _density(c: Compared) -> LayoutDOM:
    bars = len(c.runs) * max((len(one.shown) for one in c.densities), default=1)
    drawn = compared_density(c.densities, height=HEIGHT)
    title = compared_density_title(c.densities, c.epoch)
    return _curves(c, drawn, title, height=max(HEIGHT, 130 + 18 * bars))


def _density_rows(c: Compared) -> Iterator[Row]:
    yield ["run", "epoch", "matrix", "density", "density_of_initialization"]
    for run, one in zip(c.runs, c.densities, strict=True):
        yield from ([run.name, one.epoch, name, value, one.expected.get(name)] for name, value in one.shown.items())


def _distance(c: Compared) -> LayoutDOM:
    drawn = compared_distance(c.runs, c.ways, c.epoch, height=HEIGHT)
    return _curves(c, drawn, compared_distance_title(c.ways, c.epoch))


def _distance_rows(c: Compared) -> Iterator[Row]:
    yield ["run", "against", "epoch", "jaccard_distance", "jaccard_distance_by_chance", "nnstd_by_independent"]
    for way in c.ways:
        yield from ([way.name, c.runs[0].name, p.epoch, p.jaccard, p.chance, p.nnstd] for p in way.points)


#: Cards by the name that a file gets.
CARDS = {
    "masks": Card("Connections side by side", _masks),
    "difference": Card("Difference", _difference, _difference_rows),
    "learning": Card("Learning", _learning, _learning_rows, over_epochs=True),
    "gap": Card("Gap", _gap, _gap_rows, over_epochs=True),
    "density": Card("Density of each matrix", _density, _density_rows),
    "distance": Card("Distance", _distance, _distance_rows, over_epochs=True),
}


def _curves(c: Compared, element: Any, sentence: str, height: int = HEIGHT) -> LayoutDOM:
    names = "\n".join(textwrap.wrap(c.names, _LETTERS, break_on_hyphens=False))
    return headed(bokeh_figure(element, WIDTH, height), [(names, "15px", "bold"), (sentence, "12px", "normal")])
