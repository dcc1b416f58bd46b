"""AG's news and Yelp polarity."""

import os
from pathlib import Path

import pytest

from strnn_viz.data.source import PassageSource, silent
from strnn_viz.data.zhang import AG_NEWS, YELP_POLARITY
from strnn_viz.errors import DataError
from tests.data import published

ROOT = os.environ.get("STRNN_VIZ_DATA", "")


def read(source: PassageSource, path: str | Path, part: str = "train") -> list[tuple[str, int]]:
    return list(source.read(source.locate(str(path)), part, silent))


def words(source: PassageSource, path: Path, place: int) -> list[str]:
    return source.split_words(read(source, path)[place][0])


def test_news_are_title_and_description(tmp_path: Path) -> None:
    published.ag_news(tmp_path / "ag_news_csv")
    found = read(AG_NEWS, tmp_path)
    assert found[0] == ('Title 1 second\\team "quoted" 0', 0)
    assert [label for _, label in found] == [0] * 5 + [1] * 5 + [2] * 5 + [3] * 5
    assert words(AG_NEWS, tmp_path, 0) == ["title", "1", "second", "team", "quoted", "0"]
    assert AG_NEWS.remark(AG_NEWS.locate(str(tmp_path))) == ""


def test_a_sample_is_read_where_the_whole_is_not_there_and_said_to_be_one(tmp_path: Path) -> None:
    published.ag_news(tmp_path, train="train_sample.csv", each=3)
    assert len(read(AG_NEWS, tmp_path)) == 12
    assert "train_sample.csv is used in its place" in AG_NEWS.remark(tmp_path)
    published.ag_news(tmp_path, each=5)
    assert len(read(AG_NEWS, tmp_path)) == 20
    assert AG_NEWS.remark(tmp_path) == ""


def test_polarity_writes_line_breaks_as_two_signs(tmp_path: Path) -> None:
    published.yelp_polarity(tmp_path / "yelp-polarity" / "yelp_review_polarity_csv")
    assert words(YELP_POLARITY, tmp_path, 3) == ["good", "news", "3"]
    assert [label for _, label in read(YELP_POLARITY, tmp_path)] == [0] * 10 + [1] * 10
    assert "70,000" in YELP_POLARITY.remark(tmp_path)


@pytest.mark.parametrize(
    ("source", "row", "message"),
    [
        (AG_NEWS, ("5", "a", "b"), r"train\.csv, line 1: '5' where a class from 1 to 4 was expected\. Run strnn-viz"),
        (AG_NEWS, ("1", "a"), r"line 1: 2 columns where 3 were expected"),
        (AG_NEWS, ("Class Index", "Title", "Description"), r"'Class Index' where a class from 1 to 4"),
        (YELP_POLARITY, ("0", "a"), r"'0' where a class from 1 to 2"),
        (YELP_POLARITY, ("1", "a", "b"), r"3 columns where 2 were expected"),
    ],
)
def test_rows_of_something_else(tmp_path: Path, source: PassageSource, row: tuple[str, ...], message: str) -> None:
    published.write_csv(tmp_path / "train.csv", [row])
    with pytest.raises(DataError, match=message):
        read(source, tmp_path)


@pytest.mark.skipif(
    not (ROOT and any((Path(ROOT) / f / "test.csv").is_file() for f in ("ag_news", "ag-news"))),
    reason="STRNN_VIZ_DATA names no directory with ag_news/test.csv in it",
)
def test_the_real_test_split() -> None:
    found = read(AG_NEWS, "", "test")
    assert [sum(label == c for _, label in found) for c in range(4)] == [1900] * 4
    assert found[0][0].startswith("Fears for T N pension after talks Unions representing")
    assert AG_NEWS.classes[found[0][1]] == "Business"
