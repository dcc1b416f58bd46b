import pytest

from strnn_viz.config import RunConfig, preset


@pytest.fixture(scope="session")
def tiny() -> RunConfig:
    """The embedded corpus with a hundred words, so that an epoch takes a fraction of a second."""
    return preset("demo", vocabulary=100, hidden=8, batch_size=512, bptt=90, epochs=3, seed=4, threads=1)
