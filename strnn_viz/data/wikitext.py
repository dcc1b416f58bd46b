"""WikiText-2: good and featured articles of Wikipedia, in the word-level files."""

from __future__ import annotations

from strnn_viz.data.plain import how, plain_corpus

NAME = "wikitext-2"
FILES = {"train": "wiki.train.tokens", "valid": "wiki.valid.tokens", "test": "wiki.test.tokens"}
#: Tokens of each split, each line ended by ``<eos>``, also the blank ones, as published perplexities count them.
TOKENS = {"train": 2_088_628, "valid": 217_646, "test": 245_569}
#: Different words of the training split, with ``<unk>`` and ``<eos>``.
TYPES = 33_278

WIKITEXT = plain_corpus(
    NAME,
    title="WikiText-2, good and featured articles of Wikipedia",
    source="Merity et al. 2016",
    licence="CC BY-SA 3.0; not redistributed here",
    how_to_get=f"{how(FILES, NAME)} strnn-viz data get {NAME} downloads them.",
    remedy="Use the word-level files (wikitext-2-v1, not the raw ones) unchanged.",
    files=FILES,
    folders=(NAME, f"{NAME}/{NAME}"),
    tokens=TOKENS,
    types=TYPES,
    blank_lines=True,
    megabytes=11,
)
