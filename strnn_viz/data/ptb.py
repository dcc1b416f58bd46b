"""Penn Treebank in Mikolov's preparation, read from a directory the user has."""

from __future__ import annotations

from strnn_viz.data.plain import how, plain_corpus

FILES = {"train": "ptb.train.txt", "valid": "ptb.valid.txt", "test": "ptb.test.txt"}
#: Tokens of each split, each line ended by ``<eos>``.
TOKENS = {"train": 929_589, "valid": 73_760, "test": 82_430}
#: Different words of the training split, with ``<unk>`` and ``<eos>``.
TYPES = 10_000

PTB = plain_corpus(
    "ptb",
    title="Penn Treebank, Wall Street Journal (Mikolov's preparation)",
    source="Marcus et al. 1993 (LDC99T42), prepared by Mikolov et al. 2010",
    licence="Linguistic Data Consortium; not redistributed here",
    how_to_get=how(FILES, "ptb"),
    remedy="Use the files of Mikolov's preparation (10,000 words) unchanged.",
    files=FILES,
    folders=("ptb",),
    tokens=TOKENS,
    types=TYPES,
    blank_lines=False,
    megabytes=5,
)
