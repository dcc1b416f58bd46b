"""The window itself is pywebview's; here a stand-in opens none, and visits the page as the window would."""

import sys
import types
import urllib.request
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import HTTPError

import pytest
from click.testing import CliRunner

from strnn_viz.cli import main
from strnn_viz.dashboard import window
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run
from tests.dashboard.conftest import wait_for


class NothingToDrawWithError(Exception):
    pass


@pytest.fixture
def webview(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A stand-in for pywebview; a test says what happens while the window is open."""
    module, errors = types.ModuleType("webview"), types.ModuleType("webview.errors")
    module.settings = {"ALLOW_DOWNLOADS": False}
    module.windows = []
    module.create_window = lambda title, url, **size: module.windows.append((title, url, size))
    module.errors = errors
    errors.WebViewException = NothingToDrawWithError
    monkeypatch.setitem(sys.modules, "webview", module)
    monkeypatch.setitem(sys.modules, "webview.errors", errors)
    monkeypatch.setenv("DISPLAY", ":0")
    return module


def status(url: str, visitor: urllib.request.OpenerDirector) -> int:
    try:
        with visitor.open(url, timeout=120) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def test_a_window_shows_the_page_to_itself_alone_and_ends_what_it_started(
    webview: types.ModuleType, start: Callable[..., Launcher], tmp_path: Path
) -> None:
    launcher = start("--delay", "0.3", "--epochs", "500")
    told = {}

    def opened() -> None:
        ((title, url, _),) = webview.windows
        told["title"], told["downloads"] = title, webview.settings["ALLOW_DOWNLOADS"]
        bare = url.partition("?")[0]
        told["url"] = bare
        with_cookies = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        told["others"] = status(f"{bare}runs", urllib.request.build_opener())
        told["window"] = [status(url, with_cookies), status(f"{bare}runs", with_cookies)]
        wait_for((tmp_path / "runs" / "demo-uniform" / "metrics.jsonl").exists)

    webview.start = opened
    (sentence,) = window.show(tmp_path / "runs", start_demo=True, launcher=launcher)
    assert (told["title"], told["downloads"]) == ("strnn-viz", True)
    assert (told["others"], told["window"]) == (403, [200, 200])
    assert "strnn-viz train --resume" in sentence
    assert Run(tmp_path / "runs" / "demo-uniform").status == "stopped"

    def gone() -> bool:
        try:
            urllib.request.urlopen(f"{told['url']}liveness", timeout=5).close()
        except OSError:
            return True
        return False

    wait_for(gone)


def test_where_nothing_can_draw_a_page_that_is_said(webview: types.ModuleType, tmp_path: Path) -> None:
    def start() -> None:
        raise NothingToDrawWithError("You must have either QT or GTK")

    webview.start = start
    with pytest.raises(RunError, match="no window can be opened: You must have either QT or GTK.*Without --window"):
        window.show(tmp_path)


def test_without_a_display_that_is_said(
    webview: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(RunError, match="neither DISPLAY nor WAYLAND_DISPLAY is set"):
        window.show(tmp_path)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "webview", None)
    with pytest.raises(UsageError):
        window.show(tmp_path)
    result = CliRunner().invoke(main, ["explore", "--window", "--runs", str(tmp_path)])
    assert result.exit_code == 2
    assert "pip install 'strnn-viz[desktop]'" in result.stderr.replace("\n", " ")
