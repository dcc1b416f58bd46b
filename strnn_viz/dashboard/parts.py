"""Small building blocks that the parts of the page share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import panel as pn
from panel.io.callbacks import PeriodicCallback

from strnn_viz.dashboard.theme import styles


class Text(pn.pane.HTML):  # type: ignore[misc]
    """Text that a screen reader may announce: its element stays the same while its content changes.

    Parameters
    ----------
    object : str
        Safe HTML; what comes from outside goes through :func:`html.escape` first.
    looks : str
        Style sheet it has besides the base.
    attributes : mapping of str to str
        HTML attributes of the element, for example ``{"role": "status"}``.
    called : str
        The name by which scripts in the browser find it.
    """

    def __init__(
        self,
        object: str = "",
        *,
        looks: str = "",
        attributes: Mapping[str, str] | None = None,
        called: str = "",
        **params: Any,
    ) -> None:
        self._attributes = dict(attributes or {})
        self._called = {"name": called} if called else {}
        params.setdefault("stylesheets", styles(*filter(None, [looks])))
        params.setdefault("margin", 0)
        super().__init__(object, **params)

    def _get_properties(self, doc: Any) -> dict[str, Any]:
        return {**super()._get_properties(doc), "html_attributes": self._attributes, **self._called}

    def say(self, html: str) -> None:
        """Show `html`, if it is not what is shown; take no room when it is empty."""
        if (self.object, self.visible) != (html, bool(html)):  # param compares too, but in 50 times as long
            self.param.update(object=html, visible=bool(html))


class Pace:
    """Lets long work be done no more often than leaves time for other things, such as hearing a person.

    Parameters
    ----------
    rest : float
        How long nothing is done afterwards, in times of what the work took.
    """

    def __init__(self, rest: float) -> None:
        self.clock = time.monotonic
        self._rest = rest
        self._until = -math.inf

    def run(self, work: Callable[[], None]) -> None:
        """Do the work, unless it is time to rest."""
        begun = self.clock()
        if begun < self._until:
            return
        work()
        done = self.clock()
        self._until = done + self._rest * (done - begun)


def repeat(work: Callable[[], None], milliseconds: int) -> PeriodicCallback:
    """What calls `work` again and again while the session lasts, once it is started.

    It says neither in the log nor to the page that it is at work: for a look at nothing new that would be most of the
    cost.
    """
    return PeriodicCallback(callback=work, period=milliseconds, background=True, log=False)


def key_words(entries: Iterable[tuple[str, str, str]]) -> str:
    """What marks mean, as HTML; entries are a word, a colour and a sign."""
    return "".join(
        f'<span><b style="color:{colour}">{sign}</b> {escape(word)}</span>' for word, colour, sign in entries
    )


def paragraphs(*texts: str, kind: str = "") -> str:
    """Plain texts as HTML paragraphs; empty ones are left out, and a line break keeps what follows as it is."""
    shown = []
    for text in filter(None, texts):
        first, _, rest = text.partition("\n")
        block = f"<pre>{escape(rest)}</pre>" if rest else ""
        shown.append(f'<p class="{kind}">{escape(first)}</p>{block}')
    return "".join(shown)
