"""Where a corpus that is not in the package lies."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from strnn_viz.errors import ConfigError, DataError

VARIABLE = "STRNN_VIZ_DATA"


def locate(name: str, path: str, folders: Sequence[str], marks: Sequence[str], how: str) -> Path:
    """The directory that holds a corpus; where only some of its files are there it is found all the same.

    Parameters
    ----------
    name : str
        The corpus.
    path : str
        ``data.path``, which is the directory or one with a folder of the corpus in it. Empty: ``$STRNN_VIZ_DATA``.
    folders : sequence of str
        The folders to look in, best first.
    marks : sequence of str
        Files or directories by which the corpus is known.
    how : str
        What to do where it is not there; ends the message.

    Raises
    ------
    DataError
        If no place is named, or the corpus is not there.
    """
    root = path or os.environ.get(VARIABLE, "")
    if not root:
        raise DataError(
            f"the corpus {name!r} is not in the package, and neither data.path nor {VARIABLE} is set. {how}"
        )
    said = f"data.path = {path!r}" if path else f"{VARIABLE} = {root!r}"
    try:
        base = Path(root).expanduser()
        # A directory named for one corpus is that corpus; the shared one may hold files that only look like it.
        places = [base, *(base / folder for folder in folders)]
        for directory in places if path else chain(places[1:], places[:1]):
            if any((directory / mark).exists() for mark in marks):
                return directory
        nor = f"nor does a folder {folders[0]}/ in it"
        what = f"holds none of the files of {name!r}, {nor}" if base.is_dir() else "is not a directory"
    except (OSError, ValueError, RuntimeError) as error:
        what = f"cannot be looked into ({error})"
    raise DataError(f"{said} {what}. {how}")


def refuse_path(name: str, path: str) -> None:
    """Refuse a path for a corpus that is in the package.

    Raises
    ------
    ConfigError
        If `path` is not empty.
    """
    if path:
        raise ConfigError(
            f"data.path = {path!r} does not go with data.corpus = {name!r}, which is in the package and takes no path. "
            "Leave data.path empty, or choose the corpus that is there (data.corpus = 'ptb')."
        )
