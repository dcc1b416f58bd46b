from __future__ import annotations

import re
from pathlib import Path

import pytest

from strnn_viz import views
from strnn_viz.config import preset
from strnn_viz.dashboard.about import QUESTION, REST_SECONDS, About, Telling
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.lens import LENSES, LensCard
from strnn_viz.runs import RunWriter
from tests.dashboard.conftest import Clock
from tests.synthetic import snapshots


@pytest.fixture
def telling(hub: RunHub) -> Telling:
    made = Telling(hub, "told")
    made.clock = Clock()
    return made


def test_a_question_is_answered_in_place() -> None:
    about = About(["learning_curves", "prune_rate"])
    told = str(about.object)
    assert f'<summary aria-label="{QUESTION} Learning and Prune rate"' in told
    assert re.findall("<h3>(.*?)</h3>", told) == ["Learning", "Prune rate"]
    assert "Section 3.4 (cosine)" in told
    assert told.count("<details") == told.count("</details>") == 1


def test_every_lens_is_explained(hub: RunHub) -> None:
    card = LensCard(hub, "distance", lambda: None)
    names = set()
    for lens in LENSES:
        card.picker.value = lens.name
        card.prepare("first", 4, ["LSTM layer 1"])
        assert views.explanation(lens.shown).text.split(".")[0][:40].replace("'", "&#x27;") in str(card.about.object)
        card.settle(now=True)
        names.add(card.telling.text.object)
    assert len(names) == len(LENSES)
    assert all(words.startswith("<p>") for words in names)


def test_what_is_seen_is_told_once_a_person_rests(telling: Telling, hub: RunHub, monkeypatch) -> None:
    computed = []
    real = views.summary
    monkeypatch.setattr(views, "summary", lambda *a, **k: computed.append(a[2]) or real(*a, **k))
    for epoch in (1, 2, 3, 4):
        telling.want("first", epoch, [("turnover", "LSTM layer 2")])
        assert not telling.settle()
        telling.clock.now += REST_SECONDS / 2
    assert telling.text.object == ""
    telling.clock.now += REST_SECONDS
    assert telling.settle()
    assert computed == [4]
    assert "LSTM layer 2, epoch 4" in telling.text.object
    assert not telling.settle()  # and not again
    telling.want("first", 4, [("turnover", "LSTM layer 2")])
    assert not telling.settle(now=True)
    telling.silence()
    assert telling.text.object == ""


def test_what_is_new_of_a_run_is_told(tmp_path: Path) -> None:
    with RunWriter(tmp_path / "live", preset("demo", epochs=6)) as writer:
        more = snapshots(epochs=6, hidden=8)
        for _ in range(3):
            writer.append(next(more))
        hub = RunHub(tmp_path, clock=Clock())
        telling = Telling(hub, "told")
        telling.want("live", 2, [("learning_curves", None)])
        assert telling.settle(now=True)
        assert "Over 3 epochs" in telling.text.object
        writer.append(next(more))
        hub._clock.now += 10
        assert telling.settle(now=True)
        assert "Over 4 epochs" in telling.text.object
