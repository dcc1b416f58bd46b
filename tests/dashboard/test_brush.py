import math
from types import SimpleNamespace

import numpy as np
import pytest

from strnn_viz import views
from strnn_viz.dashboard.brush import HIGH, LOW
from strnn_viz.dashboard.cursor import Cursor
from strnn_viz.dashboard.deck import Deck
from strnn_viz.dashboard.hub import RunHub


@pytest.fixture
def deck(hub: RunHub) -> Deck:
    """The cards at the newest epoch of the first run."""
    cursor = Cursor()
    made = Deck(hub, cursor)
    cursor.select("first")
    cursor.see(hub.run("first").epochs)
    made.regroup()
    made.draw(hub.state("first"))
    return made


def pixels(deck: Deck) -> np.ndarray:
    (image,) = [
        v["data"]["image"][0] for v in deck.masks.plots[0].frame.values.values() if "image" in v.get("data", {})
    ]
    return np.asarray(image)


def test_a_range_lights_its_cells_and_all_of_it_lights_all(deck: Deck) -> None:
    before = pixels(deck)
    deck.brush.set(-2.0, -1.0)
    assert deck.masks.lit == deck.brush.lit == pytest.approx((0.01, 0.1))
    assert "lit: |w| from 0.01 to 0.1" in deck.brush.words.object
    assert "not lit" in deck.masks.legend.object
    lit = pixels(deck)
    assert (lit != before).any()
    deck.brush.set(-1.0, 2.0)
    assert (pixels(deck) != lit).any()
    deck.brush.clear.clicks += 1
    assert deck.masks.lit is None
    np.testing.assert_array_equal(pixels(deck), before)
    assert not deck.brush.clear.visible


def test_a_drag_over_the_histograms_and_the_slider_are_one(deck: Deck) -> None:
    (plot,) = deck.magnitudes.plots
    box = plot.box
    plot._selected(SimpleNamespace(final=False, geometry={"type": "rect", "x0": -3.0, "x1": -2.0}))
    assert deck.brush.lit is None
    plot._selected(SimpleNamespace(final=True, geometry={"type": "rect", "x0": -1.04, "x1": -3.0}))
    assert deck.brush.slider.value == pytest.approx((-3.0, -1.0))
    assert [math.log10(end) for end in deck.brush.lit] == pytest.approx([-3.0, -1.04])
    assert (box.left, box.right, box.visible) == (-3.0, -1.04, True)
    deck.brush.slider.value = (-2.0, 0.0)
    assert deck.brush.lit == pytest.approx((0.01, 1.0))
    deck.brush.slider.value = (LOW, HIGH)
    assert not box.visible


def test_what_is_lit_stays_lit_while_scrubbing(deck: Deck, hub: RunHub) -> None:
    deck.brush.set(-2.0, -1.0)
    deck._cursor.scrub(2)
    deck.draw(hub.state("first"))
    lit = pixels(deck)
    deck.brush.set(LOW, HIGH)
    assert (pixels(deck) != lit).any()
    assert views.mask_title(hub.run("first"), 2, layer="LSTM layer 1") in deck.masks.title.object
