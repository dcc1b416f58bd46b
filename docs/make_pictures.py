"""Make the pictures of the README: ``python docs/make_pictures.py [RUNS] [RUN]``.

Serves a directory of runs (``runs`` by default), opens a run of it (``demo-uniform``) in Chromium, and takes
screenshots of the explorer in light and dark, wide and narrow. Record the run first: ``strnn-viz train demo``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from strnn_viz.dashboard.serve import serve
from strnn_viz.ports import free_port

HERE = Path(__file__).parent
EPOCH = 8  # early enough that many connections are born and die
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 900, "height": 1180}


def shoot(page: Page, name: str, size: dict[str, int]) -> None:
    """Take one picture once figures have settled in a window of this size."""
    page.set_viewport_size(size)  # type: ignore[arg-type]
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)  # a picture may wait; nothing is asserted of it
    page.screenshot(path=HERE / f"{name}.png")


def main(folder: str = "runs", run: str = "demo-uniform") -> None:
    """Serve, look, and take the pictures."""
    port = free_port(0)
    server = serve(folder, port=port, run=run, show=False, threaded=True)
    try:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
            page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
            page.goto(f"http://localhost:{port}/")
            expect(page.get_by_text("rewired").first).to_be_visible(timeout=60_000)
            page.wait_for_load_state("networkidle")
            page.wait_for_timeout(1500)
            page.locator(".card.learning").screenshot(path=HERE / "learning-curve.png")
            page.get_by_role("slider").first.focus()
            page.keyboard.press("Home")
            for _ in range(EPOCH):
                page.keyboard.press("ArrowRight")
            expect(page.get_by_text(f"epoch {EPOCH}:").first).to_be_visible(timeout=60_000)
            for theme in ("light", "dark"):
                shoot(page, f"explorer-{theme}", WIDE)
                shoot(page, f"explorer-narrow-{theme}", NARROW)
                page.get_by_role("button", name="Toggle theme").click()
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
