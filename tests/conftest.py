"""One thread for every test, and the order of the tests."""

import os

import pytest

# Tests work on tiny matrices, where more threads only wait for each other; on a busy machine ten times as long.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that drive a browser last: Playwright keeps an event loop running in this thread to the very end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
