import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from strnn_viz.config import preset
from tests.dashboard.conftest import any_port, wait_for
from tests.synthetic import make_run

APPS = Path(__file__).parents[2] / "apps"


def test_an_app_only_composes() -> None:
    for app in APPS.glob("*.py"):
        assert len(app.read_text().splitlines()) <= 40, app.name


@pytest.mark.slow
def test_the_explorer_is_served_by_panel(tmp_path: Path) -> None:
    make_run(tmp_path / "mine", preset("demo", epochs=2), epochs=2, hidden=4)
    port = any_port()
    command = [sys.executable, "-m", "panel", "serve", str(APPS / "explorer.py"), "--port", str(port)]
    server = subprocess.Popen(
        command,
        env=os.environ | {"STRNN_VIZ_RUNS": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def page() -> str:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/explorer", timeout=20) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    try:
        wait_for(page, seconds=60)
        assert "<title>strnn-viz</title>" in page()
    finally:
        server.terminate()
        log, _ = server.communicate(timeout=30)
    assert not re.search("Traceback|ERROR", log), log
