import base64
import csv
import io
import json

import pytest
from PIL import Image

from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.offers import RUN, ViewOffer, run_offers
from strnn_viz.dashboard.sharing import Share, file_name
from strnn_viz.exporting.curves import TABLES
from strnn_viz.exporting.plots import VIEWS


@pytest.fixture
def share(hub: RunHub) -> Share:
    """What a viewer who is at epoch 3 of the first run can take along; the last parcel is held in ``sent``."""
    cursor = Cursor()
    made = Share(hub, run_offers(hub, cursor), "this run")
    cursor.select("first")
    cursor.see(hub.run("first").epochs)
    cursor.scrub(3)
    cursor.group = "LSTM layer 1"
    made.sent = []
    made.courier.param.watch(lambda event: made.sent.append(event.new), "parcel")
    return made


def save(share: Share, what: str, ending: str) -> dict[str, str]:
    share.what.value, share.ending.value = what, ending
    share.write()
    (parcel,) = share.sent
    return parcel


def test_every_view_is_offered_as_a_picture_and_every_curve_as_numbers(share: Share) -> None:
    assert [offer._name for offer in share.offers.values() if isinstance(offer, ViewOffer)] == list(VIEWS)
    for what, name in zip(share.what.options, [*VIEWS, ""], strict=True):
        share.what.value = what
        offered = set(share.ending.options.values())
        if what == RUN:
            assert offered == {".html", ".csv", ".gif", ".mp4"}
        else:
            assert {".png", ".svg"} <= offered
            assert (".csv" in offered) == (name in TABLES)
            assert ({".gif", ".mp4"} <= offered) == (name == "masks")


def test_masks_are_saved_as_a_png_of_the_epoch(share: Share) -> None:
    parcel = save(share, "Connections", ".png")
    assert (parcel["name"], parcel["kind"]) == ("first-masks-epoch-3.png", "image/png")
    with Image.open(io.BytesIO(base64.b64decode(parcel["content"]))) as picture:
        assert picture.format == "PNG"
    assert share.save.disabled
    share.courier.told = "Saved first-masks-epoch-3.png."
    assert not share.save.disabled
    assert "Saved first-masks" in share.status.object
    assert share.courier.parcel == {}


def test_a_plot_is_sent_as_a_document_the_browser_draws(share: Share) -> None:
    parcel = save(share, "Learning curves", ".svg")
    assert parcel["name"] == "first-learning-epoch-3.svg"
    (figure,) = json.loads(parcel["document"])["roots"]
    assert figure["attributes"]["output_backend"] == "svg"


def test_numbers_of_a_view_are_those_of_its_epoch_and_layer(share: Share, hub: RunHub) -> None:
    parcel = save(share, "Age pyramid", ".csv")
    rows = list(csv.DictReader(io.StringIO(base64.b64decode(parcel["content"]).decode())))
    infos = [info for info in hub.run("first").layers.values() if info.group == "LSTM layer 1"]
    assert sum(int(row["connections"]) for row in rows) == sum(hub.run("first").layer(3, i.name).nnz for i in infos)


def test_a_whole_run_has_no_epoch_in_its_name(share: Share) -> None:
    parcel = save(share, RUN, ".csv")
    assert parcel["name"] == "first.csv"
    assert base64.b64decode(parcel["content"]).decode().startswith("epoch,step,")


def test_what_cannot_be_saved_is_told_and_the_button_stays(share: Share, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    share.what.value, share.ending.value = "Connections", ".mp4"
    share.write()
    assert share.sent == []
    assert "Not saved: an MP4 needs ffmpeg" in share.status.object
    assert not share.save.disabled


def test_nothing_is_saved_where_there_is_no_epoch(hub: RunHub) -> None:
    share = Share(hub, run_offers(hub, Cursor()), "this run")
    share.open()
    share.write()
    assert "nothing to save" in share.status.object


def test_names_of_files_are_safe() -> None:
    assert file_name("a/../b <c>", "masks", "epoch-3", ending=".png") == "a-..-b-c--masks-epoch-3.png"
    assert file_name("..", "", ending=".html") == "run.html"
