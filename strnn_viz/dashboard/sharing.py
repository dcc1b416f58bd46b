"""What a viewer takes along: a link to what is seen, a picture or the numbers of a view, a movie, a replay."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.document import Document
from panel.custom import JSComponent

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.dialog import Dialog
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.player import in_session
from strnn_viz.dashboard.theme import script
from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting import export_run
from strnn_viz.exporting.curves import TABLES
from strnn_viz.exporting.plots import VIEWS, plot_figure
from strnn_viz.exporting.replay import in_page
from strnn_viz.runs import Run

RUN = "The whole run"
_NAMES = {"masks": "Connections", "learning": "Learning curves", "magnitudes": "Weight magnitudes", "nnstd": "NNSTD"}
#: What can be taken along, as a person reads it, with its name for the exporter.
WHAT = {_NAMES.get(name, name.replace("-", " ").capitalize()): name for name in VIEWS} | {RUN: ""}
_KINDS = {
    ".png": "image/png", ".svg": "image/svg+xml", ".csv": "text/csv", ".gif": "image/gif", ".mp4": "video/mp4",
    ".html": "text/html",
}  # fmt: skip
_SAID = {".html": "replay", ".csv": "numbers", ".gif": "movie GIF", ".mp4": "movie MP4"}


class Courier(JSComponent):  # type: ignore[misc]
    """Brings the browser what is not for the eye: the address of what is seen, and files to keep.

    Parameters
    ----------
    address : str
        What stands after the question mark in the browser's bar.
    copies : int
        How often the link was to be copied.
    parcel : dict
        A file: its ``name``, its ``kind``, and its ``content`` in base 64 or a ``document`` of a plot to draw it from.
    told : str
        What became of the last of these.
    """

    address = param.String(default="", doc="What stands after the question mark.")
    copies = param.Integer(default=0, doc="How often the link was to be copied.")
    parcel = param.Dict(default={}, doc="A file.")
    told = param.String(default="", doc="What became of it.")

    _esm = script("courier")

    def __init__(self, **params: Any) -> None:
        super().__init__(**{"margin": 0, "width": 0, "height": 0} | params)


class Share:
    """A button, and the dialog in which a viewer chooses what to take along.

    Files are written beside the page's own work, one at a time for all viewers.

    Parameters
    ----------
    hub : RunHub
    cursor : Cursor

    Attributes
    ----------
    button : Panel object
    dialog : Dialog
    courier : Courier
        All three belong into the page.
    """

    def __init__(self, hub: RunHub, cursor: Cursor) -> None:
        self._hub = hub
        self._cursor = cursor
        self.courier = Courier()
        self.button = pmui.Button(label="Share", icon="ios_share", size="small", variant="text", align="center",
                                  margin=(0, 0, 0, 8))  # fmt: skip
        self.what = pmui.Select(
            label="What", options=list(WHAT), value="Connections", size="small", margin=0, width=240
        )
        self.ending = pmui.RadioButtonGroup(label="As", options={"": ""}, value="", size="small", margin=(16, 0),
                                           sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}})  # fmt: skip
        self.about = Text()
        self.save = pmui.Button(label="Save", icon="download", size="small", variant="contained", margin=0)
        self.copy = pmui.Button(label="Copy link", icon="link", size="small", variant="outlined", margin=(0, 0, 16, 0))
        self.close = pmui.Button(label="Close", size="small", variant="outlined", margin=(0, 0, 0, 12))
        self.status = Text(attributes={"role": "status"}, margin=(12, 0, 0, 0))
        self.dialog = Dialog(
            pn.Column(
                Text("<p>A link opens the page as you see it: this run, epoch, layer, view and part of the masks.</p>"),
                self.copy, self.what, self.ending, self.about, pn.Row(self.save, self.close, margin=(12, 0, 0, 0)),
                self.status, margin=0, width=420,
            ),
            title="Share what you see",
            widest=468,
        )  # fmt: skip
        self.button.on_click(lambda _: self.open())
        self.close.on_click(lambda _: self.shut())
        self.copy.on_click(lambda _: self.courier.param.update(told="", copies=self.courier.copies + 1))
        self.save.on_click(lambda _: self.write())
        self.what.param.watch(lambda _: self._offer(), "value")
        self.ending.param.watch(lambda _: self._tell(), "value")
        self.courier.param.watch(self._arrived, "told")
        self._offer()

    def open(self) -> None:
        """Show the dialog."""
        if self._cursor.run:
            self.status.say("")
            self._tell()
            self.dialog.open = True

    def shut(self) -> None:
        """Close the dialog."""
        self.dialog.open = False

    def _offer(self) -> None:
        name = WHAT[self.what.value]
        if not name:
            endings = [".html", ".csv", ".gif", ".mp4"]
        else:
            endings = [".png", ".svg", *([".csv"] if name in TABLES else [])]
            endings += [".gif", ".mp4"] if name == "masks" else []
        labels = {_SAID[e] if e in _SAID and not (name and e == ".csv") else e[1:].upper(): e for e in endings}
        kept = self.ending.value if self.ending.value in endings else endings[0]
        self.ending.param.update(options=labels, value=kept)
        self._tell()

    def _tell(self) -> None:
        """Say what would be written."""
        name, ending, epoch = WHAT[self.what.value], self.ending.value, self._cursor.epoch
        layer = self._cursor.group or "the first recurrent layer"
        words = {
            ".html": "The run in one file, with the slider: it opens from disk, without a server or a network.",
            ".gif": f"The masks of {layer}, a frame an epoch.",
            ".mp4": f"The masks of {layer}, a frame an epoch. This needs ffmpeg on the machine of the explorer.",
        }
        if ending == ".csv" and not name:
            words[".csv"] = "A row an epoch: every metric, and how many connections were there, born and died."
        self.about.say(paragraphs(words.get(ending, f"{self.what.value} at epoch {epoch}, {layer}."), kind="muted"))

    def write(self) -> None:
        """Write what is chosen, and hand it to the browser."""
        run, epoch, layer = self._cursor.run, self._cursor.epoch, self._cursor.group or None
        name, ending = WHAT[self.what.value], self.ending.value
        if not run or epoch is None:
            self.status.say(paragraphs("There is no epoch yet, so there is nothing to save.", kind="error"))
            return
        found, document = self._hub.run(run), pn.state.curdoc
        alone = ending in (".gif", ".mp4") or not name
        parcel = {"name": file_name(run, "" if alone else name, epoch, ending, whole=alone), "kind": _KINDS[ending]}
        self.save.disabled = True
        self.status.say(paragraphs(f"Writing {parcel['name']} …"))

        def make() -> dict[str, str]:
            if ending in (".png", ".svg") and (name, ending) != ("masks", ".png"):
                return parcel | {"document": drawing(found, epoch, name, layer, ending)}
            return parcel | {"content": written(found, ending, epoch, name, layer, progress)}

        def progress(done: int, total: int) -> None:
            words = paragraphs(f"Writing {parcel['name']}: {done:,} of {total:,}")
            later(document, lambda: self.status.say(words))

        def work() -> None:
            try:
                made = make()
                later(document, lambda: self._hand_over(made))
            except Exception as error:
                words = str(error) if isinstance(error, StrnnVizError) else f"{type(error).__name__}: {error}"
                later(document, lambda: self._failed(f"Not saved: {words}"))

        if in_session():
            workers: Executor = self._hub.kept("writers", lambda: ThreadPoolExecutor(1, "share"))
            workers.submit(work)
        else:
            work()

    def _hand_over(self, parcel: dict[str, str]) -> None:
        self.courier.param.update(told="", parcel=parcel)

    def _failed(self, words: str) -> None:
        self.save.disabled = False
        self.status.say(paragraphs(words, kind="error"))

    def _arrived(self, event: Any) -> None:
        if event.new:
            self.save.disabled = False
            self.courier.parcel = {}
            self.status.say(paragraphs(event.new, kind="" if not event.new.startswith("Not saved") else "error"))


def later(document: Any, act: Callable[[], None]) -> None:
    """Do something in the page's own turn; nothing, where the viewer has left meanwhile."""
    if document is not None and document.session_context is not None:
        document.add_next_tick_callback(act)
    else:
        act()


def drawing(run: Run, epoch: int, view: str, layer: str | None, ending: str) -> str:
    """A view as a document that a browser draws and makes a picture of; arguments as for an export."""
    plot = plot_figure(run, epoch, VIEWS[view], layer)
    if ending == ".svg":
        plot.output_backend = "svg"
    document = Document()
    document.add_root(plot)
    return in_page(document)


def written(
    run: Run, ending: str, epoch: int, view: str, layer: str | None, progress: Callable[[int, int], None]
) -> str:
    """A file as base 64; arguments as for an export."""
    with tempfile.TemporaryDirectory(prefix="strnn-viz-") as folder:
        of_view = bool(view) and ending in (".png", ".csv")
        out = export_run(
            run,
            Path(folder) / f"out{ending}",
            epoch=epoch if of_view or ending == ".html" else None,
            layer=layer if view else None,
            view=view if of_view else None,
            progress=progress,
        )
        return base64.b64encode(out.read_bytes()).decode("ascii")


def file_name(run: str, view: str, epoch: int, ending: str, *, whole: bool) -> str:
    """A name for a file, of letters that every system takes; `whole` runs have no epoch in theirs."""
    parts = [run] if whole else [run, view, f"epoch-{epoch}"]
    return (re.sub(r"[^\w.-]+", "-", "-".join(parts)).strip("-.") or "run") + ending
