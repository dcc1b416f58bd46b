"""How a run lies on disk: names of its files, whole-file writes, and snapshots as safetensors.

A file is written under another name and renamed into place, so a reader sees the old one or the new one, never half
of it. Nothing is ever pickled.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from strnn_viz.errors import RunError
from strnn_viz.runs import limits
from strnn_viz.runs.refusal import RefusedError, kind_of, reason, shown
from strnn_viz.runs.snapshot import LOG10_EDGES, Churn, LayerInfo, LayerSnapshot, Snapshot, read_only

FORMAT = 1
RUN, METRICS, PROGRESS, CONTROL = "run.json", "metrics.jsonl", "progress.json", "control.json"
LOG = "train.log"
SNAPSHOTS, CHECKPOINTS = "snapshots", "checkpoints"
WITHIN = "within.safetensors"  # a checkpoint taken in the middle of an epoch
RESTORE = "Restore it from a copy, or record the run anew."  # what to do about a file without which there is no run
_HEADER = "strnn_viz"


def epoch_file(folder: Path, epoch: int) -> Path:
    """Where the snapshot or checkpoint of an epoch lies inside its folder."""
    return folder / f"{epoch:06d}.safetensors"


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write into a message that says what to do."""
    try:
        yield
    except OSError as error:
        raise RunError(
            f"cannot write {path}: {error.strerror or error}. What was recorded before is intact; make room or give "
            f"write access, then continue with: strnn-viz train --resume {path.parent}"
        ) from error


def write_whole(path: Path, content: bytes, durable: bool = True) -> None:
    """Write a file so that a reader, or a crash, meets the old content or the new, never a part.

    Parameters
    ----------
    path : Path
    content : bytes
    durable : bool
        Wait until the content is on the disk before renaming; False for what is rewritten many times a minute.

    Raises
    ------
    RunError
        If the disk is full or cannot be written; the old file is untouched.
    """
    with writing(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise


def to_json(value: Any, indent: int | None = None) -> bytes:
    """Strict JSON, where a number that is not finite becomes null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False, ensure_ascii=False).encode() + b"\n"


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    RunError
        If the file is missing, unreadable or not a JSON object.
    """
    try:
        value = limits.loads(limits.read_bytes(path, limits.JSON_BYTES))
    except FileNotFoundError:
        raise RunError(f"{path.parent} is not a run: it has no {path.name}. Give the directory of a run.") from None
    except (OSError, RefusedError) as error:
        raise RunError(f"{path} cannot be read: {reason(error)}. {RESTORE}") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} holds {kind_of(value)}, where a JSON object is expected. {RESTORE}")
    return value


def snapshot_bytes(snapshot: Snapshot) -> bytes:
    """A snapshot as the content of a safetensors file."""
    arrays: dict[str, NDArray[Any]] = {}
    layers = []
    for name, layer in snapshot.layers.items():
        arrays[f"{name}/bits"] = layer.bits
        arrays[f"{name}/values"] = layer.values
        arrays[f"{name}/survived_histogram"] = layer.survived_histogram
        arrays[f"{name}/born_histogram"] = layer.born_histogram
        layers.append({**layer.info.to_dict(), "churn": asdict(layer.churn)})
    header = {
        "format": FORMAT,
        "epoch": snapshot.epoch,
        "step": snapshot.step,
        "metrics": dict(snapshot.metrics),
        "layers": layers,
    }
    return save(arrays, metadata={_HEADER: to_json(header).decode()})


def read_snapshot(path: Path) -> Snapshot:
    """Read a whole snapshot.

    Raises
    ------
    RunError
        If the file is missing, cut short, contradicts itself, or is none that could be meant to be read: a link, or
        beyond one of :mod:`strnn_viz.runs.limits`.
    """
    with _reading(path) as file:
        header = _snapshot_header(file)
        limits.layer_infos(header["layers"])
        layers = {row["name"]: _layer(file, row) for row in header["layers"]}
        metrics = {k: _number(v) for k, v in header["metrics"].items()}
        return Snapshot(header["epoch"], header["step"], metrics, layers)


def read_layer(path: Path, name: str) -> LayerSnapshot:
    """Read one matrix of a snapshot without the others; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        for row in _header(file)["layers"]:
            if row["name"] == name:
                return _layer(file, row)
    raise RunError(f"{path} has no layer {name!r}.")


def read_histograms(path: Path, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The histograms (survived, born) of one matrix, without mask or weights; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        if name not in (row["name"] for row in _header(file)["layers"]):
            raise RunError(f"{path} has no layer {name!r}.")
        return _histogram(file, name, "survived"), _histogram(file, name, "born")


def read_bits(path: Path, info: LayerInfo) -> NDArray[np.uint8]:
    """The packed mask of one matrix and nothing else; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        return _bits(file, info)


def read_header(path: Path) -> dict[str, Any]:
    """Epoch, step, metrics and churn of a snapshot without its arrays; raises like :func:`read_snapshot`.

    Its numbers are checked as those of a line of metrics are; that its matrices are those of the run is not.
    """
    with _reading(path) as file:
        return _snapshot_header(file)


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """All arrays of a checkpoint and its header; raises like :func:`read_snapshot`."""
    with _reading(path, limits.CHECKPOINT_BYTES, limits.CHECKPOINT_HEADER_BYTES) as file:
        return {key: file.get_tensor(key) for key in file.keys()}, _header(file)  # noqa: SIM118 - not a mapping


def array_bytes(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> bytes:
    """Arrays and a JSON header as the content of a safetensors file."""
    return save(dict(arrays), metadata={_HEADER: to_json(dict(header)).decode()})


@contextlib.contextmanager
def _reading(path: Path, limit: int = limits.SNAPSHOT_BYTES, header_limit: int = limits.HEADER_BYTES) -> Iterator[Any]:
    try:
        limits.check_tensors(path, limit, header_limit)
        with safe_open(path, framework="np") as file:
            yield file
    except FileNotFoundError:
        raise RunError(f"{path} does not exist.") from None
    except (SafetensorError, OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
            RecursionError) as error:  # fmt: skip
        raise RunError(
            f"{path} is damaged and cannot be used: {reason(error)}. Epochs whose files are whole can be read."
        ) from error


def _header(file: Any) -> dict[str, Any]:
    metadata = file.metadata() or {}
    if _HEADER not in metadata:
        raise RefusedError("it is a safetensors file, but none of a run of strnn-viz")
    header = limits.loads(metadata[_HEADER])
    if not isinstance(header, dict):
        raise RefusedError(f"its header is {kind_of(header)}, where an object is expected")
    if header.get("format") != FORMAT:
        raise RefusedError(f"its format is {shown(header.get('format'))}, and this version reads {FORMAT}")
    return header


def _snapshot_header(file: Any) -> dict[str, Any]:
    header = _header(file)
    layers = {row["name"]: row["churn"] for row in header["layers"]}
    step = {"epoch": header["epoch"], "step": header["step"]}
    checked = limits.check_row({**header["metrics"], **step, "layers": layers})
    header["metrics"] = {name: checked[name] for name in header["metrics"]}
    return header


def _layer(file: Any, row: Mapping[str, Any]) -> LayerSnapshot:
    info = limits.layer_info(row)
    bits = _bits(file, info)
    active = int(np.bitwise_count(bits).sum())
    dtype, shape = _told(file, f"{info.name}/values")
    if dtype != "F32" or shape != [active]:
        raise RefusedError(f"{info.name} has {_length(shape)} weights for {active} active positions")
    values = read_only(file.get_tensor(f"{info.name}/values"))
    with np.errstate(all="ignore"):  # one number that is finite only if all weights are, found faster than by each
        length = float(values @ values)
    if not (math.isfinite(length) or np.isfinite(values).all()):
        raise RefusedError(f"{info.name} has weights that are not finite numbers")
    churn = limits.check_churn(row["churn"])
    counts = {f.name: churn[f.name] for f in fields(Churn) if f.name != "threshold"}
    return LayerSnapshot(
        info=info,
        bits=bits,
        values=values,
        survived_histogram=_histogram(file, info.name, "survived"),
        born_histogram=_histogram(file, info.name, "born"),
        churn=Churn(**counts, threshold=_number(churn["threshold"])),
    )


def _bits(file: Any, info: LayerInfo) -> NDArray[np.uint8]:
    dtype, shape = _told(file, f"{info.name}/bits")
    if dtype != "U8" or shape != [-(-info.size // 8)]:
        raise RefusedError(
            f"the mask of {info.name} has {_length(shape)} bytes, and one of a {_length(info.shape)} matrix has "
            f"{-(-info.size // 8):,}"
        )
    bits = read_only(file.get_tensor(f"{info.name}/bits"))
    if info.size % 8 and bits[-1] & (0xFF >> info.size % 8):
        raise RefusedError(f"the mask of {info.name} has positions beyond the end of a {_length(info.shape)} matrix")
    return bits


def _histogram(file: Any, name: str, part: str) -> NDArray[np.int64]:
    dtype, shape = _told(file, f"{name}/{part}_histogram")
    if dtype != "I64" or shape != [len(LOG10_EDGES)]:
        raise RefusedError(f"the {part} histogram of {name} has {_length(shape)} entries, not {len(LOG10_EDGES)}")
    histogram = read_only(file.get_tensor(f"{name}/{part}_histogram"))
    if histogram.min() < 0:
        raise RefusedError(f"the {part} histogram of {name} counts fewer than none")
    return histogram


def _told(file: Any, key: str) -> tuple[str, list[int]]:
    """Type and shape of an array as the file tells them, before anything is read of it."""
    part = file.get_slice(key)
    return part.get_dtype(), part.get_shape()


def _length(shape: Sequence[int]) -> str:
    return " × ".join(f"{side:,}" for side in shape) or "1"


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value
