"""From the slider's event to the painted picture, in Chromium, beside a page that shows nothing but the number."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import panel as pn

from strnn_viz.dashboard.player import EpochSlider
from strnn_viz.errors import UsageError
from strnn_viz.ports import free_port

SETTLE_MS = 8_000  # a page just opened is left alone for this long, as a person would who looks at it first
PAUSE_MS = 400  # between two moves, so that what follows a move is not counted with the next
PATIENCE_MS = 10_000

# Elements lie in shadow trees within one another; what is asked for may be in any of them.
_SCRIPT = """
window.bench = {
  all(selector, root = document) {
    const found = [...root.querySelectorAll(selector)]
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) found.push(...this.all(selector, element.shadowRoot))
    }
    return found
  },
  // That of the epochs; cards of the explorer have sliders of their own.
  slider() { return this.all('input[type="range"]', this.all(".player")[0]?.shadowRoot ?? document)[0] },
  // What says which epoch is painted: each figure of the masks by itself, or the text of the floor.
  signs() {
    const figures = this.all(".bk-Figure[data-epoch]").filter((element) => element.getBoundingClientRect().width > 0)
    if (figures.length > 0) return figures.map((element) => () => element.dataset.epoch)
    return this.all(".floor").map((element) => element.getRootNode()).map((root) => () => this.text(root))
  },
  text(root) { return root.querySelector(".floor")?.textContent },
  move(epoch, patience) {
    const slider = this.slider()
    const signs = this.signs()
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set
    return new Promise((done, fail) => {
      const begun = performance.now()
      const look = () => {
        if (signs.every((sign) => sign() === String(epoch))) done(performance.now() - begun)
        else if (performance.now() - begun > patience) done(null)
        else requestAnimationFrame(look)
      }
      set.call(slider, epoch)
      slider.dispatchEvent(new Event("input", {bubbles: true, composed: true}))
      requestAnimationFrame(look)
    })
  },
}
"""


def floor_page(end: int) -> Callable[[], Any]:
    """What a server calls for a page of the explorer's own slider and the number it says, sent there and back."""

    def page() -> Any:
        slider = EpochSlider(label="", start=0, end=end, value=0, width=400)
        text = pn.pane.HTML('<div class="floor">0</div>')

        def say(event: Any) -> None:
            text.object = f'<div class="floor">{event.new}</div>'

        slider.param.watch(say, "value")
        return pn.Column(slider, text)

    return page


@contextlib.contextmanager
def floor_server(end: int) -> Iterator[str]:
    """Serve that page; gives its address."""
    port = free_port(0)
    server = pn.serve({"floor": floor_page(end)}, port=port, show=False, threaded=True, verbose=False)
    try:
        yield f"http://localhost:{port}/floor"
    finally:
        server.stop()


@contextlib.contextmanager
def browser() -> Iterator[Any]:
    """Chromium, where it and Playwright are installed; raises UsageError where not."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        raise UsageError(
            "this benchmark drives a browser with Playwright, which is not installed. Install it with: pip install "
            "playwright"
        ) from error
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        raise UsageError("this benchmark drives Chromium, and none is found. Install it: apt install chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        try:
            yield opened
        finally:
            opened.close()


def scrub(
    opened: Any, explorer: str, moves: int, progress: Callable[[int, int], None] = lambda *_: None
) -> dict[str, Any]:
    """Move the slider of the explorer to epochs at random, and that of the floor, in turn.

    Parameters
    ----------
    opened : Playwright browser
    explorer : str
        Address of the page, with the run to open.
    moves : int
        Of each slider.

    Returns
    -------
    dict
        Milliseconds: ``median`` and ``p95`` of the explorer, ``floor_median`` and ``floor_p95`` of the floor, and how
        many moves were ``lost``: not painted within ten seconds.
    """
    page = opened.new_page(viewport={"width": 1400, "height": 900})
    page.goto(explorer)
    page.evaluate(_SCRIPT)
    page.wait_for_function(
        "window.bench.all('.bk-Figure[data-epoch]').length > 0 && window.bench.slider() != null", timeout=60_000
    )
    page.wait_for_timeout(SETTLE_MS)
    first, last = (int(page.evaluate(f"window.bench.slider().{side}")) for side in ("min", "max"))
    with floor_server(last) as address:
        floor = opened.new_context().new_page()  # in a window of its own: neither is hidden behind the other
        floor.goto(address)
        floor.evaluate(_SCRIPT)
        floor.wait_for_function("window.bench.slider()", timeout=60_000)
        found: dict[str, list[float | None]] = {"explorer": [], "floor": []}
        here = {"explorer": last, "floor": 0}
        rng = np.random.default_rng(0)
        for move in range(moves):
            for name, at in (("explorer", page), ("floor", floor)):
                epoch = int(rng.choice([e for e in range(first, last + 1) if e != here[name]]))
                found[name].append(at.evaluate(f"window.bench.move({epoch}, {PATIENCE_MS})"))
                here[name] = epoch
                at.wait_for_timeout(PAUSE_MS)
            progress(move + 1, moves)
        floor.close()
    page.close()
    known = {name: [ms for ms in times if ms is not None] or [float(PATIENCE_MS)] for name, times in found.items()}
    return {
        "median": float(np.median(known["explorer"])),
        "p95": float(np.percentile(known["explorer"], 95)),
        "floor_median": float(np.median(known["floor"])),
        "floor_p95": float(np.percentile(known["floor"], 95)),
        "moves": moves,
        "lost": sum(ms is None for ms in found["explorer"]),
    }
