import base64
import csv
import gc
import io
import json
import math
import os
import re
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import panel as pn
import pytest

from strnn_viz import views
from strnn_viz.config import preset
from strnn_viz.dashboard.about import About, Stacked
from strnn_viz.dashboard.compare import Comparison, asked_runs
from strnn_viz.dashboard.compare import duel as duels
from strnn_viz.dashboard.compare.backlog import Backlog
from strnn_viz.dashboard.compare.chart import Chart, Panel
from strnn_viz.dashboard.compare.pair import SWIPE
from strnn_viz.dashboard.compare.standing import key_chips, standings
from strnn_viz.dashboard.compare.words import asked_words, differing_settings, setting_words
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.errors import UsageError
from strnn_viz.runs import Parent, RunWriter
from strnn_viz.topology.between import shared_between
from strnn_viz.views.compared_masks import WHOLE, Window
from strnn_viz.views.compared_summaries import COMPARED_SUMMARIES
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run, snapshots

HH = "lstm.0.weight_hh"


@pytest.fixture(scope="session")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that no test changes: two of one shape and of different lengths, one of another shape, one of a task."""
    path = tmp_path_factory.mktemp("compared")
    make_run(path / "uniform", preset("demo", epochs=5), epochs=5, hidden=8)
    make_run(path / "er", preset("demo", epochs=3, initialization="erdos_renyi"), epochs=3, hidden=8, seed=1)
    make_run(path / "wide", preset("demo", epochs=2), epochs=2, hidden=12)
    return path


@pytest.fixture(scope="session")
def hub(compared: Path) -> RunHub:
    return RunHub(compared)


def comparison(hub: RunHub, *runs: str, launcher: Launcher | None = None) -> Comparison:
    """A viewer's page whose every look looks; its clock does not run."""
    page = Comparison(hub, launcher or Launcher(hub.folder), runs)
    page._pace.clock = lambda: 0.0
    page.look()
    page.look()
    return page


def ticking(folder: Path) -> RunHub:
    """A hub that looks anew whenever it is asked."""
    ticks = iter(range(1_000_000))
    return RunHub(folder, clock=lambda: 10.0 * next(ticks))


def data(chart: Chart, column: str) -> list[np.ndarray]:
    return [np.asarray(v["data"][column]) for v in chart.frame.values.values() if column in v.get("data", {})]


def pixels(chart: Chart) -> np.ndarray:
    return data(chart, "image")[0][0]


def titles(page: Comparison) -> dict[str, str]:
    panels = {"masks": page.deck.gallery_card, "pair": page.deck.pair.panel, **page.deck.panels}
    assert {area: panel.trouble for area, panel in panels.items()} == dict.fromkeys(panels, "")
    return {area: panel.title.object for area, panel in panels.items()}


def test_runs_are_compared_at_one_cursor_each_at_its_nearest_epoch(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    assert page.chosen == ["uniform", "er"]
    assert page.cursor.epochs == (0, 1, 2, 3, 4, 5)
    assert [(s.epoch, s.words) for s in page.found] == [(5, "epoch 5"), (3, "at its last epoch, 3")]
    assert "2 runs compared" in page.status.object
    before, masks = titles(page), [pixels(chart) for chart in page.deck.masks[:2]]
    page.player.slider.value = 2
    assert [s.words for s in page.found] == ["epoch 2", "epoch 2"]
    after = titles(page)
    assert all(after[area] != before[area] for area in ("masks", "learning", "gap", "density"))
    assert all(not np.array_equal(pixels(c), m) for c, m in zip(page.deck.masks, masks, strict=False))
    assert "at its last epoch" not in page.deck.key.object


def test_what_differs_is_told_in_sentences_once_the_cursor_rests(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    words = page.deck.summary.object
    assert "A (uniform) and B (er) differ in initialization (uniform, Erdős–Rényi), epochs (5, 3)." in words
    assert "At epoch 5: B is at its last epoch, 3." in words
    both = shared_between(hub.run("uniform"), 5, hub.run("er"), 3, list(hub.run("er").layers))
    assert f"All layers: {both.only_a} connections only in A, {both.both} in both" in words
    page.player.slider.value = 1
    page.look()
    assert page.deck.summary.object == words  # a person who scrubs is not read to
    page.look()
    assert "At epoch 5" not in page.deck.summary.object


def test_two_runs_are_laid_over_each_other_with_a_table_of_counts_or_swiped(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    here = shared_between(hub.run("uniform"), 5, hub.run("er"), 3, [HH])
    table = page.deck.pair.counts.object
    assert f"<td>{here.only_a}</td>" in table
    assert f"<td>{here.jaccard:.3f} ({here.chance_jaccard:.3f})</td>" in table
    assert f"<td>{here.by_chance:.0f} ± {here.deviation:.0f}</td>" in table
    assert f"A and B share {here.both} connections" in titles(page)["pair"]
    pair = page.deck.pair
    assert not pair.swipe.view.visible
    pair.mode.value = SWIPE
    assert pair.swipe.view.visible
    assert not pair.difference.slot.visible
    for chart, beside in zip((pair.swipe.left, pair.swipe.right), page.deck.masks, strict=False):
        np.testing.assert_array_equal(pixels(chart), pixels(beside))
    assert pair.swipe.divider.label == "Divider: A, uniform at its left, B, er at its right, percent of the width"


def test_all_masks_share_one_zoom_and_one_scale(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    figures = [chart._figure.pane.object for chart in (*page.deck.masks[:2], page.deck.pair.difference)]
    assert len({id(figure.x_range) for figure in figures}) == len({id(figure.y_range) for figure in figures}) == 1
    zoom, whole = page.deck.zoom, pixels(page.deck.masks[0])
    zoom.scale(0.5)
    assert zoom.seen == Window(0.25, 0.75, 0.25, 0.75)
    assert (figures[0].x_range.start, figures[0].y_range.start) == (0.25, 0.75)
    assert zoom.drawn == Window(0.125, 0.875, 0.125, 0.875)
    np.testing.assert_array_equal(pixels(page.deck.masks[0]), whole[4:28, 1:7])
    assert not zoom.whole.disabled
    zoom.show(WHOLE)
    np.testing.assert_array_equal(pixels(page.deck.masks[0]), whole)
    assert zoom.whole.disabled


def test_curves_do_not_depend_on_the_cursor_but_for_a_line(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    charts = [page.deck.charts[area] for area in ("learning", "gap")]
    frames = [chart.frame for chart in charts]
    page.player.slider.value = 1
    assert all(chart.frame is frame for chart, frame in zip(charts, frames, strict=True))
    assert [chart._cursor.location for chart in charts] == [1, 1]
    assert all(chart._cursor in chart._figure.pane.object.center for chart in charts)


def test_every_card_answers_what_one_looks_at_and_tells_its_numbers_once_a_person_rests(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    panels = [page.deck.gallery_card, page.deck.pair.panel, *page.deck.panels.values()]
    abouts = [found.object for panel in panels for found in panel.view.select(About)]
    assert [re.findall("<h3>(.*?)</h3>", about) for about in abouts] == [
        [views.explanation(name).name] for name in COMPARED_SUMMARIES
    ]
    for panel in panels:
        panel.telling.clock = lambda: 0.0
        (figure,) = panel.view.select(Stacked)
        assert figure._attributes["role"] == "figure"
        assert figure._attributes["aria-describedby"] == panel.telling.text._attributes["id"]
    page.deck.settle(now=True)
    page.player.slider.value = 2
    page.deck.settle()
    assert "epoch 5" in page.deck.gallery_card.telling.text.object  # a person who scrubs is not read to
    page.deck.settle(now=True)
    told = [panel.telling.text.object for panel in panels]
    both = shared_between(hub.run("uniform"), 2, hub.run("er"), 2, [HH])
    assert "LSTM layer 1, recurrent, epoch 2: 2 masks on one colour scale. A (uniform) at epoch 2: " in told[0]
    assert f"A at epoch 2, B at epoch 2: A and B share {both.both} connections" in told[1]
    assert f"{both.only_a} connections only in A, {both.both} in both" in told[1]
    assert told[2].startswith("<p>Epoch 2: validation perplexity A ")
    assert told[3].startswith("<p>Epoch 2, perplexity against A: B ")
    assert told[4].startswith("<p>Epoch 2: every matrix is as dense in all runs. Density of each matrix: Embedding A ")
    assert told[5].startswith(("<p>Topology distances appear once", "<p>Epoch "))
    page.deck.gallery_card.instead("nothing")
    assert page.deck.gallery_card.telling.text.object == ""


def saved(page: Comparison, what: str, ending: str) -> dict[str, str]:
    """The parcel that a press of Save makes."""
    page.share.what.value, page.share.ending.value = what, ending
    page.share.courier.told = ""
    page.share.write()
    parcel: dict[str, str] = page.share.courier.parcel
    page.share.courier.told = f"Saved {parcel['name']}."
    return parcel


def rows_of(parcel: dict[str, str]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(base64.b64decode(parcel["content"]).decode())))


def test_every_card_is_kept_as_a_picture_of_what_is_seen(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    page.cursor.scrub(2)
    page.deck.zoom.show(Window(0.0, 0.5, 0.0, 0.5))
    page.share.open()
    for what, offer in page.share.offers.items():
        assert {".png", ".svg"} <= set(offer.endings.values()), what
        page.share.what.value = what
        assert "epoch 2" in page.share.about.object
        parcel = saved(page, what, ".png")
        assert parcel["name"].startswith("uniform-vs-er-")
        assert parcel["name"].endswith("-epoch-2.png")
        (root,) = json.loads(parcel["document"])["roots"]
        assert root["name"] in ("GridBox", "Figure")
        text = parcel["document"]
        assert what == "Distance" or "epoch 2" in text.lower()  # distances become known one after another
        assert "A uniform" in text
        assert "B er" in text
    masks = json.loads(saved(page, "Connections side by side", ".svg")["document"])
    text = json.dumps(masks)
    assert text.count('"output_backend": "svg"') == 4  # two masks, what they are, and the key of colours
    assert "LSTM layer 1, recurrent, a part, epoch 2" in text


def test_curves_compared_are_kept_as_the_numbers_drawn(hub: RunHub, compared: Path) -> None:
    page = comparison(hub, "uniform", "er")
    assert {o.label for o in page.share.offers.values() if ".csv" in o.endings.values()} == {
        "Difference", "Learning", "Gap", "Density of each matrix", "Distance",
    }  # fmt: skip
    runs = {name: hub.run(name) for name in ("uniform", "er")}
    learning = saved(page, "Learning", ".csv")
    assert learning["name"] == "uniform-vs-er-learning.csv"
    told = {(row["run"], int(row["epoch"])): float(row["valid_perplexity"]) for row in rows_of(learning)}
    assert told == {(run.name, row["epoch"]): row["valid_perplexity"] for run in runs.values() for row in run.rows}
    for row in rows_of(saved(page, "Gap", ".csv")):
        a, b = told["uniform", int(row["epoch"])], told["er", int(row["epoch"])]
        assert float(row["difference"]) == pytest.approx(b - a)
        assert float(row["gap"]) == pytest.approx((b - a) / a)
        assert (row["run"], row["against"], row["seeds"], row["seeds_against"]) == ("er", "uniform", "1", "1")
    page.cursor.scrub(2)
    page.look()
    density = saved(page, "Density of each matrix", ".csv")
    assert density["name"] == "uniform-vs-er-density-epoch-2.csv"
    found = {(row["run"], row["matrix"]): float(row["density"]) for row in rows_of(density)}
    for run in runs.values():
        assert found[run.name, "LSTM layer 1, recurrent"] == run.layer(2, HH).nnz / run.layers[HH].size
    for row in rows_of(saved(page, "Difference", ".csv")):
        shared = shared_between(runs["uniform"], 2, runs["er"], 2, [row["matrix"]])
        assert (int(row["only_a"]), int(row["both"]), int(row["only_b"])) == (
            shared.only_a, shared.both, shared.only_b,
        )  # fmt: skip


def test_distances_known_so_far_are_kept(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    wait_for(lambda: page.look() or len(page.deck.ways[0].points) == 4)
    rows = rows_of(saved(page, "Distance", ".csv"))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    for row, point in zip(rows, page.deck.ways[0].points, strict=True):
        assert float(row["jaccard_distance"]) == point.jaccard
        assert row["run"] == "er"


def test_runs_of_other_shapes_are_kept_all_the_same(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "wide")
    for what in ("Connections side by side", "Learning", "Gap", "Density of each matrix", "Distance"):
        assert saved(page, what, ".png")["document"]
    page.share.what.value, page.share.ending.value = "Difference", ".png"
    page.share.write()
    assert "cannot be laid over each other" in page.share.status.object


def test_nothing_is_kept_where_nothing_is_compared(tmp_path: Path) -> None:
    page = comparison(RunHub(tmp_path))
    page.share.open()
    page.share.write()
    assert "nothing to save" in page.share.status.object


def arrive(hub: RunHub, monkeypatch: pytest.MonkeyPatch, query: str) -> Comparison:
    """A page opened by an address."""
    arguments = {name: [value.encode() for value in values] for name, values in parse_qs(query).items()}
    monkeypatch.setattr(type(pn.state), "session_args", property(lambda _: arguments))
    page = Comparison(hub, Launcher(hub.folder), asked_runs())
    page.view()
    page._pace.clock = lambda: 0.0
    return page


def test_an_address_brings_back_what_was_compared(hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    page = arrive(hub, monkeypatch, "runs=uniform,er")
    page.look()
    assert page.share.courier.address == ""  # nobody has gone anywhere yet
    page.player.slider.value = 2
    page.look()
    assert page.share.courier.address == "runs=uniform,er&epoch=2"
    page.deck.matrix.value = "lstm.1.weight_ih"
    page.deck.pair.mode.value = SWIPE
    page.deck.zoom.show(Window(0.25, 0.75, 0.0, 0.5))
    page.look()
    query = page.share.courier.address
    assert query == "runs=uniform,er&epoch=2&matrix=lstm.1.weight_ih&mode=swipe&zoom=0.25,0,0.75,0.5"
    other = arrive(hub, monkeypatch, query)
    assert other.place == page.place
    assert other.share.courier.address == ""
    shown, again = titles(page), titles(other)
    assert all(again[area] == shown[area] for area in shown if area != "apart")  # distances become known by and by
    assert not other.notice.visible
    assert other.deck.pair.swipe.view.visible
    np.testing.assert_array_equal(pixels(other.deck.masks[1]), pixels(page.deck.masks[1]))
    other.picker.value = ["er", "uniform"]
    assert other.share.courier.address.startswith("runs=er,uniform&matrix=lstm.1.weight_ih&mode=swipe")


def test_an_address_brings_back_which_two_of_several_are_laid_over_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for i in range(3):
        make_run(tmp_path / f"run{i}", preset("demo", epochs=1, seed=i), epochs=1, hidden=4, seed=i)
    page = arrive(RunHub(tmp_path), monkeypatch, "runs=run0,run1,run2")
    page.deck.pair.first.value = "C"
    page.look()
    assert page.share.courier.address == "runs=run0,run1,run2&pair=C,B"
    other = arrive(RunHub(tmp_path), monkeypatch, "runs=run0,run1,run2&pair=B,A")
    assert "B and A share" in titles(other)["pair"]
    other.look()
    assert other.share.courier.address == ""
    wrong = arrive(RunHub(tmp_path), monkeypatch, "runs=run0,run1,run2&pair=A,D")
    assert "The address asks for the pair &#x27;A,D&#x27;, where two letters" in wrong.notice.html


def test_what_an_address_asks_for_in_vain_is_told(hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    page = arrive(hub, monkeypatch, "runs=uniform,er&epoch=99&matrix=nothing&mode=sideways&zoom=2")
    told = page.notice.html
    assert "epoch 99, which is not recorded; the nearest is shown." in told
    assert "The address asks for the matrix &#x27;nothing&#x27;. There are: " in told
    assert "The address asks for the mode &#x27;sideways&#x27;. There are: difference, swipe." in told
    assert "where four numbers from 0 to 1 are expected" in told
    assert page.cursor.epoch == 5
    page.picker.value = ["er", "uniform"]
    assert not page.notice.visible


def test_runs_that_come_by_themselves_are_not_for_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = arrive(ticking(tmp_path), monkeypatch, "")
    for name in ("a", "b"):
        make_run(tmp_path / name, preset("demo", epochs=1), epochs=1, hidden=4)
    page.look()
    page.look()
    assert len(page.found) == 2
    assert page.share.courier.address == ""
    page.player.slider.value = 0
    page.look()
    assert page.share.courier.address == f"runs={','.join(page.chosen)}&epoch=0"


def test_distances_become_known_beside_the_server(compared: Path) -> None:
    hub = RunHub(compared)
    page = comparison(hub, "uniform", "er")

    def known() -> bool:
        page.look()
        return len(page.deck.ways[0].points) == 4

    wait_for(known)
    points = page.deck.ways[0].points
    both = shared_between(hub.run("uniform"), 2, hub.run("er"), 2, list(hub.run("er").layers))
    assert points[2].jaccard == 1 - both.jaccard
    assert all(math.isfinite(point.nnstd) for point in points)
    assert f"Jaccard distance to A: B {points[3].jaccard:.3f}" in titles(page)["apart"]


def test_runs_of_other_shapes_are_told_and_their_curves_compared(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "wide")
    told = "embedding.weight is 120 × 8 in uniform and 120 × 12 in wide."
    assert told in page.notice.html
    assert told in page.deck.pair.panel.over.object
    assert "validation perplexity A" in titles(page)["learning"]
    assert "densities" in titles(page)["density"] or "as dense" in titles(page)["density"]
    assert page.deck.ways[0].points == ()
    assert pixels(page.deck.masks[1]).shape == (48, 12)


def test_any_two_of_several_runs_are_laid_over_each_other_until_one_is_gone(tmp_path: Path) -> None:
    names = [f"run{i}" for i in range(3)]
    for i, name in enumerate(names):
        make_run(tmp_path / name, preset("demo", epochs=1, seed=i), epochs=1, hidden=4, seed=i)
    page = comparison(ticking(tmp_path), *names)
    assert len(page.deck.gallery) == 3
    pair = page.deck.pair
    assert pair.first.options == list("ABC")
    pair.first.value = "C"
    assert "C and B share" in titles(page)["pair"]
    pair.second.value = "C"
    assert "C and A share" in titles(page)["pair"]
    (tmp_path / "run1" / "run.json").unlink()
    page.look()
    assert page.chosen == ["run0", "run2"]
    assert "There is no run &#x27;run1&#x27; here." in page.notice.html
    assert len(page.deck.gallery) == 2
    titles(page)


def test_no_more_than_eight_runs_are_compared(tmp_path: Path) -> None:
    names = [f"run{i}" for i in range(9)]
    page = Comparison(RunHub(tmp_path), Launcher(tmp_path), names)
    page._choose(names)
    assert page.chosen == names[:8]
    assert asked_words(names, names) == ["9 runs were asked for; the first 8 that are here are compared."]


def test_unknown_names_get_a_sentence(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "<b>nobody")
    assert "There is no run &#x27;&lt;b&gt;nobody&#x27; here. Runs there are: " in page.notice.html
    assert "Only uniform is left to compare" in page.notice.html
    assert page.deck.view.css_classes == ["gone"]
    assert page.empty.css_classes == []
    assert page.picker.value == ["uniform"]
    page.picker.value = ["uniform", "er"]
    assert page.chosen == ["uniform", "er"]
    assert page.empty.css_classes == ["gone"]
    assert not page.notice.visible


def test_without_names_the_two_newest_are_compared_the_older_first(hub: RunHub) -> None:
    page = Comparison(hub, Launcher(hub.folder))
    page._choose(hub.names())
    assert page.chosen == list(reversed(hub.names()[:2]))


def test_an_empty_directory_offers_the_one_button(tmp_path: Path) -> None:
    page = comparison(ticking(tmp_path / "none"))
    assert "Two topologies side by side" in page.welcome.object
    assert page.empty.css_classes == []
    assert page.duel.big_button.label == page.duel.button.label == "Erdős–Rényi vs uniform"
    assert page.picker.disabled


def test_one_button_starts_both_and_the_page_turns_to_them(start: Callable[..., Launcher]) -> None:
    launcher = start("--delay", "0.05", "--epochs", "4", "--hidden", "6")
    page = comparison(ticking(launcher.folder), launcher=launcher)
    page.duel.seed.value = page.duel.seed.value_input = "7"
    page.duel.start()
    assert len(launcher.going()) == 2
    assert page.duel.button.disabled
    page.duel.start()
    assert len(launcher.going()) <= 2

    def compared() -> bool:
        page.look()
        return page.chosen == ["demo-uniform", "demo-erdos_renyi"]

    wait_for(compared)
    assert "Started demo-uniform and demo-erdos_renyi. Both train at once" in page.duel.message.object
    assert not page.duel.button.disabled
    configs = [page.hub.run(name).config for name in page.chosen]
    assert [c.seed for c in configs] == [7, 7]
    assert differing_settings(*configs) == "initialization (uniform, Erdős–Rényi)"
    assert {c.training.threads for c in configs} == {duels.threads_each(2)}

    def finished() -> bool:
        page.look()
        return all(s.state.status == "finished" for s in page.found) and page.cursor.newest == 4

    wait_for(finished)
    assert page.cursor.follow
    assert [s.epoch for s in page.found] == [4, 4]
    titles(page)


def test_neither_starts_where_one_cannot(start: Callable[..., Launcher]) -> None:
    launcher = start()
    page = comparison(ticking(launcher.folder), launcher=launcher)
    page.duel.seed.value_input = "-3"
    page.duel.start()
    assert launcher.going() == []
    assert page.duel.seed.error_state
    assert "Not started: " in page.duel.message.object


def test_a_training_that_fails_to_begin_is_told(start: Callable[..., Launcher]) -> None:
    launcher = start("--fail", "early")
    page = comparison(ticking(launcher.folder), launcher=launcher)
    page.duel.start()

    def told() -> bool:
        page.look()
        return "no module named torch" in page.duel.message.object

    wait_for(told)
    assert not page.duel.button.disabled
    assert page.chosen == []


@pytest.mark.parametrize(
    ("cores", "others", "threads", "words"),
    [
        (8, 0, 4, "Both train at once on 8 cores, each with 4 threads."),
        (8, 2, 2, "Both train at once beside 2 other trainings on 8 cores, each with 2 threads."),
        (2, 0, 1, "Both train at once on 2 cores, each with 1 thread; with so few cores each takes longer than alone."),
        (1, 0, 1, "Both train at once on 1 core, each with 1 thread; with so few cores each takes longer than alone."),
    ],
)
def test_cores_are_shared(monkeypatch: pytest.MonkeyPatch, cores: int, others: int, threads: int, words: str) -> None:
    monkeypatch.setattr(duels, "cores", lambda: cores)
    assert duels.threads_each(2 + others) == threads
    assert duels.sharing_words(threads, others) == words


def test_presets_that_cannot_begin_both_ways_are_not_offered() -> None:
    assert duels.two_ways("demo")
    assert not duels.two_ways("nothing of the kind")


def test_two_live_runs_are_followed_and_a_person_is_not_pulled_along(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    made = [RunWriter(folder / name, preset("demo", epochs=6)) for name in ("a", "b")]
    steps = [snapshots(epochs=6, hidden=6, seed=i) for i in range(2)]
    page = comparison(ticking(folder), "a", "b")
    assert "2 in training" in page.status.object
    assert [s.words for s in page.found] == ["no epoch yet"] * 2
    for writer, more in zip(made, steps, strict=True):
        for _ in range(2):
            writer.append(next(more))
    page.look()
    assert (page.cursor.epoch, page.cursor.follow) == (1, True)
    made[0].append(next(steps[0]))
    page.look()
    assert page.cursor.epoch == 2
    assert [s.words for s in page.found] == ["epoch 2", "at its newest epoch, 1"]
    page.player.slider.value = 0
    made[1].append(next(steps[1]))
    page.look()
    assert page.cursor.epoch == 0
    for writer in made:
        writer.close()
    titles(page)


def test_seeds_in_the_directory_make_a_band(tmp_path: Path) -> None:
    for kind in ("uniform", "erdos_renyi"):
        for seed in (1, 2):
            config = preset("demo", epochs=2, seed=seed, initialization=kind)
            make_run(tmp_path / f"{kind}-{seed}", config, epochs=2, hidden=4, seed=seed)
    page = comparison(RunHub(tmp_path), "uniform-1", "erdos_renyi-1")
    assert "mean of 2 pairs of one seed, band ± one standard deviation" in titles(page)["gap"]


def test_a_viewer_that_left_is_forgotten(hub: RunHub) -> None:
    page = comparison(hub, "uniform", "er")
    wait_for(lambda: not any(thread.name == "comparing" for thread in threading.enumerate()))
    left = weakref.ref(page)
    del page
    gc.collect()
    assert left() is None


def test_settings_and_chips(tmp_path: Path, compared: Path) -> None:
    config = preset("demo", epochs=3)
    make_run(tmp_path / "one", config, epochs=3, hidden=4)
    with RunWriter(tmp_path / "fork", config.replace({"method": "rigl"}), parent=Parent("one", 1)) as writer:
        for snapshot in snapshots(epochs=3, hidden=4):
            if snapshot.epoch:
                writer.append(snapshot)
    hub = RunHub(tmp_path)
    found = standings(hub, [hub.state(name) for name in ("one", "fork")], 0)
    assert [s.words for s in found] == ["epoch 0", "at its first epoch, 1"]
    assert setting_words(found[1]) == "fork of one at epoch 1, RigL, uniform, density 0.2, seed 1"
    assert differing_settings(found[0].run.config, found[1].run.config) == "method (ST-RNN, RigL)"
    chips = key_chips(found, ["<i>", ""])
    assert '<b>B</b> <a href="./explorer?run=fork">fork</a>' in chips
    odd = key_chips(
        [found[0]._replace(run=make_run(tmp_path / "a&b #1", preset("demo", epochs=1), epochs=1, hidden=4))], [""]
    )
    assert '<a href="./explorer?run=a%26b%20%231">a&amp;b #1</a>' in odd
    assert "&lt;i&gt;" in chips
    assert asked_words([], ["a"]) == []


def test_settings_beyond_the_fourth_are_counted() -> None:
    changes = {"method": "rigl", "seed": 2, "density": 0.1, "epochs": 7, "hidden": 9, "initialization": "erdos_renyi"}
    a = preset("demo")
    told = [differing_settings(a, a.replace(dict(list(changes.items())[:n]))) for n in (4, 5, 6)]
    assert " more setting" not in told[0]
    assert told[1].endswith(" and 1 more setting")
    assert told[2].endswith(" and 2 more settings")


def test_the_backlog_computes_beside_and_forgets_what_no_one_asks_for() -> None:
    backlog, gate, done = Backlog(patience=2), threading.Event(), []

    def slow(what: str) -> Callable[[], str]:
        def compute() -> str:
            gate.wait(30)
            done.append((what, os.getpriority(os.PRIO_PROCESS, threading.get_native_id())))
            return what

        return compute

    assert [backlog.get(key, slow(key)) for key in "abc"] == [None] * 3
    gate.set()
    wait_for(lambda: backlog.get("c", slow("c")) == "c")
    assert [what for what, _ in done if what == "c"] == ["c"]
    assert all(priority >= 15 for _, priority in done)

    def fails() -> str:
        raise UsageError("no")

    assert backlog.get("bad", fails) is None
    wait_for(lambda: backlog._thread is None)
    assert backlog.get("bad", fails) is None


def test_what_a_card_cannot_do_is_told_in_it(caplog: pytest.LogCaptureFixture) -> None:
    panel = Panel("somewhere", "Name", [])
    panel.fill(lambda: json.loads("{"))
    assert "This cannot be compared here: Expecting property name" in panel.over.object
    panel.fill(lambda: json.loads("{"))
    assert len(caplog.records) == 1
    panel.fill(lambda: "well")
    assert not panel.over.visible
