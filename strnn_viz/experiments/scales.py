"""At which scales an experiment can be run: what stands in for the paper's models and data sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from strnn_viz.config import RunConfig, preset
from strnn_viz.errors import UsageError

#: Preset of each corpus of the classification tables.
TEXTS = {
    "sotu-era": "era",
    "twitter": "twitter",
    "imdb": "imdb",
    "yelp-2018": "yelp-2018",
    "amazon": "amazon",
    "ag-news": "ag-news",
    "yelp-polarity": "yelp-polarity",
}


@dataclass(frozen=True)
class Scale:
    """The models and data sets of one scale.

    Attributes
    ----------
    name : str
    about : str
        What it is, in a sentence.
    lstm, rhn : RunConfig
        Of the language models.
    corpora : tuple of str
        Corpora for classification.
    epsilon : float
        What ε of the paper's classifiers is multiplied by, so that as large a share of the weights is absent.
    texts : mapping
        Values changed in every classifier.
    changes : mapping
        Values changed in every configuration.
    """

    name: str
    about: str
    lstm: RunConfig
    rhn: RunConfig
    corpora: tuple[str, ...]
    epsilon: float
    texts: Mapping[str, Any]
    changes: Mapping[str, Any]

    def text(self, corpus: str) -> RunConfig:
        """The classifier of a corpus."""
        return preset(TEXTS[corpus]).replace({**self.texts, **self.changes})


def scale(name: str, changes: Mapping[str, Any] | None = None) -> Scale:
    """A scale by its name, with some values changed in every configuration.

    Raises
    ------
    UsageError
        If it has no such name, or a value cannot be changed so.
    """
    if name not in _SCALES:
        raise UsageError(f"no scale is called {name!r}. Scales: {', '.join(_SCALES)}.")
    about, lstm, rhn, texts, corpora, epsilon, common = _SCALES[name]
    every = {**common, **(changes or {})}
    return Scale(
        name, about, preset(lstm[0]).replace(lstm[1]).replace(every), preset(rhn[0]).replace(rhn[1]).replace(every),
        corpora, epsilon, texts, every,
    )  # fmt: skip


# What is faster on a machine, and on how many threads, would decide the last digits.
_REPEATABLE = {"threads": 1, "execution": "masked"}

_Base = tuple[str, dict[str, Any]]
_SCALES: dict[str, tuple[str, _Base, _Base, dict[str, Any], tuple[str, ...], float, dict[str, Any]]] = {
    "tiny": (
        "small networks on the embedded corpus, minutes on two cores: it shows the comparison, not the paper's numbers",
        ("demo", {"vocabulary": 1000, "batch_size": 20, "epochs": 10}),
        ("rhn-small", {"vocabulary": 1000, "batch_size": 20, "epochs": 10}),
        {"epochs": 30},  # with 1% to 4% of so few weights, learning begins late
        ("sotu-era",),
        0.25,  # a quarter of the paper's hidden units
        {**_REPEATABLE, "checkpoints": "last"},
    ),
    "small": (
        "an LSTM of 2 × 200 units and a small RHN on Penn Treebank; the paper's own classifier where its data is free",
        ("ptb-small", {}),
        ("rhn-small", {"corpus": "ptb", "vocabulary": 10_000, "hidden": 200, "dropout": 0.2}),
        {},
        ("twitter", "imdb", "ag-news"),
        1.0,
        {**_REPEATABLE, "checkpoints": "last"},
    ),
    "paper": (
        "the paper's own sizes; the language models need a GPU",
        ("ptb-paper", {}),
        ("ptb-rhn", {}),
        {},
        ("twitter", "imdb", "yelp-2018", "amazon", "ag-news", "yelp-polarity"),
        1.0,
        {"checkpoints": "last"},
    ),
}

SCALES = tuple(_SCALES)
