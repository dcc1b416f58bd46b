"""The write side of a run: one process at a time appends snapshots and checkpoints to a directory."""

from __future__ import annotations

import contextlib
import os
import platform
import socket
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from strnn_viz.config import RunConfig
from strnn_viz.errors import RunError
from strnn_viz.runs import files, lock
from strnn_viz.runs.run import Parent, read_metrics_lines
from strnn_viz.runs.snapshot import Snapshot
from strnn_viz.runs.steps import forget_steps


class RunWriter:
    """Append snapshots to a run directory, as its only writer.

    Use it as a context manager: leaving it marks the run finished, stopped (Ctrl-C) or failed, and lets go of it.

    Parameters
    ----------
    path : path-like
        The run's directory; made if it is not there.
    config : RunConfig or None
        What the run is; None for one that is not trained here but recorded from elsewhere.
    resume : bool
        Continue a recorded run instead of starting one.
    origin : str
        Where a run without a configuration comes from.
    parent : Parent, optional
        The run and epoch it goes on from.
    execution : mapping of str to str, optional
        In which form its matrices are held while it trains, and why. A resumed run keeps what it has unless it is
        given another.

    Raises
    ------
    RunError
        If another process writes this run (its pid and host are named), if `path` already holds a run and `resume`
        is false, or if the disk cannot be written.

    Examples
    --------
    >>> with RunWriter("runs/mine", config) as writer:  # doctest: +SKIP
    ...     for snapshot in train(config):
    ...         writer.append(snapshot)
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        config: RunConfig | None,
        *,
        resume: bool = False,
        origin: str = "",
        parent: Parent | None = None,
        execution: Mapping[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.config = config
        with files.writing(self.path / files.RUN):
            (self.path / files.SNAPSHOTS).mkdir(parents=True, exist_ok=True)
            (self.path / files.CHECKPOINTS).mkdir(exist_ok=True)
            self._lock = lock.take(self.path)
        try:
            self._about = self._resume(execution) if resume else self._start(origin, parent, execution)
        except BaseException:
            self._lock.release()
            raise

    def append(self, snapshot: Snapshot, **extra: float) -> None:
        """Record a snapshot, and a line of metrics that readers see only once the snapshot is whole.

        Parameters
        ----------
        snapshot : Snapshot
            Its epoch must come after every epoch recorded so far.
        **extra : float
            Numbers for the metrics line that are not part of the snapshot, such as how long the epoch took.

        Raises
        ------
        RunError
            If the disk cannot be written; what was recorded before is intact.
        """
        if not self._about["layers"]:
            self._update(layers=[layer.info.to_dict() for layer in snapshot.layers.values()])
        path = files.epoch_file(self.path / files.SNAPSHOTS, snapshot.epoch)
        files.write_whole(path, files.snapshot_bytes(snapshot))
        churn = {n: asdict(layer.churn) | {"nnz": layer.nnz} for n, layer in snapshot.layers.items()}
        row = {"epoch": snapshot.epoch, "step": snapshot.step, **snapshot.metrics, **extra, "layers": churn}
        with files.writing(self.path / files.METRICS), (self.path / files.METRICS).open("ab") as file:
            file.write(files.to_json(row))
            file.flush()
            os.fsync(file.fileno())

    def checkpoint(
        self, epoch: int, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any], *, within: bool = False
    ) -> None:
        """Save all that is needed to go on from here, and drop checkpoints the configuration does not keep.

        Parameters
        ----------
        epoch : int
            Epochs recorded so far.
        arrays : mapping of str to ndarray
        header : mapping
            Plain values.
        within : bool
            Whether the next epoch is under way. Such a checkpoint stands beside that of the epoch itself, until the
            next epoch is done.
        """
        folder = self.path / files.CHECKPOINTS
        path = folder / files.WITHIN if within else files.epoch_file(folder, epoch)
        files.write_whole(path, files.array_bytes(arrays, {"format": files.FORMAT, **header}))
        if not within:
            (folder / files.WITHIN).unlink(missing_ok=True)
            if self.config is not None and self.config.training.checkpoints == "last":
                for old in folder.glob("*.safetensors"):
                    if old != path:
                        old.unlink(missing_ok=True)

    def status(self, status: str, message: str = "") -> None:
        """Say what the run is doing: ``training``, ``paused``, ``stopped``, ``finished`` or ``failed``."""
        if (status, message) != (self._about["status"], self._about["message"]):
            self._update(status=status, message=message)

    def close(self) -> None:
        """Let go of the run; another writer may take it."""
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                if self._about["status"] in ("training", "paused"):
                    self.status("finished")
            elif isinstance(error, (KeyboardInterrupt, GeneratorExit)):
                self.status("stopped")
            else:
                with contextlib.suppress(RunError):  # the disk may be full, which is what brought us here
                    self.status("failed", str(error) or kind.__name__ if kind else "")
        finally:
            self.close()

    def _start(self, origin: str, parent: Parent | None, execution: Mapping[str, str] | None) -> dict[str, Any]:
        if (self.path / files.RUN).exists():
            raise RunError(
                f"{self.path} already holds a run. Choose another --name, or continue it with: "
                f"strnn-viz train --resume {self.path}"
            )
        about = {
            "format": files.FORMAT,
            "name": self.path.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "status": "training",
            "message": "",
            "seed": None if self.config is None else self.config.seed,
            "config": None if self.config is None else self.config.to_dict(),
            "origin": origin,
            "parent": None if parent is None else asdict(parent),
            "execution": None if execution is None else dict(execution),
            "layers": [],
            "versions": versions(),
            "machine": {"host": socket.gethostname(), "cpu": platform.machine(), "system": platform.platform()},
        }
        files.write_whole(self.path / files.RUN, files.to_json(about, indent=1))
        return about

    def _resume(self, execution: Mapping[str, str] | None) -> dict[str, Any]:
        about = files.read_json(self.path / files.RUN) | {"status": "training", "message": ""}
        if execution is not None:
            about["execution"] = dict(execution)
        self._drop_control()
        files.write_whole(self.path / files.RUN, files.to_json(about, indent=1))
        return about

    def forget_after(self, epoch: int) -> None:
        """Drop what was recorded after `epoch` and any torn line; a resumed run records it again, identically."""
        rows = [row for row in read_metrics_lines(self.path / files.METRICS).rows if row["epoch"] <= epoch]
        files.write_whole(self.path / files.METRICS, b"".join(map(files.to_json, rows)))
        forget_steps(self.path, epoch)
        if epoch < 0:
            (self.path / files.CHECKPOINTS / files.WITHIN).unlink(missing_ok=True)
        for folder in (files.SNAPSHOTS, files.CHECKPOINTS):
            for path in (self.path / folder).glob("*.safetensors"):
                if path.stem.isdigit() and int(path.stem) > epoch:
                    path.unlink(missing_ok=True)
            for part in (self.path / folder).glob(".*.part"):
                part.unlink(missing_ok=True)

    def _drop_control(self) -> None:
        (self.path / files.CONTROL).unlink(missing_ok=True)

    def _update(self, **changes: Any) -> None:
        self._about = self._about | changes
        files.write_whole(self.path / files.RUN, files.to_json(self._about, indent=1))


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a run's numbers."""
    found = {"python": platform.python_version()}
    for package in ("strnn-viz", "torch", "numpy"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
