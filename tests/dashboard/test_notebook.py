from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from bokeh.document import Document
from bokeh.models import ColumnDataSource

from strnn_viz import views
from strnn_viz.dashboard.notebook import watch
from strnn_viz.errors import RunError
from strnn_viz.runs import Run, RunWriter


def images(root: object) -> list[np.ndarray]:
    return [np.asarray(m.data["image"][0]) for m in root.references()
            if isinstance(m, ColumnDataSource) and "image" in m.data]  # fmt: skip


def test_a_run_is_shown_from_before_its_first_epoch_on(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    view = watch(writer.path)
    root = view.__panel__().get_root(Document())
    figures = {m for m in root.references() if m.__class__.__name__ == "figure"}
    assert len(figures) == 5
    for epoch in range(3):
        writer.append(next(steps))
        view.update()
        assert view.player.value == epoch
    assert "epoch 2" in view._left._words.object
    assert {m for m in root.references() if m.__class__.__name__ == "figure"} == figures  # updated in place


def test_scrubbing_changes_the_mask_and_outlasts_an_update(growing: tuple[RunWriter, Iterator]) -> None:
    writer, steps = growing
    for _ in range(4):
        writer.append(next(steps))
    view = watch(Run(writer.path))
    root = view.__panel__().get_root(Document())
    before = images(root)
    view.player.value = 1
    assert views.mask_title(view.run, 1, layer="LSTM layer 1") in view._left._words.object
    assert not any(np.array_equal(a, b) for a, b in zip(before, images(root), strict=True))
    writer.append(next(steps))
    view.update()
    assert (view.player.value, view.player.end) == (1, 4)
    view.player.value = 4
    writer.append(next(steps))
    view.update()
    assert view.player.value == 5


def test_a_layer_is_chosen_by_name(folder: Path) -> None:
    view = watch(folder / "first", layer="Decoder")
    assert "Decoder" in view._left._words.object
    assert not view._right.view.visible


def test_a_directory_of_runs_shows_the_newest(folder: Path) -> None:
    assert watch(folder).run.name in ("first", "second")


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="neither a run nor a directory of runs"):
        watch(tmp_path)
