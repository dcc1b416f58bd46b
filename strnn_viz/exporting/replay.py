"""A run as one file: a page that replays it in any browser, from a disk, without a server and without a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

from bokeh.core.json_encoder import serialize_json
from bokeh.document import Document
from bokeh.models import ColumnDataSource
from bokeh.resources import Resources
from jinja2 import Environment, StrictUndefined

from strnn_viz.exporting.choices import Sheet, sheets, whole_sheet
from strnn_viz.exporting.replay_data import BUDGET, bars, cells, choose_epochs, choose_grid, facts, pooled_words
from strnn_viz.exporting.replay_figures import learning_figure, magnitude_figure, mask_figure
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.layers import matrix_role
from strnn_viz.views import LEGEND, active_words, learning_title, magnitudes_title, mask_title
from strnn_viz.views._cells import axis_labels, unit_ticks

_SIZE = "@the size of this file@"


def replay(
    run: Run,
    epoch: int,
    layer: str | None = None,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    budget: int = BUDGET,
) -> str:
    """The page, as HTML.

    Parameters
    ----------
    run : Run
    epoch : int
        The epoch it opens at.
    layer : str or None
        The one layer to hold, then in more detail; None for all.
    progress : callable
        Called with (done, total).
    budget : int
        Bytes that the masks may take, deflated.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    shown = sheets(run, layer)
    names = [info.name for sheet in shown for info in sheet.matrices]
    epochs = choose_epochs(run.epochs, len(names), epoch, budget)
    grid = choose_grid(run, epochs, shown, budget)
    frames: dict[str, list[Any]] = {"matrix": [], "epoch": [], "image": []}
    shapes: dict[str, tuple[int, int]] = {}
    total, done = len(names) * len(epochs), 0
    for sheet in shown:
        for info in sheet.matrices:
            for e in epochs:
                progress(done, total)
                codes = cells(run, e, info, grid[len(sheet.matrices)])
                shapes[info.name] = (codes.shape[0], codes.shape[1])
                for name, value in zip(frames, (info.name, e, codes), strict=True):
                    frames[name].append(value)
                done += 1
    progress(total, total)
    start = whole_sheet(run, layer).layer if layer is None else shown[0].layer
    about = {
        "epochs": epochs,
        "opens": epochs.index(epoch),
        "sheet": next(i for i, sheet in enumerate(shown) if sheet.layer == start),
        "sheets": [_sheet(run, sheet, epochs) for sheet in shown],
        "learning": [learning_title(run, e) for e in epochs],
        "active": [active_words(run, e) for e in epochs],
    }
    document = Document()
    for plot in (mask_figure("left"), mask_figure("right"), learning_figure(run), magnitude_figure()):
        document.add_root(plot)
    document.add_root(ColumnDataSource(frames, name="frames", tags=[json.dumps(about, allow_nan=False)]))
    page: str = _template("replay.html").render(
        name=run.name,
        facts=facts(run),
        sheets=[sheet.label for sheet in shown],
        legend=LEGEND,
        notes=[*_left_out(run, epochs), pooled_words(shapes, [i for s in shown for i in s.matrices])],
        size=_SIZE,
        style=_part("replay.css"),
        script=_part("replay.js"),
        document=in_page(document),
        bokeh=bokeh_script(),
    )
    return page.replace(_SIZE, f"{len(page.encode()) / 1e6:.1f} MB")


def _sheet(run: Run, sheet: Sheet, epochs: Sequence[int]) -> dict[str, Any]:
    """What the page has to know of a sheet, besides the cells."""
    found = bars(run, epochs, sheet.layer)
    return {
        "label": sheet.label,
        "matrices": [_matrix(run, info) for info in sheet.matrices],
        "masks": [mask_title(run, e, layer=sheet.layer) for e in epochs],
        "magnitudes": [magnitudes_title(run, e, layer=sheet.layer) for e in epochs],
        "edges": found.edges.round(6).tolist(),
        "survived": found.survived.round(7).tolist(),
        "born": found.born.round(7).tolist(),
        "zeros": found.zeros.round(7).tolist(),
        "thresholds": found.thresholds,
    }


def _matrix(run: Run, info: LayerInfo) -> dict[str, Any]:
    """What lies along the axes of a mask; one without gates lies on its longer side, as in the explorer."""
    row_label, column_label = axis_labels(info)
    rows, columns = info.shape
    if not info.gates and rows > columns:
        (rows, columns), row_label, column_label = (columns, rows), column_label, row_label
    bands = len(info.gates)
    down = [((i + 0.5) / bands, gate) for i, gate in enumerate(info.gates)] or unit_ticks(rows)
    return {
        "name": info.name,
        "title": f"{matrix_role(run, info)}, {rows:,} × {columns:,}",
        "gates": [i / bands for i in range(1, bands)],
        "rows": {"label": row_label, "ticks": down},
        "columns": {"label": column_label, "ticks": unit_ticks(columns)},
    }


def _left_out(run: Run, epochs: Sequence[int]) -> list[str]:
    """A sentence where not all epochs are shown."""
    if len(epochs) == len(run.epochs):
        return []
    return [f"{len(epochs):,} of {len(run.epochs):,} epochs have masks here, so that the file stays small."]


def in_page(document: Document) -> str:
    """A document as JSON that may stand in a script element: no character of it can end the element."""
    text: str = serialize_json(document.to_json(deferred=False))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def bokeh_script() -> str:
    """BokehJS itself, and none of the extensions that others have registered: those fetch what they need."""
    return "\n".join(Resources(mode="inline", components=["bokeh"], log_level="warn").js_raw)


def _template(name: str) -> Any:
    # Whatever names a run and its layers have, they are text here.
    return Environment(autoescape=True, undefined=StrictUndefined).from_string(_part(name))


def _part(name: str) -> str:
    return (resources.files("strnn_viz.exporting") / "page" / name).read_text(encoding="utf-8")
