"""Every way of computing sparse products."""

from __future__ import annotations

import pytest

from strnn_viz.nn.sparse import installed, using


@pytest.fixture(params=["torch", "numba"])
def backend(request: pytest.FixtureRequest):
    if request.param == "numba" and not installed():
        pytest.skip("numba is not installed")
    with using(request.param):
        yield request.param
