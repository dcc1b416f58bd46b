"""Yelp reviews of the 2018 challenge: the first 150,000, as the paper took them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from strnn_viz.data.files import first_of, lines, wrong
from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import PassageSource, Progress, silent
from strnn_viz.data.text import split_words

NAME = "yelp-2018"
FILES = ("yelp_academic_dataset_review.json", "review.json")
REVIEWS = 150_000

_HOW = (
    f"Agree to Yelp's terms at https://www.yelp.com/dataset, download the reviews, and set data.path to the directory "
    f"that holds {FILES[0]} (one review a line, with stars and text), or {VARIABLE} to one with {NAME}/ in it."
)


def _locate(path: str) -> Path:
    marks = tuple(name + end for name in FILES for end in ("", ".xz", ".gz"))
    return locate(NAME, path, (NAME, "yelp_2018", "yelp_dataset"), marks, _HOW)


def _read(directory: Path, _part: str, progress: Progress) -> Iterator[tuple[str, int]]:
    file = first_of(directory, *FILES)
    # The file goes on for gigabytes after what is read, so the progress is in reviews.
    for number, line in enumerate(islice(lines(file, _HOW, silent), REVIEWS), 1):
        try:
            review = json.loads(line)
            stars, text = review["stars"], review["text"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise wrong(file, number, line.strip(), "a JSON object with stars and text", _HOW) from error
        if stars not in (1, 2, 3, 4, 5) or not isinstance(text, str):
            raise wrong(file, number, f"stars {stars!r}", "1 to 5 stars and a text", _HOW)
        yield text, int(stars) - 1
        if number % 1000 == 0:
            progress(number, REVIEWS)


YELP = PassageSource(
    name=NAME,
    title="Yelp reviews of 2018, the first 150,000: how many stars",
    source="Yelp dataset challenge 2018, https://www.yelp.com/dataset",
    licence="Yelp's dataset terms, to be agreed to by whoever downloads it; not redistributed here",
    how_to_get=_HOW,
    classes=("1 star", "2 stars", "3 stars", "4 stars", "5 stars"),
    files=FILES,
    parts=("all",),
    expected={"all": REVIEWS},
    locate=_locate,
    read=_read,
    split_words=split_words,
    remark=lambda _: "Yelp changes its file every year: the first 150,000 reviews of today's are not those of 2018.",
    large=True,
)
