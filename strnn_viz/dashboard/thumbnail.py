"""A mask so small that twenty of them make a list: a PNG within the page itself."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from strnn_viz.runs import Run
from strnn_viz.runs.snapshot import unpack
from strnn_viz.topology import default_matrix, pool, previous_epoch, states
from strnn_viz.views.palette import CODE_COLOURS

#: Pixels it is shown in, across and down.
SIZE = (104, 56)

_COLOURS = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5, 7)] for colour in CODE_COLOURS], dtype=np.uint8)


def thumbnail(run: Run, epoch: int | None) -> str:
    """The first recurrent matrix of a run (or else its first) at an epoch, in the colours of the mask view.

    Parameters
    ----------
    run : Run
    epoch : int or None

    Returns
    -------
    str
        The address of a PNG, which is its content: ``data:image/png;base64,...``. What is empty is transparent, so it
        fits a light page and a dark one. Empty text where there is no epoch.

    Raises
    ------
    RunError, UsageError
        If the epoch cannot be read or was not recorded.
    """
    info = default_matrix(run)
    if info is None or epoch is None:
        return ""
    before = previous_epoch(run, epoch)

    def mask(at: int) -> NDArray[np.bool_]:
        return unpack(run.bits(at, info.name), info.shape)

    what = states(mask(epoch), None if before is None else mask(before))
    across, down = SIZE
    codes = pool(what, down, across).codes
    # Each cell a few pixels wide and high, which the browser then makes smaller evenly; made larger, they would blur.
    codes = codes.repeat(-(-2 * down // codes.shape[0]), axis=0).repeat(-(-2 * across // codes.shape[1]), axis=1)
    image = Image.frombytes("P", codes.shape[::-1], codes.tobytes())
    image.putpalette(_COLOURS[:, :3].tobytes())
    file = io.BytesIO()
    image.save(file, "PNG", transparency=_COLOURS[:, 3].tobytes())
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
