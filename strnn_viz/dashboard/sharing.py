"""What a viewer takes along: a link to what is seen, and files made beside the page and kept by the browser."""

from __future__ import annotations

import base64
import re
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias

import panel as pn
import panel_material_ui as pmui
import param
from bokeh.document import Document
from bokeh.models import LayoutDOM
from panel.custom import JSComponent

from strnn_viz.dashboard.dialog import Dialog
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.player import in_session
from strnn_viz.dashboard.theme import script
from strnn_viz.errors import StrnnVizError
from strnn_viz.exporting.figures import as_svg
from strnn_viz.exporting.replay import in_page

_KINDS = {
    ".png": "image/png", ".svg": "image/svg+xml", ".csv": "text/csv", ".gif": "image/gif", ".mp4": "video/mp4",
    ".html": "text/html",
}  # fmt: skip

Progress: TypeAlias = Callable[[int, int], None]


class Errand(NamedTuple):
    """A file to be made, of what is seen at the press of the button.

    Attributes
    ----------
    name : str
        Of the file.
    work : callable
        Given a callable that is told (done, total), makes it: the ``content`` in base 64, or a ``document`` of a plot
        that the browser draws.
    """

    name: str
    work: Callable[[Progress], dict[str, str]]


class Offer(Protocol):
    """One thing that can be taken along.

    Attributes
    ----------
    label : str
        What it is, as a person reads it.
    endings : dict of str to str
        Endings of the files it can become, by what a person calls them.
    """

    label: str
    endings: dict[str, str]

    def words(self, ending: str) -> str:
        """What would be written now, in a sentence."""

    def errand(self, ending: str) -> Errand:
        """What is to be written of what is seen now; raises `StrnnVizError` where there is nothing."""


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
    offers : sequence of Offer
        The first is chosen to begin with.
    seen : str
        What a link brings back, in a few words.

    Attributes
    ----------
    button : Panel object
    dialog : Dialog
    courier : Courier
        All three belong into the page.
    """

    def __init__(self, hub: RunHub, offers: Sequence[Offer], seen: str) -> None:
        self._hub = hub
        self.offers = {offer.label: offer for offer in offers}
        self.courier = Courier()
        self.button = pmui.Button(label="Share", icon="ios_share", size="small", variant="text", align="center",
                                  margin=(0, 0, 0, 8))  # fmt: skip
        labels = list(self.offers)
        self.what = pmui.Select(label="What", options=labels, value=labels[0], size="small", margin=0, width=240)
        self.ending = pmui.RadioButtonGroup(label="As", options={"": ""}, value="", size="small", margin=(16, 0),
                                           sx={"& .MuiToggleButton-root": {"whiteSpace": "nowrap"}})  # fmt: skip
        self.about = Text()
        self.save = pmui.Button(label="Save", icon="download", size="small", variant="contained", margin=0)
        self.copy = pmui.Button(label="Copy link", icon="link", size="small", variant="outlined", margin=(0, 0, 16, 0))
        self.close = pmui.Button(label="Close", size="small", variant="outlined", margin=(0, 0, 0, 12))
        self.status = Text(attributes={"role": "status"}, margin=(12, 0, 0, 0))
        self.dialog = Dialog(
            pn.Column(
                Text(f"<p>A link opens the page as you see it: {seen}.</p>"),
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
        self.status.say("")
        self._tell()
        self.dialog.open = True

    def shut(self) -> None:
        """Close the dialog."""
        self.dialog.open = False

    @property
    def _chosen(self) -> Offer:
        return self.offers[self.what.value]

    def _offer(self) -> None:
        """Offer the kinds of file that what is chosen can become, and keep the one chosen if it is among them."""
        endings = self._chosen.endings
        kept = self.ending.value if self.ending.value in endings.values() else next(iter(endings.values()))
        self.ending.param.update(options=endings, value=kept)
        self._tell()

    def _tell(self) -> None:
        """Say what would be written."""
        self.about.say(paragraphs(self._chosen.words(self.ending.value), kind="muted"))

    def write(self) -> None:
        """Write what is chosen, and hand it to the browser."""
        document = pn.state.curdoc
        try:
            name, make = self._chosen.errand(self.ending.value)
        except StrnnVizError as error:
            self._failed(str(error))
            return
        parcel = {"name": name, "kind": _KINDS[self.ending.value]}
        self.save.disabled = True
        self.status.say(paragraphs(f"Writing {name} …"))

        def progress(done: int, total: int) -> None:
            words = paragraphs(f"Writing {name}: {done:,} of {total:,}")
            later(document, lambda: self.status.say(words))

        def work() -> None:
            try:
                made = parcel | make(progress)
                later(document, lambda: self.courier.param.update(told="", parcel=made))
            except Exception as error:
                words = str(error) if isinstance(error, StrnnVizError) else f"{type(error).__name__}: {error}"
                later(document, lambda: self._failed(f"Not saved: {words}"))

        if in_session():
            workers: Executor = self._hub.kept("writers", lambda: ThreadPoolExecutor(1, "share"))
            workers.submit(work)
        else:
            work()

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


def drawing(plot: LayoutDOM, ending: str) -> dict[str, str]:
    """A plot as a document that a browser draws and makes a picture of."""
    document = Document()
    document.add_root(as_svg(plot) if ending == ".svg" else plot)
    return {"document": in_page(document)}


def packed(ending: str, write: Callable[[Path], Any]) -> dict[str, str]:
    """A file as base 64; `write` is given the path to write it at."""
    with tempfile.TemporaryDirectory(prefix="strnn-viz-") as folder:
        out = Path(folder) / f"out{ending}"
        write(out)
        return {"content": base64.b64encode(out.read_bytes()).decode("ascii")}


def file_name(*parts: str, ending: str) -> str:
    """A name for a file, of letters that every system takes."""
    return (re.sub(r"[^\w.-]+", "-", "-".join(filter(None, parts))).strip("-.") or "run") + ending
