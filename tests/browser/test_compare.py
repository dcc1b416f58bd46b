import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from strnn_viz.config import preset
from tests.browser.accessibility import assert_accessible
from tests.browser.conftest import served, steady
from tests.browser.saving import open_share, save
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a comparison of two finished runs of unequal lengths."""
    folder = tmp_path_factory.mktemp("compared")
    make_run(folder / "uniform", preset("demo", epochs=8), epochs=8, hidden=16)
    make_run(folder / "er", preset("demo", epochs=5, initialization="erdos_renyi"), epochs=5, hidden=16, seed=1)
    with served(folder) as start:
        yield f"{start().removesuffix('/explorer')}/compare?runs=uniform,er"


def masks(page: Page) -> list[bytes]:
    """What the two masks show, once they have stopped changing."""
    canvases = page.locator(".card.masks canvas:first-of-type").all()
    return steady(lambda: [canvas.screenshot() for canvas in canvases])


def test_two_runs_are_scrubbed_zoomed_and_swiped_together_by_keyboard(page: Page, compared: str) -> None:
    page.goto(compared)
    expect(page.get_by_text("2 runs compared")).to_be_visible()
    expect(page.get_by_text("At epoch 8: B is at its last epoch, 5.")).to_be_visible()
    before = masks(page)
    assert len(before) == 2
    slider = page.get_by_role("slider", name="Epoch")
    slider.press("Home")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    expect(page.get_by_role("heading", name=re.compile("^LSTM layer 1, recurrent, epoch 2: 2 masks"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^Epoch 2: validation perplexity A"))).to_be_visible()
    scrubbed = masks(page)
    assert all(a != b for a, b in zip(before, scrubbed, strict=True))
    page.get_by_role("button", name="Zoom in").press("Enter")
    expect(page.get_by_role("button", name="Whole matrix")).to_be_enabled()
    assert all(a != b for a, b in zip(masks(page), scrubbed, strict=True))

    page.get_by_role("button", name="Swipe").press("Enter")
    divider = page.get_by_role("slider", name=re.compile("^Divider: A, uniform at its left, B, er at its right"))
    above = page.locator(".card.pair .above")
    expect(above).to_have_css("clip-path", "inset(0px 0px 0px 50%)")
    for _ in range(3):
        divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "53")
    expect(above).to_have_css("clip-path", "inset(0px 0px 0px 53%)")
    assert_accessible(page)
    box = above.bounding_box()
    page.mouse.move(box["x"] + 0.53 * box["width"], box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 20, steps=4)
    page.mouse.up()
    expect(above).to_have_css("clip-path", re.compile(r"^inset\(0px 0px 0px (19|2[0-2])%\)$"))


def test_the_wheel_scrolls_the_page_and_with_ctrl_zooms_all_masks(page: Page, compared: str) -> None:
    page.set_viewport_size({"width": 900, "height": 900})
    page.goto(compared)
    expect(page.get_by_text("2 runs compared")).to_be_visible()
    masks(page)
    mask = page.locator(".card.masks .bk-Figure").first
    before = mask.bounding_box()
    page.mouse.move(before["x"] + before["width"] / 2, before["y"] + before["height"] / 2)
    page.mouse.wheel(0, 60)
    wait_for(lambda: mask.bounding_box()["y"] == pytest.approx(before["y"] - 60, abs=1))

    def told() -> bool:
        page.mouse.wheel(0, 1)
        return mask.get_by_text("Ctrl + wheel zooms").is_visible()

    wait_for(told)
    here = mask.bounding_box()["y"]
    whole = page.get_by_role("button", name="Whole matrix")
    expect(whole).to_be_disabled()
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    expect(whole).to_be_enabled()
    assert mask.bounding_box()["y"] == pytest.approx(here, abs=1)


def test_the_address_holds_what_is_compared_and_brings_it_back(page: Page, compared: str) -> None:
    page.goto(compared)
    expect(page.get_by_role("heading", name=re.compile("^A and B share"))).to_be_visible()
    assert page.url == compared
    slider = page.get_by_role("slider", name="Epoch")
    slider.press("Home")
    slider.press("ArrowRight")
    page.get_by_role("button", name="Swipe").press("Enter")
    page.get_by_role("button", name="Zoom in").press("Enter")
    page.wait_for_url(re.compile(r"/compare\?runs=uniform,er&epoch=1&mode=swipe&zoom=0.25,0.25,0.75,0.75$"))
    page.goto(page.url)
    expect(page.get_by_role("heading", name=re.compile("^LSTM layer 1, recurrent, epoch 1: 2 masks"))).to_be_visible()
    expect(page.get_by_role("heading", name=re.compile("^A, left, and B, right, share"))).to_be_visible()
    expect(page.get_by_role("button", name="Whole matrix")).to_be_enabled()
    question = page.get_by_role("region", name="Gap")
    expect(question).to_be_hidden()
    page.locator(".card.gap summary").press("Enter")
    expect(question).to_contain_text("Sections 4.1 and 4.2")
    figure = page.get_by_role("figure", name="Connections side by side")
    expect(figure).to_have_accessible_description(re.compile(r"epoch 1: 2 masks on one colour scale\. A \(uniform\)"))


def test_cards_are_saved_by_the_browser_and_open_again(page: Page, compared: str, tmp_path: Path) -> None:
    page.goto(compared)
    expect(page.get_by_role("heading", name=re.compile("^A and B share"))).to_be_visible()
    dialog = open_share(page)
    png = save(dialog, "Connections side by side", "PNG", tmp_path)
    assert png.name == "uniform-vs-er-masks-epoch-8.png"
    with Image.open(png) as picture:
        image = np.asarray(picture.convert("RGB"))
    assert image.shape[1] == pytest.approx(1200, abs=2)
    # Both masks are in it, each with cells of all three colours, and neither stands over the other.
    halves = np.array_split(image, 2, axis=1)
    for half in halves:
        colours = {tuple(colour) for colour in half.reshape(-1, 3)}
        assert len(colours) > 20
    assert not np.array_equal(halves[0][100:400], halves[1][100:400])
    drawn = ElementTree.fromstring(save(dialog, "Difference", "SVG", tmp_path).read_text(encoding="utf-8"))
    texts = " ".join(element.text or "" for element in drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert "A uniform and B er" in texts
    assert "only in A" in texts
    gap = save(dialog, "Gap", "CSV", tmp_path).read_text(encoding="utf-8")
    assert gap.startswith("run,against,epoch,gap,lower,upper,difference,seeds,seeds_against\ner,uniform,0,")
    assert page.evaluate("Bokeh.documents.length") == 1


def test_pictures_begin_at_one_height_and_fields_keep_off_the_title(page: Page, tmp_path: Path) -> None:
    for seed, name in enumerate(("a", "b", "a-run-with-a-name-that-takes-more-than-one-line-of-its-caption")):
        make_run(tmp_path / name, preset("demo", epochs=2, seed=seed), epochs=2, hidden=8, seed=seed)
    names = ",".join(sorted(path.name for path in tmp_path.iterdir()))
    with served(tmp_path) as start:
        page.goto(f"{start().removesuffix('/explorer')}/compare?runs={names}")
        pictures = page.locator(".card.masks canvas:first-of-type")
        expect(pictures).to_have_count(3)
        masks(page)  # they have come to rest
        captions = page.locator(".card.masks").get_by_text(re.compile("connections,")).filter(visible=True)
        assert len({round(box["height"]) for box in map(Locator.bounding_box, captions.all())}) > 1
        assert len({round(box["y"]) for box in map(Locator.bounding_box, pictures.all())}) == 1
        title = page.get_by_role("heading", name=re.compile("^A and B share")).bounding_box()
        for field in ("First", "Second"):
            label = page.locator(".card.pair label").filter(has_text=field).bounding_box()
            assert label["y"] >= title["y"] + title["height"]


def test_one_button_trains_both_side_by_side(page: Page, explorer: Callable[..., str], tmp_path: Path) -> None:
    page.goto(explorer("--delay", "0.8", "--epochs", "200").replace("/explorer", "/compare"))
    expect(page.get_by_role("heading", name="Two topologies side by side")).to_be_visible()
    page.get_by_role("button", name="Erdős–Rényi vs uniform").last.click()
    expect(page.get_by_text("2 runs compared · 2 in training")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/compare\?runs=demo-uniform,demo-erdos_renyi$"))
    expect(page.get_by_role("status").filter(has_text="Both train at once on ")).to_be_visible()
    expect(
        page.get_by_role("heading", name=re.compile(r"^Epoch ([2-9]|\d\d+): validation perplexity A .*, B"))
    ).to_be_visible()
    expect(page.get_by_text("following live")).to_be_visible()
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["demo-erdos_renyi", "demo-uniform"]
