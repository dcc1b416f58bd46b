import panel as pn
import panel_material_ui as pmui
import pytest
from bokeh.document import Document
from panel.io.state import set_curdoc

from strnn_viz.dashboard.chrome import Toggle, dress, navigation, quiet_page, take_theme
from strnn_viz.dashboard.theme import THEME, style


def test_the_page_shown_is_marked() -> None:
    html = navigation("explorer", ["runs", "explorer"]).object
    assert html == (
        '<nav aria-label="Pages"><a href="./runs">Runs</a>'
        '<a href="./explorer" aria-current=page>Explorer</a></nav>'
    )  # fmt: skip


def test_a_page_alone_leads_nowhere() -> None:
    mine = pmui.Button(label="mine")
    page = dress(quiet_page(header=[mine]), "explorer", ["explorer"])
    assert list(page.header)[:-1] == [mine]
    assert isinstance(page.header[-1], Toggle)
    page = dress(quiet_page(header=[mine]), "explorer", ["runs", "explorer"])
    assert (len(page.header), page.header[1]) == (3, mine)


def test_the_page_is_drawn_in_the_theme_its_browser_was_in_last(monkeypatch: pytest.MonkeyPatch) -> None:
    for cookies, theme in (
        ({"strnn_viz_theme": "dark"}, "dark"),
        ({"strnn_viz_theme": "<b>"}, "default"),
        ({}, "default"),
    ):
        monkeypatch.setattr(type(pn.state), "cookies", property(lambda _, cookies=cookies: cookies))
        with set_curdoc(Document()):
            take_theme()
            assert pn.config.theme == theme
            assert quiet_page(header=[]).dark_theme == (theme == "dark")
    assert pn.config.theme == "default"  # a session's theme is its own


def test_the_background_before_the_page_is_there_is_that_of_its_theme() -> None:
    for look in THEME.values():
        assert look["palette"]["background"]["default"].lower() in style("page")


def test_a_page_does_not_watch_the_server() -> None:
    before = list(pn.state.param.watchers.get("busy", {}).get("value", []))
    quiet_page(title="quiet")
    assert list(pn.state.param.watchers.get("busy", {}).get("value", [])) == before
