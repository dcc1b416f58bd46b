from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.accessibility import assert_accessible
from tests.dashboard.conftest import wait_for

pytestmark = pytest.mark.browser


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_a_page_with_a_run_is_sound_in_both_themes_with_its_dialog_and_its_tour(page: Page, finished: str) -> None:
    page.goto(finished)
    expect(page.locator(".card.masks").get_by_role("heading", name="epoch 12")).to_be_visible()
    press(page, "Previous epoch")
    expect(page.get_by_text("behind by 1 epoch")).to_be_visible()
    page.get_by_label("What am I looking at? Connections").press("Enter")
    assert_accessible(page)
    press(page, "Explain this rewiring")
    expect(page.get_by_role("dialog").locator("canvas").first).to_be_visible()
    assert_accessible(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    press(page, "Toggle theme")
    assert_accessible(page)
    page.locator(".start-tour").click()
    expect(page.get_by_role("dialog", name="One run at a time")).to_be_visible()
    assert_accessible(page)


@pytest.mark.parametrize("lens", ["Degrees", "One unit"])
def test_the_field_of_a_unit_is_sound_and_shows_five_digits(page: Page, finished: str, lens: str) -> None:
    page.goto(f"{finished}?view={lens}")
    field = page.get_by_label("Unit", exact=True)
    expect(field).to_have_attribute("placeholder", "any")
    expect(field).to_have_value("")
    assert_accessible(page)
    field.fill("99999")
    assert field.evaluate("field => field.scrollWidth <= field.clientWidth")
    field.press("Enter")
    wrong = page.get_by_text("There is no unit 99999. Units: 0 to 23.")
    expect(wrong).to_be_visible()
    assert wrong.evaluate("""told => {
        const {left, right, top, bottom} = told.getBoundingClientRect()
        let seen = document.elementFromPoint((left + right) / 2, (top + bottom) / 2)
        while (seen.shadowRoot) {
            const inner = seen.shadowRoot.elementFromPoint((left + right) / 2, (top + bottom) / 2)
            if (!inner || inner === seen) break
            seen = inner
        }
        return told === seen || told.contains(seen)
    }""")
    assert_accessible(page)
    field.fill("7")
    field.press("Enter")
    expect(page.locator(".card.distance").get_by_role("heading", name="unit 7")).to_be_visible()


def test_a_page_without_a_run_is_sound_in_both_themes_and_a_fault_would_be_found(
    page: Page, explorer: Callable[..., str]
) -> None:
    page.goto(explorer())
    expect(page.get_by_role("heading", name="No run yet")).to_be_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert_accessible(page)
    press(page, "Toggle theme")
    wait_for(lambda: page.evaluate("getComputedStyle(document.body).backgroundColor") != background)
    assert_accessible(page)
    page.evaluate("""() => {
        const host = document.body.appendChild(document.createElement("main"))
        host.attachShadow({mode: "open"}).innerHTML = "<button></button>"
    }""")
    assert_accessible(page, but=("critical button-name",))
