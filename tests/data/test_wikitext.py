"""WikiText-2, by files of its size: the tokens of published perplexities are counted, blank lines and all."""

from pathlib import Path

import pytest

from strnn_viz.config import DataConfig
from strnn_viz.data import SplitCounts, load_corpus, look
from strnn_viz.data.wikitext import TOKENS, TYPES, WIKITEXT
from strnn_viz.errors import DataError
from tests.data import published


@pytest.mark.slow
def test_files_of_the_published_size(tmp_path: Path) -> None:
    published.wikitext(tmp_path / "wikitext-2" / "wikitext-2")
    corpus = load_corpus(DataConfig(corpus="wikitext-2", path=str(tmp_path), vocabulary=33_278))
    assert {split: getattr(corpus, split).size for split in TOKENS} == TOKENS
    assert len(corpus.vocabulary) == TYPES
    assert corpus.train[:3].tolist() == [1, 1, corpus.vocabulary.encode([f"w{112}"])[0]]
    info = look("wikitext-2", str(tmp_path))
    assert info.found
    assert info.splits["train"] == SplitCounts(tokens=2_088_628, types=33_278)


def test_blank_lines_are_tokens(tmp_path: Path) -> None:
    (tmp_path / "wiki.valid.tokens").write_text(" \n = A = \n \n b <unk> \n")
    assert WIKITEXT.read(tmp_path, "valid") == ["<eos>", "=", "A", "=", "<eos>", "<eos>", "b", "<unk>", "<eos>"]


def test_a_line_separator_of_unicode_ends_no_line(tmp_path: Path) -> None:
    (tmp_path / "wiki.valid.tokens").write_text("a \x85 b \u2028 c\n")
    assert WIKITEXT.read(tmp_path, "valid").count("<eos>") == 1


def test_other_files_are_refused(tmp_path: Path) -> None:
    for split in TOKENS:
        (tmp_path / f"wiki.{split}.tokens").write_text(" a b \n")
    with pytest.raises(
        DataError, match=r"wiki\.train\.tokens has 3 tokens with <eos>, expected 2,088,628\. Use the word-"
    ):
        load_corpus(DataConfig(corpus="wikitext-2", path=str(tmp_path)))
