"""The masks in a browser: scrubbed without the server, zoomed with a real wheel, moved by the keys of the page."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from strnn_viz.config import preset
from strnn_viz.runs import RunWriter
from tests.browser.conftest import steady
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run

pytestmark = pytest.mark.browser

HELD = """() => Bokeh.documents.flatMap((document) => [...document._all_models.values()])
  .filter((model) => globalThis.strnnReels?.has(model)).map((model) => strnnReels.get(model).held.size)"""

#: Lets a page hear its server, or put off what it hears while it is `deaf`.
DEAF = """
window.deaf = false
window.late = []
window.WebSocket = class extends WebSocket {
  set onmessage(hear) {
    super.onmessage = (event) => (deaf ? late.push(() => hear(event)) : hear(event))
  }
}
"""

#: What is seen of each matrix: how much across and down.
SEEN = (
    HELD.replace("held.size", "found.model")
    + """
  .map(({x_range, y_range}) => [x_range.end - x_range.start, y_range.start - y_range.end])"""
)


def figure(page: Page, place: int = 1) -> Locator:
    return page.locator(".card.masks .bk-Figure").nth(place)


def painted(page: Page, epoch: int) -> None:
    for place in (0, 1):
        expect(figure(page, place)).to_have_attribute("data-epoch", str(epoch))


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Epoch")


def picture(page: Page) -> bytes:
    return steady(figure(page).screenshot)


def test_masks_are_scrubbed_without_the_server_and_confirmed_by_it(page: Page, finished: str) -> None:
    page.add_init_script(DEAF)
    page.goto(finished)
    painted(page, 12)
    wait_for(lambda: (held := page.evaluate(HELD)) and min(held) == 13)
    at_last = picture(page)
    page.evaluate("deaf = true")
    slider(page).focus()
    for epoch in (11, 10, 9):
        page.keyboard.press("ArrowLeft")
        painted(page, epoch)
        expect(page.get_by_role("heading", name=re.compile(rf"LSTM layer 1, epoch {epoch}: \d+ born"))).to_have_count(1)
        expect(page.locator(".card.masks").get_by_role("heading")).to_contain_text(f"epoch {epoch}")
    expect(page.locator(".player b")).to_have_text("9")
    here = picture(page)
    assert here != at_last
    page.keyboard.press("End")
    painted(page, 12)
    assert picture(page) == at_last
    page.keyboard.press("ArrowLeft")
    for epoch in (11, 10, 9):
        painted(page, epoch)
        if epoch != 9:
            page.keyboard.press("ArrowLeft")
    assert picture(page) == here
    seen = page.evaluate_handle(
        """(element) => {
          const seen = []
          new MutationObserver(() => seen.push(element.dataset.epoch)).observe(element, {attributes: true})
          return seen
        }""",
        figure(page).element_handle(),
    )
    page.evaluate("deaf = false; late.splice(0).forEach((tell) => tell())")  # all the server's late words at once
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 9\b"))).to_have_count(4)
    painted(page, 9)
    assert set(seen.json_value()) <= {"9"}
    assert picture(page) == here


def test_the_wheel_zooms_to_cells_that_tell_what_they_are(page: Page, finished: str) -> None:
    page.goto(finished)
    painted(page, 12)
    page.wait_for_function("Bokeh.documents.every(document => document.is_idle)")  # then it stays where it is
    picture(page)
    box = figure(page).bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    tip = figure(page).locator("[role=tooltip]")

    def close() -> bool:
        page.mouse.wheel(0, -300)
        return page.evaluate(SEEN)[1][0] < 0.7

    wait_for(close)
    assert page.evaluate(SEEN)[0] == [1, 1]  # each by itself
    page.mouse.move(middle[0] + 6, middle[1] + 6)
    expect(tip).to_contain_text(re.compile(r"Gate [ifgo]Previous unit \d+ → unit \d+"))
    page.mouse.move(10, 10)
    expect(tip).to_be_hidden()
    zoomed = page.evaluate(SEEN)
    slider(page).press("Home")
    painted(page, 0)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 0\b"))).to_have_count(4)
    assert page.evaluate(SEEN) == zoomed  # the part that is seen outlasts the epochs
    page.mouse.dblclick(*middle)
    wait_for(lambda: page.evaluate(SEEN)[1] == [1, 1])
    page.set_viewport_size({"width": 900, "height": 700})  # where the page scrolls, the wheel does that
    picture(page)
    box = figure(page).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.wheel(0, 40)
    wait_for(lambda: figure(page).bounding_box()["y"] == pytest.approx(box["y"] - 40, abs=1))
    assert page.evaluate(SEEN)[1] == [1, 1]
    page.keyboard.down("Meta")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Meta")
    wait_for(lambda: page.evaluate(SEEN)[1][0] < 1)


def test_a_run_without_an_epoch_says_what_will_appear_and_not_what_the_run_before_said(
    page: Page, explorer: Callable[..., str], tmp_path: Path
) -> None:
    make_run(tmp_path / "runs" / "done", preset("demo", epochs=4), epochs=4, hidden=8)
    with RunWriter(tmp_path / "runs" / "young", preset("demo", epochs=4)):
        page.goto(f"{explorer()}?run=done")
        painted(page, 4)
        wait_for(lambda: (held := page.evaluate(HELD)) and min(held) == 5)
        slider(page).press("ArrowLeft")
        painted(page, 3)
        for run in ("young", "done", "young"):
            page.get_by_role("combobox", name="Run", exact=True).click()
            page.get_by_role("option", name=run).or_(page.get_by_role("menuitem", name=run)).click()
            if run == "young":
                expect(page.get_by_text("Here every connection of a layer is drawn")).to_be_visible()
                expect(page.locator(".card.masks").get_by_role("heading")).to_have_text("Connections")
                wait_for(lambda: max(page.evaluate(HELD)) == 0)
            else:
                painted(page, 4)
                wait_for(lambda: min(page.evaluate(HELD)) == 5)
        expect(page.locator(".card.masks").get_by_role("heading")).to_have_text("Connections")


def test_keys_of_the_page_move_the_cursor_and_play(page: Page, finished: str) -> None:
    page.goto(finished)
    painted(page, 12)
    page.wait_for_function("globalThis.strnnPage?.listens")
    slider(page).evaluate("element => element.blur()")
    for key, epoch in (("Home", 0), ("ArrowRight", 1), ("PageUp", 11), ("ArrowLeft", 10), ("PageDown", 0)):
        page.keyboard.press(key)
        painted(page, epoch)
    page.get_by_role("combobox", name="Speed").click()
    page.get_by_role("option", name="8×").or_(page.get_by_role("menuitem", name="8×")).click()
    expect(page.get_by_role("combobox", name="Speed")).to_contain_text("8×")
    page.get_by_role("combobox", name="Speed").evaluate("element => element.blur()")
    page.keyboard.press(" ")
    painted(page, 12)
    expect(page.get_by_role("button", name="Play the epochs")).to_be_visible()
    field = page.get_by_role("textbox", name="Density")
    field.focus()
    page.keyboard.press("Home")
    page.keyboard.press(" ")
    expect(field).to_have_value(re.compile(r"^ 0"))  # a field keeps its keys
    painted(page, 12)
    rail = page.locator(".player .rail").bounding_box()

    def at_the_end() -> bool:
        thumb = page.locator(".player .MuiSlider-thumb").bounding_box()
        return abs(thumb["x"] + thumb["width"] / 2 - rail["x"] - rail["width"]) <= 1

    wait_for(at_the_end)
