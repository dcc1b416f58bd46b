import re
import shutil

import pytest
from bokeh.models import Label
from PIL import Image

from strnn_viz.dashboard.lens import LENSES
from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting import export_run, plots
from strnn_viz.exporting.figures import HEIGHT, WIDTH
from strnn_viz.exporting.plots import VIEWS
from strnn_viz.views import (
    FRAMES,
    REWIRING_LEGEND,
    distance_title,
    event_of,
    patch_words,
    rewiring_title,
    rewiring_words,
)
from strnn_viz.views.palette import RUNS

browser = pytest.mark.skipif(
    not any(map(shutil.which, plots._BROWSERS)), reason="Chromium is not installed"
)  # fmt: skip


def test_every_view_of_the_explorer_has_a_name():
    assert {lens.name.lower().replace(" ", "-") for lens in LENSES} <= set(VIEWS)
    assert {"masks", "learning", "magnitudes"} < set(VIEWS)


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "rewiring"])
def test_every_view_becomes_a_figure_with_its_sentence(language, name):
    plot = VIEWS[name].figure(language, 3, None)
    assert (plot.width, plot.height, plot.sizing_mode) == (WIDTH, HEIGHT, None)
    told = [title.text.text.replace("\n", " ") for title in plot.above[-2:]]
    assert told == [VIEWS[name].title(language, 3, layer=None), "language"]


def test_a_rewiring_is_a_sheet_of_four_frames_with_their_words_and_its_patch(language):
    epoch = 3
    head, *frames, key = (child[0] for child in VIEWS["rewiring"].figure(language, epoch, "Decoder").children)
    sentence, name = (title.text.text for title in head.above)
    assert name == "language"
    event, title = event_of(language, epoch, "Decoder"), rewiring_title(language, epoch, layer="Decoder")
    assert sentence.replace("\n", " ") == f"{title} The patch: {patch_words(event)}"
    told = [[title.text.text for title in reversed(frame.above)] for frame in frames]
    assert [called for called, _ in told] == [f"{i} · {name}" for i, name in enumerate(FRAMES, 1)]
    words = [" ".join(text.split()) for _, text in told]
    assert words == list(rewiring_words(language, epoch, layer="Decoder"))
    assert len({text.count("\n") for _, text in told}) == 1  # all four begin at one height
    drawn = [{type(part.glyph).__name__: part.data_source.length for part in frame.renderers} for frame in frames]
    patch = event.patch
    before, pruned, regrown = (int(mask.sum()) for mask in (patch.active, patch.pruned, patch.regrown))
    assert [(found["Quad"], found["Scatter"]) for found in drawn] == [
        (before, 0), (before - pruned, pruned), (before - pruned, pruned), (before - pruned, regrown)
    ]  # fmt: skip
    assert [label.text.text for label in key.center if isinstance(label, Label)] == [
        f"{sign} {word}" for word, _, sign in REWIRING_LEGEND
    ]


def test_an_epoch_no_rewiring_led_to_says_so(language):
    with pytest.raises(StrnnVizError, match="no rewiring led to it"):
        VIEWS["rewiring"].figure(language, 0, None)


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
    assert re.match(rf'<svg [^>]*width="{WIDTH}" height="{HEIGHT}"', text)
    sentence = distance_title(language, 3, layer="Decoder")
    assert " ".join(re.findall(r'fill="#1c2329"[^>]*>([^<]*)</text>', text)[:-1]) == sentence
    # One mark for every epoch on each of the two curves; the first has no epoch before it.
    assert "to first" in text
    assert "to previous" in text


@browser
@pytest.mark.browser
def test_chromium_draws_a_png_at_twice_the_size(language, tmp_path):
    with Image.open(export_run(language, tmp_path / "a.png", view="learning", epoch=3)) as image:
        assert image.size == (2 * WIDTH, 2 * HEIGHT)
        colours = {colour[:3] for _, colour in image.convert("RGB").getcolors(1 << 24)}
        assert tuple(bytes.fromhex(RUNS[0][1:])) in colours
