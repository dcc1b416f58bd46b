import stat
import sys

import numpy as np
import pytest
from PIL import Image

from strnn_viz.errors import StrnnVizError, UsageError
from strnn_viz.exporting import export_run, movie
from strnn_viz.exporting.choices import whole_sheet
from strnn_viz.exporting.picture import PALETTE, enlarged, opaque, picture, plain
from strnn_viz.runs import Run
from strnn_viz.topology import states
from strnn_viz.views.palette import BORN, DIED

MATRIX = "lstm.0.weight_hh"
#: A cell that is one connection, as it is seen on white: empty, survived (at 55%), born, died.
COLOURS = np.array([(255, 255, 255), opaque("#6b73908c"), opaque(f"{BORN}ff"), opaque(f"{DIED}ff")])


def cells(image, run, matrix):
    """The colour at the middle of every cell, found at the frame around the picture of one matrix alone."""
    pixels = np.asarray(image.convert("RGB"))
    rows, columns = run.layers[matrix].shape
    frame = (pixels == PALETTE[253]).all(axis=2)
    top = int(np.argmax(frame.sum(axis=1))) + 1
    left = int(np.flatnonzero(frame[top - 1])[0]) + 1
    right = int(np.flatnonzero(frame[top - 1])[-1])
    wide = (right - left) // columns
    bottom = max(y for y in range(top, len(pixels)) if frame[y, left:right].all())
    high = (bottom - top) // rows
    ys, xs = top + high // 2 + high * np.arange(rows), left + wide // 2 + wide * np.arange(columns)
    return pixels[np.ix_(ys, xs)]


def expected(run, epoch, matrix):
    before = None if epoch == run.epochs[0] else run.layer(epoch - 1, matrix).mask
    return COLOURS[states(run.layer(epoch, matrix).mask, before)]


@pytest.mark.parametrize("name", ["language", "dense"])
def test_a_gif_has_a_frame_an_epoch_whose_cells_are_the_masks(exported, name, tmp_path):
    run = Run(exported / name)
    calls = []
    out = export_run(run, tmp_path / "a.gif", layer=MATRIX, progress=lambda *call: calls.append(call))
    with Image.open(out) as movie_:
        assert movie_.n_frames == len(run.epochs)
        assert movie_.info["loop"] == 0
        for index, epoch in enumerate(run.epochs):
            movie_.seek(index)
            assert np.array_equal(cells(movie_, run, MATRIX), expected(run, epoch, MATRIX)), epoch
            assert movie_.info["duration"] == (2000 if epoch == run.epochs[-1] else 200)
    assert calls[-1] == (len(run.epochs), len(run.epochs))


def test_the_png_of_masks_needs_no_browser(language, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    out = export_run(language, tmp_path / "a.png", layer=MATRIX, epoch=3)
    with Image.open(out) as image:
        assert np.array_equal(cells(image, language, MATRIX), expected(language, 3, MATRIX))


def test_pictures_of_all_epochs_have_one_even_size_and_differ(language):
    sheet = whole_sheet(language)
    sizes = {picture(language, e, sheet).size for e in language.epochs}
    assert len(sizes) == 1
    assert all(side % 2 == 0 for side in sizes.pop())
    assert len({picture(language, e, sheet).tobytes() for e in language.epochs}) == len(language.epochs)


def test_cells_become_rectangles_of_one_size():
    codes = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.uint8)
    assert enlarged(codes, (5, 7)).tolist() == [[1, 1, 2, 2]] * 2 + [[3, 3, 4, 4]] * 2 + [[5, 5, 6, 6]] * 2
    assert enlarged(codes, (1, 1)).tolist() == codes.tolist()


def test_text_is_in_the_letters_the_font_has():
    assert plain("Erdős–Rényi × 3 · 日") == "Erdos-Renyi x 3 · ?"


def fake_ffmpeg(folder, code):
    """A program called ffmpeg, first on the path, that keeps what it is given and ends with an exit code."""
    path = folder / "ffmpeg"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'wb').write(sys.stdin.buffer.read())\n"
        f"open({str(folder / 'said')!r}, 'w').write(' '.join(sys.argv))\n"
        f"print('no such encoder', file=sys.stderr)\nsys.exit({code})\n"
    )
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_an_mp4_is_given_the_pixels_of_every_epoch_and_rests_on_the_last(language, tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    sheet = whole_sheet(language)
    written = export_run(language, tmp_path / "a.mp4").read_bytes()
    pictures = [picture(language, e, sheet, cell=2) for e in language.epochs]
    width, height = pictures[0].size
    frames = [written[i : i + width * height * 3] for i in range(0, len(written), width * height * 3)]
    assert len(frames) == len(language.epochs) + 9
    assert frames == [p.convert("RGB").tobytes() for p in [*pictures, *[pictures[-1]] * 9]]
    assert f"-s {width}x{height} -r 5" in (tmp_path / "said").read_text()


def test_an_mp4_that_fails_leaves_nothing_and_tells_what_ffmpeg_said(language, tmp_path, monkeypatch):
    fake_ffmpeg(tmp_path, 3)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StrnnVizError, match="exit code 3: no such encoder"):
        export_run(language, tmp_path / "a.mp4")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["ffmpeg", "said"]


def test_without_ffmpeg_one_message_tells_what_to_do(language, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "imageio_ffmpeg", None)
    with pytest.raises(UsageError, match=r"needs ffmpeg.*strnn-viz\[video\]"):
        export_run(language, tmp_path / "a.mp4")
    assert not list(tmp_path.iterdir())


def test_a_real_ffmpeg_makes_a_movie_of_as_many_frames(language, tmp_path):
    try:
        ffmpeg = movie.find_ffmpeg()
    except UsageError:
        pytest.skip("ffmpeg is not installed")
    import subprocess

    out = export_run(language, tmp_path / "a.mp4")
    told = subprocess.run([ffmpeg, "-i", str(out), "-f", "null", "-"], capture_output=True, text=True, check=True)
    assert "Video: h264" in told.stderr
    assert f"frame={len(language.epochs) + 9:5d}" in told.stderr
