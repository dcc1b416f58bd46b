"""Sanders' Twitter corpus: tweets about four companies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strnn_viz.data.files import rows, wrong
from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import PassageSource, Progress
from strnn_viz.data.text import split_words
from strnn_viz.errors import DataError

NAME = "twitter"
FILE = "full-corpus.csv"
CLASSES = ("negative", "neutral", "positive", "irrelevant")

_COLUMNS = ["topic", "sentiment", "tweetid", "tweetdate", "tweettext"]
_HOW = (
    f"Set data.path to the directory that holds {FILE} (Topic,Sentiment,TweetId,TweetDate,TweetText), or {VARIABLE} "
    "to one with twitter/ in it. Its maker published the numbers of the tweets and a program that asked Twitter for "
    "their texts, which it gives no more; a colleague's copy of the file has them."
)


def _locate(path: str) -> Path:
    return locate(NAME, path, ("twitter", "sanders_twitter"), (FILE,), _HOW)


def _read(directory: Path, _part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    file = directory / FILE
    labels = {name: label for label, name in enumerate(CLASSES)}
    table = rows(file, _HOW, progress)
    line, header = next(table, (1, []))
    if [name.strip().lower().removeprefix("\ufeff") for name in header] != _COLUMNS:
        raise wrong(file, line, ",".join(header), "the header Topic,Sentiment,TweetId,TweetDate,TweetText", _HOW)
    for line, row in table:
        if len(row) != len(_COLUMNS):
            raise DataError(f"{file}, line {line:,}: {len(row)} columns where {len(_COLUMNS)} were expected. {_HOW}")
        if row[1] not in labels:
            raise wrong(file, line, row[1], f"one of {', '.join(CLASSES)}", _HOW)
        if row[4].strip().lower() != "not available":  # what copies have for a tweet that its author took back
            yield row[4], labels[row[1]]


TWITTER = PassageSource(
    name=NAME,
    title="Sanders Twitter corpus: tweets about Apple, Google, Microsoft and Twitter, by sentiment",
    source="Sanders Analytics, Twitter Sentiment Corpus 0.2, 2011",
    licence="the tweets are under Twitter's terms; not redistributed here",
    how_to_get=_HOW,
    classes=CLASSES,
    files=(FILE,),
    parts=("all",),
    expected={"all": 5_513},
    locate=_locate,
    read=_read,
    split_words=split_words,
    minimum=2,
)
