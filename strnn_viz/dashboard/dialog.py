"""A dialog over the page: the browser's own, so that keyboard and screen readers find what they know."""

from __future__ import annotations

from typing import Any

import param
from panel.custom import Child, JSComponent

from strnn_viz.dashboard.theme import FONT, script, style


class Dialog(JSComponent):  # type: ignore[misc]
    """A modal dialog.

    Parameters
    ----------
    body : Panel object
    title : str
    open : bool
        Whether it is to be seen; a person closes it with Escape, or by a click beside it.
    widest : int
        Pixels it may be wide, where there is room.
    seen : int
        How often the browser has opened it. Figures come after that: laid out where nothing is seen, they stay empty.
    """

    body = Child(doc="What is in it.")
    title = param.String(default="", doc="Its heading and its name.")
    open = param.Boolean(default=False, doc="Whether it is to be seen.")
    widest = param.Integer(default=1360, doc="Pixels it may be wide.")
    seen = param.Integer(default=0, doc="How often the browser has opened it.")

    _esm = script("dialog")
    _stylesheets = [style("dialog"), f":host {{ --bokeh-base-font: {FONT} !important; }}"]  # noqa: RUF012 - what Panel reads

    def __init__(self, body: Any, **params: Any) -> None:
        super().__init__(body=body, **{"margin": 0, "width": 0, "height": 0} | params)
