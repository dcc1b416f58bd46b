import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("key", ["Enter", " ", "ArrowDown"])
def test_lists_are_opened_chosen_from_and_left_by_keyboard(page: Page, finished: str, key: str) -> None:
    page.goto(finished)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    page.wait_for_function("globalThis.strnnLists")  # once the whole page is there
    field, options = page.get_by_role("combobox", name="View"), page.get_by_role("listbox")
    field.press(key)
    expect(options).to_be_visible()
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(field).to_be_focused()
    before = field.inner_text()
    page.keyboard.press(key)
    expect(options).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(options).to_have_count(0)
    expect(field).not_to_have_text(before)
    expect(field).to_be_focused()
