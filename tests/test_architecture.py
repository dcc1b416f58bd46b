"""What may import what, seen from outside: in a fresh process, which modules an import pulls in."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DASHBOARD = {"panel", "bokeh", "holoviews", "networkx", "param", "panel_material_ui"}


def modules_after(code: str, *, without: tuple[str, ...] = ()) -> set[str]:
    """Top-level modules loaded after running `code`, with some made impossible to import."""
    block = "".join(f"sys.modules[{name!r}] = None\n" for name in without)
    script = f"import sys, json\n{block}{code}\nprint(json.dumps([m for m, v in sys.modules.items() if v]))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_importing_the_package_pulls_in_neither_dashboard_nor_torch():
    loaded = modules_after("import strnn_viz")
    assert not loaded & (DASHBOARD | {"torch", "pandas", "scipy"})


def test_training_needs_no_dashboard():
    code = "import strnn_viz; strnn_viz.train; strnn_viz.SparseTraining; import strnn_viz.cli"
    assert not modules_after(code, without=tuple(DASHBOARD)) & DASHBOARD


@pytest.mark.parametrize("module", ["runs", "topology", "views"])
def test_replay_works_where_torch_is_not_installed(module):
    loaded = modules_after(f"import strnn_viz.{module}", without=("torch",))
    assert "torch" not in loaded


def test_import_rules():
    done = subprocess.run([sys.executable, "-m", "importlinter.cli", "lint"], cwd=ROOT, capture_output=True, text=True)
    if "No module named" in done.stderr:
        pytest.skip("import-linter is not installed; it runs in CI")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "apps").glob("*.py")), ids=lambda p: p.name)
def test_apps_only_compose(path):
    assert len(path.read_text().splitlines()) <= 40
