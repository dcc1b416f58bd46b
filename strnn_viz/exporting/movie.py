"""The masks of a run in motion: a GIF by Pillow, an MP4 by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from strnn_viz.errors import RunError, StrnnVizError, UsageError
from strnn_viz.exporting.choices import Sheet
from strnn_viz.exporting.picture import picture
from strnn_viz.runs import Run

FRAME_MS, REST_MS = 200, 2000  # an epoch is seen for, and the last one
_CELL = 2  # pixels: half as many cells as the PNG has, for a movie of a quarter of its size
Progress = Callable[[int, int], None]


def frames(run: Run, epochs: Sequence[int], sheet: Sheet, progress: Progress) -> Iterator[Image.Image]:
    """The picture of every epoch, one after the other."""
    for done, epoch in enumerate(epochs):
        progress(done, len(epochs))
        yield picture(run, epoch, sheet, cell=_CELL)
    progress(len(epochs), len(epochs))


def write_gif(run: Run, out: Path, sheet: Sheet, progress: Progress) -> None:
    """Write a movie with a frame for every epoch, which repeats.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    epochs = run.epochs
    pictures = frames(run, epochs, sheet, progress)
    first = next(pictures)
    durations = [FRAME_MS] * (len(epochs) - 1) + [REST_MS]
    # Not optimized: that would give frames palettes of their own, and colours must mean the same in all.
    first.save(out, "GIF", save_all=True, append_images=pictures, duration=durations, loop=0, optimize=False)


def find_ffmpeg() -> str:
    """An ffmpeg that is installed: on the path, or that of the package imageio-ffmpeg.

    Raises
    ------
    UsageError
        If there is none.
    """
    found = shutil.which("ffmpeg")
    if found is None:
        try:
            import imageio_ffmpeg

            found = str(imageio_ffmpeg.get_ffmpeg_exe())
        except (ImportError, RuntimeError) as error:
            raise UsageError(
                "an MP4 needs ffmpeg, which is not installed. Install it, or: pip install 'strnn-viz[video]'. "
                "A GIF needs neither."
            ) from error
    return found


def write_mp4(run: Run, out: Path, sheet: Sheet, progress: Progress, ffmpeg: str) -> None:
    """Write a movie with a frame for every epoch, in H.264 as every browser plays it.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    StrnnVizError
        If ffmpeg fails; with what it said last.
    """
    epochs = run.epochs
    rest = REST_MS // FRAME_MS - 1  # further frames of the last epoch
    pictures = frames(run, epochs, sheet, progress)
    picture_ = next(pictures)
    width, height = picture_.size
    command = [
        ffmpeg, "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}",
        "-r", str(1000 // FRAME_MS), "-i", "-", "-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p",
        "-threads", "1", "-movflags", "+faststart", "-f", "mp4", str(out),
    ]  # fmt: skip
    with tempfile.TemporaryFile() as said:  # not a pipe, which would fill while nobody reads
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said, stderr=said) as process:
            assert process.stdin is not None
            try:
                pixels = picture_.convert("RGB").tobytes()
                process.stdin.write(pixels)
                for picture_ in pictures:
                    pixels = picture_.convert("RGB").tobytes()
                    process.stdin.write(pixels)
                for _ in range(rest):
                    process.stdin.write(pixels)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it ended early; its exit code and its words tell why
            except (RunError, KeyboardInterrupt):
                process.kill()
                raise
            code = process.wait()
        said.seek(0)
        words = said.read().decode(errors="replace").strip().splitlines()
    if code:
        raise StrnnVizError(f"ffmpeg failed with exit code {code}: {' '.join(words[-2:]) or 'it gave no reason'}.")
