"""What takes longer than a look may take: computed beside the server, one thing after another, behind any training."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

from strnn_viz.errors import StrnnVizError

log = logging.getLogger(__name__)

_NICE = 15  # of the one thread that computes: it takes what trainings leave
_HELD = 16_384  # results


class Backlog:
    """Results by key, one thread for all viewers, begun when there is something to do and ended when there is not.

    What is asked for is computed in the order of the asking, and only as long as it was asked for lately: a viewer asks
    for a few things at each look, and one who has left asks no more.

    Parameters
    ----------
    patience : int
        How many things may wait; the ones asked for longest ago are forgotten.
    """

    def __init__(self, patience: int = 16) -> None:
        self._patience = patience
        self._waiting: OrderedDict[Hashable, Callable[[], Any]] = OrderedDict()
        self._results: OrderedDict[Hashable, Any] = OrderedDict()
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None

    def get(self, key: Hashable, compute: Callable[[], Any]) -> Any:
        """A result, or None while it is computed; also None where computing it failed, which is not tried again."""
        with self._mutex:
            if key in self._results:
                self._results.move_to_end(key)
                return self._results[key]
            self._waiting[key] = compute
            self._waiting.move_to_end(key)
            while len(self._waiting) > self._patience:
                self._waiting.popitem(last=False)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="comparing", daemon=True)
                self._thread.start()
        return None

    def _work(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # Linux knows the priority of a thread, others do not
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while True:
            with self._mutex:
                if not self._waiting:
                    self._thread = None
                    return
                key, compute = next(iter(self._waiting.items()))
            try:
                result = compute()
            except StrnnVizError:
                result = None
            except Exception:
                log.exception("comparing: %s", key)
                result = None
            with self._mutex:
                self._waiting.pop(key, None)
                self._results[key] = result
                while len(self._results) > _HELD:
                    self._results.popitem(last=False)
