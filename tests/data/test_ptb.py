"""Penn Treebank from a directory: found, counted, and refused in clear words when it is not what it should be."""

import os
import shutil
from pathlib import Path

import pytest

from strnn_viz.config import DataConfig
from strnn_viz.data import catalogue, load_corpus, unigram_perplexity
from strnn_viz.data.ptb import FILES, TOKENS
from strnn_viz.errors import DataError

ROOT = os.environ.get("STRNN_VIZ_DATA", "")
needs_ptb = pytest.mark.skipif(
    not (ROOT and (Path(ROOT) / "ptb" / "ptb.train.txt").is_file()),
    reason="STRNN_VIZ_DATA names no directory with ptb/ptb.train.txt in it",
)


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STRNN_VIZ_DATA", raising=False)


def load(path: str | Path = "") -> None:
    load_corpus(DataConfig(corpus="ptb", path=str(path)))


@needs_ptb
@pytest.mark.parametrize("path", ["", ROOT, f"{ROOT}/ptb"])
def test_the_real_corpus(path: str) -> None:
    corpus = load_corpus(DataConfig(corpus="ptb", path=path))
    assert {split: getattr(corpus, split).size for split in FILES} == TOKENS
    assert len(corpus.vocabulary) == 10_000
    assert corpus.vocabulary.words[:4] == ("<unk>", "<eos>", "the", "N")
    words = corpus.vocabulary.decode(corpus.train[24:34])
    assert " ".join(words) == "<eos> pierre <unk> N years old will join the board"
    assert unigram_perplexity(corpus) == pytest.approx(684.727, abs=0.01)


@needs_ptb
def test_one_line_missing_is_noticed(tmp_path: Path) -> None:
    for file in FILES.values():
        shutil.copy(Path(ROOT) / "ptb" / file, tmp_path)
    valid = tmp_path / "ptb.valid.txt"
    lines = valid.read_text().splitlines(keepends=True)
    valid.write_text("".join(lines[:-1]))
    left = TOKENS["valid"] - len(lines[-1].split()) - 1
    with pytest.raises(DataError, match=rf"ptb\.valid\.txt has {left:,} tokens with <eos>, expected 73,760\. Use the"):
        load(tmp_path)
    info = catalogue(str(tmp_path))[1]
    assert not info.found
    assert info.splits["valid"].tokens == left
    assert "expected 73,760" in info.problem


@needs_ptb
def test_other_words_in_the_right_number_are_noticed(tmp_path: Path) -> None:
    for file in FILES.values():
        shutil.copy(Path(ROOT) / "ptb" / file, tmp_path)
    train = tmp_path / "ptb.train.txt"
    train.write_text(train.read_text().replace("aer banknote", "aer aer", 1))
    with pytest.raises(DataError, match=r"ptb\.train\.txt has 9,999 different words with <eos>, expected 10,000"):
        load(tmp_path)


@pytest.mark.usefixtures("nowhere")
def test_nothing_named() -> None:
    with pytest.raises(DataError, match=r"neither data\.path nor STRNN_VIZ_DATA is set\. Set data\.path"):
        load()


@pytest.mark.usefixtures("nowhere")
def test_the_places_that_are_not_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"data\.path = '/no/such/place' is not a directory\. Set data\.path"):
        load("/no/such/place")
    with pytest.raises(DataError, match=r"holds none of the files of 'ptb'"):
        load(tmp_path)
    monkeypatch.setenv("STRNN_VIZ_DATA", str(tmp_path))
    with pytest.raises(DataError, match=rf"STRNN_VIZ_DATA = '{tmp_path}' holds none of the files"):
        load()


def test_a_file_is_missing(tmp_path: Path) -> None:
    folder = tmp_path / "ptb"
    folder.mkdir()
    (folder / "ptb.train.txt").write_text(" the <unk>\n")
    with pytest.raises(DataError, match=r"ptb/ptb\.valid\.txt is missing\. Set data\.path"):
        load(tmp_path)


def test_a_short_file_is_counted(tmp_path: Path) -> None:
    for file in FILES.values():
        (tmp_path / file).write_text(" the <unk> \n\n of N \n")
    with pytest.raises(DataError, match=r"ptb\.train\.txt has 6 tokens with <eos>, expected 929,589"):
        load(tmp_path)


def test_bytes_that_are_not_text(tmp_path: Path) -> None:
    for file in FILES.values():
        (tmp_path / file).write_bytes(b" the caf\xe9 \n")
    with pytest.raises(DataError, match=r"ptb\.train\.txt is not UTF-8 text: byte 8 cannot be decoded\. Use"):
        load(tmp_path)


def test_a_file_far_too_large_is_not_read(tmp_path: Path) -> None:
    for file in FILES.values():
        (tmp_path / file).touch()
    with (tmp_path / "ptb.train.txt").open("wb") as sparse:
        sparse.truncate(10**12)
    with pytest.raises(DataError, match=r"has 1,000,000,000,000 bytes, expected about 5 million at most"):
        load(tmp_path)
