"""Small building blocks that the parts of the page share."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import panel as pn

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
    """

    def __init__(
        self, object: str = "", *, looks: str = "", attributes: Mapping[str, str] | None = None, **params: Any
    ) -> None:
        self._attributes = dict(attributes or {})
        params.setdefault("stylesheets", styles(*filter(None, [looks])))
        params.setdefault("margin", 0)
        super().__init__(object, **params)

    def _get_properties(self, doc: Any) -> dict[str, Any]:
        return {**super()._get_properties(doc), "html_attributes": self._attributes}

    def say(self, html: str) -> None:
        """Show `html`, if it is not what is shown; take no room when it is empty."""
        self.param.update(object=html, visible=bool(html))


def paragraphs(*texts: str, kind: str = "") -> str:
    """Plain texts as HTML paragraphs; empty ones are left out, and a line break keeps what follows as it is."""
    shown = []
    for text in filter(None, texts):
        first, _, rest = text.partition("\n")
        block = f"<pre>{escape(rest)}</pre>" if rest else ""
        shown.append(f'<p class="{kind}">{escape(first)}</p>{block}')
    return "".join(shown)
