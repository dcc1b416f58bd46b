"""What was computed from a recorded epoch once need not be computed again for the next viewer."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar

from strnn_viz.runs import Run
from strnn_viz.runs.files import SNAPSHOTS, epoch_file

T = TypeVar("T")


class Bounded(Generic[T]):
    """A least-recently-used store of at most `size` values, safe to share among threads.

    Parameters
    ----------
    size : int
        How many values are held.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, made now if it is not held. Two threads may make it at once; the later one is kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self.size:
                self._values.popitem(last=False)
        return value

    def __len__(self) -> int:
        return len(self._values)


def snapshot_key(run: Run, epoch: int) -> tuple[Hashable, ...]:
    """Identity of the file an epoch is read from.

    A resumed run, or another run under the same name, has other files, so nothing stale is ever served. A file that
    is gone has a key too: reading it is what raises.
    """
    path = epoch_file(run.path / SNAPSHOTS, epoch)
    try:
        stat = path.stat()
    except OSError:
        return (str(path),)
    return (str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns)
