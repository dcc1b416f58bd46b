import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from strnn_viz.views import FRAMES
from tests.browser.saving import open_share, save
from tests.browser.test_explorer import choose, move, shown_epoch
from tests.dashboard.conftest import wait_for

pytestmark = pytest.mark.browser


def test_the_address_holds_what_is_seen_and_brings_it_back(page: Page, finished: str) -> None:
    page.goto(finished)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    assert "?" not in page.url
    choose(page, "View", "Turnover")
    for _ in range(3):
        move(page, "ArrowLeft")
    choose(page, "Layer", "LSTM layer 2")
    page.wait_for_url(re.compile(r"\?run=demo-uniform&epoch=9&layer=LSTM%20layer%202&view=Turnover$"))
    went = page.evaluate("history.length")
    page.goto(page.url)
    expect(page.get_by_role("heading", name=re.compile(r"LSTM layer 2, epoch 9: .* turned over"))).to_be_visible()
    expect(page.get_by_role("combobox", name="Layer")).to_contain_text("LSTM layer 2")
    wait_for(lambda: shown_epoch(page) == 9)
    assert page.evaluate("history.length") <= went + 1  # scrubbing leaves no trail


def test_views_are_saved_by_the_browser_and_open_again(page: Page, finished: str, tmp_path: Path) -> None:
    page.goto(finished)
    expect(page.get_by_role("heading", name=re.compile(r"[Ee]poch 12\b"))).to_have_count(4)
    dialog = open_share(page)
    svg = save(dialog, "Learning curves", "SVG", tmp_path)
    assert svg.name == "demo-uniform-learning-epoch-12.svg"
    drawn = ElementTree.fromstring(svg.read_text(encoding="utf-8"))
    texts = [element.text for element in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert {"demo-uniform", "epoch", "perplexity"} <= set(texts)
    sheet = ElementTree.fromstring(save(dialog, "Rewiring explained", "SVG", tmp_path).read_text(encoding="utf-8"))
    filled = [text for text in sheet.iter("{http://www.w3.org/2000/svg}text") if text.get("fill") != "none"]
    assert [text.text for text in filled if re.match(r"\d · ", text.text or "")] == [
        f"{i} · {name}" for i, name in enumerate(FRAMES, 1)
    ]
    png = save(dialog, "Weight magnitudes", "PNG", tmp_path)
    with Image.open(png) as picture:
        assert (picture.width / picture.height) == pytest.approx(900 / 520, rel=0.2)
        assert len(picture.convert("RGB").getcolors(2**24)) > 20
    what, choices = page.get_by_role("combobox", name="What"), page.get_by_role("listbox")
    what.click()
    expect(choices).to_be_visible()
    page.keyboard.press("Escape")  # closes the list alone, and the keyboard is where it was
    expect(choices).to_have_count(0)
    expect(dialog).to_be_visible()
    expect(what).to_be_focused()
    page.keyboard.press("Escape")
    wait_for(lambda: not dialog.is_visible())
    assert page.evaluate("Bokeh.documents.length") == 1
