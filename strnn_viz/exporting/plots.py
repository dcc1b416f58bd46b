"""Views as PNG or SVG: the masks by Pillow, the others by an installed Chromium that opens a page from disk.

Bokeh draws in a browser and nowhere else. Instead of a driver for one, the page exports its plot by itself and writes
the outcome into its own document, which Chromium prints.
"""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import tempfile
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bokeh.document import Document
from bokeh.models import LayoutDOM

from strnn_viz import views
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting.figures import HEIGHT, WIDTH, as_svg, bokeh_figure, headed, sheet
from strnn_viz.exporting.replay import bokeh_script, in_page
from strnn_viz.runs import Run

_PATIENCE = 120  # seconds
_FRAME = 560  # pixels of a frame of a rewiring, without its words
_FRAME_LINE = 16  # pixels of a line of them
_FRAME_LETTERS, _SHEET_LETTERS = 78, 130  # of a line
_NOTHING = "\N{NO-BREAK SPACE}"
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)


@dataclass(frozen=True)
class View:
    """A view, and the sentence above it."""

    draw: Callable[..., Any]
    title: Callable[..., str]

    def figure(self, run: Run, epoch: int, layer: str | None) -> LayoutDOM:
        """A Bokeh figure of a fixed size on white, with the run and the view's sentence above it."""
        plot = bokeh_figure(self.draw(run, epoch, layer=layer, height=HEIGHT), WIDTH, HEIGHT)
        return headed(plot, [(run.name, "15px", "bold"), (self.title(run, epoch, layer=layer), "12px", "normal")])


class Rewiring(View):
    """The rewiring that led to an epoch, in its four frames."""

    def figure(self, run: Run, epoch: int, layer: str | None) -> LayoutDOM:
        """The frames two by two, each below its words; raises `StrnnVizError` where there is no rewiring to show."""
        words, event = views.rewiring_words(run, epoch, layer=layer), views.event_of(run, epoch, layer)
        if event is None:
            raise StrnnVizError(views.no_rewiring(run, epoch, layer=layer))
        told = [textwrap.wrap(sentences, _FRAME_LETTERS) for sentences in words]
        most = max(map(len, told))
        plots = []
        for i, (name, lines) in enumerate(zip(views.FRAMES, told, strict=True)):
            drawn = self.draw(run, epoch, layer=layer, height=None, frame=i + 1)
            plot = bokeh_figure(drawn, _FRAME, _FRAME + most * _FRAME_LINE)
            below = "\n".join([*lines, *[_NOTHING] * (most - len(lines))])  # so that all begin at one height
            plots.append(headed(plot, [(f"{i + 1} · {name}", "13px", "bold"), (below, "12px", "normal")]))
        patch = textwrap.fill(f"The patch: {views.patch_words(event)}", _SHEET_LETTERS)
        sentence = f"{self.title(run, epoch, layer=layer)}\n{patch}"
        head = [(run.name, "15px", "bold"), (sentence, "12px", "normal")]
        return sheet(head, plots, 2, _FRAME, views.REWIRING_LEGEND)


#: Views by the name that --view takes.
VIEWS = {
    "masks": View(views.mask_evolution, views.mask_title),
    "learning": View(views.learning_curves, views.learning_title),
    "prune-rate": View(views.prune_rate, views.prune_rate_title),
    "magnitudes": View(views.magnitudes, views.magnitudes_title),
    "magnitude-map": View(views.magnitude_map, views.magnitudes_title),
    "distance": View(views.connectivity_distance, views.distance_title),
    "survival": View(views.survival_curves, views.survival_title),
    "turnover": View(views.turnover, views.turnover_title),
    "degrees": View(views.degree_distribution, views.degree_title),
    "gates": View(views.gate_density_strip, views.gate_density_title),
    "age-map": View(views.age_map, views.ages_title),
    "age-pyramid": View(views.age_pyramid, views.ages_title),
    "by-degree": View(views.adjacency, views.adjacency_title),
    "nnstd": View(views.nnstd_distance, views.nnstd_title),
    "epochs-apart": View(views.distance_map, views.distance_map_title),
    "path": View(views.distance_path, views.distance_map_title),
    "one-unit": View(views.ego_network, views.ego_title),
    "rewiring": Rewiring(views.rewiring_frame, views.rewiring_title),
}


def find_browser() -> str:
    """A Chromium that is installed.

    Raises
    ------
    UsageError
        If there is none.
    """
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        raise UsageError(
            "this picture is drawn by Chromium, which is not installed (looked for chromium, google-chrome and "
            "msedge). Install one; --view masks as .png needs none, and an .html replay is drawn where it is opened."
        )
    return found


def draw_in_browser(plot: Any, kind: str, browser: str) -> bytes:
    """What a browser makes of a Bokeh figure: the bytes of a PNG at twice its size, or of an SVG.

    Parameters
    ----------
    plot : Bokeh figure
    kind : str
        ``"png"`` or ``"svg"``.
    browser : str
        Path of a Chromium.

    Raises
    ------
    StrnnVizError
        If it does not draw it.
    """
    document = Document()
    document.add_root(as_svg(plot) if kind == "svg" else plot)
    with tempfile.TemporaryDirectory(prefix="strnn-viz-") as folder:
        page = Path(folder) / "plot.html"
        page.write_text(_page(document, kind), encoding="utf-8")
        command = [
            browser, "--headless", "--disable-gpu", "--force-device-scale-factor=2", "--hide-scrollbars",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={folder}/profile", "--virtual-time-budget=60000", "--dump-dom", page.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.insert(1, "--no-sandbox")  # for root Chromium has no sandbox; it opens nothing but this page
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise StrnnVizError(f"{browser} did not draw the picture within {_PATIENCE} seconds. Try again.") from error
    _, mark, rest = done.stdout.partition('<pre id="drawn">')
    if not mark or not (text := rest.partition("</pre>")[0]):
        said = " ".join(done.stderr.strip().splitlines()[-1:])
        raise StrnnVizError(f"{browser} did not draw the picture (exit code {done.returncode}): {said[:300]}")
    return base64.b64decode(text)


def _page(document: Document, kind: str) -> str:
    export = (
        'bytes(view.export("svg").ctx.get_serialized_svg(true))'
        if kind == "svg"
        else 'view.export("png").canvas.toDataURL("image/png").split(",")[1]'
    )
    return f"""<!DOCTYPE html><html><head><meta charset="utf-8"><meta
http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline';
img-src data: blob:; font-src data:"></head><body><div id="plot"></div>
<script>{bokeh_script()}</script>
<script type="application/json" id="document">{in_page(document)}</script>
<script>
const bytes = (text) => btoa(Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join(""));
const json = JSON.parse(document.getElementById("document").textContent), root = json.roots[0].id;
Bokeh.embed.embed_items({{plot: json}}, [{{docid: "plot", root_ids: [root], roots: {{[root]: "plot"}}}}])
  .then(async ([views]) => {{
    const view = views.get_by_id(root);
    await view.ready;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const drawn = document.createElement("pre");
    drawn.id = "drawn";
    drawn.textContent = {export};
    document.body.append(drawn);
  }});
</script></body></html>"""
