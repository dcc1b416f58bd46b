"""The read side of a run: live, finished or copied from elsewhere, it is only ever a directory."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from threading import RLock
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strnn_viz.config import RunConfig
from strnn_viz.errors import ConfigError, RunError, UsageError
from strnn_viz.runs import files, limits
from strnn_viz.runs.control import Progress, read_progress
from strnn_viz.runs.lock import is_being_written
from strnn_viz.runs.refusal import RefusedError, check_word, is_number, kind_of, readable, reason, shown
from strnn_viz.runs.snapshot import LayerInfo, LayerSnapshot, Snapshot
from strnn_viz.runs.steps import read_steps

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

_KEPT = 4  # whole snapshots held in memory
_KEPT_BYTES = 2**30  # that they may take, if there is more than one


@dataclass(frozen=True)
class Parent:
    """Where a fork came from.

    Attributes
    ----------
    name : str
        The other run, in the same directory of runs.
    epoch : int
        The epoch it went on from.
    """

    name: str
    epoch: int


class Run:
    """A recorded run. It may be opened at any moment, also while it is being written, and sees what is new by itself.

    Parameters
    ----------
    path : path-like
        The run's directory.

    Raises
    ------
    RunError
        If there is no run, or its ``run.json`` cannot be read.

    Examples
    --------
    >>> run = Run("runs/demo-uniform")  # doctest: +SKIP
    >>> run[3].mask("lstm.0.weight_hh").mean()  # doctest: +SKIP
    0.2
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._mutex = RLock()
        self._about_key: object = None
        self._metrics_key: tuple[int, int] = (-1, 0)
        self._rows: dict[int, dict[str, Any]] = {}
        self._measures: set[str] = set()
        self._offset = self._number = 0  # bytes and lines of the metrics that were read
        self._torn: list[str] = []
        self._damaged: dict[int, str] = {}
        self._whole: set[int] = set()
        self._snapshots: OrderedDict[int, Snapshot] = OrderedDict()
        self._read_about()

    @property
    def name(self) -> str:
        """Name of the run: that of its directory."""
        return self.path.name

    @property
    def config(self) -> RunConfig | None:
        """What the run is; None where it was not trained here but recorded from elsewhere."""
        self._read_about()
        return self._config

    @property
    def parent(self) -> Parent | None:
        """The run and epoch a fork came from; None for a run that began by itself."""
        self._read_about()
        return self._parent

    @property
    def about(self) -> Mapping[str, Any]:
        """The whole of ``run.json``: configuration, layers, versions, machine, seed, status."""
        self._read_about()
        return self._about

    @property
    def status(self) -> str:
        """``training``, ``paused``, ``finished``, ``stopped``, ``failed``, or ``interrupted``.

        A run is interrupted when it says that it is training but no process holds it: its trainer was killed.
        """
        status = str(self.about["status"])
        if status in ("training", "paused") and not is_being_written(self.path):
            self._read_about()  # it may have ended between the two looks
            status = str(self._about["status"])
            return "interrupted" if status in ("training", "paused") else status
        return status

    @property
    def layers(self) -> Mapping[str, LayerInfo]:
        """The masked matrices by name, in the order of the model; empty until the first snapshot is recorded."""
        self._read_about()
        return self._layers

    @property
    def epochs(self) -> list[int]:
        """Epochs that can be read, in order. A damaged record is left out and named in :attr:`problems`."""
        with self._mutex:
            self._read_metrics()
            return sorted(self._whole)

    @property
    def newest(self) -> int | None:
        """The newest epoch that can be read; None while none was recorded.

        Raises
        ------
        RunError
            If epochs were recorded and none of them can be read.
        """
        epochs, problems = self.epochs, self.problems
        if not epochs and problems:
            raise RunError(f"run {self.name} has no epoch that can be read. {problems[0]}")
        return epochs[-1] if epochs else None

    @property
    def problems(self) -> list[str]:
        """What is damaged in this run, a sentence each; beyond a few, how many more there are."""
        with self._mutex:
            self._read_metrics()
            told = [*self._torn, *(self._damaged[e] for e in sorted(self._damaged))]
            more = len(told) - limits.PROBLEMS
            rest = [f"{self.path} has {more} more problems like these."] if more > 0 else []
            return told[: limits.PROBLEMS] + rest

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The metrics of every readable epoch as plain mappings, with churn and nnz of each matrix in ``layers``."""
        with self._mutex:
            return [MappingProxyType(self._rows[epoch]) for epoch in self.epochs]

    @property
    def metrics(self) -> pd.DataFrame:
        """One row an epoch: ``epoch``, ``step``, losses, perplexities, learning rate, prune rate, seconds."""
        import pandas as pd

        rows = [{k: v for k, v in row.items() if k != "layers"} for row in self.rows]
        return pd.DataFrame(rows, columns=None if rows else ["epoch", "step"])

    @property
    def steps(self) -> list[tuple[float, float]]:
        """The training loss within epochs: time in epochs and mean cross-entropy in nats; empty if not recorded."""
        return read_steps(self.path, self.epochs)

    @property
    def progress(self) -> Progress | None:
        """How far training is within the epoch under way, as the trainer last said."""
        return read_progress(self.path)

    @property
    def version(self) -> tuple[object, ...]:
        """Changes whenever something new can be read; what a viewer compares between two looks."""
        return (_key(self.path / files.RUN), _key(self.path / files.METRICS))

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Snapshot]:
        return (self[epoch] for epoch in self.epochs)

    def __getitem__(self, epoch: int) -> Snapshot:
        """The snapshot of an epoch.

        Raises
        ------
        UsageError
            If the epoch was not recorded.
        RunError
            If its file is damaged.
        """
        path = self._epoch_path(epoch)
        with self._mutex:
            if epoch not in self._snapshots:
                self._snapshots[epoch] = files.read_snapshot(path)
                while len(self._snapshots) > _KEPT or (len(self._snapshots) > 1 and self._held() > _KEPT_BYTES):
                    self._snapshots.popitem(last=False)
            self._snapshots.move_to_end(epoch)
            return self._snapshots[epoch]

    def layer(self, epoch: int, name: str) -> LayerSnapshot:
        """One matrix at one epoch, without reading the others; raises like ``run[epoch]``."""
        path = self._epoch_path(epoch)
        with self._mutex:
            held = self._snapshots.get(epoch)
        return held.layer(name) if held is not None else files.read_layer(path, name)

    def histograms(self, epoch: int, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The magnitude histograms (survived, born) of one matrix, without its weights; raises like ``run[epoch]``."""
        return files.read_histograms(self._epoch_path(epoch), name)

    def bits(self, epoch: int, name: str) -> NDArray[np.uint8]:
        """The packed mask of one matrix at one epoch and nothing else: what a walk through a long run reads.

        Raises
        ------
        UsageError
            If the epoch was not recorded.
        RunError
            If its file is damaged or has no such matrix.
        """
        path, info = self._epoch_path(epoch), self.layers.get(name)
        if info is None:
            raise RunError(f"{path} has no layer {name!r}.")
        return files.read_bits(path, info)

    def checkpoints(self) -> list[int]:
        """Epochs from which training can go on exactly."""
        folder = self.path / files.CHECKPOINTS
        if folder.is_symlink():  # whose names are not those of this run
            return []
        found = map(limits.epoch_of, islice(folder.glob("*.safetensors"), limits.EPOCHS))
        return sorted(epoch for epoch in found if epoch is not None)

    def __repr__(self) -> str:
        epochs = self.epochs
        span = f"epochs {epochs[0]} to {epochs[-1]}" if epochs else "no epoch yet"
        return f"Run({str(self.path)!r}: {self.status}, {span}, {len(self.layers)} layers)"

    def _held(self) -> int:
        layers = (layer for snapshot in self._snapshots.values() for layer in snapshot.layers.values())
        return sum(layer.bits.nbytes + layer.values.nbytes for layer in layers)

    def _epoch_path(self, epoch: int) -> Path:
        with self._mutex:
            if epoch not in self._whole:
                self._read_metrics()
            if epoch in self._damaged:
                raise RunError(self._damaged[epoch])
            if epoch not in self._whole:
                have = f"It has epochs {min(self._whole)} to {max(self._whole)}." if self._whole else "It has none yet."
                raise UsageError(f"run {self.name} has no epoch {epoch}. {have}")
        return files.epoch_file(self.path / files.SNAPSHOTS, epoch)

    def _read_about(self) -> None:
        with self._mutex:
            key = _key(self.path / files.RUN)
            if key == self._about_key and key is not None:
                return
            about = files.read_json(self.path / files.RUN)
            if is_number(told := about.get("format")) and told != files.FORMAT:
                raise RunError(
                    f"{self.path / files.RUN} is of format {told}, and this version of strnn-viz reads format "
                    f"{files.FORMAT}. Open it with the version that recorded it, or update strnn-viz."
                )
            try:
                if about["format"] != files.FORMAT:
                    raise RefusedError(f"its format is {shown(told)}, where a number is expected")
                config = None if about["config"] is None else RunConfig.from_dict(about["config"])
                layers = limits.layer_infos(about["layers"])
                for part in ("status", "message", "created"):
                    if not isinstance(about.get(part, "" if part == "created" else None), str):
                        raise RefusedError(f"its {part} is {kind_of(about.get(part))}, where text is expected")
                    about[part] = readable(about.get(part, ""))
                parent = _parent(about.get("parent"))
            except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, ConfigError) as error:
                raise RunError(
                    f"{self.path / files.RUN} is not that of a run: {reason(error)}. {files.RESTORE}"
                ) from error
            self._about, self._config = MappingProxyType(about), config
            self._layers: Mapping[str, LayerInfo] = MappingProxyType(layers)
            self._parent = parent
            self._about_key = key

    def _read_metrics(self) -> None:
        """Read what was appended since the last look; all of it if the file was replaced by a resumed run."""
        path = self.path / files.METRICS
        try:
            stat = path.lstat()
        except OSError:
            return
        key = (stat.st_ino, stat.st_size)
        if key == self._metrics_key:
            return
        if key[0] != self._metrics_key[0] or key[1] < self._offset:
            self._rows, self._whole, self._damaged, self._torn, self._offset, self._number = {}, set(), {}, [], 0, 0
            self._measures = set()
            self._snapshots.clear()
        self._read_about()  # a matrix not known yet may be known by now
        found = read_metrics_lines(path, self._offset, self._number)
        self._offset, self._number = found.offset, found.number
        self._torn += [problem for problem in found.problems if problem not in self._torn[-1:]]
        self._metrics_key = key
        for row in found.rows:
            self._keep(row)
        if found.problems:
            self._recover_rows()

    def _keep(self, row: dict[str, Any]) -> None:
        """Keep the metrics of an epoch, and note whether its snapshot is whole.

        The snapshot's header and length are looked at, not its arrays.
        """
        epoch = row["epoch"]
        path = files.epoch_file(self.path / files.SNAPSHOTS, epoch)
        try:
            header = files.read_header(path)
            found = [{k: v for k, v in told.items() if k != "churn"} for told in header["layers"]]
            names = row["layers"].keys()
            if header["epoch"] != epoch or found != self._about["layers"] or names != self._layers.keys():
                raise RunError(f"{path} and {self.path / files.RUN} tell of different matrices or epochs.")
            if len(self._measures | row.keys()) > limits.MEASURES:
                raise RunError(f"{path} is of a run with more than {limits.MEASURES} metrics; that record is left out.")
        except RunError as error:
            if epoch not in self._whole:
                self._damaged[epoch] = str(error)
            return
        self._measures |= row.keys()
        self._rows[epoch] = {sys.intern(name): value for name, value in row.items()}
        self._whole.add(epoch)
        self._damaged.pop(epoch, None)

    def _recover_rows(self) -> None:
        """A snapshot carries its own metrics: where its line in the metrics file is torn, take them from there."""
        for path in islice((self.path / files.SNAPSHOTS).glob("*.safetensors"), limits.EPOCHS):
            epoch = limits.epoch_of(path)
            if epoch is None or epoch in self._whole or epoch in self._damaged:
                continue
            try:
                header = files.read_header(path)
            except RunError:
                continue
            layers = {row["name"]: row["churn"] for row in header["layers"]}
            self._keep({"epoch": epoch, "step": header["step"], **header["metrics"], "layers": layers})


class Lines(NamedTuple):
    """What a look at a file of metrics found.

    Attributes
    ----------
    rows : list of dict
        Of an epoch told of several times the last alone.
    offset : int
        Where the next look should begin: after the last whole line.
    number : int
        Of the last line before there, counted from 1.
    problems : list of str
        A sentence for each line that is whole but not readable. A last line without its end is being written, or was
        torn by a crash; it is no problem and is looked at again next time.
    """

    rows: list[dict[str, Any]]
    offset: int
    number: int
    problems: list[str]


def read_metrics_lines(path: Path, offset: int = 0, number: int = 0) -> Lines:
    """Whole lines of a metrics file from a byte offset on, before which there are `number` lines."""
    try:
        content = limits.read_bytes(path, limits.METRICS_BYTES, offset)
    except FileNotFoundError:
        return Lines([], offset, number, [])
    except (OSError, RefusedError) as error:
        problem = f"{path} cannot be read: {reason(error)}. Epochs are read from their snapshots instead, where "
        return Lines([], offset, number, [f"{problem}these are whole."])
    end = content.rfind(b"\n") + 1
    rows: dict[int, dict[str, Any]] = {}
    problems: list[str] = []
    for read, line in enumerate(BytesIO(content[:end])):  # one at a time: there may be millions
        if read == limits.EPOCHS:
            problems.append(f"{path} has more than {limits.EPOCHS:,} lines; what comes after is left out.")
            break
        number += 1
        try:
            if len(line) > limits.LINE_BYTES:
                raise RefusedError(f"it is {len(line):,} bytes long, and at most {limits.LINE_BYTES:,} are read")
            row = limits.check_row(limits.loads(line.strip()))
            rows[row["epoch"]] = row
        except RefusedError as error:
            problems.append(
                f"{path}, line {number:,}, is no record of an epoch: {reason(error)}. The epoch is read from its "
                "snapshot instead, where that is whole."
            )
    return Lines(list(rows.values()), offset + end, number, problems)


def _parent(told: Any) -> Parent | None:
    if told is None:
        return None
    if not isinstance(told, dict) or not isinstance(told.get("name"), str):
        raise RefusedError("its parent has no name")
    epoch = told.get("epoch")
    if type(epoch) is not int or not 0 <= epoch <= limits.LAST_EPOCH:
        raise RefusedError(f"its parent is at epoch {shown(epoch)}, which there cannot be")
    check_word(told["name"], "the name of its parent")
    return Parent(told["name"], epoch)


def _key(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.lstat()
    except OSError:
        return None
    return (stat.st_ino, stat.st_size, stat.st_mtime_ns)
