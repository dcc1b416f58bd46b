"""A page in Debian's Chromium that fails its test on any error, in the browser or in the server, and on any request
that leaves the machine."""

import contextlib
import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, Response, expect

from strnn_viz.config import preset
from strnn_viz.dashboard.address import wait_until_up
from strnn_viz.dashboard.launcher import Launcher
from strnn_viz.dashboard.serve import serve
from tests.dashboard.conftest import TRAINER, any_port, wait_for
from tests.synthetic import make_run

SMALL_TRAINER = (sys.executable, str(Path(__file__).parent / "small_trainer.py"))

Seen = TypeVar("Seen")

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
             "--disable-sync"]  # fmt: skip
    return {"executable_path": chromium, "args": ["--no-sandbox", "--disable-gpu", *quiet]}


@pytest.fixture(scope="session")
def browser_context_args() -> dict[str, Any]:
    # Nothing glides, so that places and colours are those they end with.
    return {"viewport": {"width": 1400, "height": 900}, "reduced_motion": "reduce"}


class Errors(logging.Handler):
    """What the server logged as an error."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        # A connection cut off by the end of a server is no error. Panel announces what a periodic callback raised in
        # a record of its own, and tells it in the next.
        if "CancelledError" not in line and line != "Error thrown from periodic callback:":
            self.lines.append(line)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Callable[..., str]]:
    """Serve a directory of runs, with a trainer that starts at once, or another; no error may be logged."""
    errors, ends = Errors(), []
    loggers = [logging.getLogger(), logging.getLogger("panel")]
    for logger in loggers:
        logger.addHandler(errors)

    def start(*options: str, command: tuple[str, ...] = TRAINER) -> str:
        port = any_port()
        launcher = Launcher(folder, command=[*command, *options])
        server = serve(folder, port=port, show=False, threaded=True, launcher=launcher)
        ends.append((server, launcher))
        url = f"http://localhost:{port}"

        wait_until_up(f"{url}/")
        return f"{url}/explorer"

    def stop() -> None:
        for logger in loggers:
            logger.removeHandler(errors)
        for server, launcher in ends:
            launcher.stop_all(patience=5)
            server.stop()
        ends.clear()

    start.stop = stop
    try:
        yield start
    finally:
        stop()  # else its thread keeps the process from ending
    assert errors.lines == []


@pytest.fixture
def explorer(tmp_path: Path) -> Iterator[Callable[..., str]]:
    """Starts a server of ``tmp_path / "runs"`` and gives the address of its explorer."""
    with served(tmp_path / "runs") as start:
        yield start


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an explorer of one finished run of twelve epochs, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("finished")
    make_run(folder / "demo-uniform", preset("demo", epochs=12), epochs=12, hidden=24)
    with served(folder) as start:
        yield start()


def steady(look: Callable[[], Seen]) -> Seen:
    """What is seen once it has stopped changing: the same in five looks on end."""
    seen: list[Seen] = []

    def same_again() -> bool:
        seen.append(look())
        return len(seen) >= 5 and all(look == seen[-1] for look in seen[-5:])

    wait_for(same_again)
    return seen[-1]


@pytest.fixture
def page(page: Page) -> Iterator[Page]:
    """A page that may not fail, in any way."""
    faults: list[str] = []
    guard(page, faults)
    yield page
    page.close()
    assert faults == []


def guard(page: Page, faults: list[str]) -> None:
    """Note every error of a page, and every request that fails or leaves the machine; going to a page waits for it."""

    def patient(arrive: Callable[..., Response | None]) -> Callable[..., Response | None]:
        def go(*where: str, **options: Any) -> Response | None:
            answer = arrive(*where, **options)
            page.wait_for_function("!document.querySelector('body > [inert]')")  # until then it takes no keys
            return answer

        return go

    page.goto, page.reload = patient(page.goto), patient(page.reload)

    def requested(request: Request) -> None:
        if urlsplit(request.url).scheme not in ("data", "blob") and urlsplit(request.url).hostname != "localhost":
            faults.append(f"a request left the machine: {request.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            faults.append(f"console {message.type}: {message.text}")

    def answered(response: Response) -> None:
        if response.status >= 400:
            faults.append(f"{response.status} for {response.url}")

    page.on("request", requested)
    page.on("requestfailed", lambda request: faults.append(f"failed: {request.url}"))
    page.on("response", answered)
    page.on("console", said)
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
