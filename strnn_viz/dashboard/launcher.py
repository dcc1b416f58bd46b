"""Training as processes of their own: started, resumed and steered from the page, and outliving it."""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from strnn_viz.config import preset
from strnn_viz.errors import RunError, StrnnVizError
from strnn_viz.runs import Control, Run, check_name, files, forks, free_name, run_name, send

STRNN_VIZ = (sys.executable, "-m", "strnn_viz")


@dataclass
class Launch:
    """One training process this server started.

    Attributes
    ----------
    path : Path
        Directory of the run.
    process : subprocess.Popen
    begun : float
        When, by :func:`time.monotonic`.
    resumed : bool
        Whether it continues a recorded run.
    """

    path: Path
    process: subprocess.Popen[bytes]
    begun: float = field(default_factory=time.monotonic)
    resumed: bool = False

    @property
    def name(self) -> str:
        """Name of the run."""
        return self.path.name

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    @property
    def ready(self) -> bool:
        """Whether there is a run to look at."""
        return (self.path / files.RUN).is_file()

    def problem(self) -> str:
        """Why it ended without having trained, with the end of its log; empty if it did not."""
        code = self.process.poll()
        if not code or (self.ready and not self.resumed) or (self.resumed and code < 0):
            return ""  # once there is a run, the run itself says how it ended
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        log = self.path / files.LOG
        return f"Training {self.name} {how}. The end of {log}:\n{tail(log) or '(the log is empty)'}"


class Launcher:
    """Starts, resumes and steers training processes.

    Parameters
    ----------
    folder : path-like
        Where new runs go.
    command : sequence of str
        What starts training; its arguments are those of ``strnn-viz``, beginning with ``train`` or ``fork``.
    """

    def __init__(self, folder: str | os.PathLike[str], *, command: Sequence[str] = STRNN_VIZ) -> None:
        self.folder = Path(folder)
        self._command = tuple(command)
        self._launches: dict[str, Launch] = {}
        atexit.register(self.stop_all)  # the last resort where the server itself does not say good-bye

    def start(self, name: str, values: Mapping[str, str]) -> Launch:
        """Start a run of a preset.

        Parameters
        ----------
        name : str
            The preset.
        values : mapping of str to str
            Configuration keys and the values to change.

        Raises
        ------
        ConfigError
            If a value is out of its range.
        RunError
            If the directory cannot be written or the process cannot be started.
        """
        config = preset(name, **values)
        path = self._make_directory(run_name(name, config))
        arguments = ["train", name, "--runs", str(self.folder), "--name", path.name, *_settings(values)]
        return self._launch(path, arguments, resumed=False)

    def fork(self, run: Run, epoch: int, changes: Mapping[str, str]) -> Launch:
        """Start a run that goes on from an epoch of another one.

        Parameters
        ----------
        run : Run
        epoch : int
        changes : mapping of str to str
            Configuration keys and the values to change.

        Raises
        ------
        ConfigError, UsageError
            If a value is out of its range or cannot be changed, or if the epoch has no checkpoint.
        RunError
            If the directory cannot be written or the process cannot be started.
        """
        config = forks.forked_config(run, epoch, changes)
        forks.check_epoch(run, epoch)
        path = self._make_directory(forks.fork_name(run, epoch, {key: config.get(key) for key in changes}))
        where = ["--epoch", str(epoch), "--runs", str(self.folder), "--name", path.name]
        return self._launch(path, ["fork", run.name, *where, *_settings(changes)], resumed=False)

    def resume(self, run: Run) -> Launch:
        """Continue a run that was stopped, interrupted or failed; raises as :meth:`start`."""
        return self._launch(run.path, ["train", "--resume", str(run.path)], resumed=True)

    def pause(self, run: Run) -> None:
        """Ask a run to pause between two optimizer steps."""
        send(run.path, Control("pause"))

    def go_on(self, run: Run) -> None:
        """Ask a paused run to go on."""
        send(run.path, Control("run"))

    def step(self, run: Run) -> None:
        """Ask a run to go on until one more epoch is recorded, and to pause there."""
        send(run.path, Control("run", pause_after=max(run.epochs, default=-1) + 1))

    def stop(self, run: Run) -> None:
        """Ask a run to end; it can be resumed."""
        send(run.path, Control("stop"))

    def find(self, name: str) -> Launch | None:
        """The newest process this server started for a run."""
        return self._launches.get(name)

    def going(self) -> list[Launch]:
        """The processes this server started that are still there."""
        return [launch for launch in self._launches.values() if launch.alive]

    def stop_all(self, patience: float = 20.0) -> list[str]:
        """End what this server started, and say how to continue it.

        Parameters
        ----------
        patience : float
            Seconds to wait for clean ends; then the processes are interrupted, and at last killed, which a run
            survives too.

        Returns
        -------
        list of str
            A sentence for each training that was still going on.
        """
        going = self.going()
        for launch in going:
            with contextlib.suppress(RunError):
                send(launch.path, Control("stop"))
            if not launch.ready:
                launch.process.terminate()
        for end, how in ((patience, signal.SIGINT), (patience / 4, signal.SIGKILL)):
            limit = time.monotonic() + end
            while any(launch.alive for launch in going) and time.monotonic() < limit:
                time.sleep(0.02)
            for launch in going:
                if launch.alive:
                    launch.process.send_signal(how)
        for launch in going:
            launch.process.wait()
        self._launches.clear()
        return [
            f"Stopped training {launch.name}. Continue it with: strnn-viz train --resume {launch.path}"
            for launch in going
            if launch.ready
        ]

    def _make_directory(self, wanted: str) -> Path:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            while True:
                path = self.folder / check_name(free_name(self.folder, wanted))
                with contextlib.suppress(FileExistsError):  # another server took the name just now
                    path.mkdir()
                    return path
        except OSError as error:
            raise RunError(
                f"cannot make a run in {self.folder}: {error.strerror or error}. Give write access to it, or serve "
                "another directory with --runs."
            ) from error

    def _launch(self, path: Path, arguments: Sequence[str], *, resumed: bool) -> Launch:
        held = self._launches.get(path.name)
        if held and held.alive:
            raise RunError(f"{path.name} is being trained by process {held.process.pid} already.")
        environment = os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"}
        try:
            with (path / files.LOG).open("ab") as log:
                process = subprocess.Popen(
                    [*self._command, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,  # so that Ctrl-C in the server's terminal is not meant for it
                )
        except OSError as error:
            raise RunError(f"cannot start training {path.name}: {error.strerror or error}.") from error
        # Waited for at once, so that it is never a zombie, whether or not anyone is looking.
        Thread(target=process.wait, name=f"wait for {path.name}", daemon=True).start()
        self._launches[path.name] = Launch(path, process, resumed=resumed)
        return self._launches[path.name]


def check_values(name: str, values: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the values of a form together; empty when a run could start.

    Parameters
    ----------
    name : str
        The preset.
    values : mapping of str to str

    Returns
    -------
    dict of str to str
        What is wrong by key. A combination that makes no sense is told at the key its message begins with; under an
        empty key if that is not one of `values`.
    """
    return _blame(values, lambda left: preset(name, **left))


def check_fork(run: Run, epoch: int, changes: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with the changes of a fork together, told as :func:`check_values` does."""
    return _blame(changes, lambda left: forks.forked_config(run, epoch, left))


def _blame(values: Mapping[str, str], make: Callable[[Mapping[str, str]], object]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    left = dict(values)
    while True:
        try:
            make(left)
        except StrnnVizError as error:
            key = str(error).partition(" ")[0]
            if key not in left:
                # What is left may clash only because a value beside it was taken away.
                return wrong or {"": str(error)}
            wrong[key] = str(error)
            del left[key]
        else:
            return wrong


def _settings(values: Mapping[str, str]) -> list[str]:
    return [part for key, value in values.items() for part in ("--set", f"{key}={value}")]


def tail(path: Path, lines: int = 12, reach: int = 8192) -> str:
    """The last lines of a text file; empty if it cannot be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - reach))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return "\n".join(text.strip().splitlines()[-lines:])
