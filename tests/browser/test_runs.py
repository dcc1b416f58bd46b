"""In Chromium: the list of runs is filtered, ticked, and leads on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from strnn_viz.config import preset
from tests.browser.conftest import served
from tests.synthetic import make_run

pytestmark = pytest.mark.browser


@pytest.fixture
def listed(tmp_path: Path) -> Iterator[str]:
    for name, method in (("alpha", "st-rnn"), ("beta", "rigl"), ("gamma", "set")):
        make_run(tmp_path / "runs" / name, preset("demo", method=method, epochs=2), epochs=2, hidden=8)
    with served(tmp_path / "runs") as start:
        yield start().removesuffix("explorer")


def test_runs_are_filtered_ticked_and_lead_on(listed: str, page: Page, tmp_path: Path) -> None:
    page.goto(listed)
    page.wait_for_url(f"{listed}runs")
    expect(page.get_by_text("3 runs, newest first")).to_be_visible()
    expect(page.get_by_role("link", name="Runs", exact=True)).to_have_attribute("aria-current", "page")
    tick = page.get_by_role("checkbox", name="Compare gamma")
    tick.check()
    page.get_by_label("Filter").fill("rigl")
    expect(page.get_by_role("heading", level=2)).to_have_text(["beta"])
    expect(page.get_by_text("1 of 3 runs")).to_be_visible()
    page.get_by_role("checkbox", name="Compare beta").check()
    expect(page.get_by_role("link", name="Compare 2 runs")).to_have_attribute("href", "./compare?runs=gamma,beta")
    make_run(tmp_path / "runs" / "delta", preset("demo", method="rigl", epochs=1), epochs=1, hidden=8)
    expect(page.get_by_text("2 of 4 runs")).to_be_visible()
    expect(page.get_by_role("checkbox", name="Compare beta")).to_be_checked()
    page.get_by_label("Filter").fill("")
    expect(tick).to_be_checked()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
    expect(page.get_by_role("link", name="beta", exact=True)).to_have_attribute("href", "./explorer?run=beta")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "run.json").write_text("{")
    page.set_viewport_size({"width": 1400, "height": 300})
    problem = page.get_by_text("broken/run.json cannot be read: it is no whole JSON")
    expect(problem).to_be_attached()
    last = page.locator(".run-row").last
    assert problem.bounding_box()["y"] >= last.bounding_box()["y"] + last.bounding_box()["height"]
    page.wait_for_load_state("networkidle")
