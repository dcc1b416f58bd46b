"""Every view is explained, and tells its numbers in sentences."""

from __future__ import annotations

import inspect

import pytest

from strnn_viz import views
from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import changes
from strnn_viz.views.explanations import EXPLANATIONS
from strnn_viz.views.summaries import SUMMARIES

#: Public functions that draw one run at an epoch.
DRAWN = sorted(
    name
    for name in views.__all__
    if inspect.isfunction(getattr(views, name))
    and {"run", "epoch", "height"} <= inspect.signature(getattr(views, name)).parameters.keys()
)


def test_every_public_view_is_explained_and_summed_up() -> None:
    assert len(DRAWN) >= 17
    assert set(DRAWN) <= set(EXPLANATIONS), "write what a person looks at in strnn_viz/views/explanations.py"
    assert set(DRAWN) <= set(SUMMARIES), "write its numbers as sentences in strnn_viz/views/summaries.py"


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_an_explanation_is_one_paragraph_with_its_source(name: str) -> None:
    told = views.explanation(name)
    assert 30 <= len(told.text.split()) <= 120
    assert "\n" not in told.text
    assert told.text.endswith(".")
    assert "Section" in told.source or "Not part of the paper" in told.source or "not part of the paper" in told.source


def test_a_view_that_is_not_known_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean turnover"):
        views.explanation("turnovr")
    with pytest.raises(UsageError, match="no view is called 'nothing'"):
        views.summary("nothing", None, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SUMMARIES)
def test_a_summary_is_sentences_of_the_epoch_shown(full: Run, empty: Run, name: str) -> None:
    told = views.summary(name, full, 4, layer="LSTM layer 1")
    assert "epoch 4" in told.lower()
    assert told.endswith(".")
    assert 15 <= len(told.split()) <= 220
    assert "nan" not in told.split()
    assert views.summary(name, empty, None).endswith(".")


def test_the_first_epoch_can_be_told_of_too(full: Run) -> None:
    for name in SUMMARIES:
        assert views.summary(name, full, 0).endswith("."), name


def test_numbers_of_a_summary_are_those_of_the_view(full: Run) -> None:
    info = full.layers["lstm.0.weight_hh"]
    moved = changes(full, 3, [info])
    told = views.summary("mask_evolution", full, 3, layer=info.name)
    assert told.startswith(f"LSTM layer 1, recurrent, epoch 3: {moved.born} born, {moved.died} died, {moved.survived}")
    gates = [part.split() for part in told.split("by gate: ")[1].split("; ")]
    assert sum(int(part[1].strip(",")) for part in gates) == moved.nnz
    assert sum(int(part[2]) for part in gates) == moved.born
    assert sum(int(part[6]) for part in gates) == moved.died

    told = views.summary("learning_curves", full, 3)
    values = [row["valid_perplexity"] for row in full.rows]
    assert f"Over 7 epochs it went from {values[0]:,.0f} to {values[-1]:,.0f}" in told
    assert f"its best was {min(values):,.0f}, at epoch 6." in told
    assert told.endswith("Connections were pruned after 5 of them.")

    rates = [row["prune_rate"] for row in full.rows]
    assert views.summary("prune_rate", full, 2).startswith(
        f"Epoch 2: prune rate {rates[2]:.1%}, learning rate 2. The prune rate was highest after epoch 1, "
    )
