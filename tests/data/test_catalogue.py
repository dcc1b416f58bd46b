"""The catalogue: what is here, what is not, and never an exception."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from strnn_viz.config import TASKS
from strnn_viz.data import CorpusInfo, PassageCounts, SplitCounts, catalogue, look
from strnn_viz.errors import UsageError
from tests.data import published


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)


def ptb(path: str = "") -> CorpusInfo:
    found = {info.name: info for info in catalogue(path)}
    assert set(found) == set(TASKS)
    assert found["sotu"].found, "the embedded corpus is here whatever the path"
    assert found["sotu-era"].found
    return found["ptb"]


def test_the_embedded_corpus() -> None:
    info = catalogue()[0]
    assert (info.found, info.problem, info.files) == (True, "", ("sotu.txt.xz",))
    assert (Path(info.path) / "sotu.txt.xz").is_file()
    assert info.splits["train"] == SplitCounts(tokens=460_494, types=13_939)
    assert list(info.splits) == ["train", "valid", "test"]
    with pytest.raises(FrozenInstanceError):
        info.found = False  # type: ignore[misc]


def test_a_corpus_that_is_not_here_is_no_problem_but_says_how_to_get_it() -> None:
    for info in catalogue():
        if info.name in ("sotu", "sotu-era"):
            continue
        assert (info.found, info.path, info.problem, dict(info.splits)) == (False, "", "", {})
        assert "data.path" in info.how_to_get
        assert "STRNN_VIZ_DATA" in info.how_to_get
        assert info.files
    assert ptb().files == ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")


@pytest.mark.parametrize("path", ["/no/such/place", "~nobody-at-all/data", "a\0b", "x" * 5000, "/dev/null"])
def test_a_bad_path_is_a_problem_and_not_an_exception(path: str) -> None:
    info = ptb(path)
    assert not info.found
    assert info.problem.startswith("data.path = ")


def test_a_bad_variable_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STRNN_VIZ_DATA", str(tmp_path))
    assert ptb().problem.startswith(f"STRNN_VIZ_DATA = '{tmp_path}' holds none")


def test_what_can_be_read_is_counted(tmp_path: Path) -> None:
    (tmp_path / "ptb.train.txt").write_text(" a b a \n c \n")
    (tmp_path / "ptb.valid.txt").write_bytes(b"\xff")
    info = ptb(str(tmp_path))
    assert info.path == str(tmp_path)
    assert not info.found
    assert info.splits == {"train": SplitCounts(tokens=6, types=4)}
    assert "ptb.train.txt has 6 tokens" in info.problem


def test_passages_are_counted_by_class_and_split(tmp_path: Path) -> None:
    info = look("twitter", str(published.twitter(tmp_path / "twitter", each=25)))
    assert info.found
    assert list(info.splits) == ["train", "test"], "published whole, split here"
    train, test = info.splits["train"], info.splits["test"]
    assert isinstance(train, PassageCounts)
    assert isinstance(test, PassageCounts)
    assert (train.passages, test.passages) == (80, 20)
    for name in ("negative", "neutral", "positive", "irrelevant"):
        assert train.classes[name] + test.classes[name] == 25
    assert info.remark.endswith("; 5,513 were published.")
    assert not info.complete


def test_the_list_does_not_read_what_is_large_but_the_one_asked_for_is_counted(tmp_path: Path) -> None:
    published.imdb_tables(tmp_path / "imdb")
    (tmp_path / "imdb" / "test.tsv").write_text("broken\n")
    listed = {info.name: info for info in catalogue(str(tmp_path))}["imdb"]
    assert (listed.found, dict(listed.splits), listed.problem) == (True, {}, "")
    told: list[tuple[int, int]] = []
    info = look("imdb", str(tmp_path), lambda *x: told.append(x))
    assert not info.found
    assert info.splits == {"train": PassageCounts(20, {"negative": 10, "positive": 10})}
    assert "test.tsv, line 1: 'broken" in info.problem
    size = (tmp_path / "imdb" / "train.tsv").stat().st_size
    assert (size, size) in told


def test_a_sample_of_the_news_is_found_and_said_to_be_one(tmp_path: Path) -> None:
    info = look("ag-news", str(published.ag_news(tmp_path, "train_sample.csv")))
    assert info.found
    assert info.remark.startswith("train.csv is not in")
    assert "20 passages (train) are in" in info.remark
    assert "120,000 were published" in info.remark


def test_an_empty_file_is_a_problem(tmp_path: Path) -> None:
    published.yelp_polarity(tmp_path)
    (tmp_path / "test.csv").write_text("")
    info = look("yelp-polarity", str(tmp_path))
    assert not info.found
    assert info.problem.startswith(f"no passage (test) is in {tmp_path}. Run")


def test_an_unknown_name() -> None:
    with pytest.raises(UsageError, match=r"no corpus is called 'imbd'\. Did you mean imdb\? Corpora: sotu, ptb, "):
        look("imbd")


def test_to_dict_is_json() -> None:
    told = {info.name: json.loads(json.dumps(info.to_dict())) for info in catalogue()}
    assert told["sotu"]["splits"]["valid"] == {"tokens": 56_889, "types": 5_389}
    assert told["sotu-era"]["splits"]["test"]["passages"] == 587
    assert told["sotu-era"]["splits"]["test"]["classes"]["1945-1961"] == 141
    assert told["ptb"]["files"] == ["ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"]
    assert {"name", "title", "task", "source", "licence", "how_to_get", "found", "path", "problem"} < set(told["ptb"])
