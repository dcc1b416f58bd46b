"""The order of the tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put those that drive a browser last: Playwright keeps an event loop running in this thread to the very end."""
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
