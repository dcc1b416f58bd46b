"""Plots of several runs, by their numbers."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from strnn_viz.config import preset
from strnn_viz.runs import PERPLEXITY, Run, RunWriter
from strnn_viz.topology import changes, states
from strnn_viz.topology.apart import apart
from strnn_viz.topology.between import BOTH, ONLY_A, ONLY_B, Shared, shared_between
from strnn_viz.topology.gaps import gap
from strnn_viz.topology.pooling import LEVELS, MIXES
from strnn_viz.views import compared_density as compared_density_module
from strnn_viz.views import compared_distance as compared_distance_module
from strnn_viz.views import compared_gap as compared_gap_module
from strnn_viz.views import compared_learning as compared_learning_module
from strnn_viz.views import compared_masks as compared_masks_module
from strnn_viz.views import palette
from strnn_viz.views._compared import LOOKS, MOST_RUNS, listed
from strnn_viz.views.compared_density import Densities, compared_density, compared_density_title, densities
from strnn_viz.views.compared_distance import Way, compared_distance, compared_distance_title
from strnn_viz.views.compared_gap import (
    Against,
    compared_gap,
    compared_gap_title,
    gap_range,
    gap_words,
    gaps_to_first,
    kinds_to_first,
)
from strnn_viz.views.compared_learning import compared_learning, compared_learning_title
from strnn_viz.views.compared_masks import (
    Window,
    chance_words,
    common_density,
    compared_mask,
    mask_difference,
    shared_words,
)
from strnn_viz.views.compared_summaries import (
    COMPARED_SUMMARIES,
    density_summary,
    difference_summary,
    distance_summary,
    gap_summary,
    learning_summary,
    masks_summary,
)
from strnn_viz.views.explanations import EXPLANATIONS
from tests.synthetic import make_run

HH = "lstm.0.weight_hh"


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compared")
    make_run(path / "uniform", preset("demo", epochs=6), epochs=6, hidden=8)
    make_run(path / "er", preset("demo", epochs=4, initialization="erdos_renyi"), epochs=4, hidden=8, seed=1,
             density=0.3)  # fmt: skip
    make_run(path / "seed2", preset("demo", epochs=6, seed=2), epochs=6, hidden=8, seed=2)
    make_run(path / "era", preset("era", epochs=3), epochs=3, hidden=8, accuracy=True)
    RunWriter(path / "empty", preset("demo", epochs=6)).close()
    return path


@pytest.fixture
def runs(folder: Path) -> list[Run]:
    return [Run(folder / name) for name in ("uniform", "er")]


def sources(element: Any, renderer: Any) -> list[dict[str, Any]]:
    return [r.data_source.data for r in renderer.get_plot(element).state.renderers]


def codes(element: Any) -> np.ndarray:
    image = next(iter(element.data.values()))
    return image.dimension_values(2, flat=False).astype(int)


def test_every_run_has_a_look_of_its_own_besides_its_colour() -> None:
    assert [look.letter for look in LOOKS] == list("ABCDEFGH")
    for part in ("colour", "dash", "marker"):
        assert len({getattr(look, part) for look in LOOKS}) == MOST_RUNS == 8
    assert LOOKS[0].colour == palette.RUNS[0]


def test_of_many_a_few_are_listed() -> None:
    assert listed(list("abcde")) == "a, b, c and 2 more"
    assert listed(["a"]) == "a"


def test_learning_curves_are_those_recorded(runs: list[Run], renderer: Any) -> None:
    cursor, a, marks_a, b, _, words = sources(compared_learning(runs, 3), renderer)
    assert a["perplexity"].tolist() == [row["valid_perplexity"] for row in runs[0].rows]
    assert b["epoch"].tolist() == [0, 1, 2, 3, 4]
    assert len(marks_a["epoch"]) == 7
    assert list(cursor["epoch"]) == [3]
    assert [str(t).strip() for t in words["text"]] in (["A", "B"], ["B", "A"])


def test_learning_is_told_at_the_epoch_nearest(runs: list[Run]) -> None:
    a, b = runs[0].rows[6]["valid_perplexity"], runs[1].rows[4]["valid_perplexity"]
    assert compared_learning_title(runs, 6) == f"Epoch 6: validation perplexity A {a:.0f}, B {b:.0f} (epoch 4)"
    b = runs[1].rows[3]["valid_perplexity"]
    a = runs[0].rows[3]["valid_perplexity"]
    assert compared_learning_title(runs, 3) == f"Epoch 3: validation perplexity A {a:.0f}, B {b:.0f}"
    assert compared_learning_title(runs, None) == "Learning curves appear with the first epoch"


def test_runs_that_measured_other_things_share_no_axis(folder: Path, renderer: Any) -> None:
    runs = [Run(folder / "uniform"), Run(folder / "era"), Run(folder / "empty")]
    found = sources(compared_learning(runs, 2), renderer)
    assert [len(found[i]["perplexity"]) for i in (1, 3, 5)] == [7, 0, 0]
    assert compared_learning_title(runs, 2).endswith("B measured another thing")
    accuracies = sources(compared_learning(runs[1:], 2), renderer)
    assert accuracies[1]["accuracy"].tolist() == [row["valid_accuracy"] for row in runs[1].rows]


def test_the_gap_is_over_all_seeds_of_a_kind(folder: Path, runs: list[Run], renderer: Any) -> None:
    others = [*runs, Run(folder / "seed2")]
    kinds = kinds_to_first(runs, others)
    assert [sorted(r.name for r in kind.values()) for kind in kinds[0]] == [["seed2", "uniform"], ["er"]]
    found = gaps_to_first(runs, kinds)
    assert found[0].gap.seeds == (2, 1)
    assert found[0].gap.epochs.tolist() == [0, 1, 2, 3, 4]
    area, cursor, curve, _, words = sources(compared_gap(runs, found, 2), renderer)
    assert curve["gap"].tolist() == found[0].gap.middle.tolist()
    assert area["y"].tolist() == [*found[0].gap.high, *found[0].gap.low[::-1]]
    assert list(cursor["epoch"])[-1] == 2
    assert [str(t).strip() for t in words["text"]] in (["A", "B"], ["B", "A"])
    assert compared_gap_title(runs, found, 6) == (
        "Epoch 4, perplexity against A: B ±0.0 (±0.0%) (lower is better; "
        "mean over 2 and 1 seeds, band from smallest to largest)"
    )


def test_two_seeds_of_one_kind_are_compared_with_each_other(folder: Path) -> None:
    runs = [Run(folder / "uniform"), Run(folder / "seed2")]
    assert kinds_to_first(runs, runs) == [({0: runs[0]}, {0: runs[1]})]


def test_a_title_names_the_epoch_of_whoever_stands_at_another(folder: Path, runs: list[Run]) -> None:
    found = [densities(run, 6) for run in runs]
    assert re.search(r"^Epoch 6: densities differ most in .*: A [\d.]+%, B [\d.]+% \(epoch 4\)$",
                     compared_density_title(found, 6))  # fmt: skip
    assert "(epoch" not in compared_density_title([densities(run, 4) for run in runs], 4)
    three = [Run(folder / "seed2"), Run(folder / "uniform"), runs[1]]
    gaps = gaps_to_first(three, [({0: three[0]}, {0: run}) for run in three[1:]])
    told = compared_gap_title(three, gaps, 6)
    assert re.search(r"^Epoch 6, perplexity against A: B [^,]*%\), C [^,]*%\) \(epoch 4\) \(lower is better", told)
    ways = [Way("a", LOOKS[1], (apart(*runs, 2),)), Way("b", LOOKS[2], (apart(*runs, 1),))]
    told = compared_distance_title(ways, 2)
    assert re.search(r"^Epoch 2: Jaccard distance to A: B [\d.]+, C [\d.]+ \(epoch 1\) \(", told)


def test_losses_have_a_true_minus_on_the_axis(runs: list[Run], renderer: Any) -> None:
    found = Against("er", LOOKS[1], gap({1: {0: 100.0, 1: 100.0}}, {1: {0: 98.0, 1: 101.0}}, share=True))
    labels = list(renderer.get_plot(compared_gap(runs, [found], None)).state.yaxis[0].major_label_overrides.values())
    assert any(label.startswith("−") for label in labels)
    assert any(label.startswith("+") for label in labels)
    assert not any("-" in label for label in labels)
    marks = sources(compared_gap(runs, [found], None), renderer)[3]
    assert list(marks["told"]) == ["−2.0%", "+1.0%"]


def test_nothing_in_common_is_told(folder: Path, renderer: Any) -> None:
    runs = [Run(folder / "uniform"), Run(folder / "era")]
    found = gaps_to_first(runs, kinds_to_first(runs, runs))
    assert compared_gap_title(runs, found, 2).startswith("The gap appears")
    *_, words = sources(compared_gap(runs, found, None), renderer)
    assert "appears with the first epoch" in list(words["text"])


@pytest.mark.parametrize(
    ("absolute", "share", "words"),
    [
        (-3.21, -0.021, "−3.2 (−2.1%)"),
        (150.4, 0.5, "+150 (+50.0%)"),
        (-0.04, -0.0007, "±0.0 (−0.1%)"),
        (1e-3, 2e-5, "±0.0 (±0.0%)"),
    ],
)
def test_gaps_in_words(absolute: float, share: float, words: str) -> None:
    found = gap({1: {0: absolute / share}}, {1: {0: absolute / share + absolute}}, share=True)
    assert gap_words(found, 0, PERPLEXITY) == words


def test_the_axis_of_gaps_holds_zero_and_leaves_extremes_out() -> None:
    assert gap_range([]) == (-0.05, 0.05)
    low, high = gap_range([0.02] * 30 + [5.0])
    assert low <= 0 < 0.02 < high < 0.1
    low, high = gap_range([-0.04, -0.02])
    assert low < -0.04
    assert high >= 0


def test_masks_are_drawn_on_one_scale_and_exact(runs: list[Run]) -> None:
    infos = [run.layers[HH] for run in runs]
    scale = common_density(runs, infos)
    assert scale == runs[1].layer(0, HH).mask.mean()  # the denser of the two
    shown = codes(compared_mask(runs[0], 2, infos[0], density=scale))
    what = states(runs[0].layer(2, HH).mask, runs[0].layer(1, HH).mask)
    assert shown.shape == (32, 8)
    np.testing.assert_array_equal(shown > 0, what > 0)


def test_a_difference_says_who_has_what(runs: list[Run], renderer: Any) -> None:
    a, b = (run.layer(2, HH).mask for run in runs)
    element = mask_difference(runs[0], 2, runs[1], 2, runs[0].layers[HH], density=0.3)
    shown = codes(element)
    full = {what: 1 + (LEVELS - 1) * len(MIXES) + MIXES.tolist().index(mix)
            for what, mix in ((BOTH, [5, 0, 0]), (ONLY_B, [0, 5, 0]), (ONLY_A, [0, 0, 5]))}  # fmt: skip
    assert set(shown[a & b]) == {full[BOTH]}
    assert set(shown[a & ~b]) == {full[ONLY_A]}
    assert set(shown[~a & b]) == {full[ONLY_B]}
    assert set(shown[~a & ~b]) == {0}
    figure = renderer.get_plot(element).state
    mapped = figure.renderers[0].glyph.color_mapper.palette
    assert mapped[full[ONLY_A]][:7].upper() == LOOKS[0].colour
    assert mapped[full[ONLY_B]][:7].upper() == LOOKS[1].colour


def test_a_window_draws_a_part_where_it_lies(runs: list[Run]) -> None:
    info = runs[0].layers[HH]
    part = compared_mask(runs[0], 2, info, density=0.3, window=Window(0.25, 0.5, 0.5, 1.0))
    whole = compared_mask(runs[0], 2, info, density=0.3)
    image = next(iter(part.data.values()))
    assert image.bounds.lbrt() == (0.25, 0.5, 0.5, 1.0)
    np.testing.assert_array_equal(codes(part), codes(whole)[16:, 2:4])


@pytest.mark.parametrize("epoch", [None, 99])
def test_without_an_epoch_a_mask_waits(runs: list[Run], epoch: int | None, renderer: Any) -> None:
    *_, words = sources(compared_mask(runs[0], epoch, runs[0].layers[HH], density=0.2), renderer)
    assert list(words["text"]) == ["appears with the first epoch"]


def test_what_is_shared_in_words(runs: list[Run]) -> None:
    found = shared_between(runs[0], 2, runs[1], 2, [HH])
    assert shared_words(found) == (
        f"{found.only_a} connections only in A, {found.both} in both ({chance_words(found)}), {found.only_b} only in "
        f"B: Jaccard {found.jaccard:.3f}, of independent masks {found.chance_jaccard:.3f}"
    )
    itself = shared_between(runs[0], 2, runs[0], 2, [HH])
    assert chance_words(itself) == f"{itself.both / itself.by_chance:,.1f} times what chance gives"
    assert chance_words(Shared(5, 1030, 5, 1000.0, 25.0, 10_000)) == "1.03 times what chance gives"
    assert chance_words(Shared(5, 900, 5, 1000.0, 25.0, 10_000)) == "less than chance gives"
    assert chance_words(found) == "no more than chance gives"


def test_densities_beside_what_the_initialization_gives(runs: list[Run], renderer: Any) -> None:
    found = [densities(run, 9) for run in runs]
    name = "LSTM layer 1, recurrent"
    assert found[0].shown[name] == changes(runs[0], 6, [runs[0].layers[HH]]).nnz / 256
    assert found[0].expected[name] == 0.2
    assert found[1].expected[name] == pytest.approx(0.2 * total(runs[1]) / sum_of_sides(runs[1]) * 40 / 256)
    *bars, _, _ = sources(compared_density(found), renderer)
    assert [b["right"].tolist() for b in bars] == [list(one.shown.values()) for one in found]
    assert compared_density_title(found, 6).startswith("Epoch 6: densities differ most in ")
    assert compared_density_title([found[0]] * 2, 6) == "Epoch 6: every matrix is as dense in all runs"


def sum_of_sides(run: Run) -> int:
    return sum(sum(info.shape) for info in run.layers.values())


def total(run: Run) -> float:
    return sum(info.size for info in run.layers.values())


def test_distances_are_multiples_of_those_of_independent_masks(runs: list[Run], renderer: Any) -> None:
    points = tuple(apart(*runs, e, units=e == 4) for e in (0, 2, 4))
    ways = [Way("er", LOOKS[1], points)]
    _, nnstd, _, jaccard, _, words = sources(compared_distance(runs, ways, 4), renderer)
    assert jaccard["epoch"].tolist() == [0, 2, 4]
    assert jaccard["distance"].tolist() == [p.jaccard / p.chance for p in points]
    assert nnstd["distance"].tolist() == [points[2].nnstd]
    assert "independent masks" in list(words["text"])
    assert compared_distance_title(ways, 3) == (
        f"Epoch 2: Jaccard distance to A: B {points[1].jaccard:.3f} (independent masks {points[1].chance:.3f})"
    )
    assert compared_distance_title(ways, 9).endswith(f"; NNSTD B {points[2].nnstd:.0%} of independent")


@pytest.mark.parametrize("count", [2, 8])
def test_plots_keep_their_structure_from_nothing_to_all(folder: Path, count: int) -> None:
    from strnn_viz.dashboard.stage import Stage

    empty, full = ([Run(folder / name)] * count for name in ("empty", "uniform"))
    stages = [Stage() for _ in range(4)]
    ways = [Way("er", look, ()) for look in LOOKS[1:count]]
    reached = [way._replace(points=(apart(full[0], full[0], 1),)) for way in ways]
    for runs, found in ((empty, ways), (full, reached)):
        gaps = gaps_to_first(runs, kinds_to_first(runs, runs))
        stages[0].frame(compared_learning(runs, None))
        stages[1].frame(compared_gap(runs, gaps, None))
        stages[2].frame(compared_distance(runs, found, None))
        shown = [densities(run, 2) for run in runs]
        assert shown[0] == Densities({}, {}) or shown[0].shown
        stages[3].frame(compared_density(shown))
    assert [stage.structure for stage in stages] == [0, 0, 0, 0]


def test_every_view_of_several_runs_is_explained_and_summed_up() -> None:
    drawn = {
        name
        for module in (compared_density_module, compared_distance_module, compared_gap_module,
                       compared_learning_module, compared_masks_module)
        for name, found in vars(module).items()
        if inspect.isfunction(found) and found.__module__ == module.__name__
        and inspect.signature(found).return_annotation == "hv.Overlay" and not name.startswith("_")
    }  # fmt: skip
    assert len(drawn) == 6
    assert drawn == set(COMPARED_SUMMARIES)
    assert drawn <= set(EXPLANATIONS)


def test_numbers_of_a_summary_are_those_of_the_view(folder: Path, runs: list[Run]) -> None:
    infos = [run.layers[HH] for run in runs]
    moved = [changes(run, at, [info]) for run, at, info in zip(runs, (6, 4), infos, strict=True)]
    assert masks_summary(runs, [6, 4], infos, 6) == (
        "LSTM layer 1, recurrent, epoch 6: 2 masks on one colour scale. "
        f"A (uniform) at epoch 6: {moved[0].nnz} connections, a density of {moved[0].nnz / 256:.1%}; {moved[0].born} "
        f"born, {moved[0].died} died, {moved[0].survived} survived. B (er) at epoch 4: {moved[1].nnz} connections, "
        f"a density of {moved[1].nnz / 256:.1%}; {moved[1].born} born, {moved[1].died} died, "
        f"{moved[1].survived} survived."
    )
    assert masks_summary(runs, [6, None], [infos[0], None], 6).endswith("B (er) has no such matrix.")
    assert masks_summary(runs, [6, None], infos, 6).endswith("B (er) has no epoch yet.")

    both = shared_between(runs[0], 6, runs[1], 4, [HH])
    assert difference_summary("Said", both, "A", "B") == f"Said. {shared_words(both)}."

    values = [row["valid_perplexity"] for row in runs[1].rows]
    told = learning_summary(runs, 6)
    assert told.startswith(f"{compared_learning_title(runs, 6)}. A (uniform): over 7 epochs it went from ")
    assert f"B (er): over 5 epochs it went from {values[0]:,.0f} to {values[-1]:,.0f}; its best was" in told

    found = gaps_to_first(runs, kinds_to_first(runs, runs))
    ends = [gap_words(found[0].gap, i, PERPLEXITY) for i in (0, -1)]
    assert gap_summary(runs, found, 2) == (
        f"{compared_gap_title(runs, found, 2)}. B (er) went from {ends[0]} at epoch 0 to {ends[1]} at epoch 4."
    )

    dense = [densities(run, 6) for run in runs]
    told = density_summary(dense, 6)
    assert f"LSTM layer 1, recurrent A {moved[0].nnz / 256:.1%}, B {moved[1].nnz / 256:.1%}" in told
    assert told.count("; ") == len(dense[0].shown) - 1

    points = tuple(apart(*runs, e) for e in (0, 4))
    ways = [Way("er", LOOKS[1], points)]
    assert distance_summary(ways, 4) == (
        f"{compared_distance_title(ways, 4)}. B (er) went from {points[0].jaccard:.3f} at epoch 0 to "
        f"{points[1].jaccard:.3f} at epoch 4."
    )


def test_a_summary_tells_what_will_appear(folder: Path) -> None:
    empty = [Run(folder / "empty")] * 2
    gaps = gaps_to_first(empty, kinds_to_first(empty, empty))
    assert masks_summary(empty, [None, None], [None, None], None) == "Connections appear with the first epoch."
    assert learning_summary(empty, None) == "Learning curves appear with the first epoch."
    assert gap_summary(empty, gaps, None) == "The gap appears with the first epoch that two runs have in common."
    assert density_summary([Densities({}, {})] * 2, None) == "Densities appear with the first epoch."
    assert distance_summary([Way("er", LOOKS[1], ())], None).startswith("Topology distances appear once")
