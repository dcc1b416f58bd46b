import re
import shutil

import pytest
from PIL import Image

from strnn_viz.dashboard.lens import LENSES
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting import export_run, plots
from strnn_viz.exporting.plots import VIEWS
from strnn_viz.views import distance_title
from strnn_viz.views.palette import RUNS

browser = pytest.mark.skipif(
    not any(map(shutil.which, plots._BROWSERS)), reason="Chromium is not installed"
)  # fmt: skip


def test_every_view_of_the_explorer_has_a_name():
    assert {lens.name.lower().replace(" ", "-") for lens in LENSES} <= set(VIEWS)
    assert {"masks", "learning", "magnitudes"} < set(VIEWS)


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_becomes_a_figure_with_its_sentence(language, name):
    plot = plots.plot_figure(language, 3, VIEWS[name], None)
    assert (plot.width, plot.height, plot.sizing_mode) == (plots.WIDTH, plots.HEIGHT, None)
    told = [title.text.text.replace("\n", " ") for title in plot.above[-2:]]
    assert told == [VIEWS[name].title(language, 3, layer=None), "language"]


def test_without_a_browser_one_message_tells_what_to_do(language, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match=r"drawn by Chromium, which is not installed.*--view masks as \.png"):
        export_run(language, tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())


def test_a_browser_that_draws_nothing_is_told(language, tmp_path, monkeypatch):
    fake = tmp_path / "bin" / "chromium"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho no display >&2\nexit 7\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(StrnnVizError, match=r"did not draw the picture \(exit code 7\): no display"):
        export_run(language, tmp_path / "a.svg", view="distance")
    assert [p.name for p in tmp_path.iterdir()] == ["bin"]


@browser
@pytest.mark.browser
def test_chromium_draws_an_svg_with_the_numbers_of_the_run(language, tmp_path):
    out = export_run(language, tmp_path / "a.svg", view="distance", epoch=3, layer="Decoder")
    text = out.read_text()
    assert re.match(rf'<svg [^>]*width="{plots.WIDTH}" height="{plots.HEIGHT}"', text)
    sentence = distance_title(language, 3, layer="Decoder")
    assert " ".join(re.findall(r'fill="#1c2329"[^>]*>([^<]*)</text>', text)[:-1]) == sentence
    # One mark for every epoch on each of the two curves; the first has no epoch before it.
    assert "to first" in text
    assert "to previous" in text


@browser
@pytest.mark.browser
def test_chromium_draws_a_png_at_twice_the_size(language, tmp_path):
    with Image.open(export_run(language, tmp_path / "a.png", view="learning", epoch=3)) as image:
        assert image.size == (2 * plots.WIDTH, 2 * plots.HEIGHT)
        colours = {colour[:3] for _, colour in image.convert("RGB").getcolors(1 << 24)}
        assert tuple(bytes.fromhex(RUNS[0][1:])) in colours
