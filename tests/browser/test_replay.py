"""The replay of a run, opened from disk: the real page in a real browser that has no network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from strnn_viz.config import preset
from strnn_viz.exporting import export_run
from strnn_viz.runs import Run
from strnn_viz.topology import states
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run

pytestmark = pytest.mark.browser

#: Cells of one connection, by state; see strnn_viz.topology.pooling.
EXACT = np.array([0, 232, 252, 237])


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs and the replay of each."""
    folder = tmp_path_factory.mktemp("shared")
    make_run(folder / "language", preset("demo", epochs=8), epochs=6, hidden=12)
    make_run(folder / "classifier", preset("era", epochs=4), epochs=3, hidden=8, accuracy=True)
    for name in ("language", "classifier"):
        export_run(Run(folder / name), folder / f"{name}.html", epoch=2)
    return folder


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A page without a network, which may neither report an error nor ask for anything but the file itself."""
    context = browser.new_context(viewport={"width": 1400, "height": 900}, offline=True)
    page, faults = context.new_page(), []
    page.on("request", lambda request: faults.append(request.url) if not is_file(request.url) else None)
    page.on("console", lambda said: faults.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert faults == []


def is_file(url: str) -> bool:
    return url.startswith(("data:", "blob:")) or (url.startswith("file:") and url.endswith(".html"))


def opened(page: Page, path: Path, shown: str) -> None:
    page.goto(path.as_uri())
    at(page, shown)


def at(page: Page, shown: str) -> None:
    """Wait until an epoch of a layer is what the page shows."""
    expect(page.locator("body")).to_have_attribute("data-shown", shown)


def model(page: Page, name: str, part: str) -> Any:
    """A part of a Bokeh model of the page."""
    return page.evaluate(f"Bokeh.documents[0].get_model_by_name({name!r}).{part}")


def cells(page: Page, side: str) -> np.ndarray:
    shape = model(page, f"{side}-cells", "data.image[0].shape")
    flat = page.evaluate(f"Array.from(Bokeh.documents[0].get_model_by_name('{side}-cells').data.image[0])")
    return np.array(flat).reshape(shape)


def expected(run: Run, epoch: int, matrix: str) -> np.ndarray:
    before = run.layer(epoch - 1, matrix).mask if epoch else None
    return EXACT[states(run.layer(epoch, matrix).mask, before)]


def picture(page: Page) -> bytes:
    return page.locator("#left canvas").first.screenshot()


def test_keys_move_through_the_epochs_and_every_figure_follows(offline: Page, shared: Path) -> None:
    page, run = offline, Run(shared / "language")
    opened(page, shared / "language.html", "2 LSTM layer 1")
    before = picture(page)
    moves = [("ArrowRight", 3), ("End", 6), ("ArrowRight", 6), ("ArrowLeft", 5), ("Home", 0), ("ArrowLeft", 0)]
    for key, epoch in moves:
        page.keyboard.press(key)
        at(page, f"{epoch} LSTM layer 1")
        for side, matrix in (("left", "lstm.0.weight_ih"), ("right", "lstm.0.weight_hh")):
            assert np.array_equal(cells(page, side), expected(run, epoch, matrix)), (key, side)
        assert model(page, "here", "location") == epoch
        assert page.get_by_role("slider", name="Epoch").get_attribute("aria-valuetext") == f"epoch {epoch}"
        expect(page.get_by_role("heading", name=re.compile(f"^LSTM layer 1, epoch {epoch}: "))).to_have_count(2)
        expect(page.get_by_role("status")).to_have_text(f"epoch {epoch} of 6")
    wait_for(lambda: picture(page) != before)


def test_space_plays_to_the_end_and_a_layer_is_chosen(offline: Page, shared: Path) -> None:
    page, run = offline, Run(shared / "language")
    opened(page, shared / "language.html", "2 LSTM layer 1")
    page.get_by_role("combobox", name="Speed").select_option("60")
    page.locator("h1").click()
    page.keyboard.press("Space")
    at(page, "6 LSTM layer 1")
    expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("combobox", name="Layer").select_option("Decoder")
    at(page, "6 Decoder")
    assert np.array_equal(cells(page, "left"), expected(run, 6, "decoder.weight").T)
    expect(page.locator("#right")).to_be_hidden()
    expect(page.get_by_role("img", name="Mask of decoder.weight at epoch 6")).to_be_visible()
    page.get_by_role("combobox", name="Layer").select_option("LSTM layer 2")
    at(page, "6 LSTM layer 2")
    expect(page.locator("#right")).to_be_visible()
    assert np.array_equal(cells(page, "right"), expected(run, 6, "lstm.1.weight_hh"))


def test_a_classifier_in_the_dark_on_a_narrow_page(offline: Page, shared: Path) -> None:
    page = offline
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 900, "height": 700})
    opened(page, shared / "classifier.html", "2 LSTM layer 1")
    expect(page.get_by_role("heading", name=re.compile(r"validation accuracy \d+\.\d%"))).to_be_visible()
    assert model(page, "learning", "left[0].axis_label") == "accuracy"
    dark = model(page, "learning", "left[0].major_label_text_color")
    page.emulate_media(color_scheme="light")
    page.wait_for_function(
        "dark => Bokeh.documents[0].get_model_by_name('learning').left[0].major_label_text_color !== dark", arg=dark
    )
    assert page.evaluate("document.documentElement.scrollWidth <= 900")
