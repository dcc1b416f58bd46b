"""`strnn-viz data`: the list, one corpus, and fetching one."""

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from strnn_viz.cli import main
from strnn_viz.config import TASKS
from strnn_viz.data import download as module
from strnn_viz.data.download import Remote
from tests.data import published


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)


def call(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, ["data", *arguments], catch_exceptions=False)
    assert done.exit_code == code, done.output
    return done.output


def test_the_list(tmp_path: Path) -> None:
    published.imdb_tables(tmp_path / "imdb")
    published.twitter(tmp_path / "twitter")
    published.ag_news(tmp_path / "ag-news")
    (tmp_path / "ag-news" / "test.csv").write_text("5,a,b\n")
    rows = {row["name"]: row for row in json.loads(call("--path", str(tmp_path), "--json"))}
    assert set(rows) == set(TASKS)
    found = {name for name, row in rows.items() if row["found"]}
    assert found == {"sotu", "sotu-era", "imdb", "twitter"}
    out = call("--path", str(tmp_path))
    assert "twitter: 20 passages (all) are in" in out
    assert "ag-news: " in out
    assert "'5' where a class from 1 to 4 was expected" in out
    assert "Not found: ptb, wikitext-2, yelp-2018, amazon, yelp-polarity." in out
    assert "holds none of the files" not in out, "that some are elsewhere is no news"


def test_nothing_found_where_it_was_looked_for() -> None:
    out = call("--path", "/no/such/place")
    assert out.count("data.path = '/no/such/place' is not a directory") == 1
    assert "is not a directory" not in call()


def test_one_corpus(tmp_path: Path) -> None:
    published.imdb_directory(tmp_path / "aclImdb")
    out = call("imdb", "--path", str(tmp_path))
    assert "IMDB film reviews" in out
    assert f"found:   yes, in {tmp_path}/aclImdb" in out
    assert "note:    20 passages (train)" in out
    assert out.splitlines()[-3].split() == ["train", "20", "10", "10"]
    assert "A share of train (data.validation) is held out for validation." in out
    told = json.loads(call("imdb", "--path", str(tmp_path), "--json"))
    assert told["splits"]["test"] == {"passages": 20, "classes": {"negative": 10, "positive": 10}}


def test_one_corpus_that_is_not_here() -> None:
    out = call("yelp-2018")
    assert "files:   yelp_academic_dataset_review.json, review.json" in out
    assert "found:   no\n" in out
    assert "how:     Agree to Yelp's terms" in out


def test_one_corpus_for_language_modelling() -> None:
    assert call("sotu").splitlines()[-3].split() == ["train", "460,494", "13,939"]


def test_the_page_of_the_task_made_here_says_so() -> None:
    out = call("sotu-era")
    assert "(a task made by this project)" in out
    assert "is in no publication, and its accuracy compares with nothing outside it" in out
    assert "held out" not in out, "it has a validation split of its own"


def test_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(remote: Remote, directory: Path, progress: object) -> None:
        published.amazon_records(directory, suffix=".gz")

    monkeypatch.setattr(module, "_fetch", fetch)
    out = call("get", "amazon", "--to", str(tmp_path))
    assert f"amazon is in {tmp_path}/amazon.\n" in out
    assert "No published hash of https://snap.stanford.edu/data/finefoods.txt.gz is known to us" in out
    assert f"--set data.path={tmp_path}/amazon" in out
    monkeypatch.setenv("STRNN_VIZ_DATA", str(tmp_path / "shared"))
    assert json.loads(call("get", "amazon", "--json"))["path"] == str(tmp_path / "shared" / "amazon")


def test_fetching_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "twitter has no public address" in call("get", "twitter", "--to", str(tmp_path), code=1)
    assert "already; nothing was downloaded" in call("get", "sotu")
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert "strnn-viz[data]" in call("get", "imdb", "--to", str(tmp_path), code=2)


@pytest.mark.parametrize(
    "words", [("get",), ("get", "imdb", "twitter"), ("imdb", "twitter"), ("imbd",), ("get", "imbd")]
)
def test_words_that_name_no_corpus(words: tuple[str, ...]) -> None:
    out = call(*words, code=2)
    assert ("Did you mean imdb?" if "imbd" in words else "Write NAME, or get NAME.") in out
