"""Amazon fine food reviews, in both forms that go round."""

from pathlib import Path

import pytest

from strnn_viz.data.amazon import AMAZON
from strnn_viz.data.source import silent
from strnn_viz.errors import DataError
from tests.data import published


def read(path: Path) -> list[tuple[str, int]]:
    return list(AMAZON.read(AMAZON.locate(str(path)), "all", silent))


def test_the_table_and_the_records_hold_the_same_words(tmp_path: Path) -> None:
    published.amazon_table(tmp_path / "table")
    published.amazon_records(tmp_path / "records")
    published.amazon_records(tmp_path / "packed" / "amazon", suffix=".gz")
    found = [(AMAZON.split_words(text), label) for text, label in read(tmp_path / "table")]
    assert len(found) == 20
    assert found[7] == (["taste", "7", "of", "2"], 2)
    for form in ("records", "packed"):
        assert [(AMAZON.split_words(text), label) for text, label in read(tmp_path / form)] == found


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("Reviews.csv", "Id,Score,Summary\n1,5,x\n", r"line 1: 'Id,Score,Summary' where a header with Score and Text"),
        ("Reviews.csv", "Score,Text\n0,x\n", r"line 2: '0' where a score from 1 to 5 was expected\. Run strnn-viz"),
        ("Reviews.csv", "Score,Text\n5\n", r"line 2: 1 columns where 2 were expected"),
        ("Reviews.csv", "", r"line 1: '' where a header"),
        ("finefoods.txt", "review/text: x\n", r"line 1: .* where review/score: before review/text: was expected"),
        ("finefoods.txt", "review/score: 4.5\nreview/text: x\n", r"line 1: '4\.5' where a score from 1 to 5"),
    ],
)
def test_what_is_not_the_corpus(tmp_path: Path, file: str, text: str, message: str) -> None:
    (tmp_path / file).write_text(text)
    with pytest.raises(DataError, match=message):
        read(tmp_path)
