"""Distances among many topologies, by all cores, with what is known already taken from the disk."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run
from strnn_viz.topology.assignment import Ties
from strnn_viz.topology.distance_cache import DistanceCache, Entry, default_folder
from strnn_viz.topology.network import Network, Topology, check_comparable, network
from strnn_viz.topology.nnstd import distance
from strnn_viz.topology.null import expected_matched
from strnn_viz.topology.wiring import wire
from strnn_viz.waiting import bar_after

#: Called with the number of distances done and the number of all of them.
Tell = Callable[[int, int], None]

_KEEP_SECONDS = 5.0  # between two writes to the cache


@dataclass(frozen=True, eq=False)
class DistanceMatrix:
    """Distances of every topology to every other.

    Attributes
    ----------
    raw, normalized, identity : ndarray of float64, shape (n, n)
        As in :class:`strnn_viz.topology.Distance`; symmetric, zero on the diagonal.
    layers : mapping of str to ndarray of float64, shape (n, n)
        `raw` by layer.
    """

    raw: NDArray[np.float64]
    normalized: NDArray[np.float64]
    identity: NDArray[np.float64]
    layers: Mapping[str, NDArray[np.float64]]


def distance_matrix(
    snapshots: Run | Iterable[Topology],
    *,
    cache: str | os.PathLike[str] | Literal[False] | None = None,
    progress: Tell | bool = True,
    ties: Ties = "order",
    pin_outputs: bool = True,
    workers: int | None = None,
) -> DistanceMatrix:
    """:func:`strnn_viz.topology.nnstd` between all pairs.

    Threads share the masks: SciPy's assignment and the counting of shared connections both let other threads run.

    Parameters
    ----------
    snapshots : Run, or iterable of Snapshot or of lists of masks
        All of one architecture. Weights are not kept, and of a run not even read: 8 MB for each snapshot of a model
        with 66 million positions.
    cache : path-like, None or False
        Directory that keeps distances by the content of the topologies; None for a folder in
        :func:`strnn_viz.cache.cache_folder`, False for none. Where it cannot be written a warning says so.
    progress : callable or bool
        Called with the distances done and all of them. True shows a bar on a terminal once it has taken two seconds,
        False nothing.
    ties, pin_outputs
        As for :func:`strnn_viz.topology.nnstd`.
    workers : int or None
        Threads; None for one on each core.

    Raises
    ------
    UsageError
        If two topologies are not of one architecture, or one is no topology.
    """
    networks = _networks(snapshots, pin_outputs)
    names = list(networks[0].wiring.layers) if networks else []
    for other in networks[1:]:
        check_comparable(networks[0], other)
    if workers is not None and workers < 1:
        raise UsageError(f"workers must be at least 1, or None for all cores, not {workers}.")
    kept = None
    if cache is not False:
        kept = DistanceCache((default_folder() if cache is None else Path(cache)) / ties, len(names))
    known: dict[frozenset[str], Entry] = {}
    wanted: dict[frozenset[str], tuple[Network, Network]] = {}
    for i, a in enumerate(networks):
        for b in networks[:i]:
            key = frozenset((a.digest, b.digest))
            entry = kept.get(a.digest, b.digest) if kept else None
            if entry is not None:
                known[key] = entry
            else:
                wanted[key] = (a, b)
    with _told(progress, len(known), len(known) + len(wanted)) as tell:
        for key, entry in _compute(wanted, kept, ties, workers):
            known[key] = entry
            tell()
    return _assemble(networks, known, names)


def _networks(snapshots: Run | Iterable[Topology], pin_outputs: bool) -> list[Network]:
    if not isinstance(snapshots, Run):
        return [network(topology, pin_outputs=pin_outputs) for topology in snapshots]
    wiring = wire(list(snapshots.layers.values()), pin_outputs=pin_outputs)
    return [Network(wiring, tuple(snapshots.bits(e, name) for name in snapshots.layers)) for e in snapshots.epochs]


def _compute(
    pairs: Mapping[frozenset[str], tuple[Network, Network]],
    kept: DistanceCache | None,
    ties: Ties,
    workers: int | None,
) -> Iterator[tuple[frozenset[str], Entry]]:
    """Distances as they are done; what is done is kept also if this is left early."""
    if not pairs:
        return
    expected_matched(*next(iter(pairs.values())))  # once here rather than once in every thread
    written = time.monotonic()
    pool = ThreadPoolExecutor(workers or cores())
    try:
        tasks = {pool.submit(_entry, a, b, ties): key for key, (a, b) in pairs.items()}
        waiting = set(tasks)
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for task in done:
                key, entry = tasks[task], task.result()
                if kept:
                    kept.put(min(key), max(key), entry)
                yield key, entry
            if kept and time.monotonic() - written > _KEEP_SECONDS:
                kept = _write(kept)
                written = time.monotonic()
    finally:
        pool.shutdown(cancel_futures=True)
        if kept:
            _write(kept)


def _write(kept: DistanceCache) -> DistanceCache | None:
    """Write to the cache; without one computing goes on, but not in silence."""
    try:
        kept.write()
    except RunError as error:
        warnings.warn(f"distances are computed but not kept: {error}", RuntimeWarning, stacklevel=2)
        return None
    return kept


def _entry(a: Network, b: Network, ties: Ties) -> Entry:
    layers = distance(a, b, ties=ties).layers
    return Entry(
        raw=[la.raw for la in layers], expected=[la.expected for la in layers], identity=[la.identity for la in layers]
    )


def _assemble(networks: Sequence[Network], known: Mapping[frozenset[str], Entry], names: list[str]) -> DistanceMatrix:
    n = len(networks)
    table = {part: np.zeros((n, n, len(names))) for part in ("raw", "expected", "identity")}
    for i, a in enumerate(networks):
        for j, b in enumerate(networks[:i]):
            entry = known[frozenset((a.digest, b.digest))]
            for part, values in table.items():
                values[i, j] = values[j, i] = entry[part]  # type: ignore[literal-required]
    raw, expected, identity = (values.mean(axis=2) if names else values.sum(axis=2) for values in table.values())
    normalized = np.divide(raw, expected, out=np.zeros((n, n)), where=expected > 0)
    layers = {name: table["raw"][:, :, k].copy() for k, name in enumerate(names)}
    return DistanceMatrix(raw, normalized, identity, MappingProxyType(layers))


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextlib.contextmanager
def _told(progress: Tell | bool, known: int, total: int) -> Iterator[Callable[[], None]]:
    """Something to call after every distance."""
    counter = itertools.count(known)
    with bar_after("Measuring distances") as bar:
        tell = progress if callable(progress) else bar if progress else None
        if tell is None:
            yield lambda: None
            return
        tell(next(counter), total)
        yield lambda: tell(next(counter), total)
