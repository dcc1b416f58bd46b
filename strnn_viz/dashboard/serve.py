"""The server: one hub and one launcher for all viewers, on this machine only unless told otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import signal
import sys
import threading
import traceback
import webbrowser
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, Protocol

import panel as pn
import panel_material_ui as pmui
from bokeh.settings import settings
from panel.io.resources import LOCAL_DIST
from panel.io.threads import StoppableThread
from tornado.ioloop import IOLoop
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler
from tornado.websocket import WebSocketClosedError

from strnn_viz.dashboard import access
from strnn_viz.dashboard.address import LOOPBACK, hosts, is_loopback, usable_port
from strnn_viz.dashboard.chrome import TITLES, dress, take_theme
from strnn_viz.dashboard.compare import Comparison, asked_runs
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.page import LOOK_MS, Explorer
from strnn_viz.dashboard.parts import repeat
from strnn_viz.dashboard.runs_page import RunsPage

_DETACHED = ("connection.py", "session")  # where an assertion says that a viewer has left
_BOKEH_LOGS = ("bokeh.server.views.ws", "bokeh.server.protocol_handler", "tornado.application")
MESSAGE_BYTES = 64 * 2**20  # of one websocket message; Bokeh's own 20 MB would do for pooled masks only


class Viewer(Protocol):
    """What one viewer sees of a page."""

    def view(self) -> pmui.Page:
        """The page as a Panel object; called once."""

    def look(self) -> None:
        """Look at the hub, and move what has changed since the last look; called a few times a second."""


def pages(hub: RunHub, launcher: Launcher, run: str | None = None) -> dict[str, Callable[[], Viewer]]:
    """Every page by its place in the address, as what makes it for one viewer; arguments as :func:`make_app`."""
    return {
        "runs": lambda: RunsPage(hub, launcher),
        "explorer": lambda: Explorer(hub, launcher, run),
        "compare": lambda: Comparison(hub, launcher, asked_runs()),
    }


def make_app(
    hub: RunHub, launcher: Launcher, run: str | None = None, *, place: str = "explorer", there: Collection[str] = ()
) -> Callable[[], pmui.Page]:
    """What a server calls for every viewer of a page.

    Parameters
    ----------
    hub : RunHub
    launcher : Launcher
    run : str or None
        The run to show first; None for the one that trains, or else the newest.
    place : str
        Which page, of :func:`pages`.
    there : collection of str
        All pages the server has, for the way from one to another; none where it has this one only.
    """
    make = pages(hub, launcher, run)[place]

    def app() -> pmui.Page:
        # Panel says where styles are when it answers for a page. A browser that takes its time finds that session
        # gone, and gets another through its socket, of which no page was asked for: it would look for them in the net.
        pn.state.curdoc._template_variables.setdefault("dist_url", LOCAL_DIST)
        take_theme()
        viewer = make()
        page = dress(viewer.view(), place, there)
        # The server holds the callback, the callback the viewer: both go with the session.
        repeat(viewer.look, LOOK_MS).start()
        return page

    return app


class Entrance(RequestHandler):
    """Leads from the bare address to the page that helps most."""

    def initialize(self, lead: Callable[[], str]) -> None:
        """Remember what says which page that is."""
        self._lead = lead

    def get(self) -> None:
        """Lead there, with what was asked for."""
        query = f"?{self.request.query}" if self.request.query else ""
        place = "explorer" if "run" in self.request.query_arguments else self._lead()
        self.redirect(f"./{place}{query}")


def best_page(hub: RunHub, run: str | None = None) -> str:
    """The page to begin at: the explorer, unless there are several runs to choose from and none is under way."""
    names = hub.names()
    if run is not None or len(names) < 2 or any(hub.run(name).status in ("training", "paused") for name in names):
        return "explorer"
    return "runs"


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
    address: str = LOOPBACK,
    token: str | None = None,
    show: bool = True,
    run: str | None = None,
    start_demo: bool = False,
    threaded: bool = False,
    launcher: Launcher | None = None,
    framed: bool = False,
    linger: float = 20.0,
) -> Any:
    """Serve the explorer of a directory of runs until it is interrupted.

    Parameters
    ----------
    folder : path-like
        The directory of runs; made when the first is started.
    port : int
        0 takes any free port.
    address : str
        The address to listen on. Where others than this machine can reach it, viewers need a token.
    token : str or None
        What viewers must show; None for none on this machine alone, and for one made here elsewhere.
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
    framed : bool
        Whether pages of this machine, such as notebooks, may show it within themselves.
    linger : float
        Seconds that what a viewer sees is kept without one: a slow browser comes late.

    Raises
    ------
    RunError
        If the port is taken or may not be used.
    UsageError
        If there is no run of the name given, the address is not this machine's, or the token will not do.
    """
    if token is not None:
        access.check_token(token)
    elif not is_loopback(address):
        token = access.new_token()
    hub, launcher = RunHub(folder), launcher or Launcher(folder)
    if run is not None:
        hub.run(run)
    port = usable_port(port, address)
    own = access.allowed_hosts(hosts(address, port))
    gate = access.Gate(own, token, port)
    there = list(pages(hub, launcher))
    apps = {place: make_app(hub, launcher, run, place=place, there=there) for place in there}
    entrance = [(r"/", Entrance, {"lead": lambda: best_page(hub, run)})]
    url = f"http://{own[0]}/"
    loop = IOLoop(make_current=not threaded)
    loop.asyncio_loop.set_exception_handler(_no_one_there)
    # Whatever the environment says, a page takes scripts and styles from its server alone. Said here once, since Panel
    # says it while it makes a page and takes it back, also under the hands of another thread that makes one.
    settings.resources.set_value("server")
    for name in _BOKEH_LOGS:
        logging.getLogger(name).addFilter(_expected)

    def make() -> Any:
        options = _options(address, gate, there, linger)
        server = pn.io.server.get_server(apps, port=port, loop=loop, extra_patterns=entrance, **options)
        access.guard(server._tornado, gate, framed=framed)
        return server

    started = StoppableThread(io_loop=loop, target=_until_stopped, args=(make,)) if threaded else make()
    if start_demo and not hub.names():
        name = launcher.start("demo", {}).name
        _say(f"There is no run in {folder} yet, so the demo starts training as {name}.")
    if threaded:
        started.start()
        return started
    url = access.with_token(url, token)
    _say(f"The explorer shows the runs of {Path(folder)} at {url} (Ctrl-C ends it)")
    if not is_loopback(address):
        _say("Whoever has this address can watch and steer them. It is not encrypted: use it in networks you trust.")
    if show:
        threading.Thread(target=_open_browser, args=(url,), daemon=True).start()
    _run(started, launcher)
    return None


def _options(address: str, gate: access.Gate, places: Collection[str], linger: float) -> dict[str, Any]:
    """Options of the server that do not depend on what it serves."""
    return {
        "address": address,
        "show": False,
        "start": False,
        "verbose": False,
        "title": {place: "strnn-viz" if place == "explorer" else f"{TITLES[place]} · strnn-viz" for place in places},
        "liveness": True,  # whoever asks whether it is up gets an answer, not a session
        "xsrf_cookies": True,
        "xsrf_cookie_kwargs": {"httponly": True, "samesite": "Strict"},
        # Every page holds what is told of its request; no script may read the cookie there.
        "exclude_cookies": [gate.cookie],
        "exclude_headers": ["Cookie"],
        "websocket_max_message_size": MESSAGE_BYTES,
        "http_server_kwargs": {"max_buffer_size": MESSAGE_BYTES},
        "unused_session_lifetime_milliseconds": round(1000 * linger),
        "check_unused_sessions_milliseconds": round(100 * linger),
        "keep_alive_milliseconds": 10_000,
    }


def _until_stopped(make: Callable[[], Any]) -> Any:
    """Serve in this thread until its loop is stopped."""
    server = make()
    server.start()
    server.io_loop.start()
    return server


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
    if "connection was closed" in record.getMessage():
        return False
    # Where Bokeh's ping finds a viewer gone before its socket has said so, Bokeh detaches the session, and asserts that
    # there is one when the socket says it, or still has a message of that viewer.
    error = record.exc_info[1] if record.exc_info else None
    where = traceback.extract_tb(error.__traceback__) if isinstance(error, AssertionError) else []
    return not where or (Path(where[-1].filename).name, where[-1].name) != _DETACHED


def _open_browser(url: str) -> None:
    """Open the page where there is a browser; where there is none, the address is on the terminal already."""
    if sys.platform.startswith("linux") and not {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"} & set(os.environ):
        return  # else a text browser might take over the terminal
    with contextlib.suppress(webbrowser.Error, OSError):
        webbrowser.open(url)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
