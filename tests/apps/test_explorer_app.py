from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

from strnn_viz.ports import free_port
from tests.synthetic import make_run

APP = Path(__file__).parent.parent.parent / "apps" / "explorer.py"


def test_panel_serves_the_app(tmp_path: Path) -> None:
    make_run(tmp_path / "one", epochs=1)
    port = free_port(0)
    command = [sys.executable, "-m", "panel", "serve", str(APP), "--port", str(port), "--address", "127.0.0.1"]
    environment = os.environ | {"STRNN_VIZ_RUNS": str(tmp_path)}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "running at" in line:
                    break
            assert any(
                f"127.0.0.1:{port}/explorer" in line or f"localhost:{port}/explorer" in line for line in lines
            ), lines
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/explorer", timeout=60) as answer:
                page = answer.read().decode()
            assert answer.status == 200
            assert "strnn-viz" in page
            assert not re.search(r'(?:src|href)="https?://(?!127\.0\.0\.1|localhost)', page)
        finally:
            process.terminate()
            process.communicate(timeout=60)  # it says good-bye, and must be heard out
