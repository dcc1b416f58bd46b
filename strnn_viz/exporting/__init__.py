"""Runs to share: a replay in one file, a movie of the masks, the numbers as a table, a view as a picture."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from strnn_viz.errors import UsageError
from strnn_viz.exporting.choices import ENDINGS, check_ending, check_epoch, check_layer, nearest, whole_sheet
from strnn_viz.exporting.out import check_place, replacing
from strnn_viz.runs import Run

__all__ = ["ENDINGS", "export_run"]


def export_run(
    run: Run,
    out: str | os.PathLike[str],
    *,
    epoch: int | None = None,
    layer: str | None = None,
    view: str | None = None,
    force: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Path:
    """Write a run, or a view of it, in the format that the ending of `out` says.

    Parameters
    ----------
    run : Run
    out : path-like
        One of `ENDINGS`. It appears once it is complete.
    epoch : int or None
        The epoch of a picture or of a view's table, or that a replay opens at; None for the newest.
    layer : str or None
        Name of a matrix or of a group. None for all in a replay and a table, for the first recurrent one in a movie,
        and for what a view shows by itself in a picture.
    view : str or None
        Which view a picture is of, see :data:`strnn_viz.exporting.plots.VIEWS`, or a table, see
        :data:`strnn_viz.exporting.curves.TABLES`; None for a picture of the masks, and a table of every epoch.
    force : bool
        Whether to write over a file that is there.
    progress : callable
        Called with (done, total).

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        If the ending, the epoch, the layer or the view is none there is, if the run has no epoch yet, if `out` is
        there already, or if what draws it is not installed.
    RunError
        If an epoch is damaged.
    StrnnVizError
        If it cannot be written.

    Examples
    --------
    >>> export_run(Run("runs/demo"), "demo.html")  # doctest: +SKIP
    PosixPath('demo.html')
    """
    path = Path(out)
    ending = check_ending(path)
    check_place(path, force)
    if view is not None and ending not in (".png", ".svg", ".csv"):
        raise UsageError(f"--view is for .png, .svg and .csv: {path.name} shows {ENDINGS[ending]}.")
    if epoch is not None and (ending in (".gif", ".mp4") or (ending == ".csv" and view is None)):
        raise UsageError(f"--epoch is for .html, .png, .svg and a view as .csv: {path.name} holds every epoch.")
    at, where = check_epoch(run, epoch), check_layer(run, layer)
    with replacing(path, force) as part:
        _WRITERS[ending](run, part, at, where, view, progress)
    return path


def _html(
    run: Run, part: Path, epoch: int, layer: str | None, _: str | None, progress: Callable[[int, int], None]
) -> None:
    from strnn_viz.exporting.replay import replay

    part.write_text(replay(run, epoch, layer, progress), encoding="utf-8")


def _gif(run: Run, part: Path, _e: int, layer: str | None, _: str | None, progress: Callable[[int, int], None]) -> None:
    from strnn_viz.exporting.movie import write_gif

    write_gif(run, part, whole_sheet(run, layer), progress)


def _mp4(run: Run, part: Path, _e: int, layer: str | None, _: str | None, progress: Callable[[int, int], None]) -> None:
    from strnn_viz.exporting.movie import find_ffmpeg, write_mp4

    write_mp4(run, part, whole_sheet(run, layer), progress, find_ffmpeg())


def _csv(run: Run, part: Path, epoch: int, layer: str | None, view: str | None, _: Callable[[int, int], None]) -> None:
    from strnn_viz.exporting.curves import TABLES, write_table
    from strnn_viz.exporting.table import write_csv

    if view is None:
        write_csv(run, part, layer)
    else:
        name = nearest(view, TABLES, "there is no table of a view", "Tables")
        write_table(run, part, epoch, name, layer)


def _image(
    run: Run, part: Path, epoch: int, layer: str | None, view: str | None, _: Callable[[int, int], None]
) -> None:
    from strnn_viz.exporting import plots
    from strnn_viz.exporting.picture import picture

    name = nearest(view or "masks", plots.VIEWS, "there is no view", "Views")
    kind = part.suffix.lower().removeprefix(".")
    if name == "masks" and kind == "png":
        picture(run, epoch, whole_sheet(run, layer), scale=2).save(part, "PNG")
        return
    browser = plots.find_browser()
    plot = plots.VIEWS[name].figure(run, epoch, layer)
    part.write_bytes(plots.draw_in_browser(plot, kind, browser))


_WRITERS = {".html": _html, ".gif": _gif, ".mp4": _mp4, ".csv": _csv, ".png": _image, ".svg": _image}
