"""In Chromium: who shows the token is let in, and what a run says is text, whatever it says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from strnn_viz.config import preset
from strnn_viz.dashboard.address import wait_until_up
from strnn_viz.dashboard.serve import serve
from strnn_viz.runs import LayerInfo, RunWriter, files
from tests import synthetic
from tests.browser.conftest import guard
from tests.dashboard.conftest import any_port
from tests.synthetic import make_run

pytestmark = pytest.mark.browser

TOKEN = "correct-horse-battery"
EVIL = '<img src=x onerror="window.pwned=1">'


def status(page: Page) -> Locator:
    return page.locator("header").get_by_role("status")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[str]:
    """The address of an explorer that asks for a token."""
    make_run(tmp_path / "runs" / "mine", preset("demo", epochs=3), epochs=3, hidden=8)
    port = any_port()
    server = serve(tmp_path / "runs", port=port, show=False, threaded=True, token=TOKEN)
    url = f"http://localhost:{port}"

    wait_until_up(f"{url}/")
    yield url
    server.stop()


def test_the_token_opens_the_explorer_and_is_not_seen_again(closed: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    assert page.goto(f"{closed}/explorer").status == 403
    expect(page.get_by_role("heading", name="This explorer asks for its token")).to_be_visible()
    page.get_by_label("Token").fill("wrong" * 5)
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="That is not the token")).to_be_visible()
    faults: list[str] = []
    guard(page, faults)
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_role("button", name="Open").click()
    page.wait_for_url(f"{closed}/explorer")
    expect(status(page)).to_contain_text("finished")
    assert page.evaluate("document.cookie") == ""
    (kept,) = context.cookies()
    assert (kept["httpOnly"], kept["sameSite"], kept["expires"]) == (True, "Strict", -1)
    assert TOKEN not in page.content()
    page.wait_for_load_state("networkidle")
    assert faults == []
    page.reload()
    expect(status(page)).to_contain_text("finished")
    context.close()


def test_a_link_from_another_site_with_the_token_opens_it(closed: str, browser: Browser) -> None:
    """The cookie is not sent where another site leads, unless a page of ours leads on from there."""
    page = browser.new_page()
    page.route("http://mail.example/", lambda route: route.fulfill(
        content_type="text/html", body=f'<a href="{closed}/?token={TOKEN}">the explorer</a>'
    ))  # fmt: skip
    page.goto("http://mail.example/")
    page.get_by_text("the explorer").click()
    page.wait_for_url(f"{closed}/explorer")
    expect(status(page)).to_contain_text("finished")
    page.close()


def test_what_a_run_says_is_shown_as_text(
    explorer: Callable[..., str], page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of run, layers, matrices, gates and metrics, and the message, from someone who means harm."""

    def evil(info: LayerInfo) -> LayerInfo:
        gates = tuple(f"{EVIL}{gate}" for gate in info.gates)
        return replace(info, name=f"{EVIL}{info.name}", group=f"{EVIL}{info.group}", gates=gates)

    named = [evil(info) for info in synthetic.layer_infos(8)]
    monkeypatch.setattr(synthetic, "layer_infos", lambda *_: named)
    path = tmp_path / "runs" / f"{EVIL}run"
    with RunWriter(path, preset("demo", epochs=3)) as writer:
        for snapshot in synthetic.snapshots(epochs=3, hidden=8):
            writer.append(snapshot, **{f"{EVIL}metric": 1.0, f"valid_{EVIL}": 2.0})
        writer.status("failed", f"{EVIL}no reason\n{EVIL}no trace")
    (path / files.SNAPSHOTS / "000002.safetensors").write_bytes(EVIL.encode())
    broken = tmp_path / "runs" / f"{EVIL}broken"
    broken.mkdir()
    (broken / files.RUN).write_text(json.dumps({"format": EVIL}))
    page.goto(explorer())
    expect(status(page)).to_contain_text("failed")
    notice = page.get_by_role("alert")
    for text in (f"Training failed: {EVIL}no reason", f"{EVIL}no trace", f"{EVIL}broken"):
        expect(notice.filter(has_text=text)).to_be_visible()
    view = page.get_by_role("combobox", name="View")
    choices = page.get_by_role("option").or_(page.get_by_role("menuitem"))
    view.click()
    expect(choices.first).to_be_visible()
    names = [name.strip() for name in choices.all_inner_texts()]
    page.keyboard.press("Escape")
    for name in names:
        view.click()
        choices.filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$")).click()
        expect(view).to_contain_text(name)
        expect(page.locator(".card canvas").first).to_be_visible()
    for canvas in page.locator(".card canvas").all():
        if box := canvas.bounding_box():  # none where it is folded away
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)  # what is told of a place
    page.get_by_role("combobox", name="Layer").click()
    expect(choices.filter(has_text=f"{EVIL}LSTM layer 2")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="Run", exact=True).click()
    expect(choices.filter(has_text=f"{EVIL}run")).to_be_visible()
    page.keyboard.press("Escape")
    assert len(names) >= 4
    assert page.locator('img[src="x"]').count() == 0
    assert page.evaluate("window.pwned") is None
