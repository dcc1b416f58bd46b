"""In which years was this said? A small classification task made here from the embedded corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from strnn_viz.data.places import refuse_path
from strnn_viz.data.sotu import FILE, SOTU, addresses
from strnn_viz.data.source import SPLITS, PassageSource, Progress

NAME = "sotu-era"
#: First and last year of each class. Each has about a quarter of the text, and speeches in every split.
ERAS = ((1945, 1961), (1962, 1981), (1982, 2000), (2001, 2021))

_LONGEST = 100  # words of a passage, unless one sentence alone has more
_SHORTEST = 20  # a shorter end of a speech, such as its thanks, is left out: nothing in it tells the years


def passages(sentences: Iterable[str]) -> Iterator[str]:
    """Consecutive sentences of one speech, as many as fit into 100 words, without overlap."""
    taken: list[str] = []
    size = 0
    for sentence in sentences:
        words = sentence.count(" ") + 1
        if taken and size + words > _LONGEST:
            yield " ".join(taken)
            taken, size = [], 0
        taken.append(sentence)
        size += words
    if size >= _SHORTEST:
        yield " ".join(taken)


def _locate(path: str) -> Path:
    refuse_path(NAME, path)
    return SOTU.locate("")


def _read(_: Path, part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    speeches = [address for address in addresses() if address.split == part]
    for number, address in enumerate(speeches, 1):
        era = next(label for label, (first, last) in enumerate(ERAS) if first <= address.year <= last)
        yield from ((text, era) for text in passages(address.sentences))
        progress(number, len(speeches))


ERA = PassageSource(
    name=NAME,
    title="which years a passage of a State of the Union address is from (a task made by this project)",
    source=f"made here from the embedded corpus: {SOTU.source}",
    licence=SOTU.licence,
    how_to_get=(
        "inside the package; nothing to do. This task was made for strnn-viz, is in no publication, and its "
        "accuracy compares with nothing outside it: consecutive sentences of a speech up to 100 words, four spans of "
        "years to tell apart, whole speeches kept to one split"
    ),
    classes=tuple(f"{first}-{last}" for first, last in ERAS),
    files=(FILE,),
    parts=SPLITS,
    expected={"train": 5_145, "valid": 632, "test": 587},
    locate=_locate,
    read=_read,
    split_words=str.split,  # the embedded corpus is tokenized already
    minimum=SOTU.minimum,
    embedded=True,
)
