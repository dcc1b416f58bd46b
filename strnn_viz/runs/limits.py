"""What a run directory may hold, so that one made by a stranger can neither exhaust memory nor name other files.

Everything is looked at before room is made for it: a file's kind and length before it is read, the length of a header
before it is parsed, shapes before arrays. Each limit is far above what the largest networks of the literature need.
Functions here raise :class:`RefusedError`, and :class:`OSError` where a file cannot be read at all; their callers say
which file is meant.
"""

from __future__ import annotations

import json
import math
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from strnn_viz.runs.refusal import RefusedError, check_word, is_count, is_number, kind_of, shown
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
#: The names of files have room for it.
LAST_EPOCH = 999_999
#: Names of metrics, all epochs together.
MEASURES = 256
#: A metric; a perplexity that large is that of a loss of 230. The axes of plots end at the largest double.
LARGEST = 1e100
#: Nesting of JSON; ours is 4 deep.
DEPTH = 32
#: Problems told of one run; who reads twenty has understood.
PROBLEMS = 20

_NAME = 300  # characters of a matrix's or metric's name
_INTEGER = 2**64  # a seed may be that large; Python reads integers of thousands of digits, on which all else fails
_COUNTS = ("born", "died", "kept", "pruned", "reactivated")
_CHURN = {*_COUNTS, "threshold", "nnz"}
_KINDS = (
    (stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)  # fmt: skip


def read_bytes(path: Path, limit: int, offset: int = 0) -> bytes:
    """Content of an ordinary file from an offset on.

    Raises
    ------
    OSError
        If it cannot be read.
    RefusedError
        If it is a link, a folder, a pipe or a device, or is longer than `limit` bytes.
    """
    _check_own(path, limit)
    # Not to be led elsewhere, and not to wait, should it be replaced just now.
    with open(path, "rb", opener=_open) as file:
        _check_kind(os.fstat(file.fileno()), limit)
        file.seek(offset)
        return file.read(max(0, limit - offset))


def check_tensors(path: Path, limit: int, header_limit: int) -> None:
    """Look at a safetensors file from outside: its kind, its length, and what it says of its header's length.

    Raises
    ------
    OSError, RefusedError
        As :func:`read_bytes`; also if the header is longer than `header_limit` or than the file.
    """
    if path.parent.is_symlink():
        raise RefusedError("its folder is a link, and files elsewhere are not read")
    _check_own(path, limit)
    with open(path, "rb", opener=_open) as file:
        size = _check_kind(os.fstat(file.fileno()), limit)
        header = int.from_bytes(file.read(8), "little")
    if size < 8:
        raise RefusedError("it is empty" if size == 0 else f"it was cut short: {size} of at least 8 bytes are left")
    if header > size - 8:
        raise RefusedError(f"its header would be {header:,} bytes long, and the file has {size:,}")
    if header > header_limit:
        raise RefusedError(f"its header is {header:,} bytes long, and at most {header_limit:,} are read")


def loads(content: bytes | str) -> Any:
    """Strict JSON: no key twice, only finite numbers, text that can be written, and nothing nested deeply.

    Raises
    ------
    RefusedError
        If it is not.
    """
    try:
        value = json.loads(content, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()):
            raise RefusedError("it is no whole JSON: it ends too early") from None
        line = "" if error.lineno == 1 else f"line {error.lineno:,}, "
        where = f"{line}character {error.colno:,}"
        raise RefusedError(f"it is no JSON from {where} on") from None
    except UnicodeDecodeError as error:
        raise RefusedError(f"it is no text in UTF-8 from byte {error.start + 1:,} on") from None
    except RecursionError:
        raise RefusedError(f"it is nested more than {DEPTH} deep") from None
    except RefusedError:
        raise
    except ValueError:  # of thousands of digits, which Python does not read
        raise RefusedError("it holds an integer of more than 64 bits") from None
    level = [value]
    for _ in range(DEPTH):
        below: list[Any] = []
        for one in level:
            kind = type(one)
            if kind is str:
                if not one.isascii():
                    _check_sendable(one)
            elif kind is dict:
                below += one
                below += one.values()
            elif kind is list:
                below += one
            elif kind is int:
                if not -_INTEGER < one < _INTEGER:
                    raise RefusedError("it holds an integer of more than 64 bits")
            elif kind is float and not math.isfinite(one):
                raise RefusedError("it holds a number too large")
        if not below:
            return value
        level = below
    raise RefusedError(f"it is nested more than {DEPTH} deep")


def layer_info(row: Any) -> LayerInfo:
    """A matrix as a file tells of it, if there can be such a matrix.

    Raises
    ------
    RefusedError
        If not.
    """
    try:
        info = LayerInfo.from_dict(row)
    except KeyError as error:
        raise RefusedError(f"it does not tell the {error.args[0]} of a matrix") from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise RefusedError("what it tells of a matrix is not a name, two numbers for its shape, and words") from None
    name, (rows, columns) = info.name, info.shape
    if not 0 < len(name) <= _NAME:
        raise RefusedError(f"a matrix has a name of {len(name)} characters, where 1 to {_NAME} are expected")
    for word in (name, info.role, info.group, *info.gates, *info.tied):
        check_word(word, "what a matrix is called")
    if list(row["shape"]) != [rows, columns]:
        raise RefusedError(f"the shape of {name} is not two whole numbers")
    if min(rows, columns) < 1:
        raise RefusedError(f"{name} would be a {rows:,} × {columns:,} matrix, which has no position")
    if info.size > POSITIONS:
        raise RefusedError(
            f"{name} would be a {rows:,} × {columns:,} matrix, and at most {POSITIONS:,} positions are read"
        )
    if info.gates and rows % len(info.gates):
        raise RefusedError(f"the {rows} rows of {name} cannot be those of {len(info.gates)} gates")
    return info


def layer_infos(rows: Any) -> dict[str, LayerInfo]:
    """All matrices a file tells of, by name; raises as :func:`layer_info`, also if there are too many or two alike."""
    if not isinstance(rows, list) or len(rows) > LAYERS:
        raise RefusedError(f"it has no list of at most {LAYERS:,} matrices")
    infos = {info.name: info for info in map(layer_info, rows)}
    if len(infos) < len(rows):
        raise RefusedError("two of its matrices have one name")
    return infos


def check_row(row: Any) -> dict[str, Any]:
    """The metrics of an epoch, if they are: numbers or nothing by name, and counts by matrix.

    A number beyond :data:`LARGEST` is told as nothing.

    Raises
    ------
    RefusedError
        If not.
    """
    if not isinstance(row, dict):
        raise RefusedError(f"it is {kind_of(row)} where an object with an epoch, a step and metrics is expected")
    for needed in ("epoch", "layers"):
        if needed not in row:
            raise RefusedError(f"it does not tell the {needed}")
    epoch, layers = row["epoch"], row["layers"]
    if not is_count(epoch) or epoch > LAST_EPOCH:
        raise RefusedError(f"its epoch is {shown(epoch)}, where a whole number from 0 to {LAST_EPOCH:,} is expected")
    if not isinstance(layers, dict):
        raise RefusedError(f"its layers are {kind_of(layers)}, where an object with counts of each matrix is expected")
    if len(row) > MEASURES:
        raise RefusedError(f"it has {len(row):,} metrics, and at most {MEASURES} are read")
    for name, value in row.items():
        if len(name) > _NAME:
            raise RefusedError(f"a metric has a name of {len(name):,} characters, and at most {_NAME} are read")
        check_word(name, "the name of a metric")
        if not (name == "layers" or value is None or is_number(value)):
            raise RefusedError(f"its {name} is {shown(value)}, where a number is expected")
    for churn in layers.values():
        check_churn(churn)
    return {name: _drawable(value) if isinstance(value, float) else value for name, value in row.items()}


def _drawable(value: float) -> float | None:
    """A metric as an axis can hold it: too large is as good as infinite, which is recorded as nothing."""
    return None if abs(value) > LARGEST else 0.0 if abs(value) < 1 / LARGEST else value


def check_churn(churn: Any) -> Mapping[str, Any]:
    """How a matrix changed, as a file tells of it, if it is told by counts; raises as :func:`check_row`."""
    if not isinstance(churn, dict):
        raise RefusedError(f"of a matrix it tells {kind_of(churn)}, where an object with counts is expected")
    if not (churn.keys() <= _CHURN and all(is_count(churn.get(part)) for part in _COUNTS)):
        raise RefusedError(f"of a matrix it does not tell whole numbers for {', '.join(_COUNTS)}, and these alone")
    threshold = churn.get("threshold", "")
    if not (is_count(churn.get("nnz", 0)) and (threshold is None or is_number(threshold))):
        raise RefusedError("the threshold or the number of weights of a matrix is no number")
    return churn


def epoch_of(path: Path) -> int | None:
    """The epoch a snapshot or checkpoint is named after; None if it is not named so."""
    stem = path.stem
    return int(stem) if stem.isascii() and stem.isdigit() and len(stem) <= 6 else None


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _check_own(path: Path, limit: int) -> None:
    """Look at what a path names before it is opened: a device may act as soon as it is."""
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise RefusedError("it is a link, and files elsewhere are not read")
    _check_kind(found, limit)


def _check_kind(found: os.stat_result, limit: int) -> int:
    if not stat.S_ISREG(found.st_mode):
        what = next((word for is_one, word in _KINDS if is_one(found.st_mode)), "something else")
        raise RefusedError(f"it is {what}, where an ordinary file is expected")
    if found.st_size > limit:
        raise RefusedError(f"it is {found.st_size:,} bytes long, and at most {limit:,} are read")
    return found.st_size


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise RefusedError("it holds a key twice")
    return found


def _no_number(word: str) -> Any:
    raise RefusedError(f"it holds {word}, which is no number of JSON")


def _check_sendable(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:  # half a surrogate pair can be read, but never sent to a browser
        raise RefusedError("it holds half of a character, which cannot be shown") from None
