import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.chrome import dress, navigation, quiet_page


def test_the_page_shown_is_marked() -> None:
    html = navigation("explorer", ["runs", "explorer"]).object
    assert html == (
        '<nav aria-label="Pages"><a href="./runs">Runs</a>'
        '<a href="./explorer" aria-current=page>Explorer</a></nav>'
    )  # fmt: skip


def test_a_page_alone_leads_nowhere() -> None:
    mine = pmui.Button(label="mine")
    page = dress(quiet_page(header=[mine]), "explorer", ["explorer"])
    assert list(page.header) == [mine]
    page = dress(quiet_page(header=[mine]), "explorer", ["runs", "explorer"])
    assert (len(page.header), page.header[1]) == (2, mine)


def test_a_page_does_not_watch_the_server() -> None:
    before = list(pn.state.param.watchers.get("busy", {}).get("value", []))
    quiet_page(title="quiet")
    assert list(pn.state.param.watchers.get("busy", {}).get("value", [])) == before
