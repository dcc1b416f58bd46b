"""Who is let in: a door in front of everything the server answers, and the headers every answer carries.

A server that only this machine can reach needs no token, but a page of another site, opened in a browser of this
machine, can reach it too. So a request must be for a name that is the server's own, and must not come from another
site. A server on another address asks for its token besides: it is given once in the address, and kept by the browser
as a cookie that no script can read and no other site can have sent.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from html import escape
from typing import Any
from urllib.parse import urlencode, urlsplit

from bokeh.settings import settings
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.routing import Matcher, Rule
from tornado.web import OutputTransform, RequestHandler

from strnn_viz.errors import UsageError

OPEN = "/liveness"  # says that the server is up, and nothing else
SHORTEST_TOKEN = 16  # characters; of letters and digits, more than can be guessed over a network

# Bokeh compiles the small programs that go with a page, and Panel loads its own components from blobs: so both
# 'unsafe-eval' and blob: are needed. What the policy does forbid is everything from or to another place.
_PAGE_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' data: blob:; worker-src 'self' blob:; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
#: Where notebooks of this machine are: in a browser, on any port, or in VS Code.
_NOTEBOOKS = "'self' http://localhost:* http://127.0.0.1:* https://localhost:* https://127.0.0.1:* vscode-webview:"
_DOOR_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} · strnn-viz</title>{head}
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 12vh auto; padding: 0 1rem }}
input, button {{ font: inherit }}</style></head>
<body><main><h1>{title}</h1>{body}</main></body></html>
"""
_ASK = """<p>Whoever started the explorer saw an address that ends in <code>?token=…</code>: open that one, or give the
token here. If you were let in before with this browser, <a href="">open the page again</a>.</p>
<form method="get"><label>Token <input name="token" type="password" autocomplete="off" required></label>
<button>Open</button></form>"""


def new_token() -> str:
    """A token no one can guess: 256 random bits."""
    return secrets.token_urlsafe(32)


def check_token(token: str) -> str:
    """A token given by a person, if it will do.

    Raises
    ------
    UsageError
        If it is too short, or would not stand in an address as it is. The token itself is not told.
    """
    if not re.fullmatch(rf"[A-Za-z0-9._~-]{{{SHORTEST_TOKEN},}}", token):
        raise UsageError(
            f"the token given has {len(token)} characters, where at least {SHORTEST_TOKEN} are expected, and only "
            "letters, digits, dots, dashes, underscores and tildes. Leave out --token and $STRNN_VIZ_TOKEN, and one is "
            "made for you."
        )
    return token


def with_token(url: str, token: str | None) -> str:
    """The address to open a first time."""
    return f"{url}?{urlencode({'token': token})}" if token else url


class Gate(Matcher):
    """Matches every request that must not go further as it is, so that it meets the door instead.

    Parameters
    ----------
    hosts : collection of str
        Every host and port by which the server is reached, as a browser writes them.
    token : str or None
        What a viewer must show; None where everyone on this machine may look.
    port : int
        Cookies do not know ports, so the name of ours does.
    """

    def __init__(self, hosts: Collection[str], token: str | None, port: int) -> None:
        self.hosts = frozenset(hosts)
        self.cookie = f"strnn_viz_{port}"
        self._token = token
        # The cookie proves that its holder knew the token, and does not tell it.
        self.proof = hmac.new(token.encode(), b"strnn-viz viewer", hashlib.sha256).hexdigest() if token else ""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """An empty mapping for a request that must meet the door; None for one that may pass."""
        if request.path == OPEN:
            return None
        return {} if self.refusal(request) or (self._token and "token" in request.arguments) else None

    def refusal(self, request: HTTPServerRequest) -> str:
        """Why a request may not pass: ``"host"``, ``"origin"``, ``"token"``; empty if it may."""
        origin = request.headers.get("Origin")
        if request.host.lower() not in self.hosts:
            return "host"
        if origin is not None and urlsplit(origin).netloc.lower() not in self.hosts:
            return "origin"
        if (
            request.headers.get("Sec-Fetch-Site") == "cross-site"
            and request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate"
        ):
            return "origin"
        return "token" if self._token and not self._knows_cookie(request) else ""

    def knows(self, token: str) -> bool:
        """Whether a token is ours; takes as long whatever is wrong with it."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())

    def _knows_cookie(self, request: HTTPServerRequest) -> bool:
        held = request.cookies.get(self.cookie)
        return held is not None and hmac.compare_digest(held.value.encode(), self.proof.encode())


class Door(RequestHandler):
    """Answers what may not pass: lets in who shows the token, and tells others what to do."""

    def initialize(self, gate: Gate) -> None:
        """Remember the gate it stands at."""
        self.gate = gate

    def prepare(self) -> None:
        """Answer at once, whatever is asked for and how."""
        request, given = self.request, self.get_query_argument("token", None)
        request.uri = request.path  # as the log names it, should it be told there: the token is no one's business
        why = self.gate.refusal(request)
        if why in ("", "token") and given is not None and request.method in ("GET", "HEAD"):
            if self.gate.knows(given):
                self._let_in()
                return
            if not why:
                self._lead_on()
                return
        self._refuse(why or "token", wrong=given is not None)

    def _let_in(self) -> None:
        secure = "https" in (self.request.protocol, self.request.headers.get("X-Forwarded-Proto"))
        self.set_cookie(
            self.gate.cookie, self.gate.proof, expires_days=None, httponly=True, samesite="Strict", secure=secure
        )
        self._lead_on()

    def _lead_on(self) -> None:
        """Lead to the same address without the token."""
        rest = [(key, v) for key, vs in self.request.query_arguments.items() if key != "token" for v in vs]
        # Two slashes at the beginning would name another host.
        url = "/" + self.request.path.lstrip("/\\") + (f"?{urlencode(rest)}" if rest else "")
        # Not a redirect: a browser that follows a link of another site, such as a mail, keeps a strict cookie back also
        # where that link redirects. A page of our own that goes on by itself is sent it.
        head = f'<meta http-equiv="refresh" content="0; url={escape(url)}">'
        self._answer(200, "You are let in", f'<p><a href="{escape(url)}">Go on to the page</a>.</p>', head)

    def _refuse(self, why: str, *, wrong: bool) -> None:
        host, known = escape(self.request.host), sorted(self.gate.hosts)
        own = ", ".join(f"<code>{escape(name)}</code>" for name in known)
        if why == "host":
            title = "This explorer goes by another name"
            body = (
                f"<p>It was asked for as <code>{host}</code>, and answers to {own} only. Open one of these; through a "
                "tunnel, keep the same port at both ends. To serve it by another name, give that with "
                "<code>--address</code>, or behind a proxy set <code>BOKEH_ALLOW_WS_ORIGIN</code> to it.</p>"
            )
        elif why == "origin":
            title = "Another site asked for this"
            body = "<p>The explorer answers its own pages only. Open it directly instead.</p>"
        else:
            title = "That is not the token" if wrong else "This explorer asks for its token"
            body = _ASK
        self._answer(403, title, body)

    def _answer(self, status: int, title: str, body: str, head: str = "") -> None:
        self.set_status(status)
        self.set_header("Content-Security-Policy", _DOOR_POLICY)
        self.set_header("Cache-Control", "no-store")
        self.finish(_PAGE.format(title=title, body=body, head=head))


class Headers(OutputTransform):
    """Gives every answer the headers that keep a browser from being used against the page."""

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: ARG002 - Tornado's
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add what is not there yet."""
        for name, value in {
            "Content-Security-Policy": _PAGE_POLICY,
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
        }.items():
            headers.setdefault(name, value)
        return status_code, headers, chunk


class FramedHeaders(Headers):
    """The same, but pages of this machine may show ours within themselves: notebooks, on whatever port they are."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Add what is not there yet, and name who may frame it."""
        status_code, headers, chunk = super().transform_first_chunk(status_code, headers, chunk, finishing)
        policy = headers["Content-Security-Policy"]
        headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", f"frame-ancestors {_NOTEBOOKS}")
        del headers["X-Frame-Options"]  # knows no origins but its own
        return status_code, headers, chunk


def allowed_hosts(own: Collection[str]) -> list[str]:
    """The hosts the server answers to: its own, unless ``BOKEH_ALLOW_WS_ORIGIN`` names those of a proxy.

    Raises
    ------
    UsageError
        If that names no exact host.
    """
    told = [host.lower() for host in settings.allowed_ws_origin() or []]
    for host in told:
        if "*" in host:
            raise UsageError(
                f"BOKEH_ALLOW_WS_ORIGIN is {host!r}, which would let pages of any site steer the explorer. Name exact "
                "hosts, separated by commas, for example viz.example.org or viz.example.org:8443."
            )
    return told or list(own)


def guard(application: Any, gate: Gate, *, framed: bool = False) -> None:
    """Put the door in front of everything a Bokeh application answers, web sockets included.

    Parameters
    ----------
    application : Tornado application
    gate : Gate
    framed : bool
        Whether pages of this machine may show its own within themselves.
    """
    application.add_transform(FramedHeaders if framed else Headers)
    application.add_handlers(r".*", [Rule(gate, Door, {"gate": gate})])
    application.websocket_origins.update(gate.hosts)
