"""The server: one hub and one launcher for all viewers, on this machine only unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import panel as pn
import panel_material_ui as pmui
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.page import LOOK_MS, Explorer
from strnn_viz.errors import RunError
from strnn_viz.ports import is_free

LOOPBACK = ("127.0.0.1", "localhost", "::1")
MESSAGE_BYTES = 64 * 2**20  # of one websocket message; Bokeh's own 20 MB would do for pooled masks only


def make_app(hub: RunHub, launcher: Launcher, run: str | None = None) -> Callable[[], pmui.Page]:
    """What a server calls for every viewer.

    Parameters
    ----------
    hub : RunHub
    launcher : Launcher
    run : str or None
        The run to show first; None for the one that trains, or else the newest.
    """

    def explorer() -> pmui.Page:
        viewer = Explorer(hub, launcher, run)
        page = viewer.view()
        # The server holds the callback, the callback the viewer: both go with the session.
        pn.state.add_periodic_callback(viewer.look, LOOK_MS)
        return page

    return explorer


@functools.cache
def shared(folder: str | os.PathLike[str]) -> tuple[RunHub, Launcher]:
    """The one hub and launcher of this process for a directory of runs.

    For ``panel serve``, which runs a script anew for every viewer.
    """
    return RunHub(folder), Launcher(folder)


def serve(
    folder: str | os.PathLike[str],
    *,
    port: int = 5006,
    address: str = "127.0.0.1",
    show: bool = True,
    run: str | None = None,
    start_demo: bool = False,
    threaded: bool = False,
    launcher: Launcher | None = None,
) -> Any:
    """Serve the explorer of a directory of runs until it is interrupted.

    Parameters
    ----------
    folder : path-like
        The directory of runs; made when the first is started.
    port : int
        0 takes any free port.
    address : str
        The address to listen on.
    show : bool
        Open a browser, where there is one.
    run : str or None
        The run to show first.
    start_demo : bool
        Start training the demo if there is no run yet.
    threaded : bool
        Return a running server at once instead of serving until interrupted; its ``stop()`` ends it.
    launcher : Launcher or None
        What starts trainings; None for the usual.

    Raises
    ------
    RunError
        If the port is taken or may not be used.
    UsageError
        If there is no run of the name given.
    """
    hub, launcher = RunHub(folder), launcher or Launcher(folder)
    if run is not None:
        hub.run(run)
    port = _usable(port, address)
    app = {"explorer": make_app(hub, launcher, run)}
    url = f"http://{'localhost' if address in LOOPBACK else address}:{port}/"
    loop = IOLoop(make_current=not threaded)
    loop.asyncio_loop.set_exception_handler(_no_one_there)
    logging.getLogger("bokeh.server.views.ws").addFilter(_expected)
    started = pn.serve(app, port=port, loop=loop, start=threaded, threaded=threaded, **_options(address, port))
    if start_demo and not hub.names():
        name = launcher.start("demo", {}).name
        _say(f"There is no run in {folder} yet, so the demo starts training as {name}.")
    if threaded:
        return started
    _say(f"The explorer shows the runs of {Path(folder)} at {url} (Ctrl-C ends it)")
    if show:
        threading.Thread(target=_open_browser, args=(url,), daemon=True).start()
    _run(started, launcher)
    return None


def _options(address: str, port: int) -> dict[str, Any]:
    """Options of the server that do not depend on what it serves."""
    hosts = (
        {"localhost", "127.0.0.1"} if address in LOOPBACK else {address, "localhost", "127.0.0.1", socket.gethostname()}
    )
    return {
        "address": address,
        "websocket_origin": [f"{host}:{port}" for host in sorted(hosts)],  # other pages may not talk to it
        "show": False,
        "verbose": False,
        "title": "strnn-viz",
        "liveness": True,  # whoever asks whether it is up gets an answer, not a session
        "websocket_max_message_size": MESSAGE_BYTES,
        "http_server_kwargs": {"max_buffer_size": MESSAGE_BYTES},
        "unused_session_lifetime_milliseconds": 5_000,
        "check_unused_sessions_milliseconds": 2_000,
        "keep_alive_milliseconds": 10_000,
    }


def _usable(port: int, address: str) -> int:
    """The port to listen on, or a message that says what to do about it."""
    if port == 0:
        with socket.create_server((address, 0)) as probe:
            return int(probe.getsockname()[1])
    if is_free(port, address):
        return port
    if 0 < port < 1024:
        reason = "it may be in use, and ports below 1024 need administrator rights"
    else:
        reason = "another program listens there; perhaps the explorer is open already"
    raise RunError(
        f"cannot listen on port {port} of {address}: {reason}. Give another with --port, or --port 0 for any free one."
    )


def _run(server: Any, launcher: Launcher) -> None:
    """Serve until Ctrl-C or a polite kill; then end what was started from the page, and say how to go on."""
    loop = server.io_loop

    def leave(*_: Any) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)  # a second one ends it at once
        loop.add_callback_from_signal(loop.stop)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    server.start()
    try:
        loop.start()
    finally:
        if launcher.going():
            _say("\nEnding the trainings started from the page …")
        for sentence in launcher.stop_all():
            _say(sentence)
        server.stop(wait=False)
        _say("The explorer has ended.")


def _no_one_there(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Tell of errors no one waited for, but not that a viewer has left while something was being sent."""
    if not isinstance(context.get("exception"), (WebSocketClosedError, StreamClosedError)):
        loop.default_exception_handler(context)


def _expected(record: logging.LogRecord) -> bool:
    """Whether a line of the log is worth reading; that a viewer has left is not."""
    return "connection was closed" not in record.getMessage()


def _open_browser(url: str) -> None:
    """Open the page where there is a browser; where there is none, the address is on the terminal already."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return  # else a text browser might take over the terminal
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(url)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
