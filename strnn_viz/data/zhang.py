"""AG's news and Yelp review polarity, in the files of Zhang, Zhao and LeCun 2015."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strnn_viz.data.files import first_of, rows, wrong
from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import PassageSource, Progress
from strnn_viz.data.text import split_words
from strnn_viz.errors import DataError

AG_CLASSES = ("World", "Sports", "Business", "Sci/Tech")
POLARITY_CLASSES = ("negative", "positive")

_SUFFIXES = ("", ".xz", ".gz")
_SAMPLE = "train_sample.csv"


def _how(name: str, columns: str) -> str:
    return (
        f"Run strnn-viz data get {name}, or set data.path to the directory that holds train.csv and test.csv "
        f"({columns}; no header), or {VARIABLE} to one with {name}/ in it."
    )


_AG_HOW = _how("ag-news", "class 1 to 4, title, description")
_POLARITY_HOW = _how("yelp-polarity", "class 1 or 2, text")


def _table(file: Path, classes: int, columns: int, how: str, progress: Progress) -> Iterator[tuple[list[str], int]]:
    """The fields after the class of each row, and the label, from 0."""
    for line, row in rows(file, how, progress):
        if len(row) != columns:
            raise DataError(f"{file}, line {line:,}: {len(row)} columns where {columns} were expected. {how}")
        if row[0] not in map(str, range(1, classes + 1)):
            raise wrong(file, line, row[0], f"a class from 1 to {classes}", how)
        yield row[1:], int(row[0]) - 1


def _ag_locate(path: str) -> Path:
    marks = tuple(name + end for name in ("train.csv", "test.csv", _SAMPLE) for end in _SUFFIXES)
    return locate("ag-news", path, ("ag-news", "ag_news", "ag_news_csv", "ag-news/ag_news_csv"), marks, _AG_HOW)


def _ag_file(directory: Path, part: str) -> Path:
    return first_of(directory, "train.csv", _SAMPLE) if part == "train" else first_of(directory, "test.csv")


def _ag_read(directory: Path, part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    for fields, label in _table(_ag_file(directory, part), len(AG_CLASSES), 3, _AG_HOW, progress):
        # A lone backslash stands for a line break in this data set; as punctuation it separates words.
        yield " ".join(fields), label


def _ag_remark(directory: Path) -> str:
    if not _ag_file(directory, "train").name.startswith(_SAMPLE):
        return ""
    return f"train.csv is not in {directory}; {_SAMPLE} is used in its place, so accuracy is not that of the whole set."


def _polarity_locate(path: str) -> Path:
    marks = tuple(name + end for name in ("train.csv", "test.csv") for end in _SUFFIXES)
    folders = ("yelp-polarity", "yelp_polarity", "yelp_review_polarity_csv", "yelp-polarity/yelp_review_polarity_csv")
    return locate("yelp-polarity", path, folders, marks, _POLARITY_HOW)


def _polarity_read(directory: Path, part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    for fields, label in _table(first_of(directory, f"{part}.csv"), len(POLARITY_CLASSES), 2, _POLARITY_HOW, progress):
        yield fields[0].replace("\\n", " "), label  # this data set writes a line break as backslash and n


AG_NEWS = PassageSource(
    name="ag-news",
    title="AG's news: titles and first lines, by section",
    source="Antonio Gulli's corpus of news, prepared by Zhang et al. 2015",
    licence="for research and other uses that are not commercial; not redistributed here",
    how_to_get=_AG_HOW,
    classes=AG_CLASSES,
    files=("train.csv", "test.csv"),
    parts=("train", "test"),
    expected={"train": 120_000, "test": 7_600},
    locate=_ag_locate,
    read=_ag_read,
    split_words=split_words,
    remark=_ag_remark,
)

YELP_POLARITY = PassageSource(
    name="yelp-polarity",
    title="Yelp review polarity: 1 and 2 stars against 3 and 4, as published by Zhang et al.",
    source="Yelp dataset challenge 2015, prepared by Zhang et al. 2015",
    licence="Yelp's dataset terms; not redistributed here",
    how_to_get=_POLARITY_HOW,
    classes=POLARITY_CLASSES,
    files=("train.csv", "test.csv"),
    parts=("train", "test"),
    expected={"train": 560_000, "test": 38_000},
    locate=_polarity_locate,
    read=_polarity_read,
    split_words=split_words,
    remark=lambda _: "Table 1 of the paper gives 70,000 test passages; the published file has 38,000.",
    large=True,
)
