"""The catalogue: what is here, what is not, and never an exception."""

import json
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from strnn_viz.data import CorpusInfo, SplitCounts, catalogue


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)


def ptb(path: str = "") -> CorpusInfo:
    found = {info.name: info for info in catalogue(path)}
    assert list(found) == ["sotu", "ptb"]
    assert found["sotu"].found, "the embedded corpus is here whatever the path"
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
    info = ptb()
    assert (info.found, info.path, info.problem, dict(info.splits)) == (False, "", "", {})
    assert "data.path" in info.how_to_get
    assert "STRNN_VIZ_DATA" in info.how_to_get
    assert info.files == ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")


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


def test_to_dict_is_json() -> None:
    told = json.loads(json.dumps([info.to_dict() for info in catalogue()]))
    assert told[0]["splits"]["valid"] == {"tokens": 56_889, "types": 5_389}
    assert told[1]["files"] == ["ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"]
    assert {"name", "title", "task", "source", "licence", "how_to_get", "found", "path", "problem"} < set(told[1])
