"""Amazon fine food reviews (McAuley and Leskovec 2013), from SNAP's file or Kaggle's table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strnn_viz.data.files import first_of, lines, rows, wrong
from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import PassageSource, Progress
from strnn_viz.data.text import split_words
from strnn_viz.errors import DataError

NAME = "amazon"
TABLE, RECORDS = "Reviews.csv", "finefoods.txt"

_SCORES = {f"{stars}{end}": stars - 1 for stars in range(1, 6) for end in ("", ".0")}
_HOW = (
    f"Run strnn-viz data get amazon, or set data.path to the directory that holds {RECORDS} (SNAP's; also .gz) or "
    f"{TABLE} (Kaggle's, with the columns Score and Text), or {VARIABLE} to one with amazon/ in it."
)


def _locate(path: str) -> Path:
    marks = tuple(name + end for name in (TABLE, RECORDS) for end in ("", ".xz", ".gz"))
    return locate(NAME, path, (NAME, "amazon_fine_food"), marks, _HOW)


def _read(directory: Path, _part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    table = first_of(directory, TABLE)
    return _read_table(table, progress) if table.is_file() else _read_records(first_of(directory, RECORDS), progress)


def _read_table(file: Path, progress: Progress) -> Iterator[tuple[str, int]]:
    table = rows(file, _HOW, progress)
    line, header = next(table, (1, []))
    if not {"Score", "Text"} <= set(header):
        raise wrong(file, line, ",".join(header), "a header with Score and Text", _HOW)
    score, text = header.index("Score"), header.index("Text")
    for line, row in table:
        if len(row) != len(header):
            raise DataError(f"{file}, line {line:,}: {len(row)} columns where {len(header)} were expected. {_HOW}")
        yield row[text], _label(file, line, row[score])


def _read_records(file: Path, progress: Progress) -> Iterator[tuple[str, int]]:
    score: tuple[int, str] | None = None
    # SNAP's file is not UTF-8; Latin-1 reads every byte, and a letter wrong here or there makes a rare word of one.
    for number, line in enumerate(lines(file, _HOW, progress, encoding="latin-1"), 1):
        if line.startswith("review/score:"):
            score = number, line.partition(":")[2].strip()
        elif line.startswith("review/text:"):
            if score is None:
                raise wrong(file, number, line, "review/score: before review/text:", _HOW)
            yield line.partition(":")[2], _label(file, *score)
            score = None


def _label(file: Path, line: int, score: str) -> int:
    if score not in _SCORES:
        raise wrong(file, line, score, "a score from 1 to 5", _HOW)
    return _SCORES[score]


AMAZON = PassageSource(
    name=NAME,
    title="Amazon fine food reviews: how many stars",
    source="McAuley and Leskovec 2013, https://snap.stanford.edu/data/web-FineFoods.html",
    licence="none stated, please cite; the reviews are their writers'; not redistributed here",
    how_to_get=_HOW,
    classes=("1 star", "2 stars", "3 stars", "4 stars", "5 stars"),
    files=(f"{RECORDS} or {RECORDS}.gz", TABLE),
    parts=("all",),
    expected={"all": 568_454},
    locate=_locate,
    read=_read,
    split_words=split_words,
    large=True,
)
