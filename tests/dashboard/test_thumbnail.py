import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from strnn_viz.config import preset
from strnn_viz.dashboard.thumbnail import SIZE, thumbnail
from strnn_viz.errors import UsageError
from strnn_viz.runs import Run, RunWriter
from strnn_viz.topology import pool, previous_epoch, states
from strnn_viz.views.palette import CODE_COLOURS


def pixels(uri: str) -> np.ndarray:
    head, _, content = uri.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA"))


def test_every_cell_has_the_colour_of_the_mask_view(folder: Path) -> None:
    run, name = Run(folder / "first"), "lstm.0.weight_hh"
    before = run[previous_epoch(run, 3)].mask(name)
    codes = pool(states(run[3].mask(name), before), SIZE[1], SIZE[0]).codes
    found = pixels(thumbnail(run, 3))
    down, across = found.shape[0] // codes.shape[0], found.shape[1] // codes.shape[1]
    assert (codes.shape, down, across) == ((32, 8), 4, 26)
    seen = found[::down, ::across]
    told = [[f"#{''.join(f'{part:02x}' for part in cell)}" for cell in row] for row in seen]
    assert told == [[CODE_COLOURS[code] for code in row] for row in codes]
    assert (found.repeat(1, axis=0) == seen.repeat(down, axis=0).repeat(across, axis=1)).all()


def test_a_run_without_an_epoch_has_no_picture(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "one", preset("demo")):
        assert thumbnail(Run(tmp_path / "one"), None) == ""


def test_an_epoch_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="no epoch 99"):
        thumbnail(Run(folder / "first"), 99)
