"""Measures of a corpus, by hand on a small one."""

import math

import numpy as np
import pytest

from strnn_viz.data import Corpus, Vocabulary, unigram_perplexity


def test_unigram_perplexity_by_hand() -> None:
    vocabulary = Vocabulary(("<unk>", "<eos>", "a", "b"))
    stream = {"train": [2, 2, 2, 1], "valid": [2, 1, 0], "test": [1]}
    corpus = Corpus(
        "x", "X", vocabulary, **{k: np.array(v, dtype=np.int32) for k, v in stream.items()}, source="", licence=""
    )
    # (counts + 1) / (4 + 4): a 4/8, <eos> 2/8, <unk> 1/8
    expected = (4 / 8 * 2 / 8 * 1 / 8) ** (-1 / 3)
    assert unigram_perplexity(corpus) == pytest.approx(expected, rel=1e-12)
    assert math.isclose(expected, 4.0)
