"""The explorer in a window of its own, without a browser: a server on a free port, and a window that shows it."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from typing import Any

from strnn_viz.dashboard import access
from strnn_viz.dashboard.address import usable_port, wait_until_up
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.serve import serve
from strnn_viz.errors import RunError, UsageError

SIZE, SMALLEST = (1400, 900), (640, 480)

_INSTEAD = "Without --window the explorer is served for a browser."


def show(
    folder: str | os.PathLike[str],
    *,
    run: str | None = None,
    start_demo: bool = False,
    launcher: Launcher | None = None,
) -> list[str]:
    """Open a window and wait until it is closed; then end the server and the trainings started from it.

    Parameters
    ----------
    folder : path-like
        The directory of runs.
    run : str or None
        The run to show first.
    start_demo : bool
        Start training the demo if there is no run yet.
    launcher : Launcher or None
        What starts trainings; None for the usual.

    Returns
    -------
    list of str
        A sentence for each training that was ended.

    Raises
    ------
    UsageError
        If pywebview is not installed, or there is no run of the name given.
    RunError
        If there is no display, or nothing on this machine that could draw a page in a window.
    """
    webview = _webview()
    launcher = launcher or Launcher(folder)
    port, token = usable_port(0), access.new_token()
    server = serve(
        folder, port=port, token=token, show=False, threaded=True, run=run, start_demo=start_demo, launcher=launcher
    )
    try:
        url = f"http://localhost:{port}/"
        wait_until_up(url)
        webview.settings["ALLOW_DOWNLOADS"] = True
        webview.create_window(
            "strnn-viz", access.with_token(url, token), width=SIZE[0], height=SIZE[1], min_size=SMALLEST
        )
        try:
            webview.start()
        except webview.errors.WebViewException as error:
            raise RunError(
                f"no window can be opened: {error}. Install GTK with WebKit, or Qt: pip install 'pywebview[qt]'. "
                f"{_INSTEAD}"
            ) from error
    finally:
        ended = launcher.stop_all()
        server.stop()
    return ended


def _webview() -> Any:
    """The library that opens windows, where there can be one."""
    try:
        webview = import_module("webview")
        import_module("webview.errors")
    except ModuleNotFoundError as error:
        raise UsageError(
            "a window needs pywebview, which is not installed. Install it with: pip install 'strnn-viz[desktop]'. "
            f"{_INSTEAD}"
        ) from error
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"} & set(os.environ):
        raise RunError(
            f"there is no display to open a window on: neither DISPLAY nor WAYLAND_DISPLAY is set. {_INSTEAD}"
        )
    with contextlib.suppress(AttributeError):  # it logs what it tried before it says that nothing is there
        webview.logger.setLevel("CRITICAL")
    return webview
