"""Corpora published as three text files of tokens with spaces between, a sentence or paragraph a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from strnn_viz.data.places import VARIABLE, locate
from strnn_viz.data.source import CorpusSource
from strnn_viz.data.vocabulary import EOS
from strnn_viz.errors import DataError


def plain_corpus(
    name: str,
    *,
    title: str,
    source: str,
    licence: str,
    how_to_get: str,
    remedy: str,
    files: Mapping[str, str],
    folders: Sequence[str],
    tokens: Mapping[str, int],
    types: int,
    blank_lines: bool,
    megabytes: int,
) -> CorpusSource:
    """A corpus of three text files, accepted only as published.

    Parameters
    ----------
    name, title, source, licence, how_to_get, files
        As in :class:`CorpusSource`.
    remedy : str
        What to do where a file is there but is not the one published.
    folders : sequence of str
        Where it may lie under ``data.path`` or ``$STRNN_VIZ_DATA``.
    tokens : mapping
        Tokens of each split, each line ended by ``<eos>``.
    types : int
        Different words of the training split, with ``<unk>`` and ``<eos>``.
    blank_lines : bool
        Whether a line without words is a token as well, its ``<eos>``.
    megabytes : int
        About what the largest file has; one ten times as large is not read, for a wrong one should not take minutes.
    """

    def find(path: str) -> Path:
        return locate(name, path, folders, tuple(files.values()), how_to_get)

    def read(directory: Path, split: str) -> list[str]:
        file = directory / files[split]
        try:
            if not file.is_file():
                raise DataError(f"{file} is missing. {how_to_get}")
            if (size := file.stat().st_size) > megabytes * 10_000_000:
                raise DataError(f"{file} has {size:,} bytes, expected about {megabytes} million at most. {remedy}")
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{file} is not UTF-8 text: byte {error.start:,} cannot be decoded. {remedy}") from error
        except OSError as error:
            raise DataError(f"cannot read {file}: {error.strerror or error}. {how_to_get}") from error
        lines = text.removesuffix("\n").split("\n") if text else []
        return "".join(f"{line} {EOS} " for line in lines if blank_lines or line.strip()).split()

    def check(directory: Path, split: str, found: list[str]) -> str:
        file = directory / files[split]
        if len(found) != tokens[split]:
            return f"{file} has {len(found):,} tokens with {EOS}, expected {tokens[split]:,}. {remedy}"
        words = len(set(found))
        if split == "train" and words != types:
            return f"{file} has {words:,} different words with {EOS}, expected {types:,}. {remedy}"
        return ""

    return CorpusSource(
        name=name,
        title=title,
        task="language modelling",
        source=source,
        licence=licence,
        how_to_get=how_to_get,
        embedded=False,
        files=files,
        minimum=1,
        locate=find,
        read=read,
        check=check,
    )


def how(files: Mapping[str, str], name: str) -> str:
    """What to do to have a corpus that is merely not there."""
    names = ", ".join(files.values())
    return f"Set data.path to the directory that holds {names}, or {VARIABLE} to one with {name}/ in it."
