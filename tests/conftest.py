"""One thread for every test, a cache of their own, and the order of the tests."""

import os
import shutil
import tempfile

import pytest

# Tests work on tiny matrices, where more threads only wait for each other; on a busy machine ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Neither a test nor a process that it starts reads or writes the cache of whoever runs it.
_CACHE = os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="strnn-viz-tests-")


def pytest_unconfigure() -> None:
    shutil.rmtree(_CACHE, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that drive a browser last: Playwright keeps an event loop running in this thread to the very end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
