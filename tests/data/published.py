"""Tiny corpora in the formats they are published in."""

import csv
import gzip
import json
import lzma
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_csv(file: Path, rows: Iterable[Sequence[object]], quoting: int = csv.QUOTE_ALL) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w", newline="", encoding="utf-8") as out:
        csv.writer(out, quoting=quoting, lineterminator="\n").writerows(rows)
    return file


def imdb_directory(root: Path, each: int = 10) -> Path:
    """``aclImdb``: `each` reviews of every class and split; review i holds the words ``liked`` or ``hated`` and i."""
    for part in ("train", "test"):
        for folder, word, rating in (("pos", "liked", 8), ("neg", "hated", 2)):
            (root / part / folder).mkdir(parents=True)
            for i in range(each):
                (root / part / folder / f"{i}_{rating}.txt").write_text(f"I {word} it.<br /><br />Really, {part} {i}!")
    (root / "train" / "unsup").mkdir()
    (root / "train" / "unsup" / "0_0.txt").write_text("nobody said what this is")
    return root


def imdb_tables(root: Path, suffix: str = "", each: int = 10) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    opener = {"": Path.open, ".xz": lzma.open, ".gz": gzip.open}[suffix]
    for part in ("train", "test"):
        with opener(root / f"{part}.tsv{suffix}", "wt", encoding="utf-8") as out:
            for label, word in enumerate(("hated", "liked")):
                for i in range(each):
                    out.write(f"{label}\t{3 + 5 * label}\t{i}\tI {word} it.<br /><br />Really, {part} {i}!\n")
    return root


def twitter(root: Path, each: int = 5) -> Path:
    names = ("positive", "negative", "neutral", "irrelevant")
    rows = [("apple", name, 100 + i, "Tue Oct 18", f"@Apple {name}, tweet\n{i}") for name in names for i in range(each)]
    write_csv(root / "full-corpus.csv", [("Topic", "Sentiment", "TweetId", "TweetDate", "TweetText"), *rows])
    return root


def ag_news(root: Path, train: str = "train.csv", each: int = 5) -> Path:
    rows = [(c, f"Title {c}", f'second\\team "quoted" {i}') for c in (1, 2, 3, 4) for i in range(each)]
    write_csv(root / train, rows)
    write_csv(root / "test.csv", rows)
    return root


def yelp_polarity(root: Path, each: int = 10) -> Path:
    rows = [(c, f"Good\\nnews {i}") for c in (1, 2) for i in range(each)]
    write_csv(root / "train.csv", rows)
    write_csv(root / "test.csv", rows)
    return root


def yelp_2018(root: Path, reviews: int = 20, name: str = "yelp_academic_dataset_review.json") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    lines = (
        json.dumps({"review_id": f"r{i}", "stars": 1 + i % 5, "text": f"Stars: {i % 5}\nok"}) for i in range(reviews)
    )
    (root / name).write_text("\n".join(lines) + "\n")
    return root


def amazon_table(root: Path, reviews: int = 20) -> Path:
    header = ("Id", "ProductId", "UserId", "ProfileName", "HelpfulnessNumerator", "HelpfulnessDenominator", "Score",
              "Time", "Summary", "Text")  # fmt: skip
    rows = [(i, "B0", "A1", "x", 0, 0, 1 + i % 5, 13, "Fine", f"Taste {i}<br />of, {i % 5}") for i in range(reviews)]
    write_csv(root / "Reviews.csv", [header, *rows], csv.QUOTE_MINIMAL)
    return root


def amazon_records(root: Path, reviews: int = 20, suffix: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    records = (
        f"product/productId: B0\nreview/profileName: caf\xe9\nreview/score: {1 + i % 5}.0\nreview/summary: Fine\n"
        f"review/text: Taste {i}<br />of, {i % 5}\n\n"
        for i in range(reviews)
    )
    data = "".join(records).encode("latin-1")
    (root / f"finefoods.txt{suffix}").write_bytes(gzip.compress(data) if suffix else data)
    return root


def wikitext(root: Path) -> Path:
    """Files of the lines, tokens and types that WikiText-2 has, and words of no meaning."""
    root.mkdir(parents=True, exist_ok=True)
    for split, lines, words in (("train", 36_718, 2_051_910), ("valid", 3_760, 213_886), ("test", 4_358, 241_211)):
        with (root / f"wiki.{split}.tokens").open("w") as out:
            for line in range(lines):
                count = 0 if line < 2 else (words + line - 2) // (lines - 2)  # blank lines, as between articles
                out.write(" " + " ".join(_word(line * 56 + i) for i in range(count)) + " \n")
    return root


def _word(number: int) -> str:
    return "<unk>" if number % 33_277 == 0 else f"w{number % 33_277}"
