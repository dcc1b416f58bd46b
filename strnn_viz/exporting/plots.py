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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import holoviews as hv
from bokeh.document import Document
from bokeh.models import LayoutDOM, PlainText, Plot, Title

from strnn_viz import views
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting.replay import bokeh_script, in_page
from strnn_viz.runs import Run

WIDTH, HEIGHT = 900, 520
_LETTERS = 135  # of a title that fit the width
_PATIENCE = 120  # seconds
_INK = "#1c2329"
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


def plot_figure(run: Run, epoch: int, view: View, layer: str | None) -> Any:
    """A view as a Bokeh figure of a fixed size on white, with the run and the view's sentence above it."""
    plot = bokeh_figure(view.draw(run, epoch, layer=layer, height=HEIGHT), WIDTH, HEIGHT)
    return headed(plot, [(run.name, "15px", "bold"), (view.title(run, epoch, layer=layer), "12px", "normal")])


def bokeh_figure(element: Any, width: int, height: int) -> Any:
    """A HoloViews element as a Bokeh figure of a fixed size on white."""
    plot = hv.renderer("bokeh").get_plot(element).state
    plot.update(sizing_mode=None, width=width, height=height, frame_height=None)
    plot.update(background_fill_color="white", border_fill_color="white", min_border=16)
    return plot


def headed(plot: Any, lines: Sequence[tuple[str, ...]]) -> Any:
    """A figure with lines above it.

    Parameters
    ----------
    plot : Bokeh figure
    lines : sequence of (str, str, str) or of (str, str, str, str)
        Text, size, style and colour of each, from the top; long ones are wrapped.
    """
    for text, size, look, *colour in reversed(lines):  # the last one added stands on top
        wrapped = "\n".join(part for line in text.splitlines() for part in textwrap.wrap(line, _LETTERS))
        # Plain: a name with dollar signs is no formula.
        title = Title(text=PlainText(wrapped), text_font_size=size, text_font_style=look)
        title.text_color = colour[0] if colour else _INK
        plot.add_layout(title, "above")
    return plot


def as_svg(plot: LayoutDOM) -> LayoutDOM:
    """A figure, or several in a grid, drawn as SVG from now on."""
    for part in plot.select({"type": Plot}):
        part.output_backend = "svg"
    return plot


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
