from __future__ import annotations

from pathlib import Path

import pytest

from strnn_viz import views
from strnn_viz.config import preset
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.explain import Explain
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.errors import RunError
from strnn_viz.runs import LayerInfo
from tests.synthetic import make_run


def explain(folder: Path, epoch: int = 3, group: str = "LSTM layer 1", **values: object) -> Explain:
    make_run(folder / "a", preset("demo", epochs=5, **values), epochs=5, hidden=12)
    hub, cursor = RunHub(folder), Cursor()
    cursor.select("a")
    cursor.see(hub.state("a").epochs)
    cursor.group = group
    cursor.scrub(epoch)
    return Explain(hub, cursor)


def shown(dialog: Explain) -> list[str]:
    return [str(column[0].object) for column in dialog.frames]


def test_a_rewiring_is_explained_in_four_frames_with_its_words(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    dialog.button.clicks += 1
    assert dialog.dialog.open
    assert dialog.dialog.title == "LSTM layer 1, recurrent: the rewiring after epoch 2, which led to epoch 3"
    run = RunHub(tmp_path).run("a")
    told = views.rewiring_words(run, 3, layer="LSTM layer 1")
    assert shown(dialog) == [
        f"<h3>{i + 1} · {name}</h3><p>{words}</p>"
        for i, (name, words) in enumerate(zip(views.FRAMES, told, strict=True))
    ]
    event = views.event_of(run, 3, "LSTM layer 1")
    assert event is not None
    assert dialog.patch.object == f"The patch: {views.patch_words(event)}"
    assert not dialog.instead.visible


def test_figures_are_made_once_the_dialog_is_seen(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    dialog.open()
    assert [plot.frame for plot in dialog.plots] == [None] * 4
    dialog.dialog.seen += 1
    assert [len(plot.slot) for plot in dialog.plots] == [2] * 4
    first = dialog.plots[0].slot[1]
    dialog.shut()
    dialog.open()
    dialog.dialog.seen += 1
    assert dialog.plots[0].slot[1] is not first


def test_a_person_goes_on_and_back_among_the_frames(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    dialog.open()
    assert (dialog.back.disabled, dialog.next.disabled) == (True, False)
    seen = []
    for _ in range(4):
        seen.append([column.css_classes for column in dialog.frames].index(["frame", "here"]))
        dialog.next.clicks += 1
    assert seen == [0, 1, 2, 3]
    assert dialog.standing.object == "Frame 4 of 4: Regrown elsewhere"
    assert (dialog.back.disabled, dialog.next.disabled) == (False, True)
    dialog.back.clicks += 1
    assert dialog.standing.object == "Frame 3 of 4: The budget"
    dialog.close.clicks += 1
    assert not dialog.dialog.open
    dialog.open()
    assert dialog.standing.object == "Frame 1 of 4: The weights before"


def test_each_matrix_of_the_layer_can_be_explained(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    dialog.open()
    assert dialog.matrix.options == {"input": "lstm.0.weight_ih", "recurrent": "lstm.0.weight_hh"}
    assert dialog.matrix.value == "lstm.0.weight_hh"
    dialog.matrix.value = "lstm.0.weight_ih"
    assert dialog.dialog.title.startswith("LSTM layer 1, input: the rewiring after epoch 2")
    assert "input unit" in str(dialog.patch.object)
    assert all(len(plot.slot) == 2 for plot in dialog.plots)


def test_every_matrix_of_a_highway_network_can_be_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    roles = ("input", "recurrent", "recurrent", "recurrent")
    infos = [LayerInfo(f"rhn.{i}", (24, 12), role, "RHN layer 1", ("h", "t")) for i, role in enumerate(roles)]
    monkeypatch.setattr("tests.synthetic.layer_infos", lambda hidden: infos)
    dialog = explain(tmp_path, group="RHN layer 1")
    dialog.open()
    assert dialog.matrix.options == {
        "input": "rhn.0", "recurrent 1": "rhn.1", "recurrent 2": "rhn.2", "recurrent 3": "rhn.3",
    }  # fmt: skip
    assert dialog.matrix.value == "rhn.1"
    dialog.matrix.value = "rhn.2"
    assert dialog.dialog.title.startswith("RHN layer 1, recurrent 2: the rewiring after epoch 2")


def test_a_layer_of_one_matrix_leaves_no_choice(tmp_path: Path) -> None:
    dialog = explain(tmp_path, group="Embedding")
    dialog.open()
    assert not dialog.matrix.visible
    assert dialog.dialog.title.startswith("Embedding: the rewiring after epoch 2")


def test_it_stays_with_what_it_was_opened_for(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    dialog.open()
    before = shown(dialog)
    dialog._cursor.scrub(4)
    dialog.next.clicks += 1
    assert shown(dialog) == before
    dialog.open()
    assert "epoch 3, which led to epoch 4" in dialog.dialog.title


@pytest.mark.parametrize(
    ("method", "said"), [("static", "never rewires"), ("deepr", "at every step"), ("iss", "units")]
)
def test_a_sentence_stands_where_there_is_nothing_to_show(tmp_path: Path, method: str, said: str) -> None:
    dialog = explain(tmp_path, method=method)
    dialog.open()
    assert dialog.dialog.open
    assert said in str(dialog.instead.object)
    assert [part.visible for part in (dialog.frames, dialog.back, dialog.next)] == [False] * 3
    assert (dialog.patch.object, dialog.key.object, dialog.standing.object) == ("", "", "")


def test_a_broken_snapshot_is_told(tmp_path: Path) -> None:
    dialog = explain(tmp_path)
    path = tmp_path / "a" / "snapshots" / "000003.safetensors"
    path.write_bytes(path.read_bytes()[:200])
    dialog.open()
    assert dialog.dialog.title == "This rewiring cannot be explained"
    assert "000003.safetensors" in str(dialog.instead.object)
    assert len(dialog.frames) == 0


def test_a_snapshot_that_goes_while_the_dialog_opens_is_told(tmp_path: Path, monkeypatch) -> None:
    dialog = explain(tmp_path)
    dialog.open()

    def gone(*_: object, **__: object) -> None:
        raise RunError("000002.safetensors is gone.")

    monkeypatch.setattr(dialog._hub, "derived", gone)
    dialog.dialog.seen += 1
    assert "000002.safetensors is gone." in str(dialog.instead.object)


def test_without_a_run_nothing_opens(tmp_path: Path) -> None:
    dialog = Explain(RunHub(tmp_path), Cursor())
    dialog.button.clicks += 1
    assert not dialog.dialog.open
