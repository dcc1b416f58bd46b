import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import strnn_viz
from strnn_viz.config import preset
from strnn_viz.dashboard import notebook
from strnn_viz.dashboard.notebook import explore
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run
from tests.dashboard.conftest import wait_for
from tests.synthetic import make_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("shown") / "<runs> & more"
    make_run(path / "one", preset("demo", epochs=2), epochs=2, hidden=4)
    yield path
    notebook.close()


def test_a_run_is_shown_by_the_page_itself(folder: Path) -> None:
    shown = strnn_viz.explore(Run(folder / "one"), epoch=1, height=500)
    html = shown._repr_html_()
    address = re.search(r'src="(http://localhost:\d+/explorer\?run=one&amp;epoch=1)"', html)[1].replace("&amp;", "&")
    assert 'height="500"' in html
    assert address == shown.url
    with urllib.request.urlopen(address, timeout=120) as answer:
        assert "<title>strnn-viz</title>" in answer.read().decode()
        assert "X-Frame-Options" not in answer.headers
        policy = answer.headers["Content-Security-Policy"]
    ancestors = re.search("frame-ancestors ([^;]*)", policy)[1].split()
    assert "http://localhost:*" in ancestors
    assert not {"*", "https:", "http:"} & set(ancestors)
    assert shown.run.epochs == [0, 1, 2]


def test_cells_share_one_server(folder: Path) -> None:
    one, all_ = explore(folder / "one"), explore(folder)
    assert one.url == f"{all_.url}?run=one"
    assert "&lt;runs&gt; &amp; more" in all_._repr_html_()
    with pytest.raises(RunError, match="all runs of"):
        _ = all_.run


def test_a_server_that_has_ended_is_started_again(folder: Path) -> None:
    before = explore(folder / "one")
    process = notebook._servers[folder.resolve()].process
    notebook.close()
    assert process.returncode == 0
    assert explore(folder / "one").url != before.url


def test_what_is_no_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="neither a run nor a directory of runs"):
        explore(tmp_path / "nowhere")


def test_what_is_not_installed_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match=r"pip install 'strnn-viz\[notebook\]'"):
        explore(folder)


def test_a_server_that_cannot_start_says_why(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "*.example.org")
    with pytest.raises(RunError, match=r"could not be started beside this notebook. It said:\nBOKEH_ALLOW_WS_ORIGIN"):
        notebook.Server(folder).start()


@pytest.mark.slow
def test_it_ends_with_a_kernel_that_is_killed_and_the_kernel_loads_no_panel(folder: Path) -> None:
    code = (
        "import strnn_viz, sys, os\n"
        f"shown = strnn_viz.explore({str(folder)!r})\n"
        "from strnn_viz.dashboard import notebook\n"
        "server, = notebook._servers.values()\n"
        "print(server.process.pid, {'panel', 'bokeh', 'holoviews', 'torch'} & set(sys.modules), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=False)
    process, loaded = done.stdout.split(maxsplit=1)
    assert loaded.strip() == "set()"

    def gone() -> bool:
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return True
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"

    wait_for(gone)
