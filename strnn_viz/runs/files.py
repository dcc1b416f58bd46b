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
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from strnn_viz.errors import RunError
from strnn_viz.runs.snapshot import LOG10_EDGES, Churn, LayerInfo, LayerSnapshot, Snapshot, read_only

FORMAT = 1
RUN, METRICS, PROGRESS, CONTROL = "run.json", "metrics.jsonl", "progress.json", "control.json"
LOG = "train.log"
SNAPSHOTS, CHECKPOINTS = "snapshots", "checkpoints"
WITHIN = "within.safetensors"  # a checkpoint taken in the middle of an epoch
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
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise RunError(f"{path.parent} is not a run: it has no {path.name}. Give the directory of a run.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise RunError(f"{path} cannot be read as JSON: {error}. Restore it from a copy, or record anew.") from error
    if not isinstance(value, dict):
        raise RunError(f"{path} holds {type(value).__name__} where a JSON object was expected.")
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
        If the file is missing, cut short or contradicts itself.
    """
    with _reading(path) as file:
        header = _header(file)
        layers = {str(row["name"]): _layer(file, row) for row in header["layers"]}
        metrics = {k: _number(v) for k, v in header["metrics"].items()}
        return Snapshot(int(header["epoch"]), int(header["step"]), metrics, layers)


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
        survived, born = (read_only(file.get_tensor(f"{name}/{part}_histogram")) for part in ("survived", "born"))
        if not survived.shape == born.shape == LOG10_EDGES.shape:
            raise ValueError(f"the histograms of {name} have {len(survived)} entries, not {len(LOG10_EDGES)}")
        return survived, born


def read_array(path: Path, name: str, part: str) -> NDArray[Any]:
    """One array of one matrix (``bits``, ``values``, …) and nothing else; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        return read_only(file.get_tensor(f"{name}/{part}"))


def read_header(path: Path) -> dict[str, Any]:
    """Epoch, step, metrics and churn of a snapshot without its arrays; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        return _header(file)


def read_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """All arrays of a checkpoint and its header; raises like :func:`read_snapshot`."""
    with _reading(path) as file:
        return {key: file.get_tensor(key) for key in file.keys()}, _header(file)  # noqa: SIM118 - not a mapping


def array_bytes(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> bytes:
    """Arrays and a JSON header as the content of a safetensors file."""
    return save(dict(arrays), metadata={_HEADER: to_json(dict(header)).decode()})


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[Any]:
    try:
        with safe_open(path, framework="np") as file:
            yield file
    except FileNotFoundError:
        raise RunError(f"{path} does not exist.") from None
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise RunError(f"{path} is damaged and cannot be used: {error}. The other epochs of the run can.") from error


def _header(file: Any) -> dict[str, Any]:
    header = json.loads((file.metadata() or {})[_HEADER])
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ValueError(f"its format is {header.get('format')!r}, and this version reads {FORMAT}")
    return header


def _layer(file: Any, row: Mapping[str, Any]) -> LayerSnapshot:
    info = LayerInfo.from_dict(row)
    arrays = {
        part: read_only(file.get_tensor(f"{info.name}/{part}"))
        for part in ("bits", "values", "survived_histogram", "born_histogram")
    }
    bits, values = arrays["bits"], arrays["values"]
    if bits.dtype != np.uint8 or len(bits) != -(-info.size // 8):
        raise ValueError(f"the mask of {info.name} has {len(bits)} bytes, not those of a {info.shape} matrix")
    active = int(np.bitwise_count(bits).sum())
    if values.dtype != np.float32 or len(values) != active:
        raise ValueError(f"{info.name} has {len(values)} weights for {active} active positions")
    for part in ("survived_histogram", "born_histogram"):
        if arrays[part].shape != LOG10_EDGES.shape:
            raise ValueError(f"the {part} of {info.name} has {len(arrays[part])} entries, not {len(LOG10_EDGES)}")
    churn = {f.name: _number(row["churn"][f.name]) for f in fields(Churn)}
    counts = {k: int(v) for k, v in churn.items() if k != "threshold"}
    return LayerSnapshot(info=info, churn=Churn(**counts, threshold=churn["threshold"]), **arrays)


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
