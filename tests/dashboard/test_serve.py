import asyncio
import contextlib
import gc
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from unittest.mock import Mock
from urllib.error import HTTPError

import panel as pn
import pytest
from bokeh.client import pull_session
from bokeh.server.connection import ServerConnection
from bokeh.server.protocol_handler import ProtocolHandler
from bokeh.server.views.ws import WSHandler
from bokeh.settings import settings
from click.testing import CliRunner
from panel.io.resources import use_cdn

from strnn_viz.cli import main
from strnn_viz.config import preset
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.page import Explorer
from strnn_viz.dashboard.runs_page import RunsPage
from strnn_viz.dashboard.serve import best_page, serve
from strnn_viz.errors import RunError, UsageError
from strnn_viz.runs import Run, RunWriter
from tests.dashboard.conftest import TRAINER, Ticking, any_port, wait_for
from tests.synthetic import make_run


def get(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except HTTPError as error:
        return error.code, ""


@contextlib.contextmanager
def serving(folder: Path, run: str | None = None, **options: float) -> Iterator[str]:
    port = any_port()
    server = serve(folder, port=port, show=False, threaded=True, run=run, **options)
    base = f"http://localhost:{port}"

    def answers() -> bool:
        with contextlib.suppress(OSError):
            return get(f"{base}/liveness")[0] == 200
        return False

    try:
        wait_for(answers)
        yield base
    finally:
        server.stop()


@pytest.fixture(scope="module")
def url(folder: Path) -> Iterator[str]:
    with serving(folder, "first") as base:
        yield base


def test_the_root_leads_to_the_explorer(url: str) -> None:
    with urllib.request.urlopen(url, timeout=20) as answer:
        assert answer.url == f"{url}/explorer"
        page = answer.read().decode()
    assert "<title>strnn-viz</title>" in page


@pytest.mark.parametrize("place", ["explorer", "compare", "runs"])
def test_a_session_no_page_was_asked_for_finds_its_styles_here_too(url: str, place: str) -> None:
    """As a slow browser gets it, whose first session is gone when its socket comes."""
    session = pull_session(url=f"{url}/{place}")
    try:
        told = str(session.document.to_json())
    finally:
        session.close()
    assert "static/extensions/panel/" in told
    assert "//cdn." not in told


def test_where_several_runs_are_done_one_begins_at_their_list(tmp_path: Path) -> None:
    hub = RunHub(tmp_path, clock=Ticking())
    assert best_page(hub) == "explorer"
    for name in ("a", "b"):
        assert best_page(hub) == "explorer"
        make_run(tmp_path / name, preset("demo", epochs=1), epochs=1, hidden=4)
    assert best_page(hub) == "runs"
    assert best_page(hub, "a") == "explorer"
    with RunWriter(tmp_path / "c", preset("demo")):
        assert best_page(hub) == "explorer"
    assert best_page(hub) == "runs"


def test_an_address_that_asks_for_a_run_leads_to_the_explorer(folder: Path) -> None:
    with serving(folder) as url:
        for asked, place in (("", "runs"), ("?run=first&epoch=2", "explorer?run=first&epoch=2")):
            connection = HTTPConnection("localhost", int(url.rpartition(":")[2]), timeout=20)
            connection.request("GET", f"/{asked}")
            answer = connection.getresponse()
            assert (answer.status, answer.headers["Location"]) == (302, f"./{place}")
            connection.close()


@pytest.mark.parametrize(("place", "title"), [("explorer", "strnn-viz"), ("runs", "Runs · strnn-viz")])
def test_the_page_names_itself_and_no_address_elsewhere(url: str, place: str, title: str) -> None:
    page = get(f"{url}/{place}")[1]
    assert f"<title>{title}</title>" in page
    for attribute in ('src="', 'href="'):
        for place in page.split(attribute)[1:]:
            assert not place.startswith(("http:", "https:", "//")), place[:100]


def test_styles_come_from_the_server_whatever_the_environment_says(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.resources.unset_value()
    monkeypatch.setenv("BOKEH_RESOURCES", "cdn")
    assert use_cdn()
    with serving(folder, "first"):
        assert not use_cdn()


def test_asking_whether_it_is_up_makes_no_session(url: str) -> None:
    def explorers() -> int:
        gc.collect()
        return sum(type(thing) is Explorer for thing in gc.get_objects())

    before = explorers()
    assert get(f"{url}/liveness") == (200, '{"/liveness": true}')
    assert explorers() == before


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 403), ("http://localhost:1", 403)])
def test_pages_from_elsewhere_may_not_talk_to_it(url: str, origin: str, status: int) -> None:
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": origin, "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "a" * 22 + "=="}  # fmt: skip
    connection = HTTPConnection("localhost", int(url.rpartition(":")[2]), timeout=20)
    connection.request("GET", "/explorer/ws", headers=headers)
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize(("place", "kind"), [("explorer", Explorer), ("runs", RunsPage)])
def test_sessions_that_ended_leave_nothing(folder: Path, place: str, kind: type) -> None:
    """Viewers, their documents and whatever they watched are gone once they have left."""

    def alive() -> int:
        gc.collect()
        return sum(type(thing) is kind for thing in gc.get_objects())

    def watchers() -> int:
        return sum(len(w) for kinds in pn.state.param.watchers.values() for w in kinds.values())

    def visit() -> None:
        session = pull_session(url=f"{url}/{place}")
        assert session.document.roots
        session.close()

    logging.disable(logging.INFO)  # what pytest captures of the log would hold on to the sessions told of
    try:
        with serving(folder, "first", linger=0.5) as url:
            visit()
            wait_for(lambda: alive() <= 1)  # the server's loop may hold on to the last one it served
            watched = watchers()
            for _ in range(2):
                visit()
            wait_for(lambda: alive() <= 1)
            assert watchers() == watched
    finally:
        logging.disable(logging.NOTSET)


def test_only_a_viewer_that_a_ping_found_gone_is_passed_over_in_silence(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    socket_of_viewer = WSHandler.__new__(WSHandler)
    socket_of_viewer.close_code = socket_of_viewer.close_reason = None
    socket_of_viewer.connection = ServerConnection(Mock(), socket_of_viewer, None, Mock())
    socket_of_viewer.connection.detach_session()

    def broken() -> None:
        raise AssertionError

    for ends in (socket_of_viewer.on_close, broken):
        try:
            ends()
        except AssertionError as error:
            logging.getLogger("tornado.application").error(ends.__name__, exc_info=error)
    last_message = Mock(msgtype="PATCH-DOC", header={"msgid": "1"})
    asyncio.run(ProtocolHandler().handle(last_message, socket_of_viewer.connection))
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["broken"]


def test_only_this_machine_can_reach_it_by_default(url: str) -> None:
    port = int(url.rpartition(":")[2])
    outside = socket.gethostbyname(socket.gethostname())
    if outside.startswith("127."):
        pytest.skip("this machine has no address but loopback")
    with socket.socket() as probe:
        assert probe.connect_ex((outside, port)) != 0


def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(RunError, match=f"port {port} .* --port"):
            serve(folder, port=port, show=False)


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--token", "short"], 2, "the token given has 5 characters, where at least 16 are expected"),
        (["--token", ""], 2, "the token given has 0 characters"),
        (["--address", "192.0.2.7"], 2, "192.0.2.7 is not an address of this machine"),
        (["--address", "no-such-host.invalid"], 2, "no address is known for 'no-such-host.invalid'"),
        (["--port", "TAKEN"], 1, "another program listens there"),
    ],
)
def test_what_cannot_be_served_is_one_message(folder: Path, options: list[str], code: int, message: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        told = [option.replace("TAKEN", str(other.getsockname()[1])) for option in options]
        result = CliRunner().invoke(main, ["explore", "--runs", str(folder), "--no-show", "--port", "0", *told])
    assert result.exit_code == code
    assert message in result.stderr.replace("\n", " ")
    assert result.stdout == ""


def test_a_run_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(UsageError, match="no run 'third'"):
        serve(folder, port=0, show=False, run="third")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The explorer as a person starts it, on a machine without a browser, training with the stand-in."""
    code = (
        "import sys\n"
        "from strnn_viz.dashboard.launcher import Launcher\n"
        "from strnn_viz.dashboard.serve import serve\n"
        f"launcher = Launcher({str(tmp_path)!r}, command=[*{TRAINER!r}, '--delay', '0.3', '--epochs', '500'])\n"
        f"serve({str(tmp_path)!r}, port=0, launcher=launcher, start_demo=True)\n"
    )
    env = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")}
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ending_it_ends_its_trainings_and_says_how_to_go_on(
    server: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    wait_for(lambda: (tmp_path / "demo-uniform" / "metrics.jsonl").exists())
    assert Run(tmp_path / "demo-uniform").status == "training"
    server.send_signal(number)
    out, err = server.communicate(timeout=30)
    assert server.returncode == 0
    assert err == ""
    assert "the demo starts training as demo-uniform" in out
    assert re.search(r"at http://localhost:[1-9]\d+/ ", out)
    assert f"strnn-viz train --resume {tmp_path / 'demo-uniform'}" in out
    assert out.rstrip().endswith("The explorer has ended.")
    assert Run(tmp_path / "demo-uniform").status == "stopped"


def test_the_demo_is_not_started_where_there_is_a_run(tmp_path: Path) -> None:
    make_run(tmp_path / "mine", preset("demo", epochs=1), epochs=1, hidden=4)
    server = serve(tmp_path, port=0, show=False, threaded=True, start_demo=True)
    server.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
