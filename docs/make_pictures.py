"""Make the pictures of the README: ``python docs/make_pictures.py [RUNS] [RUN] [OTHER]``.

Serves a directory of runs (``runs`` by default) and takes screenshots of every page in Chromium, in light and dark,
wide and narrow: the list of runs, the explorer of RUN (``demo-uniform``), and RUN compared with OTHER
(``demo-erdos_renyi``). Record them first: ``strnn-viz train demo`` and
``strnn-viz train demo --set initialization=erdos_renyi``.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, expect, sync_playwright

from strnn_viz.dashboard.address import wait_until_up
from strnn_viz.dashboard.serve import serve
from strnn_viz.ports import free_port

HERE = Path(__file__).parent
EPOCH = 8  # early enough that many connections are born and die
WIDE, NARROW = {"width": 1400, "height": 900}, {"width": 900, "height": 1180}
PATIENCE = 60_000  # milliseconds


def settle(page: Page) -> None:
    """Wait until figures have settled; a picture may wait, since nothing is asserted of it."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(2500)


def shoot(browser: Browser, url: str, name: str, sign: str) -> None:
    """Take the four pictures of a page, once it shows a text that says it is there."""
    for size, suffix in ((WIDE, ""), (NARROW, "-narrow")):
        page = browser.new_page(viewport=size)  # type: ignore[arg-type]
        page.goto(url)
        expect(page.get_by_text(sign).first).to_be_visible(timeout=PATIENCE)
        for theme in ("light", "dark"):
            settle(page)
            page.screenshot(path=HERE / f"{name}{suffix}-{theme}.png")
            page.get_by_role("button", name="Toggle theme").click()
            page.mouse.move(0, 0)  # away from the button and what it says when pointed at
        page.close()


def main(folder: str = "runs", run: str = "demo-uniform", other: str = "demo-erdos_renyi") -> None:
    """Serve, look, and take the pictures."""
    port = free_port(0)
    server = serve(folder, port=port, show=False, threaded=True)
    url = f"http://localhost:{port}/"
    try:
        wait_until_up(url)
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
            page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]
            page.goto(f"{url}explorer?{urlencode({'run': run})}")
            expect(page.get_by_text("rewired").first).to_be_visible(timeout=PATIENCE)
            settle(page)
            page.locator(".card.learning").screenshot(path=HERE / "learning-curve.png")
            page.close()
            here = urlencode({"run": run, "epoch": EPOCH})
            shoot(browser, f"{url}explorer?{here}", "explorer", f"epoch {EPOCH}:")
            shoot(browser, f"{url}compare?{urlencode({'runs': f'{run},{other}'})}", "compare", other)
            shoot(browser, f"{url}runs", "runs", "newest first")
            browser.close()
    finally:
        server.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
