"""The masks of a sheet as pixels, by Pillow alone: what a movie is made of, and the PNG of the masks.

Every cell is a rectangle of whole pixels, all of one size, in the colours of :mod:`strnn_viz.views.palette` on white;
an image has at most 256 colours, of which the cells need 253, so nothing is dithered or rounded.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from strnn_viz.exporting.choices import Sheet
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology.layers import matrix_role
from strnn_viz.topology.pooling import FIFTHS, LEVELS, MIXES
from strnn_viz.views import LEGEND, mask_title
from strnn_viz.views._cells import MaskInfo
from strnn_viz.views.masks import mask_info
from strnn_viz.views.palette import CODE_COLOURS

Pixels: TypeAlias = NDArray[np.uint8]

_INK = (253, 254, 255)  # places of the palette: a third, two thirds and all of the colour of text
_TEXT = (28, 35, 41)
#: Room for the cells of one matrix, in pixels, and what surrounds it.
BOX = (480, 400)
_LEFT, _TOP, _CAPTION, _FOOT, _GAP = 28, 62, 22, 34, 24
_ROLES = {"input": "input to gates", "recurrent": "recurrent to gates", "embedding": "word to vector"}
_PLAIN = str.maketrans({"–": "-", "—": "-", "×": "x", "→": ">", "’": "'", "−": "-"})


def over_white(colour: tuple[int, int, int], share: float) -> tuple[int, int, int]:
    """A colour of some opacity as it is seen on white."""
    red, green, blue = (round(255 + (part - 255) * share) for part in colour)
    return red, green, blue


def opaque(colour: str) -> tuple[int, int, int]:
    """A colour #rrggbbaa as it is seen on white."""
    red, green, blue, alpha = (int(colour[i : i + 2], 16) for i in (1, 3, 5, 7))
    return over_white((red, green, blue), alpha / 255)


PALETTE: tuple[tuple[int, int, int], ...] = (
    *(opaque(colour) for colour in CODE_COLOURS),
    *(over_white(_TEXT, share) for share in (1 / 3, 2 / 3, 1)),
)


def enlarged(codes: Pixels, box: tuple[int, int]) -> Pixels:
    """Cells as pixels, each as many wide and high as there is room for, at least one.

    Parameters
    ----------
    codes : ndarray of uint8, shape (rows, columns)
    box : tuple of int
        Width and height there is room for.
    """
    down, across = max(1, box[1] // codes.shape[0]), max(1, box[0] // codes.shape[1])
    return codes.repeat(down, axis=0).repeat(across, axis=1)


def picture(run: Run, epoch: int, sheet: Sheet, *, cell: int = 1, scale: int = 1) -> Image.Image:
    """The masks of an epoch, what they are and what the last rewiring did, as an image with a palette.

    Parameters
    ----------
    run : Run
    epoch : int
    sheet : Sheet
    cell : int
        Pixels that a cell is wide and high at least; larger matrices are pooled to fit.
    scale : int
        How much larger than on a plain screen everything is.

    Returns
    -------
    Image
        Of mode P, an even number of pixels wide and high, of the same size for every epoch of a run.

    Raises
    ------
    RunError
        If the epoch cannot be read.
    """
    width, height = BOX[0] * scale, BOX[1] * scale
    count = len(sheet.matrices)
    down, across = (-(-count // 2), min(count, 2))
    left, top, caption, foot, gap = (scale * side for side in (_LEFT, _TOP, _CAPTION, _FOOT, _GAP))
    wide = max(across, 1) * (left + width + gap) + gap
    canvas = _Canvas(wide, top + down * (caption + height + gap) + foot, scale)
    mark = wide - gap - 110 * scale  # where the epoch stands, so that it does not move while it counts
    canvas.line((gap + left, 10 * scale), run.name, 16, mark)
    canvas.line((mark, 10 * scale), f"epoch {epoch:,}", 16, wide - gap)
    canvas.line((gap + left, 34 * scale), mask_title(run, epoch, layer=sheet.layer), 13, wide - gap)
    for place, info in enumerate(sheet.matrices):
        x = gap + (place % 2) * (left + width + gap) + left
        y = top + (place // 2) * (caption + height + gap)
        shown = mask_info(run, epoch, info, max_rows=height // cell, max_columns=width // cell)
        canvas.line((x, y), _caption(run, info, shown), 12, x + width)
        _matrix(canvas, shown, (x, y + caption), (width, height))
    _legend(canvas, (gap + left, canvas.height - foot), scale)
    return canvas.image


def _matrix(canvas: _Canvas, shown: MaskInfo, at: tuple[int, int], box: tuple[int, int]) -> None:
    """Cells, a frame around them, and the names of the gates with a tick where one ends."""
    cells = enlarged(shown.codes, box)
    high, wide = cells.shape
    canvas.frame(at, wide, high)
    canvas.image.paste(Image.fromarray(cells), at)
    for band, gate in enumerate(shown.gates):
        bottom = at[1] + high * (band + 1) // len(shown.gates)
        middle = bottom - high // (2 * len(shown.gates))
        canvas.line((at[0] - 18 * canvas.scale, middle - 7 * canvas.scale), gate, 12, at[0])
        canvas.draw.line([(at[0] - 6 * canvas.scale, bottom), (at[0] - 1, bottom)], fill=_INK[1], width=canvas.scale)


def _caption(run: Run, info: LayerInfo, shown: MaskInfo) -> str:
    """What a matrix is, how large, and how many positions a cell stands for."""
    rows, columns = shown.shape
    cells = shown.codes.shape
    each = (math.ceil(rows / cells[0]), math.ceil(columns / cells[1]))
    role = _ROLES.get(info.role, matrix_role(run, info))
    pooled = "" if each == (1, 1) else f", a cell is up to {each[0]} x {each[1]} connections"
    return f"{role}: {rows:,} x {columns:,}{pooled}"


def _legend(canvas: _Canvas, at: tuple[int, int], scale: int) -> None:
    """What the colours of pure cells mean, with a shape besides the colour."""
    (x, y), side = at, 10 * scale
    shapes: dict[str, list[tuple[float, float]]] = {
        "■": [(0, 0), (1, 0), (1, 1), (0, 1)],
        "▲": [(0, 1), (0.5, 0), (1, 1)],
        "▼": [(0, 0), (1, 0), (0.5, 1)],
    }
    for state, (word, _, sign) in enumerate(LEGEND):
        pure = np.eye(3, dtype=np.int64)[state] * FIFTHS
        code = 1 + (LEVELS - 1) * len(MIXES) + int(np.flatnonzero((pure == MIXES).all(axis=1))[0])
        canvas.draw.polygon([(x + side * i, y + 2 * scale + side * j) for i, j in shapes[sign]], fill=code)
        x = canvas.line((x + 15 * scale, y), word, 12, canvas.width) + 18 * scale


class _Canvas:
    """White, with text of three shades in the palette of the cells."""

    def __init__(self, width: int, height: int, scale: int) -> None:
        self.width, self.height, self.scale = width + width % 2, height + height % 2, scale
        self.image = Image.new("P", (self.width, self.height), 0)
        self.image.putpalette([part for colour in PALETTE for part in colour])
        self.draw = ImageDraw.Draw(self.image)

    def frame(self, at: tuple[int, int], width: int, height: int) -> None:
        """A thin line around a place."""
        self.draw.rectangle((at[0] - 1, at[1] - 1, at[0] + width, at[1] + height), outline=_INK[0])

    def line(self, at: tuple[int, int], text: str, size: int, right: int) -> int:
        """Write a line, smaller or cut where it does not fit, and give where it ends."""
        (x, y), size = at, size * self.scale
        room = right - x
        text, least = plain(text), round(0.75 * size)
        font = ImageFont.load_default(size)
        while font.getlength(text) > room and size > least:
            size -= 1
            font = ImageFont.load_default(size)
        while font.getlength(text) > room and len(text) > 1:
            text = text[: max(1, len(text) * 9 // 10 - 1)].rstrip("… ") + "…"
        wide, high = math.ceil(font.getlength(text)) + 2, 2 * size
        mask = Image.new("L", (wide, high), 0)
        ImageDraw.Draw(mask).text((0, 0), text, font=font, fill=255)
        for level, ink in enumerate(_INK):
            low, high_end = (43, 128, 213)[level], (128, 213, 256)[level]
            part = mask.point([255 if low <= v < high_end else 0 for v in range(256)])
            self.image.paste(ink, (x, y), part)
        return x + wide


def plain(text: str) -> str:
    """A text in the characters of Pillow's own font, which knows no accents and few signs."""
    bare = unicodedata.normalize("NFKD", text.translate(_PLAIN))
    kept = "".join(c for c in bare if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" or c in "·…" else "?" for c in kept)
