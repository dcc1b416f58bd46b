"""Turn a directory that somebody's sparse training left behind into a run."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError, UsageError
from strnn_viz.importing.moment import Matrix, Moment
from strnn_viz.runs import LayerInfo, Run, RunWriter

#: What can be imported: SciPy npz weights by epoch, or PyTorch state_dicts by epoch.
KINDS = ("npz", "state_dict")

_TORCH = (".pt", ".pth", ".ckpt", ".bin", ".safetensors")


def import_run(
    source: str | os.PathLike[str],
    path: str | os.PathLike[str],
    kind: Literal["auto", "npz", "state_dict"] = "auto",
    *,
    masks: str | os.PathLike[str] | None = None,
    bias: bool | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Run:
    """Turn recorded epochs of any sparse training into a run.

    Parameters
    ----------
    source : path-like
        ``"npz"``: a directory of ``epoch_000/weight_l0.npz`` and so on, SciPy sparse matrices of shape (in, out), or
        (in + 1, out) with the bias as last row, which is dropped; what is stored is a connection. ``testacc.txt``
        beside the epochs, a line for each epoch from 0 on, becomes the metric ``test_accuracy``. This is how Liu et
        al., "Topological Insights into Sparse Neural Networks" (ECML PKDD 2020) published theirs.
        ``"state_dict"``: a directory of PyTorch or safetensors files with the epoch in their names, see
        :func:`strnn_viz.importing.tensors.load_file`. Connections are, in this order, what `masks` say, what masks
        inside the file say, what ``torch.nn.utils.prune`` left there, or weights that are not 0.
    path : path-like
        Directory of the new run.
    kind : {"auto", "npz", "state_dict"}
        By default what the directory looks like.
    masks : path-like, optional
        For state_dicts: a directory of files of masks, with the epoch in their names.
    bias : bool, optional
        For npz: whether the last row is a bias; by default as the shapes of consecutive layers tell, and True where
        they do not.
    progress : callable, optional
        Told (epochs read, epochs).

    Raises
    ------
    UsageError
        If `source` holds nothing that can be imported, or its epochs do not fit together.
    RunError
        If a file cannot be read, or `path` already holds a run.
    """
    folder = Path(source)
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a directory. Give the directory that holds the epochs.")
    if kind == "auto":
        kind = "npz" if _epoch_folders(folder) else "state_dict"
    if kind not in KINDS:
        raise UsageError(f"kind = {kind!r} is not known. Choose from: auto, {', '.join(KINDS)}.")
    if kind == "npz" and masks is not None:
        raise UsageError("masks is for state_dicts: what an npz file stores is its mask. Leave masks out.")
    if kind == "state_dict" and bias is not None:
        raise UsageError("bias is for npz files: in a state_dict it has a name of its own. Leave bias out.")
    given = None if masks is None else Path(masks)
    total, moments = _npz(folder, bias) if kind == "npz" else _state_dicts(folder, given)
    return _write(moments, total, Path(path), f"imported from {folder.resolve().name} ({kind})", progress)


def _write(
    moments: Iterator[Moment], total: int, path: Path, origin: str, progress: Callable[[int, int], None] | None
) -> Run:
    moment: Moment | None = next(moments)  # before a directory is made: most mistakes show in the first epoch
    previous: dict[str, NDArray[np.uint8]] | None = None
    first: dict[str, NDArray[np.uint8]] | None = None
    infos = [m.info for m in moment.matrices] if moment else []
    done = 0
    with RunWriter(path, None, origin=origin) as writer:
        while moment is not None:
            if [m.info for m in moment.matrices] != infos:
                have = _shapes([m.info for m in moment.matrices])
                raise UsageError(
                    f"epoch {moment.epoch} has matrices {have}, but the first epoch has {_shapes(infos)}. All epochs "
                    "of a run have the same matrices."
                )
            snapshot = moment.snapshot(previous, first)
            writer.append(snapshot)
            previous = {name: layer.bits for name, layer in snapshot.layers.items()}
            first = first or previous
            done += 1
            if progress is not None:
                progress(done, total)
            moment = next(moments, None)
    return Run(path)


def _shapes(infos: list[LayerInfo]) -> str:
    return ", ".join(f"{info.name} {info.shape}" for info in infos)


def _npz(folder: Path, bias: bool | None) -> tuple[int, Iterator[Moment]]:
    epochs = _epoch_folders(folder)
    if not epochs:
        raise UsageError(f"{folder} has no directory such as epoch_000 with npz files in it. Give the one above them.")
    accuracy = _lines(folder / "testacc.txt")

    def moments() -> Iterator[Moment]:
        for epoch, inside in epochs.items():
            sparse = {p.stem: _load_npz(p) for p in sorted(inside.glob("*.npz"), key=_natural)}
            drop = _has_bias([m.shape for m in sparse.values()]) if bias is None else bias
            metrics = {"test_accuracy": accuracy[epoch]} if epoch < len(accuracy) else {}
            yield Moment(epoch, [_matrix(n, i, m, drop) for i, (n, m) in enumerate(sparse.items())], metrics)

    return len(epochs), moments()


def _matrix(name: str, place: int, stored: Any, drop: bool) -> Matrix:
    rows, columns = stored.shape[0] - drop, stored.shape[1]
    coo = stored.tocoo()
    coo.sum_duplicates()
    row, column = coo.coords
    keep = row < rows
    weights = np.zeros((columns, rows), dtype=np.float32)
    mask = np.zeros((columns, rows), dtype=bool)
    mask[column[keep], row[keep]] = True
    weights[column[keep], row[keep]] = coo.data[keep]
    return Matrix(LayerInfo(name, (columns, rows), "linear", f"Layer {place + 1}"), mask, weights[mask])


def _has_bias(shapes: list[tuple[int, int]]) -> bool:
    """Whether each layer reads one more row than the one before has columns."""
    return not (len(shapes) > 1 and all(below[1] == above[0] for below, above in pairwise(shapes)))


def _load_npz(path: Path) -> Any:
    from scipy import sparse

    try:
        return sparse.coo_array(sparse.load_npz(path))
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise RunError(f"{path} is not a SciPy sparse matrix: {error}. Save it with scipy.sparse.save_npz.") from error


def _lines(path: Path) -> list[float]:
    if not path.is_file():
        return []
    try:
        return [float(line) for line in path.read_text(encoding="ascii").split()]
    except ValueError as error:
        raise RunError(f"{path} should hold one number a line: {error}.") from error


def _epoch_folders(folder: Path) -> dict[int, Path]:
    inside = [p for p in folder.iterdir() if p.is_dir() and any(p.glob("*.npz"))] if folder.is_dir() else []
    return _by_epoch([p for p in inside if re.search(r"\d", p.name)])


def _state_dicts(folder: Path, masks: Path | None) -> tuple[int, Iterator[Moment]]:
    found = _by_epoch([p for p in folder.iterdir() if p.suffix in _TORCH and re.search(r"\d", p.stem)])
    if not found:
        raise UsageError(
            f"{folder} has no {', '.join(_TORCH)} file with an epoch in its name, and no directory such as epoch_000. "
            "Name them as epoch_003.pt."
        )
    given = {} if masks is None else _by_epoch([p for p in masks.glob("*") if p.suffix in _TORCH])
    missing = sorted(set(found) - set(given))
    if masks is not None and missing:
        raise UsageError(f"{masks} has no masks of epoch {missing[0]}. Give a file for each epoch.")

    def moments() -> Iterator[Moment]:
        from strnn_viz.importing.tensors import load_file, load_masks, state_matrices

        for epoch, path in found.items():
            state, inside, numbers = load_file(path)
            chosen = inside if masks is None else load_masks(given[epoch])
            matrices = state_matrices(state, chosen)
            if not matrices:
                raise UsageError(f"{path} has no weight matrix: no two-dimensional tensor called weight.")
            step = int(numbers.pop("step", 0))
            yield Moment(epoch, matrices, {k: v for k, v in numbers.items() if k not in ("epoch", "layers")}, step)

    return len(found), moments()


def _by_epoch(paths: list[Path]) -> dict[int, Path]:
    """Paths by the epoch in their names: the number after ``epoch`` or ``ep``, else the last number."""
    found: dict[int, Path] = {}
    for path in sorted(paths, key=_natural):
        stem = path.name if path.is_dir() else path.stem
        named = re.findall(r"(?i)ep(?:och)?[ _=-]?(\d+)", stem) or re.findall(r"\d+", stem)
        if not named:
            continue
        epoch = int(named[-1])
        if epoch in found:
            raise UsageError(f"{found[epoch]} and {path} are both of epoch {epoch}. Move one of them away.")
        found[epoch] = path
    return dict(sorted(found.items()))


def _natural(path: Path) -> list[int | str]:
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", path.name)]
