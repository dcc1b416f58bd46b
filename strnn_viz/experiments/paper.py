"""Tables 2 to 7 of Liu et al. 2021, number by number. Figures 2 and 3 have no numbers in the text.

The tables contradict one another in places: ST-LSTM uniform at 33% is 78.77 / 75.84 in Table 2 and 78.83 / 75.76 in
Table 7, ST-RHN uniform 66.08 / 63.19 in Table 3 and 65.71 / 63.04 in Table 7, the dense LSTM on AG's news 88.4 in
Table 5 and 87.50 in Table 6. Each table here keeps its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class LanguageRow:
    """A row of Table 2 or 3.

    Attributes
    ----------
    label, initialization : str
    method : str
        Its name in a configuration.
    density : float
        Active weights, as a fraction.
    train, test : float
        FLOPs relative to the dense model.
    millions : float
        Parameters.
    valid_perplexity, test_perplexity : float
    """

    label: str
    initialization: str
    method: str
    density: float
    train: float
    test: float
    millions: float
    valid_perplexity: float
    test_perplexity: float


_ER, _UNIFORM = "erdos_renyi", "uniform"

TABLE2 = (
    LanguageRow("Dense", "dense", "dense", 1.0, 1.0, 1.0, 66.0, 82.57, 78.57),
    LanguageRow("Small dense", "dense", "small-dense", 0.33, 0.330, 0.330, 21.8, 84.39, 81.12),
    LanguageRow("SNFS", _UNIFORM, "snfs", 0.33, 0.614, 0.363, 21.8, 84.05, 80.60),
    LanguageRow("RigL", _ER, "rigl", 0.33, 0.333, 0.333, 21.8, 82.24, 79.06),
    LanguageRow("ISS", "dense", "iss", 0.33, 0.280, 0.200, 21.8, 82.59, 78.65),
    LanguageRow("SET", _ER, "set", 0.33, 0.333, 0.333, 21.8, 80.67, 77.83),
    LanguageRow("ST-LSTM", _ER, "st-rnn", 0.33, 0.333, 0.333, 21.8, 79.10, 76.13),
    LanguageRow("ST-LSTM", _UNIFORM, "st-rnn", 0.33, 0.330, 0.330, 21.8, 78.77, 75.84),
    LanguageRow("SNFS", _UNIFORM, "snfs", 0.2, 0.529, 0.223, 13.2, 90.73, 87.07),
    LanguageRow("RigL", _ER, "rigl", 0.2, 0.202, 0.202, 13.2, 86.79, 82.66),
    LanguageRow("Small dense", "dense", "small-dense", 0.2, 0.200, 0.200, 13.2, 85.22, 82.00),
    LanguageRow("SET", _ER, "set", 0.2, 0.202, 0.202, 13.2, 84.16, 81.31),
    LanguageRow("ST-LSTM", _ER, "st-rnn", 0.2, 0.202, 0.202, 13.2, 80.11, 76.95),
    LanguageRow("ST-LSTM", _UNIFORM, "st-rnn", 0.2, 0.200, 0.200, 13.2, 80.82, 76.74),
)

TABLE3 = (
    LanguageRow("Dense", "dense", "dense", 1.0, 1.0, 1.0, 23.5, 67.9, 65.4),
    LanguageRow("Small dense", "dense", "small-dense", 0.472, 0.472, 0.472, 11.1, 70.1, 68.4),
    LanguageRow("ISS", "dense", "iss", 0.472, 0.503, 0.472, 11.1, 68.1, 65.4),
    LanguageRow("ST-RHN", _ER, "st-rnn", 0.472, 0.474, 0.474, 11.1, 66.51, 63.55),
    LanguageRow("ST-RHN", _UNIFORM, "st-rnn", 0.472, 0.472, 0.472, 11.1, 66.08, 63.19),
)

#: FLOPs of the dense models: of all training, and of the forward passes over 20 × 35 words.
DENSE_FLOPS = {"table2": (3.1e16, 7.2e10), "table3": (6.5e16, 3.3e10)}

#: Method -> data set -> test accuracy in percent, and its standard deviation or None.
Accuracies = Mapping[str, Mapping[str, tuple[float, float | None]]]

TABLE4: Accuracies = {
    "dense": {"twitter": (77.8, None), "imdb": (85.3, None), "yelp-2018": (63.4, None), "amazon": (81.9, None)},
    "st-rnn": {"twitter": (79.2, 0.03), "imdb": (86.0, 0.02), "yelp-2018": (68.0, 0.03), "amazon": (80.5, 0.01)},
}

TABLE5_CITED = {
    "BoW": (88.8, 92.2),
    "ngrams": (92.0, 95.6),
    "char-CNN": (87.2, 94.7),
    "char-CRNN": (91.4, 94.5),
    "VDCNN": (91.3, 95.7),
    "fastText, bigram": (92.5, 95.7),
}
TABLE5: Accuracies = {
    "dense": {"ag-news": (88.4, None), "yelp-polarity": (94.8, None)},
    "st-rnn": {"ag-news": (90.9, 0.20), "yelp-polarity": (95.3, 0.13)},
}

TABLE6: Accuracies = {
    "dense": {
        "imdb": (85.26, None), "twitter": (77.79, None), "yelp-2018": (63.36, None), "ag-news": (87.50, None),
        "yelp-polarity": (94.80, None),
    },
    "st-rnn": {
        "imdb": (85.05, None), "twitter": (78.85, None), "yelp-2018": (67.82, None), "ag-news": (90.00, None),
        "yelp-polarity": (94.22, None),
    },
}  # fmt: skip

#: (cell, initialization, redistribution) -> validation and test perplexity.
TABLE7 = {
    ("lstm", _ER, "momentum"): (78.15, 75.53),
    ("lstm", _ER, "none"): (79.44, 76.06),
    ("lstm", _UNIFORM, "momentum"): (78.08, 74.36),
    ("lstm", _UNIFORM, "none"): (78.83, 75.76),
    ("rhn", _ER, "momentum"): (71.94, 69.03),
    ("rhn", _ER, "none"): (66.51, 63.55),
    ("rhn", _UNIFORM, "momentum"): (73.05, 70.22),
    ("rhn", _UNIFORM, "none"): (65.71, 63.04),
}
