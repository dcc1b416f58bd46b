"""Penn Treebank in Mikolov's preparation, read from a directory the user has."""

from __future__ import annotations

import os
from pathlib import Path

from strnn_viz.data.source import CorpusSource
from strnn_viz.data.vocabulary import EOS
from strnn_viz.errors import DataError

VARIABLE = "STRNN_VIZ_DATA"
FILES = {"train": "ptb.train.txt", "valid": "ptb.valid.txt", "test": "ptb.test.txt"}
#: Tokens of each split, each line ended by ``<eos>``.
TOKENS = {"train": 929_589, "valid": 73_760, "test": 82_430}
#: Different words of the training split, with ``<unk>`` and ``<eos>``.
TYPES = 10_000

_LARGEST = 50_000_000  # bytes; the largest real file has 5.1 million. A wrong one should not be read for minutes.
_REMEDY = "Use the files of Mikolov's preparation (10,000 words) unchanged."
_HOW = f"Set data.path to the directory that holds {', '.join(FILES.values())}, or {VARIABLE} to one with ptb/ in it."


def _locate(path: str) -> Path:
    """The directory that holds the files; where only some are there it is found, and the rest are missed on reading."""
    root = path or os.environ.get(VARIABLE, "")
    if not root:
        raise DataError(f"the corpus 'ptb' is not in the package, and neither data.path nor {VARIABLE} is set. {_HOW}")
    said = f"data.path = {path!r}" if path else f"{VARIABLE} = {root!r}"
    try:
        base = Path(root).expanduser()
        for directory in (base, base / "ptb"):
            if any((directory / file).is_file() for file in FILES.values()):
                return directory
        what = "holds none of the files of 'ptb', nor does a ptb/ in it" if base.is_dir() else "is not a directory"
    except (OSError, ValueError, RuntimeError) as error:
        what = f"cannot be looked into ({error})"
    raise DataError(f"{said} {what}. {_HOW}")


def _read(directory: Path, split: str) -> list[str]:
    file = directory / FILES[split]
    try:
        if not file.is_file():
            raise DataError(f"{file} is missing. {_HOW}")
        if file.stat().st_size > _LARGEST:
            raise DataError(f"{file} has {file.stat().st_size:,} bytes, expected about 5 million at most. {_REMEDY}")
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not UTF-8 text: byte {error.start:,} cannot be decoded. {_REMEDY}") from error
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}. {_HOW}") from error
    return "".join(f"{line} {EOS} " for line in text.splitlines() if line.strip()).split()


def _check(directory: Path, split: str, tokens: list[str]) -> str:
    file = directory / FILES[split]
    if len(tokens) != TOKENS[split]:
        return f"{file} has {len(tokens):,} tokens with {EOS}, expected {TOKENS[split]:,}. {_REMEDY}"
    types = len(set(tokens))
    if split == "train" and types != TYPES:
        return f"{file} has {types:,} different words with {EOS}, expected {TYPES:,}. {_REMEDY}"
    return ""


PTB = CorpusSource(
    name="ptb",
    title="Penn Treebank, Wall Street Journal (Mikolov's preparation)",
    task="language modelling",
    source="Marcus et al. 1993 (LDC99T42), prepared by Mikolov et al. 2010",
    licence="Linguistic Data Consortium; not redistributed here",
    how_to_get=_HOW,
    embedded=False,
    files=FILES,
    minimum=1,
    locate=_locate,
    read=_read,
    check=_check,
)
