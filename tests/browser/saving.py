"""Saving from the dialog in which a viewer shares what is seen."""

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_explorer import choose, press


def open_share(page: Page) -> Locator:
    """The dialog, once it is seen."""
    press(page, "Share")
    dialog = page.get_by_role("dialog", name="Share what you see")
    expect(dialog).to_be_visible()
    return dialog


def save(dialog: Locator, what: str, ending: str, folder: Path) -> Path:
    """A file that the browser saves in a folder."""
    choose(dialog.page, "What", what)
    dialog.get_by_role("button", name=ending, exact=True).click()
    with dialog.page.expect_download(timeout=60_000) as waiting:
        dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("status")).to_contain_text("Saved")
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    return path
