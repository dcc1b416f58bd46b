"""What measurements of speed share: arms that take turns, medians of ratios, and what the machine is."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from strnn_viz.bench.topology import Progress, machine

SPARSITIES = (0.67, 0.8, 0.9, 0.957, 0.991)

#: The operation by which :class:`torch.nn.LSTM` runs on oneDNN.
ONEDNN = "mkldnn_rnn_layer"

K = TypeVar("K")


def take_turns(
    arms: Mapping[K, Callable[[], object]], repeats: int, tell: Progress | None = None
) -> dict[K, list[float]]:
    """Run every arm once a round, so that a busy moment of the machine meets all of them.

    Parameters
    ----------
    arms : mapping to callable
    repeats : int
        Rounds that count; one before them warms up.
    tell : callable, optional
        Told (turns done, turns to do), also at the end.

    Returns
    -------
    dict
        Milliseconds of every round, by arm.
    """
    taken: dict[K, list[float]] = {key: [] for key in arms}
    total = (repeats + 1) * len(arms)
    for turn in range(repeats + 1):
        for place, (key, run) in enumerate(arms.items()):
            if tell is not None:
                tell(turn * len(arms) + place, total)
            began = time.perf_counter()
            run()
            if turn:
                taken[key].append(1e3 * (time.perf_counter() - began))
    if tell is not None:
        tell(total, total)
    return taken


def part(progress: Progress | None, number: int, parts: int) -> Progress | None:
    """What tells the progress of the `number`-th of some parts of equal length as that of the whole."""
    return progress and (lambda done, total: progress(number * total + done, parts * total))


def by_sparsity(
    arms_of: Callable[[float], tuple[Callable[[], object], Callable[[], object], Mapping[str, int]]],
    hidden: int,
    sparsities: Sequence[float],
    repeats: int,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Let a sparse and a dense arm take turns at each sparsity, of what knows no batch and no time steps.

    Parameters
    ----------
    arms_of : callable
        ``sparsity -> (sparse arm, dense arm, further numbers of the row)``.
    hidden : int
    sparsities : sequence of float
    repeats : int
    progress : callable, optional

    Returns
    -------
    dict
        ``machine`` and ``rows``.
    """
    rows = []
    for number, sparsity in enumerate(sparsities):
        sparse, dense, numbers = arms_of(sparsity)
        taken = take_turns({"sparse": sparse, "dense": dense}, repeats, part(progress, number, len(sparsities)))
        rows.append(
            {"backend": "sparse", "hidden": hidden, "batch": 0, "steps": 0, "sparsity": sparsity, **numbers,
             **compared(taken["sparse"], taken["dense"])}
        )  # fmt: skip
    return {"machine": about(), "rows": rows}


def compared(own: Sequence[float], dense: Sequence[float]) -> dict[str, float]:
    """``ms`` and ``dense_ms``, medians; ``speedup``, that of the ratios; their middle half from ``low`` to ``high``."""
    ratios = [d / o for d, o in zip(dense, own, strict=True)]
    low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    return {
        "ms": statistics.median(own), "dense_ms": statistics.median(dense), "speedup": statistics.median(ratios),
        "low": low, "high": high,
    }  # fmt: skip


def about(dense: str = "") -> dict[str, Any]:
    """What a measurement ran on, with vector instructions, threads, and the operation of the dense arm."""
    return {
        **machine(), "torch": torch.__version__, "isa": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(), "dense": dense,
    }  # fmt: skip


def heading(told: Mapping[str, Any]) -> str:
    """The machine in one line."""
    return (
        f"{told['processor']} ({told['isa']}), {told['threads']} of {told['cores']} cores, load {told['load']:.1f}; "
        f"Python {told['python']}, PyTorch {told['torch']}"
    )


def columns(what: str) -> str:
    """The heads of the columns of :func:`line`."""
    return f"{what:<42}{'sparsity':>9}{'ms':>9}{'dense ms':>10}{'speed-up':>10}   middle half"


def line(row: Mapping[str, Any], name: str) -> str:
    """A row as text."""
    return (
        f"  {name:<40}{row['sparsity']:>9.3g}{row['ms']:>9.1f}{row['dense_ms']:>10.1f}{row['speedup']:>9.2f}×   "
        f"{row['low']:.2f}–{row['high']:.2f}"
    )


def runs_onednn(y: torch.Tensor) -> bool:
    """Whether a result came out of oneDNN's LSTM, of which its history tells."""
    ahead, seen = [y.grad_fn], set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        if node.name().lower().startswith(ONEDNN.replace("_", "")):
            return True
        seen.add(node)
        ahead += [before for before, _ in node.next_functions]
    return False


def break_even(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where the speed-up passes 1, for each backend and shape, between two densities measured."""
    found = []
    keys = ("backend", "hidden", "batch", "steps")
    for key in dict.fromkeys(tuple(row[k] for k in keys) for row in rows):
        own = [(1 - r["sparsity"], r["speedup"]) for r in rows if tuple(r[k] for k in keys) == key]
        found.append({**dict(zip(keys, key, strict=True)), "density": passing(own)})
    return found


def passing(points: Sequence[tuple[float, float]]) -> float:
    """The density at which a speed-up is 1, of (density, speed-up): 0 where all are below, 1 where none is.

    Between two points it is taken from a straight line through their logarithms.
    """
    points = sorted(points)
    if points[0][1] < 1:
        return 0.0
    for (d0, s0), (d1, s1) in itertools.pairwise(points):
        if s1 < 1:
            share = math.log(s0) / math.log(s0 / s1)
            return float(d0 * (d1 / d0) ** share)
    return 1.0


def density_text(value: float | None) -> str:
    """A density of :func:`passing` as text: ``all`` of those measured are faster, or ``none``."""
    if value is None:
        return "–"
    return "all" if value == 1.0 else "none" if value == 0.0 else f"{value:.2f}"


def growth(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The power of the number of weights that time grows with, by backend: 1 where cost is in proportion.

    A straight line through logarithms, of the rows of the largest shape.
    """
    found = {}
    size = max((r["hidden"] for r in rows), default=0)
    for backend in dict.fromkeys(r["backend"] for r in rows):
        own = [r for r in rows if r["backend"] == backend and r["hidden"] == size and r["sparsity"] < 1]
        x, y = [math.log(1 - r["sparsity"]) for r in own], [math.log(r["ms"]) for r in own]
        if len(set(x)) > 1:
            found[backend] = statistics.linear_regression(x, y).slope
    return found
