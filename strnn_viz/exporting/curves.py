"""What a view draws as curves or bars, as a table: a row for every point."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import holoviews as hv

from strnn_viz import views
from strnn_viz.runs import LOG10_EDGES, Run
from strnn_viz.topology import matrices
from strnn_viz.topology.magnitudes import magnitudes
from strnn_viz.views.ages import pyramid_info
from strnn_viz.views.degrees import degree_info
from strnn_viz.views.survival import survival_info

Row: TypeAlias = Sequence[Any]
Table: TypeAlias = Callable[[Run, int, str | None], Iterator[Row]]


def _marks(draw: Callable[..., Any]) -> Table:
    """A table of the points that a view marks on its curves."""

    def table(run: Run, epoch: int, layer: str | None) -> Iterator[Row]:
        drawn = draw(run, epoch, layer=layer)
        marks = next(part for part in drawn if isinstance(part, hv.Scatter) and "series" in part)
        x, y = (dimension.name for dimension in (marks.kdims[0], marks.vdims[0]))
        yield ["series", x, y]
        yield from zip(*(marks.dimension_values(name) for name in ("series", x, y)), strict=True)

    return table


def _magnitudes(run: Run, epoch: int, layer: str | None) -> Iterator[Row]:
    found = magnitudes(run, epoch, matrices(run, layer))
    yield ["magnitude_from", "magnitude_to", "survived", "born"]
    yield [0, 0, found.survived_zeros, found.born_zeros]
    edges = 10.0**LOG10_EDGES
    yield from zip(edges[:-1], edges[1:], found.survived, found.born, strict=True)


def _survival(run: Run, epoch: int, layer: str | None) -> Iterator[Row]:
    yield ["born_from", "born_to", "age", "at_risk", "died", "censored", "survival", "lower", "upper"]
    for cohort in survival_info(run, epoch, matrices(run, layer)).cohorts:
        known = cohort.survival
        columns = (known.time, known.at_risk, known.died, known.censored, known.survival, known.lower, known.upper)
        yield from ([cohort.first, cohort.last, *values] for values in zip(*columns, strict=True))


def _degrees(run: Run, epoch: int, layer: str | None) -> Iterator[Row]:
    yield ["direction", "units", "unit", "degree"]
    for side in degree_info(run, epoch, layer).sides:
        yield from ([side.name, side.units, unit, degree] for unit, degree in enumerate(side.degrees))


def _ages(run: Run, epoch: int, layer: str | None) -> Iterator[Row]:
    found = pyramid_info(run, epoch, matrices(run, layer))
    yield ["age", "connections"]
    yield from zip(found.ages, found.counts, strict=True)


#: Tables by the name of the view; the others draw matrices and graphs.
TABLES: dict[str, Table] = {
    "learning": _marks(views.learning_curves),
    "prune-rate": _marks(views.prune_rate),
    "magnitudes": _magnitudes,
    "distance": _marks(views.connectivity_distance),
    "survival": _survival,
    "turnover": _marks(views.turnover),
    "degrees": _degrees,
    "age-pyramid": _ages,
    "nnstd": _marks(views.nnstd_distance),
}


def write_table(run: Run, out: Path, epoch: int, view: str, layer: str | None = None) -> None:
    """Write what a view draws at an epoch, a row for every point; what is not finite is left empty.

    Parameters
    ----------
    run : Run
    out : Path
    epoch : int
    view : str
        One of `TABLES`.
    layer : str or None
        Name of a matrix or of a group; None for what the view shows by itself.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    write_rows(out, TABLES[view](run, epoch, layer))


def write_rows(out: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV; what is not finite is left empty."""
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for row in rows:
            writer.writerow(["" if isinstance(v, float) and not math.isfinite(v) else v for v in row])
