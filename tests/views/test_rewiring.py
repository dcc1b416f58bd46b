"""The four frames of a rewiring, in pictures and in words."""

from __future__ import annotations

from pathlib import Path

import holoviews as hv
import pytest

from strnn_viz.config import RunConfig
from strnn_viz.runs import Run
from strnn_viz.views import FRAMES, no_rewiring, palette, patch_words, rewiring_frame, rewiring_title, rewiring_words
from strnn_viz.views.rewiring import event_of
from tests.synthetic import make_run

LAYER = "LSTM layer 1"


def of(path: Path, **values: object) -> Run:
    """A run of six epochs with another configuration; its masks move as those of any other."""
    return make_run(path / "r", RunConfig().replace({"epochs": 6, **values}), epochs=6, hidden=12)


def marks(run: Run, epoch: int | None, frame: int) -> hv.Scatter:
    return rewiring_frame(run, epoch, layer=LAYER, frame=frame).get(1)


def squares(run: Run, epoch: int | None, frame: int) -> hv.Rectangles:
    return rewiring_frame(run, epoch, layer=LAYER, frame=frame).get(0)


def test_frames_show_what_the_event_counts(full: Run) -> None:
    event = event_of(full, 3, LAYER)
    assert event is not None
    assert event.info.role == "recurrent"
    patch = event.patch
    assert [len(marks(full, 3, frame)) for frame in (1, 2, 3, 4)] == [
        0, patch.pruned.sum(), patch.pruned.sum(), patch.regrown.sum()
    ]  # fmt: skip
    kept = int((patch.active & ~patch.pruned).sum())
    assert [len(squares(full, 3, frame)) for frame in (1, 2, 3, 4)] == [patch.active.sum(), kept, kept, kept]


def test_every_mark_has_a_shape_and_a_colour_of_its_own(full: Run) -> None:
    looks = {
        frame: set(zip(marks(full, 3, frame)["marker"], marks(full, 3, frame)["colour"], strict=True))
        for frame in (2, 3, 4)
    }
    assert looks == {
        2: {("inverted_triangle", palette.DIED)},
        3: {("circle", palette.MUTED)},
        4: {("triangle", palette.BORN)},
    }


def test_what_came_back_at_once_is_marked_as_such(full: Run) -> None:
    told = 0
    for epoch in range(2, 6):
        event = event_of(full, epoch, LAYER)
        assert event is not None
        drawn = marks(full, epoch, 4)
        hollow = drawn["filled"] == "#00000000"
        assert hollow.sum() == (event.patch.pruned & event.patch.regrown).sum()
        assert set(drawn["what"][hollow]) <= {"regrown in its old place"}
        told += int(hollow.sum())
    assert told > 0


def test_squares_are_as_large_as_weights_and_hollow_where_negative(full: Run) -> None:
    event = event_of(full, 3, LAYER)
    assert event is not None
    drawn = squares(full, 3, 1)
    weights = event.patch.before[event.patch.active]
    sides = drawn["column1"] - drawn["column"]
    assert sides.max() == pytest.approx(0.92)
    assert sides.argmax() == abs(weights).argmax()
    assert ((drawn["fill"] == 0) == (weights < 0)).all()


def test_frames_keep_their_structure(full: Run, empty: Run) -> None:
    kinds = [hv.Rectangles, hv.Scatter, hv.Segments, hv.Labels]
    for run, epoch in ((full, 3), (full, 0), (full, 6), (empty, None)):
        for frame in (1, 2, 3, 4):
            assert [type(part) for part in rewiring_frame(run, epoch, frame=frame)] == kinds


def test_words_tell_the_real_numbers(full: Run) -> None:
    event = event_of(full, 3, LAYER)
    assert event is not None
    row = full.rows[2]["layers"]["lstm.0.weight_hh"]
    before, pruned, budget, regrown = rewiring_words(full, 3, layer=LAYER)
    nnz, gone, back = row["nnz"], row["pruned"], row["reactivated"]
    assert before.startswith(f"At the end of epoch 2, {nnz:,} of 576 positions were connected ({nnz / 576:.1%}).")
    assert pruned.startswith(
        f"The {gone} connections with the smallest weights go: {gone / nnz:.1%} of the active ones."
    )
    assert f"|w| = {row['threshold']:.3g} (γ of Eq. 6)" in pruned
    assert f"The prune rate after epoch 2 was {full.rows[2]['prune_rate']:.1%}, on half a cosine that falls" in budget
    assert f"{nnz} − {gone} = {nnz - gone} connections are left. The budget of this matrix stays {nnz}, so" in budget
    assert regrown.startswith(f"{gone} connections are grown at random among the free places (Eq. 7)")
    assert f"{back} of them came back in the very place" in regrown
    assert f"Epoch 3 begins with {nnz} again." in regrown
    assert rewiring_title(full, 3, layer=LAYER) == (
        "LSTM layer 1, recurrent: the rewiring after epoch 2, which led to epoch 3"
    )
    assert no_rewiring(full, 3, layer=LAYER) == ""
    assert patch_words(event).startswith(f"gate {'ifgo'[event.patch.row // 12]}, hidden units 0 to 11, previous hidden")


@pytest.mark.parametrize(
    ("method", "said"),
    [
        ("rigl", ["", "the smallest weights", "", "where the gradient, summed over several batches, was largest"]),
        ("snfs", ["", "", "in proportion to the mean momentum of their weights", "where the momentum of the gradient"]),
        ("dsr", ["", "below one threshold, which the whole network shares", "constant until the last epoch, 6", ""]),
        ("set", ["", "closest to zero, as large a share of", "constant until the last epoch, 6", "at random"]),
    ],
)  # fmt: skip
def test_words_are_those_of_the_method(tmp_path: Path, method: str, said: list[str]) -> None:
    told = rewiring_words(of(tmp_path, method=method), 3, layer=LAYER)
    assert len(told) == len(FRAMES)
    for words, part in zip(told, said, strict=True):
        assert part in words


def test_a_method_that_begins_dense_regrows_nothing(tmp_path: Path) -> None:
    run = make_run(
        tmp_path / "r", RunConfig().replace({"epochs": 6, "method": "gmp"}), epochs=6, hidden=12, begins_dense=True
    )
    _, _, budget, regrown = rewiring_words(run, 3, layer=LAYER)
    assert "on the cubic schedule of Zhu & Gupta" in budget
    assert "the budget has shrunk" in budget
    assert regrown.startswith("GMP regrows nothing: epoch 3 begins with ")


@pytest.mark.parametrize(
    ("values", "epoch", "said"),
    [
        ({"method": "static"}, 3, "Static sparse never rewires: the first topology stays."),
        ({"method": "dense"}, 3, "Dense never rewires: every weight is active."),
        ({"method": "deepr"}, 3, "DeepR does not prune by size and not once an epoch."),
        ({"method": "iss"}, 3, "ISS does not prune single weights."),
        ({"update_every": 40}, 3, "This run rewires every 40 steps, and is recorded at the end of an epoch only."),
        ({}, 0, "Epoch 0 is the first that is recorded: no rewiring led to it."),
        ({}, 1, "The first rewiring follows epoch 1: it still has the topology of epoch 0."),
    ],
)
def test_where_there_is_no_single_rewiring_it_is_said_why(
    tmp_path: Path, values: dict[str, object], epoch: int, said: str
) -> None:
    run = of(tmp_path, **values)
    assert no_rewiring(run, epoch, layer=LAYER).startswith(said)
    assert rewiring_words(run, epoch, layer=LAYER) == ()
    assert rewiring_title(run, epoch, layer=LAYER).endswith(f"epoch {epoch}: no single rewiring to show")


def test_what_the_masks_tell_is_told_in_its_place(tmp_path: Path, damaged: Run, empty: Run) -> None:
    run = of(tmp_path, method="deepr")
    row = run.rows[3]["layers"]["lstm.0.weight_hh"]
    told = no_rewiring(run, 3, layer=LAYER)
    assert f"all rewirings together pruned {row['pruned']} connections" in told
    assert f"{row['died']} connections died, {row['born']} were born" in told
    assert no_rewiring(damaged, 3, layer=LAYER).startswith("Epoch 2 cannot be read")
    assert "From epoch 1 to epoch 3" in no_rewiring(damaged, 3, layer=LAYER)
    assert no_rewiring(empty, None).startswith("Nothing is recorded yet")
    assert rewiring_title(empty, None) == "A rewiring can be explained once there is one"
