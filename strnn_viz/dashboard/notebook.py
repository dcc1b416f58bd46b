"""The explorer in a notebook cell: the very page, served beside the kernel to this machine alone.

It runs in a process of its own, so that it answers while the kernel computes, and never slows it down. It ends with the
kernel, also where that is killed: the server reads its standard input, which is closed when the kernel is gone.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from strnn_viz.dashboard.address import usable_port, wait_until_up
from strnn_viz.dashboard.link import Place
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, files

_servers: dict[Path, Server] = {}


@dataclass(eq=False)
class Shown:
    """A run in a cell; made by :func:`explore`.

    Attributes
    ----------
    folder : Path
        The directory of runs.
    name : str
        The run; empty for the one that trains, or else the newest.
    url : str
        Where the page is, for a tab of its own.
    height : int
        Pixels it takes in a cell.
    """

    folder: Path
    name: str
    url: str
    height: int

    @property
    def run(self) -> Run:
        """The run shown.

        Raises
        ------
        RunError
            If none was named.
        """
        if not self.name:
            raise RunError(f"all runs of {self.folder} are shown. Open one of them with strnn_viz.Run.")
        return Run(self.folder / self.name)

    def _repr_html_(self) -> str:
        title = f"Explorer of {self.name or self.folder}"
        return (
            f'<iframe src="{escape(self.url)}" title="{escape(title)}" width="100%" height="{self.height}" '
            'style="border: 1px solid #8884; border-radius: 4px" allow="fullscreen; clipboard-write"></iframe>'
        )

    def __repr__(self) -> str:
        return f"{self.name or self.folder} at {self.url}"


def explore(source: Run | str | os.PathLike[str], *, epoch: int | None = None, height: int = 760) -> Shown:
    """Show a run in a notebook, with every view and the one cursor of the explorer.

    It follows a run that trains, in this kernel or elsewhere, by itself. The browser must be on the machine of the
    kernel, or reach its ports, as that of VS Code and that behind an SSH tunnel do.

    Parameters
    ----------
    source : Run or path-like
        A run, its directory, or a directory of runs, of which the one that trains or else the newest is shown.
    epoch : int or None
        The epoch to show first; None for the newest.
    height : int
        Pixels it takes in the cell.

    Returns
    -------
    Shown
        Put it last in a cell. Cells that show runs of one directory share one server.

    Raises
    ------
    RunError
        If there is neither a run nor a directory, or the explorer cannot be started.
    UsageError
        If what the explorer needs is not installed.

    Examples
    --------
    >>> strnn_viz.explore(writer.path)  # doctest: +SKIP
    """
    if find_spec("panel") is None:
        raise UsageError(
            "the explorer needs panel, which is not installed. Install it with: pip install 'strnn-viz[notebook]'"
        )
    path = (source.path if isinstance(source, Run) else Path(source)).expanduser().resolve()
    if not path.is_dir():
        raise RunError(f"{path} is neither a run nor a directory of runs. Give where a RunWriter records.")
    is_run = (path / files.RUN).is_file()
    folder, name = (path.parent, path.name) if is_run else (path, "")
    query = Place(run=name, epoch=epoch).query
    url = f"{_server(folder).url}explorer"
    return Shown(folder, name, f"{url}?{query}" if query else url, height)


@dataclass(eq=False)
class Server:
    """A server as a process beside this one.

    Attributes
    ----------
    folder : Path
        The directory of runs it shows.
    """

    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    log: IO[bytes] = field(default_factory=tempfile.TemporaryFile)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://localhost:{self.port}/"

    def start(self) -> Server:
        """Start it and wait until it answers; raises RunError if it does not."""
        self.port = usable_port(0)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "strnn_viz.dashboard.beside", str(self.folder), str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            start_new_session=True,  # so that interrupting the kernel is not meant for it
        )
        process = self.process
        try:
            wait_until_up(self.url, lambda: process.poll() is None)
        except RunError:
            process.kill()
            self.log.seek(0)
            said = self.log.read()[-2000:].decode("utf-8", errors="replace").strip()
            self.stop()
            raise RunError(
                f"the explorer could not be started beside this notebook. It said:\n{said or '(nothing)'}"
            ) from None
        return self

    def stop(self) -> None:
        """End it, and the trainings started from its page."""
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def _server(folder: Path) -> Server:
    """The one server of this process for a directory of runs."""
    held = _servers.get(folder)
    if held is not None and held.process is not None and held.process.poll() is None:
        return held
    if held is not None:
        held.stop()
    _servers[folder] = Server(folder).start()
    return _servers[folder]


@atexit.register
def close() -> None:
    """End what serves the cells of this process; their pages then show what they last knew."""
    while _servers:
        _servers.popitem()[1].stop()
