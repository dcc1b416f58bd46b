"""One writer at a time: a lock that the kernel lets go of when its holder dies, also by kill -9."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from filelock import FileLock, Timeout

from strnn_viz.errors import RunError
from strnn_viz.runs import files

LOCK, WRITER = "writer.lock", "writer.json"


def take(path: Path) -> FileLock:
    """Become the only writer of the run at `path`, for as long as the lock returned is held.

    Raises
    ------
    RunError
        If another process is; its pid and host are named.
    """
    lock = FileLock(path / LOCK, thread_local=False)
    try:
        # A reader that asks whether the run is written holds the lock for an instant; a writer holds it for good.
        lock.acquire(timeout=1.0, poll_interval=0.02)
    except Timeout:
        raise RunError(
            f"{path} is being written by {_holder(path)}. Wait until it ends, stop it, or choose another --name."
        ) from None
    owner = {"pid": os.getpid(), "host": socket.gethostname()}
    files.write_whole(path / WRITER, files.to_json(owner), durable=False)
    return lock


def is_being_written(path: Path) -> bool:
    """Whether some process is the writer of the run at `path` right now."""
    if not (path / LOCK).is_file() or (path / LOCK).is_symlink():  # taking a lock opens its file for writing
        return False
    try:
        with FileLock(path / LOCK, timeout=0):
            return False
    except Timeout:
        return True
    except OSError:
        return False  # a copy one may only read has no writer


def _holder(path: Path) -> str:
    try:
        owner = files.read_json(path / WRITER)
        return f"process {owner['pid']} on host {owner['host']}"
    except (RunError, KeyError):
        return "another process"
