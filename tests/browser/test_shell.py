import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from strnn_viz.config import preset
from strnn_viz.runs import Parent, RunWriter
from tests.browser.accessibility import assert_accessible
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run, snapshots

pytestmark = pytest.mark.browser


def ready(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch \d+\b"))).to_have_count(4)
    page.wait_for_function("Bokeh.documents.every(document => document.is_idle)")


def test_a_page_takes_no_keys_before_it_is_whole(page: Page, finished: str) -> None:
    page.add_init_script("addEventListener('load', () => (window.shut = document.querySelectorAll('body > [inert]')))")
    page.goto(finished)
    expect(page.locator("#loader")).to_be_hidden()
    parts = page.evaluate("[...shut].map((part) => part.inert)")
    assert parts
    assert not any(parts)


def test_a_fork_is_reached_from_its_lane_and_leads_back(
    page: Page, explorer: Callable[..., str], tmp_path: Path
) -> None:
    config = preset("demo", epochs=6)
    make_run(tmp_path / "runs" / "demo", config, epochs=6, hidden=8)
    changed = config.replace({"prune_rate": 0.2})
    with RunWriter(tmp_path / "runs" / "demo-e2", changed, parent=Parent("demo", 2)) as writer:
        for snapshot in snapshots(epochs=6, hidden=8):
            if 2 <= snapshot.epoch <= 4:
                writer.append(snapshot)
    ready(page, f"{explorer()}?run=demo")
    lane = page.get_by_role("link", name="demo-e2 branches off at epoch 2: prune rate 0.2; recorded to epoch 4")
    rail, box = page.locator(".rail").bounding_box(), lane.bounding_box()
    assert abs(box["x"] - rail["x"] - rail["width"] / 3) < 2  # two epochs of six
    assert abs(box["width"] - rail["width"] / 3) < 2
    assert_accessible(page)
    lane.press("Enter")
    page.wait_for_url("**/explorer?run=demo-e2&epoch=2")
    back = page.get_by_role("link", name="Fork of demo at epoch 2: prune rate 0.2")
    expect(back).to_be_visible()
    back.click()
    page.wait_for_url("**/explorer?run=demo&epoch=2")
    expect(lane).to_be_visible()


def test_the_status_is_read_in_full_where_the_header_is_narrow(page: Page, finished: str) -> None:
    page.set_viewport_size({"width": 900, "height": 800})
    ready(page, finished)
    status = page.locator("header").get_by_role("status")
    expect(status).to_have_text("✓ finished · 12 epochs · 1.5 s each", use_inner_text=False)
    assert "each" not in status.inner_text()
    inside = status.locator("div").first
    assert inside.evaluate("told => told.scrollWidth <= told.clientWidth")


def test_a_complaint_about_the_address_is_put_away_with_the_keyboard(page: Page, finished: str) -> None:
    ready(page, f"{finished}?epoch=99")
    note = page.get_by_role("alert").filter(has_text="epoch 99, which is not recorded")
    expect(note).to_be_visible()
    page.get_by_role("button", name="Dismiss this note").press("Enter")
    expect(note).to_be_hidden()
    wait_for(lambda: page.locator(".card.masks").bounding_box()["y"] < 90)  # nothing is left of the strip either


def test_plots_that_stand_above_each_other_begin_at_one_place(page: Page, finished: str) -> None:
    ready(page, finished)
    lefts = """[...Bokeh.documents[0].all_models].filter(model => ["perplexity", "prune rate"].includes(
        model.left?.[0]?.axis_label)).map(model => Bokeh.index.find_one_by_id(model.id)?.frame.bbox.left)"""
    wait_for(lambda: len(set(page.evaluate(lefts))) == 1)
    assert len(page.evaluate(lefts)) == 2


def test_what_is_told_under_the_pointer_is_in_the_page_s_own_font(page: Page, finished: str) -> None:
    ready(page, finished)
    plot = page.locator(".card.masks canvas").first.bounding_box()
    page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)
    tip = page.locator(".card.masks").get_by_role("tooltip")
    expect(tip.first).to_be_visible()
    own = page.locator("body").evaluate("body => getComputedStyle(body).fontFamily")
    assert tip.first.evaluate("tip => getComputedStyle(tip).fontFamily") == own


def test_what_is_told_under_the_pointer_stays_while_other_epochs_are_brought(page: Page, finished: str) -> None:
    ready(page, finished)
    plot = page.locator(".card.masks canvas").first.bounding_box()
    page.mouse.move(plot["x"] + plot["width"] / 2, plot["y"] + plot["height"] / 2)
    tip = page.locator(".card.masks").get_by_role("tooltip").first
    expect(tip).to_contain_text("Gate")
    told = tip.inner_text()
    page.evaluate("""[...Bokeh.documents[0].all_models].filter(model => strnnReels.has(model)).forEach(
        film => strnnReels.get(film).filled())""")
    expect(tip).to_be_visible()
    assert tip.inner_text() == told
    page.get_by_role("slider", name="Epoch").press("ArrowLeft")  # told anew, of the epoch that is shown then
    expect(page.locator(".player b")).to_have_text("11")
    expect(tip).to_be_visible()
