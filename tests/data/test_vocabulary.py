"""Vocabulary: order, limits, round trips."""

import numpy as np
import pytest

from strnn_viz.data import Vocabulary
from strnn_viz.errors import UsageError

COUNTS = {"zeal": 3, "peace": 5, "ant": 3, "once": 1, "<unk>": 9, "<eos>": 4}


def test_most_frequent_first_ties_alphabetical() -> None:
    assert Vocabulary.from_counts(COUNTS, 100).words == ("<unk>", "<eos>", "peace", "ant", "zeal", "once")
    shuffled = dict(reversed(COUNTS.items()))
    assert Vocabulary.from_counts(shuffled, 100) == Vocabulary.from_counts(COUNTS, 100)


def test_size_counts_unk_and_eos() -> None:
    assert Vocabulary.from_counts(COUNTS, 4).words == ("<unk>", "<eos>", "peace", "ant")
    assert len(Vocabulary.from_counts(COUNTS, 3)) == 3
    with pytest.raises(UsageError, match="a vocabulary of 2 is too small"):
        Vocabulary.from_counts(COUNTS, 2)


def test_minimum_leaves_out_the_rare() -> None:
    assert Vocabulary.from_counts(COUNTS, 100, minimum=2).words == ("<unk>", "<eos>", "peace", "ant", "zeal")


def test_encode_and_decode() -> None:
    vocabulary = Vocabulary.from_counts(COUNTS, 100)
    ids = vocabulary.encode(["ant", "<eos>", "mystery", "peace"])
    assert ids.dtype == np.int32
    assert ids.tolist() == [3, vocabulary.eos, vocabulary.unk, 2]
    assert vocabulary.decode(ids) == ["ant", "<eos>", "<unk>", "peace"]
    assert vocabulary.encode([]).shape == (0,)


@pytest.mark.parametrize("wrong", [-100, -1, 6])
def test_decode_refuses_what_is_no_id(wrong: int) -> None:
    with pytest.raises(UsageError, match=f"no word has the id {wrong}; this vocabulary has ids 0 to 5"):
        Vocabulary.from_counts(COUNTS, 100).decode([wrong])


@pytest.mark.parametrize("words", [("a", "b"), ("<unk>", "<eos>", "a", "a")])
def test_a_vocabulary_needs_its_marks_and_each_word_once(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="every word once"):
        Vocabulary(words)
