"""IMDB: the published directory, and the same reviews in tables."""

from pathlib import Path

import pytest

from strnn_viz.data.imdb import IMDB
from strnn_viz.data.source import silent
from strnn_viz.errors import DataError
from tests.data import published


def read(path: Path, part: str = "train") -> list[tuple[str, int]]:
    return list(IMDB.read(IMDB.locate(str(path)), part, silent))


def test_the_directory(tmp_path: Path) -> None:
    published.imdb_directory(tmp_path / "aclImdb", each=11)
    found = read(tmp_path)
    assert len(found) == 22, "what has no label (unsup) is not read"
    assert found[0] == ("I hated it.<br /><br />Really, train 0!", 0)
    assert found[1][0].endswith("train 10!"), "by name"
    assert found[-1] == ("I liked it.<br /><br />Really, train 9!", 1)


@pytest.mark.parametrize("suffix", ["", ".xz", ".gz"])
def test_the_tables_hold_the_same(tmp_path: Path, suffix: str) -> None:
    directory = published.imdb_directory(tmp_path / "aclImdb")
    tables = published.imdb_tables(tmp_path / "tables", suffix)
    for part in ("train", "test"):
        assert read(tables, part) == read(directory, part)


@pytest.mark.parametrize("line", ["2\t5\t0\ttext", "1\t5\ttext", "", "label\trating\tid\ttext"])
def test_a_line_that_is_not_one(tmp_path: Path, line: str) -> None:
    file = published.imdb_tables(tmp_path) / "train.tsv"
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(
        DataError, match=r"train\.tsv, line 21: .* where label 0 or 1, rating, id and text, .*Run strnn"
    ):
        read(tmp_path)


def test_parts_that_are_missing(tmp_path: Path) -> None:
    published.imdb_tables(tmp_path / "tables")
    (tmp_path / "tables" / "test.tsv").unlink()
    with pytest.raises(DataError, match=r"test\.tsv is missing\. Run strnn-viz data get imdb"):
        read(tmp_path / "tables", "test")
    published.imdb_directory(tmp_path / "aclImdb")
    for file in (tmp_path / "aclImdb" / "test" / "pos").iterdir():
        file.unlink()
    (tmp_path / "aclImdb" / "test" / "pos").rmdir()
    with pytest.raises(DataError, match=r"test/pos is missing"):
        read(tmp_path / "aclImdb", "test")


def test_a_review_that_is_not_text(tmp_path: Path) -> None:
    published.imdb_directory(tmp_path)
    (tmp_path / "train" / "neg" / "0_2.txt").write_bytes(b"ab\xff")
    with pytest.raises(DataError, match=r"neg/0_2\.txt is not UTF-8 text: byte 2 cannot be decoded"):
        read(tmp_path)
