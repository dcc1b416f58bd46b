"""How long topology distances take: against a plain double loop, and growing with the number of units."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from strnn_viz.machine import processor
from strnn_viz.runs import LayerInfo, Snapshot, capture
from strnn_viz.topology.assignment import assign
from strnn_viz.topology.nnstd import nnstd
from strnn_viz.topology.overlap import Overlap, fan_in, neuron_distance

#: Told (comparisons done, comparisons to do).
Progress = Callable[[int, int], None]

_GATES = ("i", "f", "g", "o")
_HIDDEN = (100, 200, 400, 800, 1500)
_DENSITY = 0.33
_ARMS = {"ours": "ours", "loop": "double loop as published", "sets": "double loop over Python sets"}


def topology(
    progress: Progress | None = None, *, neurons: int = 784, hidden: Sequence[int] = _HIDDEN
) -> dict[str, Any]:
    """Measure, and return plain values for JSON or :func:`table`.

    Parameters
    ----------
    progress : callable, optional
    neurons : int
        Size of the square layer that is compared with double loops; 784 is that of the published topologies.
    hidden : sequence of int
        Units of the LSTM layers whose distance is timed.

    Returns
    -------
    dict
        ``machine``: what it ran on. ``rows``: one mapping each, with ``comparison`` (``"layer"`` or ``"lstm"``),
        ``what``, ``case`` and ``seconds``. Rows of ``"layer"`` say in ``ratio`` how many times as long as ours the
        ``arm`` took, and in ``distance`` what it found. Those of ``"lstm"`` have ``hidden``, ``iterations``,
        ``converged`` and ``exponent``, the power of the number of units that time grew with from the size before; it
        is None for the first.
    """
    total = 5 + 2 * len(hidden)
    rows: list[dict[str, Any]] = []
    if progress is not None:
        progress(0, total)
    for row in _rows(neurons, hidden):
        rows.append(row)
        if progress is not None:
            progress(len(rows), total)
    return {"machine": machine(), "rows": rows}


def table(result: dict[str, Any]) -> str:
    """The result of :func:`topology` as text of a few columns."""
    about = result["machine"]
    lines = [
        f"{about['processor']}, {about['cores']} cores, load {about['load']:.1f}; Python {about['python']}, NumPy "
        f"{about['numpy']}, SciPy {about['scipy']}",
        "",
        f"{'Distance of one layer':<58}{'seconds':>10}{'times ours':>12}",
    ]
    rows = result["rows"]
    lines += [f"{r['what']:<58}{r['seconds']:>10.4f}{r['ratio']:>12,.1f}" for r in rows if r["comparison"] == "layer"]
    lines += ["", f"{'Distance of two LSTM layers':<58}{'seconds':>10}{'assignments':>12}{'grows as h^':>12}"]
    for r in rows:
        if r["comparison"] == "lstm":
            power = f"{r['exponent']:.1f}" if r["exponent"] is not None else ""
            lines.append(f"{r['what']:<58}{r['seconds']:>10.2f}{r['iterations']:>12}{power:>12}")
    return "\n".join(lines)


def machine() -> dict[str, Any]:
    """What a measurement ran on, and how busy it already was."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": processor(),
        "cores": cores,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan"),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
    }


def _rows(neurons: int, hidden: Sequence[int]) -> Iterator[dict[str, Any]]:
    yield from _layer_rows(neurons)
    for what in ("permuted, half rewired", "independent"):
        before: tuple[int, float] | None = None
        for h in hidden:
            a, b = _lstms(h, independent=what == "independent")
            began = time.perf_counter()
            found = nnstd(a, b)
            seconds = time.perf_counter() - began
            exponent = float(np.log(seconds / before[1]) / np.log(h / before[0])) if before else None
            before = h, seconds
            yield {
                "comparison": "lstm", "what": f"h = {h:,}, {what}", "case": what, "hidden": h, "seconds": seconds,
                "iterations": found.iterations, "converged": found.converged, "exponent": exponent,
            }  # fmt: skip


def _layer_rows(neurons: int) -> Iterator[dict[str, Any]]:
    """One layer as sparse as the published topologies, by us and by double loops over all pairs of neurons.

    All arms solve the same assignment with SciPy. Between independent masks that is most of our time, and a ratio
    says little.
    """
    rng = np.random.default_rng(0)
    nnz = round(0.007 * neurons**2)
    a, independent = (_random(rng, (neurons, neurons), nnz) for _ in range(2))
    ours, loop, sets = ("ours", _ours, 7), ("loop", _published_loop, 1), ("sets", _python_loop, 1)
    for case, b, arms in (
        ("a fifth moved", _moved(rng, a, 0.2), (ours, loop, sets)),
        ("independent", independent, (ours, sets)),
    ):
        first: float | None = None
        for arm, measure, repeats in arms:
            times = []
            for _ in range(repeats):
                began = time.perf_counter()
                distance = measure(a, b)
                times.append(time.perf_counter() - began)
            seconds = min(times)
            first = first or seconds
            yield {
                "comparison": "layer", "what": f"{neurons} × {neurons}, {case}: {_ARMS[arm]}", "case": case, "arm": arm,
                "seconds": seconds, "ratio": seconds / first, "distance": distance,
            }  # fmt: skip


def _ours(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    x, y = a[:, None], b[:, None]
    return _matched(neuron_distance(Overlap(x, y).counts(), fan_in(x)[:, None], fan_in(y)))


def _published_loop(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """The edit distance as the authors' code takes it, one pair of neurons at a time, by the same NumPy operations."""
    ours, theirs = ([np.flatnonzero(row) for row in mask] for mask in (a, b))
    distances = np.zeros((len(ours), len(theirs)))
    for i, x in enumerate(ours):
        for j, y in enumerate(theirs):
            _, in_x, in_y = np.intersect1d(x, y, return_indices=True)
            edits = np.delete(x, in_x).size + np.delete(y, in_y).size
            either = np.unique(np.concatenate([x, y])).size
            distances[i, j] = edits / either if either else 0.0
    return _matched(distances)


def _python_loop(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    ours, theirs = ([set(np.flatnonzero(row).tolist()) for row in mask] for mask in (a, b))
    distances = np.array([[len(x ^ y) / (len(x | y) or 1) for y in theirs] for x in ours])
    return _matched(distances)


def _matched(distances: NDArray[np.float64]) -> float:
    return float(distances[np.arange(len(distances)), assign(distances)].mean())


def _lstms(hidden: int, *, independent: bool) -> tuple[Snapshot, Snapshot]:
    """Two LSTM layers: independent, or one the other with half its connections moved and its units in another order."""
    rng = np.random.default_rng(hidden)
    shape = (4 * hidden, hidden)
    nnz = round(_DENSITY * shape[0] * shape[1])
    first = [_random(rng, shape, nnz) for _ in range(2)]
    if independent:
        return _snapshot(first), _snapshot([_random(rng, shape, nnz) for _ in range(2)])
    order = rng.permutation(hidden)
    second = []
    for recurrent, mask in enumerate(first):
        blocks = _moved(rng, mask, 0.5).reshape(4, hidden, hidden)[:, order]
        second.append((blocks[:, :, order] if recurrent else blocks).reshape(shape))
    return _snapshot(first), _snapshot(second)


def _moved(rng: np.random.Generator, mask: NDArray[np.bool_], share: float) -> NDArray[np.bool_]:
    """A mask with some of its connections somewhere else."""
    flat = mask.ravel().copy()
    on, off = np.flatnonzero(flat), np.flatnonzero(~flat)
    count = min(round(share * len(on)), len(off))
    flat[rng.choice(on, count, replace=False)] = False
    flat[rng.choice(off, count, replace=False)] = True
    return flat.reshape(mask.shape)


def _random(rng: np.random.Generator, shape: tuple[int, int], nnz: int) -> NDArray[np.bool_]:
    flat = np.zeros(shape[0] * shape[1], dtype=bool)
    flat[rng.choice(len(flat), nnz, replace=False)] = True
    return flat.reshape(shape)


def _snapshot(masks: Sequence[NDArray[np.bool_]]) -> Snapshot:
    layers = {}
    for role, mask in zip(("input", "recurrent"), masks, strict=True):
        info = LayerInfo(f"lstm.{role}", (mask.shape[0], mask.shape[1]), role, "LSTM", _GATES)
        layers[info.name] = capture(info, mask, np.ones(int(mask.sum()), dtype=np.float32))
    return Snapshot(0, 0, {}, layers)
