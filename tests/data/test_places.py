"""Where a corpus is looked for, and in which order."""

from pathlib import Path

import pytest

from strnn_viz.data.places import locate, refuse_path
from strnn_viz.errors import ConfigError, DataError

HOW = "Put it there."


def find(path: str | Path) -> Path:
    return locate("letters", str(path), ("letters", "old-letters"), ("a.txt", "sub/b.txt"), HOW)


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)


def put(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()
    return file


def test_a_path_is_the_directory_or_one_with_a_folder_in_it(tmp_path: Path) -> None:
    put(tmp_path / "old-letters" / "a.txt")
    assert find(tmp_path) == tmp_path / "old-letters"
    put(tmp_path / "letters" / "sub" / "b.txt")
    assert find(tmp_path) == tmp_path / "letters"
    put(tmp_path / "a.txt")
    assert find(tmp_path) == tmp_path


def test_of_the_shared_directory_the_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRNN_VIZ_DATA", str(tmp_path))
    put(tmp_path / "a.txt")
    assert find("") == tmp_path
    put(tmp_path / "letters" / "a.txt")
    assert find("") == tmp_path / "letters"


def test_what_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"'letters' is not in the package, and neither data\.path nor STRNN_VIZ_DATA"):
        find("")
    with pytest.raises(
        DataError, match=r"holds none of the files of 'letters', nor does a folder letters/ in it\. Put"
    ):
        find(tmp_path)
    with pytest.raises(DataError, match=r"data\.path = '/no/such' is not a directory\. Put it there\."):
        find("/no/such")
    with pytest.raises(DataError, match=r"cannot be looked into"):
        find("~nobody-at-all/x")
    monkeypatch.setenv("STRNN_VIZ_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"STRNN_VIZ_DATA = '{tmp_path}' holds none"):
        find("")


def test_an_embedded_corpus_takes_no_path() -> None:
    refuse_path("sotu", "")
    with pytest.raises(ConfigError, match=r"data\.path = '/x' does not go with data\.corpus = 'sotu'"):
        refuse_path("sotu", "/x")
