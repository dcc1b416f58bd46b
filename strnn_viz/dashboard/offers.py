"""What a viewer of one run can take along: a picture or the numbers of a view, a movie of the masks, the whole run."""

from __future__ import annotations

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.sharing import Errand, Progress, drawing, file_name, packed
from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting import export_run
from strnn_viz.exporting.curves import TABLES
from strnn_viz.exporting.plots import VIEWS
from strnn_viz.runs import Run

RUN = "The whole run"
_NAMES = {
    "masks": "Connections",
    "learning": "Learning curves",
    "magnitudes": "Weight magnitudes",
    "nnstd": "NNSTD",
    "rewiring": "Rewiring explained",
}
_MOVIES = {"movie GIF": ".gif", "movie MP4": ".mp4"}


class ViewOffer:
    """A view of the run and the epoch under the cursor.

    Parameters
    ----------
    hub : RunHub
    cursor : Cursor
    name : str
        Of the view, as an export takes it.
    """

    def __init__(self, hub: RunHub, cursor: Cursor, name: str) -> None:
        self._hub, self._cursor, self._name = hub, cursor, name
        self.label = _NAMES.get(name, name.replace("-", " ").capitalize())
        self.endings = {"PNG": ".png", "SVG": ".svg"}
        self.endings |= {"CSV": ".csv"} if name in TABLES else {}
        self.endings |= _MOVIES if name == "masks" else {}

    def words(self, ending: str) -> str:
        """What would be written now."""
        layer = self._cursor.group or "the first recurrent layer"
        if ending in _MOVIES.values():
            return movie_words(ending, layer)
        if self._cursor.epoch is None:
            return "There is no epoch yet."
        return f"{self.label} at epoch {self._cursor.epoch}, {layer}."

    def errand(self, ending: str) -> Errand:
        """What is to be written of what is seen now."""
        run, epoch = seen(self._hub, self._cursor)
        name, layer = self._name, self._cursor.group or None
        if ending in _MOVIES.values():
            return Errand(
                file_name(run.name, ending=ending), lambda told: written(run, ending, layer=layer, progress=told)
            )

        def work(progress: Progress) -> dict[str, str]:
            if ending == ".csv" or (name, ending) == ("masks", ".png"):
                return written(run, ending, epoch=epoch, layer=layer, view=name, progress=progress)
            return drawing(VIEWS[name].figure(run, epoch, layer), ending)

        return Errand(file_name(run.name, name, f"epoch-{epoch}", ending=ending), work)


class RunOffer:
    """The whole run under the cursor.

    Parameters
    ----------
    hub : RunHub
    cursor : Cursor
    """

    label = RUN

    def __init__(self, hub: RunHub, cursor: Cursor) -> None:
        self._hub, self._cursor = hub, cursor
        self.endings = {"replay": ".html", "numbers": ".csv"} | _MOVIES

    def words(self, ending: str) -> str:
        """What would be written now."""
        told = {
            ".html": "The run in one file, with the slider: it opens from disk, without a server or a network.",
            ".csv": "A row an epoch: every metric, and how many connections were there, born and died.",
        }
        return told.get(ending) or movie_words(ending, "the first recurrent layer")

    def errand(self, ending: str) -> Errand:
        """What is to be written of what is seen now."""
        run, epoch = seen(self._hub, self._cursor)
        at = epoch if ending == ".html" else None
        return Errand(file_name(run.name, ending=ending), lambda told: written(run, ending, epoch=at, progress=told))


def run_offers(hub: RunHub, cursor: Cursor) -> list[ViewOffer | RunOffer]:
    """Everything that can be taken along of the run under a cursor."""
    return [*(ViewOffer(hub, cursor, name) for name in VIEWS), RunOffer(hub, cursor)]


def seen(hub: RunHub, cursor: Cursor) -> tuple[Run, int]:
    """The run and the epoch under a cursor.

    Raises
    ------
    StrnnVizError
        If there is none.
    """
    if not cursor.run or cursor.epoch is None:
        raise StrnnVizError("There is no epoch yet, so there is nothing to save.")
    return hub.run(cursor.run), cursor.epoch


def movie_words(ending: str, layer: str) -> str:
    """What a movie shows and needs."""
    needs = " This needs ffmpeg on the machine of the explorer." if ending == ".mp4" else ""
    return f"The masks of {layer}, a frame an epoch.{needs}"


def written(
    run: Run,
    ending: str,
    *,
    epoch: int | None = None,
    layer: str | None = None,
    view: str | None = None,
    progress: Progress,
) -> dict[str, str]:
    """A file as base 64; arguments as for an export."""
    return packed(ending, lambda out: export_run(run, out, epoch=epoch, layer=layer, view=view, progress=progress))
