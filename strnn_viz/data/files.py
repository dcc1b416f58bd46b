"""Reading the files of a corpus: plain or compressed, with the progress told and every failure one sentence."""

from __future__ import annotations

import csv
import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from strnn_viz.data.source import Progress
from strnn_viz.errors import DataError

_STRIDE = 2000  # lines between two words about the progress


def first_of(directory: Path, *names: str) -> Path:
    """The first of these files that is there, plain or compressed; none: the first name, to be missed on reading."""
    for name in names:
        for suffix in ("", ".xz", ".gz"):
            if (directory / (name + suffix)).is_file():
                return directory / (name + suffix)
    return directory / names[0]


def lines(file: Path, how: str, progress: Progress, encoding: str = "utf-8") -> Iterator[str]:
    """The lines of a text file, each with its end; ``.xz`` and ``.gz`` are unpacked on the way.

    Parameters
    ----------
    file : Path
        The file.
    how : str
        What to do where it cannot be read; ends the message.
    progress : callable
        Told (bytes read, bytes of the file).
    encoding : str
        How the text is written.

    Raises
    ------
    DataError
        If the file is missing, cannot be read, is cut short or is not text in that encoding.
    """
    with _explained(file, how, encoding), file.open("rb") as raw:
        total = file.stat().st_size
        # newline="" leaves line ends inside a quoted CSV field alone.
        with TextIOWrapper(_unpacked(raw, file.suffix), encoding=encoding, newline="") as text:
            for number, line in enumerate(text):
                if number % _STRIDE == 0:
                    progress(raw.tell(), total)
                yield line
        progress(total, total)


def rows(file: Path, how: str, progress: Progress, encoding: str = "utf-8") -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV file and the line each ends at, from 1; empty lines are passed over.

    Raises
    ------
    DataError
        As :func:`lines`, and where a row is not CSV.
    """
    reader = csv.reader(lines(file, how, progress, encoding), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num:,}: not a row of CSV ({error}). {how}") from error


def wrong(file: Path, line: int, found: str, expected: str, how: str) -> DataError:
    """The error for a line that does not say what it should."""
    found = found if len(found) <= 60 else found[:60] + "…"
    return DataError(f"{file}, line {line:,}: {found!r} where {expected} was expected. {how}")


def _unpacked(raw: IO[bytes], suffix: str) -> IO[bytes]:
    if suffix == ".xz":
        return lzma.open(raw)
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(raw))
    return raw


@contextmanager
def _explained(file: Path, how: str, encoding: str) -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        raise DataError(f"{file} is not {encoding.upper()} text ({error.reason}). {how}") from error
    except FileNotFoundError as error:
        raise DataError(f"{file} is missing. {how}") from error
    except (EOFError, lzma.LZMAError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{file} is damaged or cut short ({error}). {how}") from error
    except OSError as error:
        raise DataError(f"cannot read {file}: {error.strerror or error}. {how}") from error
