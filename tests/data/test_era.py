"""The task made from the embedded corpus: whole speeches in one split, and every class in each."""

from collections import Counter

import pytest

from strnn_viz.config import DataConfig
from strnn_viz.data import load_passages, majority_accuracy
from strnn_viz.data.era import ERA, ERAS, passages
from strnn_viz.data.sotu import addresses
from strnn_viz.data.source import SPLITS, silent
from strnn_viz.errors import ConfigError


def words(count: int, letter: str = "a") -> str:
    return " ".join([letter] * count)


@pytest.mark.parametrize(
    ("sentences", "lengths"),
    [
        ([60, 40, 1], [100]),  # a word left over is dropped
        ([60, 41, 30], [60, 71]),
        ([150, 20], [150, 20]),  # a long sentence stands alone
        ([19], []),
        ([20], [20]),
        ([], []),
    ],
)
def test_cutting(sentences: list[int], lengths: list[int]) -> None:
    assert [len(text.split()) for text in passages(words(n) for n in sentences)] == lengths


def test_passages_keep_the_order_of_the_speech() -> None:
    text = [words(50, "a"), words(49, "b"), words(30, "c")]
    assert list(passages(text)) == [f"{text[0]} {text[1]}", text[2]]


def test_every_year_is_in_one_era() -> None:
    assert [era[0] for era in ERAS[1:]] == [era[1] + 1 for era in ERAS[:-1]]
    years = {address.year for address in addresses()}
    assert (min(years), max(years)) == (ERAS[0][0], ERAS[-1][1])


def test_counts_and_balance() -> None:
    counts = {part: Counter(label for _, label in ERA.read(ERA.locate(""), part, silent)) for part in SPLITS}
    assert {part: sum(count.values()) for part, count in counts.items()} == ERA.expected
    assert sorted(counts["train"].items()) == [(0, 1418), (1, 1366), (2, 1051), (3, 1310)]
    for part in SPLITS:
        assert min(counts[part].values()) > 60
        assert len(counts[part]) == 4


def test_nothing_of_a_passage_is_in_another_split() -> None:
    read = {part: {text for text, _ in ERA.read(ERA.locate(""), part, silent)} for part in SPLITS}
    assert not read["train"] & (read["valid"] | read["test"])


def test_loading() -> None:
    data = load_passages(DataConfig(corpus="sotu-era", vocabulary=4000))
    assert len(data.vocabulary) == 4000
    assert data.classes == ("1945-1961", "1962-1981", "1982-2000", "2001-2021")
    assert majority_accuracy(data) == 141 / 587
    assert data.remark == ""
    assert ", ".join(data.vocabulary.words[2:5]) == "the, ,, ."
    with pytest.raises(ConfigError, match=r"data\.path = '/x' does not go with data\.corpus = 'sotu-era'"):
        load_passages(DataConfig(corpus="sotu-era", path="/x"))


def test_it_says_that_the_task_is_self_made() -> None:
    assert "made by this project" in ERA.title
    assert "is in no publication" in ERA.how_to_get
