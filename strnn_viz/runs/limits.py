"""What a run directory may hold, so that one made by a stranger can neither exhaust memory nor name other files.

Everything is looked at before room is made for it: a file's kind and length before it is read, the length of a header
before it is parsed, shapes before arrays. Each limit is far above what the largest networks of the literature need.
Functions here raise :class:`ValueError` or :class:`OSError`; their callers say which file is meant.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strnn_viz.runs.snapshot import LayerInfo

#: Of ``run.json`` and other small files: a thousand matrices take 0.3 MB. Parsed, JSON takes up to 25 times its length.
JSON_BYTES = 4 * 2**20
#: Of the header of a snapshot, at about 900 bytes a matrix.
HEADER_BYTES = 4 * 2**20
#: Of the header of a checkpoint, which remembers every rewiring of an epoch under way.
CHECKPOINT_HEADER_BYTES = 64 * 2**20
#: Of ``metrics.jsonl``: 30,000 epochs of a language model of six matrices. In memory it takes about ten times that.
METRICS_BYTES = 32 * 2**20
#: Of one line there, at about 120 bytes a matrix.
LINE_BYTES = 2**20
#: Of a snapshot: 500 million active weights. What is in memory of one is never more than its file.
SNAPSHOT_BYTES = 2 * 2**30
#: Of a checkpoint, which holds the optimizer's state besides.
CHECKPOINT_BYTES = 16 * 2**30
#: Of one matrix, whose mask takes a byte for each where it is drawn: an embedding of 250,000 words of 1,000 units.
POSITIONS = 2**28
#: Masked matrices of a run.
LAYERS = 4096
#: Recorded epochs of a run; every one is a file that is looked at.
EPOCHS = 100_000
#: Names of metrics, all epochs together.
MEASURES = 256
#: Nesting of JSON; ours is 4 deep.
DEPTH = 32
#: Problems told of one run; who reads twenty has understood.
PROBLEMS = 20

_NAME = 300  # characters of a matrix's or metric's name
_INTEGER = 2**64  # a seed may be that large; Python reads integers of thousands of digits, on which all else fails
_COUNTS = ("born", "died", "kept", "pruned", "reactivated")
_CHURN = {*_COUNTS, "threshold", "nnz"}


def read_bytes(path: Path, limit: int, offset: int = 0) -> bytes:
    """Content of an ordinary file from an offset on.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is a link, a pipe or a device, or is longer than `limit` bytes.
    """
    _check_own(path)
    # Not to be led elsewhere, and not to wait, should it be replaced just now.
    with open(path, "rb", opener=_open) as file:
        _check_kind(os.fstat(file.fileno()), limit)
        file.seek(offset)
        return file.read(max(0, limit - offset))


def check_tensors(path: Path, limit: int, header_limit: int) -> None:
    """Look at a safetensors file from outside: its kind, its length, and what it says of its header's length.

    Raises
    ------
    OSError, ValueError
        As :func:`read_bytes`; also if the header is longer than `header_limit` or than the file.
    """
    if path.parent.is_symlink():
        raise ValueError("its folder is a link, and files elsewhere are not read")
    _check_own(path)
    with open(path, "rb", opener=_open) as file:
        size = _check_kind(os.fstat(file.fileno()), limit)
        header = int.from_bytes(file.read(8), "little")
    if size < 8 or header > size - 8:
        raise ValueError(f"its header would be {header} bytes long, and the file has {size}")
    if header > header_limit:
        raise ValueError(f"its header is {header} bytes long, and at most {header_limit} are read")


def loads(content: bytes | str) -> Any:
    """Strict JSON: no key twice, only finite numbers, text that can be written, and nothing nested deeply.

    Raises
    ------
    ValueError, RecursionError
        If it is not.
    """
    value = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    level = [value]
    for _ in range(DEPTH):
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                if not one.isascii():
                    one.encode()  # half a surrogate pair can be read, but never sent to a browser
            elif kind is dict:
                below += one
                below += one.values()
            elif kind is list:
                below += one
            elif kind is int:
                if not -_INTEGER < one < _INTEGER:
                    raise ValueError("it holds an integer of more than 64 bits")
            elif kind is float and not math.isfinite(one):
                raise ValueError("it holds a number too large")
        if not below:
            return value
        level = below
    raise ValueError(f"it is nested more than {DEPTH} deep")


def layer_info(row: Any) -> LayerInfo:
    """A matrix as a file tells of it, if there can be such a matrix.

    Raises
    ------
    KeyError, TypeError, ValueError
        If not.
    """
    info = LayerInfo.from_dict(row)
    name, (rows, columns) = info.name, info.shape
    if not 0 < len(name) <= _NAME:
        raise ValueError(f"a matrix has a name of {len(name)} characters")
    if list(row["shape"]) != [rows, columns] or min(rows, columns) < 1 or info.size > POSITIONS:
        raise ValueError(f"{name} would be a {rows} x {columns} matrix, and at most {POSITIONS} positions are read")
    if info.gates and rows % len(info.gates):
        raise ValueError(f"the {rows} rows of {name} cannot be those of {len(info.gates)} gates")
    return info


def layer_infos(rows: Any) -> dict[str, LayerInfo]:
    """All matrices a file tells of, by name; raises as :func:`layer_info`, also if there are too many or two alike."""
    if not isinstance(rows, list) or len(rows) > LAYERS:
        raise ValueError(f"it has no list of at most {LAYERS} matrices")
    infos = {info.name: info for info in map(layer_info, rows)}
    if len(infos) < len(rows):
        raise ValueError("two of its matrices have one name")
    return infos


def check_row(row: Any) -> dict[str, Any]:
    """The metrics of an epoch, if they are: numbers or nothing by name, and counts by matrix.

    Raises
    ------
    KeyError, TypeError, ValueError
        If not.
    """
    epoch, layers = row["epoch"], row["layers"]
    if not _is_count(epoch) or epoch > 999_999:  # what the names of files have room for
        raise ValueError(f"{epoch!r:.40} is no epoch")
    if not isinstance(layers, dict) or len(row) > MEASURES:
        raise TypeError("layers")
    for name, value in row.items():
        if len(name) > _NAME or not (name == "layers" or value is None or _is_number(value)):
            raise TypeError(name[:_NAME])
    for churn in layers.values():
        check_churn(churn)
    return row  # type: ignore[no-any-return]


def check_churn(churn: Any) -> Mapping[str, Any]:
    """How a matrix changed, as a file tells of it, if it is told by counts; raises as :func:`check_row`."""
    if not set(churn) <= _CHURN or not all(_is_count(churn[part]) for part in _COUNTS):
        raise TypeError("churn")
    threshold = churn["threshold"]
    if not (_is_count(churn.get("nnz", 0)) and (threshold is None or _is_number(threshold))):
        raise TypeError("churn")
    return churn  # type: ignore[no-any-return]


def epoch_of(path: Path) -> int | None:
    """The epoch a snapshot or checkpoint is named after; None if it is not named so."""
    stem = path.stem
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) <= 6 else None


def brief(error: object) -> str:
    """What an error says, with no more of what was read than a person can read."""
    text = str(error)
    return text if len(text) <= 300 else f"{text[:300]}…"


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _check_own(path: Path) -> None:
    if path.is_symlink():
        raise ValueError("it is a link, and files elsewhere are not read. Copy the file itself")


def _check_kind(found: os.stat_result, limit: int) -> int:
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is no ordinary file")
    if found.st_size > limit:
        raise ValueError(f"it is {found.st_size} bytes long, and at most {limit} are read")
    return found.st_size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("it holds a key twice")
    return found


def _no_number(word: str) -> Any:
    raise ValueError(f"it holds {word}, which is no JSON")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
