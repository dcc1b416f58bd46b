import re

import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.conftest import wait_for

pytestmark = pytest.mark.browser

FOCUSED = """() => {
  let at = document.activeElement
  while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement
  return at?.getAttribute("aria-label") || at?.textContent || ""
}"""


def focused(page: Page) -> str:
    """What the keyboard is at, in whatever shadow tree."""
    return page.evaluate(FOCUSED)


def test_a_rewiring_is_explained_by_keyboard_in_four_frames(page: Page, finished: str) -> None:
    page.goto(finished)
    expect(page.locator(".card.masks").get_by_role("heading", name="epoch 12")).to_be_visible()
    page.get_by_role("slider", name="Epoch").press("ArrowLeft")
    button = page.get_by_role("button", name="Explain this rewiring")
    expect(page.get_by_text("behind by 1 epoch")).to_be_visible()
    button.press("Enter")
    dialog = page.get_by_role("dialog", name=re.compile("the rewiring after epoch 10, which led to epoch 11"))
    expect(dialog).to_be_visible()
    expect(dialog.locator("canvas:visible")).to_have_count(8)  # two layers of each of four figures
    frames = dialog.get_by_role("heading", level=3)
    expect(frames).to_have_text(["1 · The weights before", "2 · The smallest pruned", "3 · The budget",
                                 "4 · Regrown elsewhere"])  # fmt: skip
    boxes = [frames.nth(i).bounding_box() for i in range(4)]
    assert len({round(box["y"]) for box in boxes}) == 1
    assert boxes[-1]["x"] + boxes[-1]["width"] < 1400
    expect(dialog.get_by_role("status")).to_have_text("Frame 1 of 4: The weights before")
    dialog.get_by_role("button", name="Next").press("Enter")
    expect(dialog.get_by_role("status")).to_have_text("Frame 2 of 4: The smallest pruned")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    wait_for(lambda: "Explain" in focused(page))

    question = page.get_by_label("What am I looking at? Connections")
    question.press("Enter")
    expect(page.get_by_role("region", name="Connections").get_by_text("Section 3 and Algorithm 1")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("region", name="Connections")).to_have_count(0)
    wait_for(lambda: focused(page).startswith("What am I looking at?"))
    expect(page.locator("#told-masks").first).to_contain_text(re.compile(r"Connections by gate: i \d+"))


def test_the_tour_is_offered_once_and_taken_by_keyboard(page: Page, finished: str) -> None:
    page.goto(finished)
    expect(page.locator(".card.masks").get_by_role("heading", name="epoch 12")).to_be_visible()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the views"
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.shadowRoot !== null")
    page.get_by_role("button", name="New here? Take the tour").press("Enter")
    titles = []
    for _ in range(8):
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text(f"{len(titles) + 1} of 8")
        titles.append(dialog.get_by_role("heading").inner_text())
        page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert titles[0] == "One run at a time"
    assert titles[-1] == "Steer and fork"
    assert len(set(titles)) == 8
    wait_for(lambda: focused(page) == "Tour")
    page.reload()
    tour = page.get_by_role("button", name="Tour", exact=True)
    tour.click()
    page.get_by_role("button", name="Next", exact=True).click()
    expect(page.get_by_role("dialog", name="Start a run")).to_be_visible()
    page.get_by_role("button", name="Back", exact=True).click()
    expect(page.get_by_role("dialog", name="One run at a time")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.context.cookies() == []
