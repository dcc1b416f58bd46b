from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import guard
from tests.dashboard.conftest import wait_for

pytestmark = pytest.mark.browser

DARK, LIGHT = "rgb(26, 32, 38)", "rgb(255, 255, 255)"


@pytest.fixture
def in_the_dark(browser: Browser) -> Iterator[Page]:
    """A page of someone whose system asks for a dark theme; it may not fail in any way."""
    faults: list[str] = []
    context = browser.new_context(color_scheme="dark", reduced_motion="reduce", viewport={"width": 1400, "height": 900})
    page = context.new_page()
    guard(page, faults)
    yield page
    context.close()
    assert faults == []


def header(page: Page) -> str:
    return page.locator("header").evaluate("header => getComputedStyle(header).backgroundColor")


def kept(page: Page) -> str | None:
    return page.evaluate("localStorage.getItem('strnn-viz.theme')")


def axis(page: Page) -> str:
    """The colour of the numbers beside the learning curves."""
    axes = "[...Bokeh.documents[0].all_models].find(model => model.type == 'LogAxis')"
    return page.evaluate(f"{axes}.major_label_text_color")


def open_at(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("header")).to_be_visible()
    page.wait_for_function("Bokeh.documents.every(document => document.is_idle)")


def test_a_choice_of_theme_outlives_reloads_and_goes_from_page_to_page(page: Page, finished: str) -> None:
    open_at(page, finished)
    assert (header(page), kept(page)) == (LIGHT, None)
    light = axis(page)
    page.get_by_role("button", name="Toggle theme").press("Enter")
    wait_for(lambda: header(page) == DARK)
    wait_for(lambda: axis(page) != light)
    dark = axis(page)
    assert kept(page) == "dark"
    for place in ("runs", "compare", "explorer"):
        page.get_by_role("link", name=place.capitalize(), exact=True).click()
        page.wait_for_url(f"**/{place}")
        expect(page.locator("header")).to_be_visible()
        assert header(page) == DARK  # never light first: the server drew it so
    page.reload()
    expect(page.locator("header")).to_be_visible()
    assert header(page) == DARK
    wait_for(lambda: axis(page) == dark)
    page.get_by_role("button", name="Toggle theme").click()
    wait_for(lambda: header(page) == LIGHT)
    wait_for(lambda: axis(page) == light)
    assert kept(page) == "light"


def test_without_a_choice_the_system_decides_and_is_followed(in_the_dark: Page, finished: str) -> None:
    page = in_the_dark
    open_at(page, finished)  # the server does not know yet; nothing is seen before the page has turned
    assert (header(page), kept(page)) == (DARK, None)
    page.emulate_media(color_scheme="light")
    wait_for(lambda: header(page) == LIGHT)
    page.emulate_media(color_scheme="dark")
    wait_for(lambda: header(page) == DARK)
    page.get_by_role("button", name="Toggle theme").click()
    wait_for(lambda: header(page) == LIGHT)
    page.emulate_media(color_scheme="light")
    page.emulate_media(color_scheme="dark")
    page.reload()
    expect(page.locator("header")).to_be_visible()
    assert header(page) == LIGHT  # whoever has chosen is not overruled


def test_where_nothing_may_be_kept_the_theme_can_still_be_turned(page: Page, finished: str) -> None:
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw new Error('denied') }})")
    open_at(page, finished)
    page.get_by_role("button", name="Toggle theme").click()
    wait_for(lambda: header(page) == DARK)


def test_pages_side_by_side_turn_together(page: Page, finished: str) -> None:
    open_at(page, finished)
    other = page.context.new_page()
    open_at(other, finished)
    other.get_by_role("button", name="Toggle theme").click()
    wait_for(lambda: header(page) == DARK)
    other.close()
