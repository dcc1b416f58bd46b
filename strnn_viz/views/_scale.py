"""One sequence of colours for all quantities, seen on a white card as well as on a dark one, and the key beside it."""

from __future__ import annotations

from typing import Any

import colorcet
import holoviews as hv
import numpy as np
from numpy.typing import NDArray

from strnn_viz.views._plot import Word, styled

#: Blue to sand, also to those who cannot tell red from green; no colour of it means anything in another plot. Both ends
#: of the map are left out, since they would vanish in one of the two themes (contrast below 2 to 1).
_MAP = "CET_CBL2"
_FIRST, _LAST = 94, 190

#: Codes of a quantity in a picture: 0 is nothing, and transparent.
STEPS = 254


def sequential(count: int, *, reverse: bool = False) -> tuple[str, ...]:
    """So many colours in even perceptual steps, from blue to sand, as #rrggbb."""
    places = np.linspace(_FIRST, _LAST, count).round().astype(int)
    colours = tuple(str(colorcet.palette[_MAP][i]).lower() for i in places)
    return colours[::-1] if reverse else colours


def code_colours() -> list[str]:
    """Colour of every code of :func:`codes`."""
    return ["#00000000", *sequential(STEPS)]


def codes(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """Numbers as codes of a picture, a byte each: 1 for `low` and below, `STEPS` for `high` and above, 0 for nan."""
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    filled = np.isfinite(values)
    return np.where(filled, 1 + np.round((STEPS - 1) * np.where(filled, share, 0)), 0).astype(np.uint8)


def picture(values: NDArray[np.uint8], bounds: tuple[float, float, float, float], x: str, y: str) -> Any:
    """Codes as an image, the first row at the bottom; `bounds` are left, bottom, right and top."""
    image = hv.Image(values[::-1], bounds=bounds, kdims=[x, y], vdims="code")
    return styled(image, cmap=code_colours(), clim=(-0.5, STEPS + 0.5), colorbar=False)


def on_grid(
    epochs: NDArray[np.int64], rows: NDArray[np.float64], last: int
) -> tuple[NDArray[np.float64], tuple[float, float, float, float]]:
    """Rows by epoch on an even grid of epochs up to the last that is awaited, nan where there is none yet.

    Parameters
    ----------
    epochs : ndarray of int64, shape (t,)
    rows : ndarray of float64, shape (t, n)
    last : int
        Where the axis ends.

    Returns
    -------
    grid : ndarray of float64, shape (m, max(1, n))
        A row for each place of the grid, whose step is the smallest between two epochs.
    bounds : tuple of float
        Left, bottom, right and top of the grid, the epoch of a row at its middle.
    """
    step = int(np.diff(epochs).min(initial=max(1, last))) if len(epochs) > 1 else 1
    start = int(epochs[0]) if len(epochs) else 0
    count = max(1, (last - start) // step + 1)
    grid = np.full((count, max(1, rows.shape[1])), np.nan)
    if len(epochs):
        grid[np.minimum((epochs - start) // step, count - 1)] = rows
    return grid, (start - step / 2, 0.0, start + (count - 0.5) * step, 1.0)


def key_bar(left: float, right: float, bottom: float, top: float, x: str, y: str, *, reverse: bool = False) -> Any:
    """The colours as an upright bar, low at `bottom`."""
    colours = np.array(sequential(24, reverse=reverse), dtype=object)
    edges = np.linspace(bottom, top, len(colours) + 1)
    ones = np.ones(len(colours))
    bars = hv.Rectangles(
        (left * ones, edges[:-1], right * ones, edges[1:], colours), [x, y, f"{x}1", f"{y}1"], "colour"
    )
    return styled(bars, color=hv.dim("colour"), line_alpha=0)


def key_words(right: float, bottom: float, top: float, low: str, high: str) -> list[Word]:
    """What the ends of the bar mean, beside it."""
    return [Word(right, bottom, f" {low}", baseline="bottom"), Word(right, top, f" {high}", baseline="top")]
