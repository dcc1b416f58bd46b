import base64
import gzip
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from strnn_viz.exporting import export_run
from strnn_viz.exporting.choices import sheets
from strnn_viz.exporting.replay import replay
from strnn_viz.exporting.replay_data import bars, choose_epochs, choose_grid, finest
from strnn_viz.runs import LOG10_EDGES, Run
from strnn_viz.topology import states
from strnn_viz.topology.pooling import CODES, FIFTHS, LEVELS, MIXES
from strnn_viz.views import learning_title, mask_title
from strnn_viz.views.masks import mask_info
from tests import synthetic
from tests.synthetic import layer_infos, make_run

#: The cell of one connection by its state: empty, then the highest level of pure survived, born and died.
PURE = [MIXES.tolist().index(mix) for mix in ([FIFTHS, 0, 0], [0, FIFTHS, 0], [0, 0, FIFTHS])]
EXACT = np.array([0, *(1 + (LEVELS - 1) * len(MIXES) + place for place in PURE)])


def embedded(page):
    """The columns of the one source that holds all frames, what the page knows of them, and all other sources."""
    text = re.search(r'<script type="application/json" id="document">(.*?)</script>', page, re.DOTALL).group(1)
    sources = {}

    def walk(value):
        if isinstance(value, dict):
            if value.get("name") == "ColumnDataSource" and value["type"] == "object":
                sources[value["attributes"]["name"]] = value["attributes"]
            value = list(value.values())
        for part in value if isinstance(value, list) else []:
            walk(part)

    walk(json.loads(text))
    frames = sources["frames"]
    return dict(frames["data"]["entries"]), json.loads(frames["tags"][0]), sources


def numbers(column):
    """An array as it stands in the page: deflated bytes as text."""
    data = gzip.decompress(base64.b64decode(column["array"]["data"]))
    return np.frombuffer(data, dtype=column["dtype"]).reshape(column["shape"])


def cells(frames, matrix, epoch):
    return numbers(frames["image"][list(zip(frames["matrix"], frames["epoch"], strict=True)).index((matrix, epoch))])


@pytest.mark.parametrize("name", ["language", "classifier", "dense"])
def test_every_mask_is_in_the_page_cell_by_cell(exported, name):
    run = Run(exported / name)
    frames, about, _ = embedded(replay(run, run.epochs[-1]))
    assert about["epochs"] == run.epochs
    assert len(frames["image"]) == len(run.epochs) * len(run.layers)
    for info in run.layers.values():
        for epoch in run.epochs:
            before = run.layer(epoch - 1, info.name).mask if epoch else None
            exact = EXACT[states(run.layer(epoch, info.name).mask, before)]
            if not info.gates:
                exact = exact.T  # lies on its longer side
            assert np.array_equal(cells(frames, info.name, epoch), exact), (info.name, epoch)
    assert EXACT.max() < CODES


@pytest.mark.parametrize("name", ["language", "classifier"])
def test_curves_histograms_and_sentences_are_those_of_the_run(exported, name):
    run = Run(exported / name)
    _, about, sources = embedded(replay(run, 2))
    curves = dict(sources["curves"]["data"]["entries"])
    measure = "perplexity" if name == "language" else "accuracy"
    assert numbers(curves["valid"]).tolist() == [row[f"valid_{measure}"] for row in run.rows]
    assert numbers(curves["train"])[1:].tolist() == [row[f"train_{measure}"] for row in run.rows[1:]]
    assert about["opens"] == 2
    assert about["learning"] == [learning_title(run, e) for e in run.epochs]
    layer = about["sheets"][about["sheet"]]
    assert layer["label"] == "LSTM layer 1"
    assert layer["masks"] == [mask_title(run, e, layer="LSTM layer 1") for e in run.epochs]
    for t, epoch in enumerate(run.epochs):
        nnz = sum(run.layer(epoch, m["name"]).nnz for m in layer["matrices"])
        born = sum(run.layer(epoch, m["name"]).churn.born for m in layer["matrices"])
        assert sum(layer["survived"][t]) + sum(layer["born"][t]) + layer["zeros"][t] == pytest.approx(1, abs=1e-5)
        assert sum(layer["born"][t]) == pytest.approx(born / nnz, abs=1e-5)
        found = [run.layer(epoch, m["name"]).churn.threshold for m in layer["matrices"]]
        assert layer["thresholds"][t] == pytest.approx([np.log10(v) for v in found if v > 0])


def test_bars_fold_what_is_beyond_into_the_outermost_and_keep_half_decades(language):
    found = bars(language, language.epochs, "LSTM layer 1")
    steps = np.round((found.edges[[0, -1]] - LOG10_EDGES[0]) * 2, 6)
    assert np.array_equal(steps, steps.round())
    assert found.edges[0] <= min(min(marks) for marks in found.thresholds if marks)
    assert found.survived.shape == found.born.shape == (len(language.epochs), len(found.edges) - 1)
    assert (found.survived + found.born).sum(axis=1) + found.zeros == pytest.approx(1)


def test_a_replay_of_one_layer_holds_no_other(language):
    frames, about, _ = embedded(replay(language, 5, "lstm.1.weight_ih"))
    assert set(frames["matrix"]) == {"lstm.1.weight_ih"}
    assert [sheet["label"] for sheet in about["sheets"]] == ["LSTM layer 2, input"]
    assert about["sheet"] == 0


def test_what_would_be_too_large_is_pooled_coarser_and_says_so(tmp_path):
    run = make_run(tmp_path / "run", epochs=3, hidden=96)
    full = replay(run, 3)
    assert "Every cell is one connection." in full
    # Of a small run with a small budget: what counts is the share of it.
    small = 100_000
    frames, about, _ = embedded(page := replay(run, 3, budget=small))
    grid = choose_grid(run, about["epochs"], sheets(run), small)
    assert grid[2][0] < 384
    packed = sum(len(base64.b64decode(value["array"]["data"])) for value in frames["image"])
    assert 0.5 * small < packed <= 1.1 * small
    assert re.search(r"Masks are pooled: a cell stands for up to \d+ connections", page)
    info = run.layers["lstm.0.weight_hh"]
    room = grid[2]
    pooled = mask_info(run, 2, info, max_rows=room[0], max_columns=room[1]).codes
    assert np.array_equal(cells(frames, info.name, 2), pooled)
    stated = float(re.search(r"This file has ([\d.]+) MB", page).group(1))
    assert stated == round(len(page.encode()) / 1e6, 1)


def test_epochs_are_left_out_only_where_masks_would_be_too_coarse():
    assert choose_epochs(range(61), 6, 60) == list(range(61))
    chosen = choose_epochs(range(1001), 6, 7)
    assert {0, 7, 1000} < set(chosen)
    assert 0.5 * 175 < len(chosen) <= 177
    assert finest(10_000)[2] == (89, 111)
    assert finest(1e9) == {1: (400, 640), 2: (400, 400)}


def test_a_page_says_where_epochs_have_no_masks(language):
    page = replay(language, 3, budget=40_000)
    _, about, sources = embedded(page)
    assert about["epochs"] == [0, 3, 5]
    assert "3 of 6 epochs have masks here" in page
    assert len(numbers(dict(sources["curves"]["data"]["entries"])["epoch"])) == 6


def test_names_are_text_and_nothing_is_fetched(tmp_path, monkeypatch):
    evil = "<img src=x onerror=alert(1)>&amp; '"
    infos = [replace(info, group=f"</script><script>alert(2)</script>{info.group}") for info in layer_infos(8)]
    monkeypatch.setattr(synthetic, "layer_infos", lambda hidden: infos)
    run = make_run(tmp_path / "run", epochs=1, hidden=8)
    moved = run.path.rename(tmp_path / evil)
    page = export_run(Run(moved), tmp_path / "a.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script>alert(2)" not in page
    scripts = re.findall(
        r"<script[^>]*>", re.sub(r"<script>\s*/\* BEGIN bokeh.*?END bokeh.*?</script>", "", page, flags=re.DOTALL)
    )
    assert scripts == ['<script type="application/json" id="document">', "<script>"]
    assert not re.search(r"""<(?:script|link|img)[^>]*(?:src|href)=(?!"data:)""", page)
    assert "default-src 'none'" in page
