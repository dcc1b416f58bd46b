"""Age map and age pyramid, by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from strnn_viz.runs import Run
from strnn_viz.topology import matrices
from strnn_viz.topology.pooling import LEVELS
from strnn_viz.views import age_map, age_pyramid, ages_title, palette
from strnn_viz.views.ages import AGE_COLOURS, AGES, age_info, pyramid_info, span
from tests.views import brute

NAME = "lstm.0.weight_hh"


@pytest.mark.parametrize("epoch", [0, 2, 6])
def test_a_cell_of_one_position_has_exactly_its_age(full: Run, epoch: int) -> None:
    age = brute.ages(full, NAME, epoch)
    shown = age_info(full, epoch, full.layers[NAME], max_rows=100, max_columns=100)
    step = np.minimum(age * AGES // span(full), AGES - 1)
    assert span(full) == 8
    assert shown.codes.shape == (48, 12)
    assert (shown.codes == np.where(age < 0, 0, 1 + (LEVELS - 1) * AGES + step)).all()


def test_a_block_has_the_mean_age_of_its_connections(full: Run) -> None:
    age = brute.ages(full, NAME, 6)
    shown = age_info(full, 6, full.layers[NAME], max_rows=8, max_columns=3)
    assert shown.codes.shape == (8, 3)
    for r in range(8):
        for c in range(3):
            block = age[6 * r : 6 * r + 6, 4 * c : 4 * c + 4]
            connected = block[block >= 0]
            if not connected.size:
                assert shown.codes[r, c] == 0
                continue
            level, step = divmod(int(shown.codes[r, c]) - 1, AGES)
            assert step == min(int(connected.mean() / span(full) * AGES), AGES - 1)
            # the level grows with the share that is connected: 12 at twice the density, as in the mask
            share = connected.size / block.size
            assert level + 1 == min(LEVELS, int(np.ceil(LEVELS * np.sqrt(share / full_share_of(age, block.size)))))


def full_share_of(age: Any, positions: int) -> float:
    from strnn_viz.topology import full_share

    return full_share(float((age >= 0).mean()), positions)


def test_words_run_across(full: Run) -> None:
    shown = age_info(full, 3, full.layers["embedding.weight"], max_rows=100, max_columns=500)
    assert shown.shape == shown.codes.shape == (12, 120)
    assert ((shown.codes > 0) == full[3].mask("embedding.weight").T).all()


def test_codes_meet_their_colours(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(age_map(full, 3, layer=NAME, max_rows=100)).state
    image = figure.renderers[0]
    assert tuple(image.glyph.color_mapper.palette) == AGE_COLOURS
    assert len(AGE_COLOURS) == 253
    (codes,) = image.data_source.data["image"]
    assert (codes == age_info(full, 3, full.layers[NAME], max_rows=100, max_columns=400).codes).all()
    assert {"born", "8\u2009epochs"} <= set(brute.texts(figure))
    key = brute.sources(figure)[1]
    newest = key["color"][int(np.argmax(key["top"]))]  # at the bottom of a downward axis
    assert AGE_COLOURS[1 + (LEVELS - 1) * AGES] == f"{newest}ff"


def test_scrubbing_back_and_forth_reads_nothing_twice(full: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    info = full.layers["lstm.1.weight_ih"]
    expected = [age_info(full, e, info, max_rows=99, max_columns=9).codes for e in (5, 6, 2, 3)]
    monkeypatch.setattr(Run, "bits", None)
    for epoch, codes in zip((5, 6, 2, 3), expected, strict=True):
        assert age_info(Run(full.path), epoch, info, max_rows=99, max_columns=9).codes is codes
    age_info(full, 6, info, max_rows=10, max_columns=10)  # another size, of the history that is held


@pytest.mark.parametrize("layer", [NAME, "LSTM layer 1", None])
@pytest.mark.parametrize("epoch", [0, 1, 4])
def test_the_pyramid_counts_ages(full: Run, layer: str | None, epoch: int) -> None:
    infos = matrices(full, layer)
    every = np.concatenate([brute.ages(full, info.name, epoch).ravel() for info in infos])
    shown = pyramid_info(full, epoch, infos)
    assert shown.ages.tolist() == list(range(epoch + 1))
    assert shown.counts.tolist() == np.bincount(every[every >= 0], minlength=epoch + 1).tolist()
    assert shown.nnz == sum(full[epoch].layers[info.name].nnz for info in infos)
    assert shown.median == np.sort(every[every >= 0])[(shown.nnz - 1) // 2]


def test_the_pyramid_is_drawn_on_a_root_scale(full: Run, renderer: Any) -> None:
    shown = pyramid_info(full, 4, matrices(full))
    figure = renderer.get_plot(age_pyramid(full, 4)).state
    bars = brute.sources(figure)[1]
    np.testing.assert_allclose(np.array(bars["top"]) ** 2 * shown.nnz, shown.counts)
    assert bars["connections"].tolist() == shown.counts.tolist()
    assert list(bars["colour"]) == [palette.BORN, *[palette.SURVIVED] * 4]
    assert figure.yaxis[0].major_label_overrides[0.2**0.5] == "20%"
    assert set(brute.texts(figure)) == {"first topology", "▲ born"}


def test_titles_count_the_new_and_the_old(full: Run) -> None:
    shown = pyramid_info(full, 4, matrices(full, "LSTM layer 1"))
    born, old = (shown.counts[i] / shown.nnz for i in (0, -1))
    assert shown.median == 1
    assert ages_title(full, 4, layer="LSTM layer 1") == (
        f"LSTM layer 1, epoch 4: {born:.1%} of {shown.nnz:,} connections are new, half are at most 1 "
        f"epoch old, {old:.1%} are of the first topology"
    )
    assert (
        ages_title(full, 1) == f"All layers, epoch 1: all {full[1].nnz:,} connections are those of the first topology"
    )


def test_names_of_bars_stand_above_the_bars_beside_them(full: Run, renderer: Any) -> None:
    figure = renderer.get_plot(age_pyramid(full, 6)).state
    _, bars, words = brute.sources(figure)
    tops = np.array(bars["top"])
    named = {t: (x, y, a) for t, x, y, a in zip(words["text"], words["age"], words["root"], words["text_align"],
                                                strict=True)}  # fmt: skip
    x, y, align = named["▲ born"]
    assert (align, y) == ("left", tops[:2].max())
    assert x >= figure.x_range.start
    x, y, align = named["first topology"]
    assert y >= tops[-1]
    assert x <= figure.x_range.end
