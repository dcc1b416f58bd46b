import shutil
from pathlib import Path

import pytest

from strnn_viz.config import preset
from tests.synthetic import make_run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that no test changes."""
    path = tmp_path_factory.mktemp("tiny") / "run"
    make_run(path, preset("demo", epochs=2), epochs=2, hidden=6)
    return path


@pytest.fixture
def path(tiny: Path, tmp_path: Path) -> Path:
    """A copy of it, to be broken."""
    return shutil.copytree(tiny, tmp_path / "runs" / "run")
