"""What every page has around what it shows: the shell, the way to the other pages, a word once the server is gone."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import panel as pn
import panel_material_ui as pmui
from bokeh.document import Document
from bokeh.events import ConnectionLost, DocumentReady
from bokeh.models import CustomJS
from panel.custom import JSComponent
from panel_material_ui.base import BASE_TEMPLATE

from strnn_viz.dashboard.parts import Text
from strnn_viz.dashboard.theme import PAGE_SX, THEME, script, style

#: The pages by their place in the address, in the order of the navigation.
TITLES = {"runs": "Runs", "explorer": "Explorer", "compare": "Compare"}

# The browser knows the theme before anything is drawn, and whether the server has drawn the page in it; and it lets no
# one use a page that is not whole.
_TEMPLATE = BASE_TEMPLATE.environment.from_string(
    "{% extends base_page %}{% block preamble %}{{ super() }}<script>{{ theme_script }}"
    "strnnPage.theme.drawn('{{ 'dark' if theme_name == 'dark' else 'light' }}')</script>{% endblock %}"
    "{% block loader_script %}{{ super() }}<script>{{ loading_script }}</script>{% endblock %}",
    globals={"base_page": BASE_TEMPLATE, "theme_script": script("theme"), "loading_script": script("loading")},
)


def take_theme() -> None:
    """Draw this session's page in the theme its browser was in last, so that it need not be drawn twice.

    The browser alone decides which theme holds: see ``theme.js``.
    """
    if pn.state.cookies.get("strnn_viz_theme") == "dark":
        pn.config.theme = "dark"


class Toggle(JSComponent):  # type: ignore[misc]
    """The button that turns the page light or dark; the browser keeps what a person has chosen.

    Until then the page is as the system asks for. ``pmui.Page`` has a button of its own, which forgets.
    """

    _esm = script("find", "toggle")
    _stylesheets = [style("toggle")]  # noqa: RUF012 - read by Panel

    def __init__(self) -> None:
        super().__init__(margin=0, width=40, height=40, align="center")


def dress(page: pmui.Page, here: str, there: Collection[str]) -> pmui.Page:
    """Give a page what all pages of a server have.

    Parameters
    ----------
    page : Page
    here : str
        Which page it is, of :data:`TITLES`.
    there : collection of str
        The pages the server has; with others, the header leads to them.
    """
    if len(there) > 1:
        page.header = [navigation(here, there), *page.header]
    if pn.state.curdoc is not None:
        pn.state.curdoc.js_on_event(ConnectionLost, CustomJS(code=script("lost")))
        pn.state.curdoc.js_on_event(DocumentReady, CustomJS(code=script("wheel", "lists")))
    return page


def fold_where_narrow(document: Document) -> None:
    """Begin with the sidebar folded where the views need its room; the button at the left opens it."""
    document.js_on_event(DocumentReady, CustomJS(code=script("fold")))


def navigation(here: str, there: Collection[str]) -> Text:
    """Links to the pages of a server, the one shown marked as such."""
    links = [
        # Relative, so that they hold behind a proxy that serves the explorer below some path.
        f'<a href="./{place}"{" aria-current=page" if place == here else ""}>{title}</a>'
        for place, title in TITLES.items()
        if place in there
    ]
    return Text(f'<nav aria-label="Pages">{"".join(links)}</nav>', looks="navigation", align="center")


def quiet_page(**params: Any) -> pmui.Page:
    """A page in the look of all pages that does not watch whether the server is busy.

    ``pmui.Page`` (0.16) watches the global ``pn.state.busy`` and never lets go, so that every closed session stays in
    memory, and each session pays for the work of all others.

    Parameters
    ----------
    **params
        Of ``pmui.Page``: its header, sidebar and main, and what differs from the look of all pages.
    """
    looks = {
        "title": "strnn-viz",
        "busy_indicator": None,
        "theme_config": THEME,
        "sx": PAGE_SX,
        "raw_css": [style("page")],
        "site_url": "#",
        "theme_toggle": False,
        "template": _TEMPLATE,
    }
    params["header"] = [*params.get("header", []), Toggle()]

    def watchers() -> list[Any]:
        return list(pn.state.param.watchers.get("busy", {}).get("value", []))

    before = watchers()
    page = pmui.Page(**looks | params)
    for watcher in watchers():
        if not any(watcher is held for held in before):
            pn.state.param.unwatch(watcher)
    return page
