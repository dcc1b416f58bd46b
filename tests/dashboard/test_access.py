"""Who is let in, over a real connection to a served explorer."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from bokeh.util.token import get_token_payload

from strnn_viz.dashboard import access
from strnn_viz.dashboard.serve import serve
from strnn_viz.errors import UsageError
from tests.dashboard.conftest import any_port, wait_for

TOKEN = "correct-horse-battery"
UPGRADE = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
           "Sec-WebSocket-Key": "a" * 22 + "=="}  # fmt: skip


class Client:
    """Asks a server of this machine, as a browser would or would not."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.origin = f"http://localhost:{port}"
        self.said = ""

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[HTTPResponse, str]:
        connection = HTTPConnection("localhost", self.port, timeout=20)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        text = "" if answer.status == 101 else answer.read().decode()
        connection.close()
        return answer, text

    def up(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("/liveness")[0].status == 200
        return False


@contextlib.contextmanager
def served(folder: Path, token: str | None, *options: str) -> Iterator[Client]:
    """An explorer as a person starts it, in a process of its own."""
    client = Client(any_port())
    command = [sys.executable, "-m", "strnn_viz", "explore", "--runs", str(folder), "--port", str(client.port),
               "--no-show", *options]  # fmt: skip
    env = {k: v for k, v in os.environ.items() if k != "STRNN_VIZ_TOKEN"} | (
        {"STRNN_VIZ_TOKEN": token} if token else {}
    )
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        client.said = process.stdout.readline()
        wait_for(client.up)
        yield client
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def open_(folder: Path) -> Iterator[Client]:
    with served(folder, None) as client:
        yield client


@pytest.fixture(scope="module")
def closed(folder: Path) -> Iterator[Client]:
    with served(folder, TOKEN) as client:
        yield client


@pytest.fixture(scope="module")
def cookie(closed: Client) -> str:
    return closed.ask(f"/explorer?token={TOKEN}")[0].headers["Set-Cookie"].partition(";")[0]


PATHS = ["/", "/explorer", "/explorer/autoload.js", "/explorer/metadata", "/explorer/ws", "/static/js/bokeh.min.js",
         "/components/os/path/x/y", "/favicon.ico", "/nothing", "/explorer?token=wrong", f"/explorer?token={TOKEN}x",
         f"/explorer?token={TOKEN[:-1]}", "/explorer?token=", "/explorer?token=%C3%BC",
         "/liveness/../explorer"]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_told(closed: Client, path: str) -> None:
    answer, text = closed.ask(path)
    assert answer.status == 403
    assert "?token=" in text
    assert "Set-Cookie" not in answer.headers
    assert TOKEN not in text
    assert "first" not in text.replace("first-", "")  # the name of a run


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_what_changes_something_is_refused_too(closed: Client, method: str) -> None:
    assert closed.ask(f"/explorer?token={TOKEN}", method)[0].status == 403


def test_that_it_is_up_may_be_asked_by_anyone(closed: Client) -> None:
    assert closed.ask("/liveness", Host="probe.example")[1] == '{"/liveness": true}'


@pytest.mark.parametrize("cookie", ["", "x", "0" * 64, TOKEN, "ü"])
def test_a_cookie_that_is_not_ours_is_refused(closed: Client, cookie: str) -> None:
    pair = f"strnn_viz_{closed.port}={cookie}"
    answer, text = closed.ask("/explorer", Cookie=pair.encode("utf-8").decode("latin-1"))
    assert (answer.status, "asks for its token" in text) == (403, True)


def test_the_token_is_kept_as_a_cookie_no_script_and_no_other_site_can_use(closed: Client) -> None:
    answer, text = closed.ask(f"/explorer?run=first&token={TOKEN}&epoch=3")
    pair, *flags = answer.headers["Set-Cookie"].split("; ")
    assert answer.status == 200
    assert sorted(flags) == ["HttpOnly", "Path=/", "SameSite=Strict"]
    assert TOKEN not in pair + text  # neither the cookie nor the page tells it
    assert '<meta http-equiv="refresh" content="0; url=/explorer?run=first&amp;epoch=3">' in text
    assert answer.headers["Cache-Control"] == "no-store"
    page, text = closed.ask("/explorer?run=first&epoch=3", Cookie=pair)
    assert page.status == 200
    assert "<title>strnn-viz</title>" in text


def test_behind_https_the_cookie_is_for_https_alone(closed: Client) -> None:
    answer, _ = closed.ask(f"/explorer?token={TOKEN}", X_Forwarded_Proto="https")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")


def test_whoever_is_let_in_loses_the_token_from_the_address(closed: Client, cookie: str) -> None:
    answer, text = closed.ask("/explorer?token=outdated", Cookie=cookie)
    assert answer.status == 200
    assert 'url=/explorer"' in text


def test_the_token_leads_to_no_other_host(closed: Client) -> None:
    text = closed.ask(f"//evil.example/?token={TOKEN}")[1]
    assert 'url=/evil.example/"' in text


def test_the_page_does_not_hold_the_cookie(closed: Client, cookie: str) -> None:
    """Bokeh puts what was asked with, headers and cookies, into the page for its scripts."""
    text = closed.ask("/explorer", Cookie=f"{cookie}; theme=dark")[1]
    payload = get_token_payload(re.search(r'"token": ?"([^"]+)"', text)[1])
    assert payload["cookies"] == {"theme": "dark"}
    assert cookie.partition("=")[2] not in str(payload)


def test_the_websocket_asks_for_the_cookie_and_the_exact_origin(closed: Client, cookie: str) -> None:
    def status(**headers: str) -> int:
        return closed.ask("/explorer/ws", **UPGRADE, **headers)[0].status

    assert status(Origin=closed.origin) == 403
    assert status(Origin=closed.origin, Cookie=f"{cookie[:-1]}!") == 403
    for origin in ("http://evil.example", f"http://localhost:{closed.port + 1}", "http://localhost", "null",
                   f"http://evil.example:{closed.port}", f"http://localhost:{closed.port}.evil.example"):  # fmt: skip
        assert status(Origin=origin, Cookie=cookie) == 403, origin
    assert status(Origin=closed.origin, Cookie=cookie) == 101


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "127.0.0.1.nip.io:80"])
def test_a_name_that_is_not_ours_is_refused(open_: Client, host: str) -> None:
    """A site whose name leads to this machine must not be served as that site."""
    answer, text = open_.ask("/explorer", Host=host)
    assert answer.status == 403
    assert f"localhost:{open_.port}" in text
    assert host in text


def test_the_refused_name_is_shown_as_text(open_: Client) -> None:
    assert "<img" not in open_.ask("/explorer", Host="<img src=x>")[1]


def test_other_sites_can_neither_read_nor_load_anything(open_: Client) -> None:
    crossing = {"Sec_Fetch_Site": "cross-site"}
    assert open_.ask("/explorer/autoload.js", Origin="http://evil.example")[0].status == 403
    assert open_.ask("/explorer", **crossing, Sec_Fetch_Mode="no-cors")[0].status == 403
    assert open_.ask("/explorer", **crossing, Sec_Fetch_Mode="navigate")[0].status == 200  # a link may lead here


def test_what_changes_something_needs_a_page_of_ours(open_: Client) -> None:
    answer, _ = open_.ask("/explorer", "POST")
    assert (answer.status, answer.reason) == (403, "Forbidden")


@pytest.mark.parametrize("path", ["/explorer", "/liveness", "/nothing", "/static/js/bokeh.min.js"])
def test_every_answer_keeps_the_browser_from_being_used_against_it(open_: Client, path: str) -> None:
    headers = open_.ask(path)[0].headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http:" not in policy
    assert "*" not in policy


def test_on_another_address_a_token_is_made_and_told_where_it_was_started(folder: Path) -> None:
    with served(folder, None, "--address", "0.0.0.0") as client:
        url, token = re.search(r" at (http://\S+:\d+/)\?token=(\S{43}) ", client.said).groups()
        assert client.ask("/explorer")[0].status == 403
        assert "Set-Cookie" in client.ask(f"/explorer?token={token}")[0].headers
        assert client.ask("/explorer", Host=url.split("/")[2])[0].status == 403
        assert "asks for its token" in client.ask("/explorer", Host=url.split("/")[2])[1]


def test_what_a_person_is_told_of_a_token_given_by_the_environment(closed: Client, open_: Client) -> None:
    assert f" at http://localhost:{closed.port}/?token={TOKEN} " in closed.said
    assert f" at http://localhost:{open_.port}/ " in open_.said


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "has a space in it all", "ü" * 20, "x" * 20 + "\n"])
def test_a_token_that_will_not_do(folder: Path, token: str) -> None:
    with pytest.raises(UsageError, match="at least 16 are expected") as told:
        serve(folder, port=0, show=False, token=token)
    assert not token or token not in str(told.value)


def test_a_made_token_cannot_be_guessed() -> None:
    made = {access.new_token() for _ in range(20)}
    assert len(made) == 20
    assert all(access.check_token(token) == token and len(token) == 43 for token in made)


def test_hosts_of_a_proxy_are_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "Viz.example.org,viz.example.org:8443")
    assert access.allowed_hosts(["localhost:5006"]) == ["viz.example.org", "viz.example.org:8443"]
    monkeypatch.setenv("BOKEH_ALLOW_WS_ORIGIN", "*.example.org")
    with pytest.raises(UsageError, match="would let pages of any site"):
        access.allowed_hosts(["localhost:5006"])
