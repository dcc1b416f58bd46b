"""IMDB film reviews (Maas et al. 2011), from the directory published or from two tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from strnn_viz.data.files import first_of, lines, wrong
from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import PassageSource, Progress
from strnn_viz.data.text import split_words
from strnn_viz.errors import DataError

NAME = "imdb"
CLASSES = ("negative", "positive")

_FOLDERS = {"neg": 0, "pos": 1}
_HOW = (
    "Run strnn-viz data get imdb, or set data.path to aclImdb (with train/ and test/, each with pos/ and neg/) or to a "
    f"directory with train.tsv and test.tsv (label, rating, id, text), or {VARIABLE} to one with imdb/ in it."
)


def _locate(path: str) -> Path:
    folders = [f"{part}/{folder}" for part in ("train", "test") for folder in _FOLDERS]
    tables = [f"{part}.tsv{suffix}" for part in ("train", "test") for suffix in ("", ".xz", ".gz")]
    return locate(NAME, path, ("imdb", "imdb/aclImdb", "aclImdb"), folders + tables, _HOW)


def _read(directory: Path, part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    if (directory / part).is_dir():
        return _read_directory(directory / part, progress)
    return _read_table(first_of(directory, f"{part}.tsv"), progress)


def _read_directory(directory: Path, progress: Progress) -> Iterator[tuple[str, int]]:
    for folder in _FOLDERS:
        if not (directory / folder).is_dir():
            raise DataError(f"{directory / folder} is missing. {_HOW}")
    # Sorted by name, so that the order does not depend on the file system.
    files = [(file, label) for folder, label in _FOLDERS.items() for file in sorted((directory / folder).glob("*.txt"))]
    for number, (file, label) in enumerate(files, 1):
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{file} is not UTF-8 text: byte {error.start:,} cannot be decoded. {_HOW}") from error
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror or error}. {_HOW}") from error
        yield text, label
        if number % 100 == 0 or number == len(files):
            progress(number, len(files))


def _read_table(file: Path, progress: Progress) -> Iterator[tuple[str, int]]:
    for number, line in enumerate(lines(file, _HOW, progress), 1):
        fields = line.rstrip("\r\n").split("\t", 3)
        if len(fields) != 4 or fields[0] not in ("0", "1"):
            raise wrong(file, number, line, "label 0 or 1, rating, id and text, separated by tabs,", _HOW)
        yield fields[3], int(fields[0])


IMDB = PassageSource(
    name=NAME,
    title="IMDB film reviews: liked or not",
    source="Large Movie Review Dataset 1.0, Maas et al. 2011, https://ai.stanford.edu/~amaas/data/sentiment/",
    licence="none stated, please cite; the reviews are their writers'; not redistributed here",
    how_to_get=_HOW,
    classes=CLASSES,
    files=("{train,test}/{pos,neg}/ID_RATING.txt, or train.tsv and test.tsv, which may end in .xz or .gz",),
    parts=("train", "test"),
    expected={"train": 25_000, "test": 25_000},
    locate=_locate,
    read=_read,
    split_words=split_words,
    large=True,
)
