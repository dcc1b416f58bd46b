"""Yelp's reviews of 2018, one JSON object a line."""

import json
from pathlib import Path

import pytest

from strnn_viz.data import yelp
from strnn_viz.data.source import silent
from strnn_viz.errors import DataError
from tests.data import published


def read(path: Path) -> list[tuple[str, int]]:
    return list(yelp.YELP.read(yelp.YELP.locate(str(path)), "all", silent))


@pytest.mark.parametrize("name", yelp.FILES)
def test_reviews(tmp_path: Path, name: str) -> None:
    published.yelp_2018(tmp_path / "yelp-2018", 7, name)
    assert read(tmp_path)[4:6] == [("Stars: 4\nok", 4), ("Stars: 0\nok", 0)]


def test_only_the_first_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert yelp.REVIEWS == 150_000
    monkeypatch.setattr(yelp, "REVIEWS", 3)
    file = published.yelp_2018(tmp_path, 3) / yelp.FILES[0]
    file.write_text(file.read_text() + "this is line 4, and nobody reads it")
    assert len(read(tmp_path)) == 3


@pytest.mark.parametrize(
    "line",
    ["{", "[]", "", json.dumps({"stars": 6, "text": "x"}), json.dumps({"stars": "5", "text": "x"}),
     json.dumps({"stars": 5}), json.dumps({"stars": 5, "text": None}), "[" * 100_000],
)  # fmt: skip
def test_lines_that_are_no_review(tmp_path: Path, line: str) -> None:
    (tmp_path / "review.json").write_text('{"stars": 5.0, "text": "good"}\n' + line + "\n")
    with pytest.raises(DataError, match=r"review\.json, line 2: .* was expected\. Agree to Yelp's terms"):
        read(tmp_path)
