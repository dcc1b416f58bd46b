"""Passages: cut, padded, split and counted."""

import os
from pathlib import Path

import numpy as np
import pytest

from strnn_viz.config import TASKS, DataConfig
from strnn_viz.data import Passages, PassageSplit, Vocabulary, load_passages, majority_accuracy
from strnn_viz.data.corpus import SOURCES
from strnn_viz.data.passages import PASSAGES, hold_out, split_test
from strnn_viz.errors import ConfigError, DataError, UsageError
from tests.data import published

ROOT = os.environ.get("STRNN_VIZ_DATA", "")


def here(*files: str) -> pytest.MarkDecorator:
    there = ROOT and any((Path(ROOT) / file).exists() for file in files)
    return pytest.mark.skipif(not there, reason=f"STRNN_VIZ_DATA names no directory with {files[0]} in it")


def load(corpus: str, path: str | Path = "", **values: int | float) -> Passages:
    return load_passages(DataConfig(corpus=corpus, path=str(path), **values))


def texts(passages: Passages, split: PassageSplit) -> list[str]:
    """The words of each passage without its padding."""
    words = (passages.vocabulary.decode(row) for row in split.words)
    return [" ".join(word for word in row if word != "<eos>") for row in words]


def test_the_tables_and_the_configuration_name_the_same_corpora() -> None:
    assert {name: source.task for name, source in (SOURCES | PASSAGES).items()} == TASKS


def test_the_last_words_are_kept_and_shorter_passages_padded_before(tmp_path: Path) -> None:
    passages = load("imdb", published.imdb_directory(tmp_path), passage=4, vocabulary=100)
    assert passages.test.words.shape == (20, 4)
    assert passages.test.words.dtype == np.int32
    assert passages.test.labels.dtype == np.int64
    # "I hated it. Really, test 0!" has six words, the first of them cut off; 0 is a word of training too.
    assert texts(passages, passages.test)[0] == "it really <unk> 0"
    wide = load("imdb", tmp_path, passage=9, vocabulary=100)
    eos = wide.vocabulary.eos
    assert wide.test.words[0, :3].tolist() == [eos] * 3
    assert texts(wide, wide.test)[0] == "i hated it really <unk> 0"
    for split in (wide.train, wide.valid, wide.test):
        assert not split.words.flags.writeable
        assert not split.labels.flags.writeable
        assert len(split) == len(split.labels) == len(split.words)


def test_the_vocabulary_is_that_of_the_whole_training_texts(tmp_path: Path) -> None:
    passages = load("imdb", published.imdb_directory(tmp_path), passage=1, vocabulary=8)
    # 18 training reviews: i, it, really and train are in each, though only the last word of each is read.
    assert passages.vocabulary.words[:6] == ("<unk>", "<eos>", "i", "it", "really", "train")
    assert set(passages.vocabulary.words[6:]) == {"hated", "liked"}
    assert "test" not in load("imdb", tmp_path, vocabulary=1000).vocabulary.words
    assert load("imdb", tmp_path, passage=7, vocabulary=8).vocabulary == passages.vocabulary


def test_labels_follow_their_texts_into_a_mixed_order(tmp_path: Path) -> None:
    passages = load("imdb", published.imdb_directory(tmp_path, each=50))
    for split in (passages.train, passages.valid, passages.test):
        for text, label in zip(texts(passages, split), split.labels, strict=True):
            assert ("liked" in text) == (passages.classes[label] == "positive")
    assert passages.test.labels.tolist() == [0] * 50 + [1] * 50  # as published
    changes = np.count_nonzero(np.diff(passages.train.labels))
    assert 30 < changes < 60, "the training passages are shuffled"


def test_held_out_rows_are_of_training_and_the_same_every_time(tmp_path: Path) -> None:
    published.imdb_directory(tmp_path)
    first, again = load("imdb", tmp_path, validation=0.25), load("imdb", tmp_path, validation=0.25)
    assert (len(first.train), len(first.valid), len(first.test)) == (15, 5, 20)
    assert np.array_equal(first.train.words, again.train.words)
    assert np.array_equal(first.valid.words, again.valid.words)
    rows = texts(first, first.train) + texts(first, first.valid)
    assert len(set(rows)) == 20 or first.vocabulary.unk in first.valid.words
    kept, held = hold_out(np.arange(20), 0.25, 7)
    assert sorted([*kept, *held]) == list(range(20))
    assert len(held) == 5
    assert len(hold_out(np.arange(4), 0.01, 7)[1]) == 1, "one at least"


@pytest.mark.parametrize(
    ("passages", "train", "test"), [(5_513, 4_410, 1_103), (150_000, 120_000, 30_000), (568_454, 454_763, 113_691)]
)
def test_the_sizes_of_table_1(passages: int, train: int, test: int) -> None:
    rows = split_test(np.arange(passages))
    assert [len(part) for part in rows] == [train, test]
    assert len(np.union1d(*rows)) == passages
    assert rows[1][:3].tolist() == split_test(np.arange(passages))[1][:3].tolist()


def test_a_whole_corpus_is_split_80_to_20(tmp_path: Path) -> None:
    passages = load("twitter", published.twitter(tmp_path, each=25))
    assert passages.remark == f"100 passages (all) are in {tmp_path}; 5,513 were published."
    assert "apple" in passages.vocabulary.words
    assert not {str(i) for i in range(10, 25)} <= set(passages.vocabulary.words), "words seen once train <unk>"
    assert (len(passages.train), len(passages.valid), len(passages.test)) == (72, 8, 20)
    other = load("twitter", tmp_path, validation=0.5)
    assert texts(passages, passages.test)[0].split()[:2] == texts(other, other.test)[0].split()[:2]
    assert np.array_equal(passages.test.labels, other.test.labels), "the share held out does not move the test split"


def test_a_text_without_words_is_padding_alone(tmp_path: Path) -> None:
    published.imdb_directory(tmp_path)
    (tmp_path / "test" / "neg" / "0_2.txt").write_text("")
    (tmp_path / "test" / "neg" / "1_2.txt").write_text("?!")
    passages = load("imdb", tmp_path, passage=5)
    assert (passages.test.words[:2] == passages.vocabulary.eos).all()
    assert (passages.test.words[2] != passages.vocabulary.eos).all()


def test_majority_accuracy_by_hand() -> None:
    def split(*labels: int) -> PassageSplit:
        return PassageSplit(np.zeros((len(labels), 1), dtype=np.int32), np.array(labels))

    vocabulary = Vocabulary(("<unk>", "<eos>"))
    classes = ("a", "b", "c")
    splits = split(2, 1, 2, 1, 2), split(1), split(0, 2, 1, 2, 0, 0, 0, 0)
    passages = Passages("x", "X", vocabulary, classes, *splits, source="", licence="")
    assert majority_accuracy(passages) == 2 / 8  # class 2, though 0 is the most frequent of the test split


def test_what_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"data\.corpus = 'ptb' is not one of sotu-era, twitter, imdb"):
        load("ptb")
    with pytest.raises(UsageError, match=r"a vocabulary of 2 is too small|at least 3"):
        load("imdb", published.imdb_directory(tmp_path / "a"), vocabulary=2)
    published.write_csv(
        tmp_path / "b" / "full-corpus.csv", [["Topic", "Sentiment", "TweetId", "TweetDate", "TweetText"]]
    )
    with pytest.raises(DataError, match=r"no passage of 'twitter' \(all\) is in .*b\. Set data\.path"):
        load("twitter", tmp_path / "b")
    for name, each in (("c", 1), ("d", 2)):
        published.imdb_directory(tmp_path / name, each=each)
    (tmp_path / "c" / "train" / "pos" / "0_8.txt").unlink()
    with pytest.raises(DataError, match=r"has 3 passages of 'imdb', too few .*: the split train would be empty"):
        load("imdb", tmp_path / "c")
    for file in (tmp_path / "d" / "train").rglob("*.txt"):
        file.write_text("...")
    with pytest.raises(DataError, match=r"the training passages hold no word at all"):
        load("imdb", tmp_path / "d")


@here("imdb/train.tsv.xz", "imdb/train.tsv", "imdb/aclImdb", "aclImdb")
@pytest.mark.slow
def test_the_real_imdb() -> None:
    passages = load("imdb", vocabulary=20_000)
    assert (len(passages.train), len(passages.valid), len(passages.test)) == (22_500, 2_500, 25_000)
    assert len(passages.vocabulary) == 20_000
    assert passages.vocabulary.words[2:6] == ("the", "and", "a", "of")
    assert np.bincount(passages.test.labels).tolist() == [12_500, 12_500]
    assert majority_accuracy(passages) == 0.5
    assert (passages.test.words == passages.vocabulary.unk).mean() == pytest.approx(0.0302, abs=0.0002)


@here("sanders_twitter/full-corpus.csv", "twitter/full-corpus.csv")
def test_the_real_twitter() -> None:
    passages = load("twitter", vocabulary=20_000)
    total = len(passages.train) + len(passages.valid) + len(passages.test)
    assert 5_000 < total <= 5_513
    assert len(passages.test) == round(total * 0.2)
    assert majority_accuracy(passages) == pytest.approx(2_333 / 5_113, abs=0.03)  # most tweets are neutral
