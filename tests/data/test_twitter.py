"""Sanders' tweets."""

from pathlib import Path

import pytest

from strnn_viz.data.source import silent
from strnn_viz.data.twitter import TWITTER
from strnn_viz.errors import DataError
from tests.data import published

HEADER = ("Topic", "Sentiment", "TweetId", "TweetDate", "TweetText")


def read(path: Path) -> list[tuple[str, int]]:
    return list(TWITTER.read(TWITTER.locate(str(path)), "all", silent))


def test_tweets(tmp_path: Path) -> None:
    published.twitter(tmp_path / "twitter", each=2)
    found = read(tmp_path)
    assert found[:2] == [("@Apple positive, tweet\n0", 2), ("@Apple positive, tweet\n1", 2)]
    assert [TWITTER.classes[label] for _, label in found[::2]] == ["positive", "negative", "neutral", "irrelevant"]


def test_a_tweet_that_is_gone_is_left_out(tmp_path: Path) -> None:
    rows = [HEADER, ("a", "neutral", 1, "", "Not Available"), ("a", "neutral", 2, "", "not available here")]
    published.write_csv(tmp_path / "full-corpus.csv", rows)
    assert read(tmp_path) == [("not available here", 1)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("positive", "text")], r"line 1: 'positive,text' where the header Topic,Sentiment"),
        ([HEADER[:4]], r"where the header Topic,Sentiment,TweetId,TweetDate,TweetText was expected"),
        ([HEADER, ("a", "happy", 1, "", "x")], r"line 2: 'happy' where one of negative, neutral, positive, irrelevant"),
        ([HEADER, ("a", "neutral", 1, "x")], r"line 2: 4 columns where 5 were expected"),
        ([], r"line 1: '' where the header"),
    ],
)
def test_what_is_not_the_corpus(tmp_path: Path, rows: list[tuple[object, ...]], message: str) -> None:
    published.write_csv(tmp_path / "full-corpus.csv", rows)
    with pytest.raises(DataError, match=message):
        read(tmp_path)
