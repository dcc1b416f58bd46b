"""Viewers without a browser: they open the page, take what it sends and answer as a browser would, and draw nothing.

``python -m strnn_viz.bench.viewers stay URL COUNT`` opens so many sessions, says that it is ready, and keeps them until
its input ends; ``visit URL COUNT`` opens and closes that many, ten at a time. Both end with one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from typing import Any
from urllib.parse import urlsplit

from bokeh.protocol import Protocol
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

AT_ONCE = 10  # sessions that `visit` has open together
PATIENCE = 300.0  # seconds to wait for an answer

# What a browser says once it has drawn the page: until then the server holds back what is new.
_READY = {
    "kind": "MessageSent",
    "msg_type": "bokeh_event",
    "msg_data": {"type": "event", "name": "document_ready", "values": {"type": "map", "entries": []}},
}
_TOKEN = re.compile(r'"token": ?"([^"]+)"')


class Viewer:
    """One session, over a web socket.

    Parameters
    ----------
    url : str
        The page.

    Attributes
    ----------
    messages, nbytes : int
        What it was sent.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.messages = self.nbytes = 0
        self._socket: WebSocketClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None
        self._known = asyncio.Event()
        self._pulled = asyncio.Event()

    async def open(self) -> None:
        """Ask for the page, and take the whole of its document."""
        place = urlsplit(self.url)
        answer = await AsyncHTTPClient().fetch(self.url, request_timeout=PATIENCE)
        found = _TOKEN.search(answer.body.decode())
        if found is None:
            raise RuntimeError(f"{self.url} is no page of a Bokeh server")
        request = HTTPRequest(
            f"ws://{place.netloc}{place.path}/ws",
            headers={"Origin": f"http://{place.netloc}"},
            request_timeout=PATIENCE,
        )
        self._socket = await websocket_connect(request, subprotocols=["bokeh", found[1]], max_message_size=2**30)
        self._reading = asyncio.create_task(self._read(self._socket))
        await asyncio.wait_for(self._known.wait(), PATIENCE)  # the server hears nothing before
        await self._send("PULL-DOC-REQ")
        await asyncio.wait_for(self._pulled.wait(), PATIENCE)

    async def close(self) -> None:
        """Leave."""
        if self._socket is not None and self._reading is not None:
            self._socket.close()
            await asyncio.wait_for(self._reading, PATIENCE)

    async def _send(self, kind: str, content: dict[str, Any] | None = None) -> None:
        if self._socket is None:
            return
        message = Protocol().create("PULL-DOC-REQ")
        header = json.dumps({**message.header, "msgtype": kind})
        for part in (header, "{}", json.dumps(content or {})):
            await self._socket.write_message(part)

    async def _read(self, socket: WebSocketClientConnection) -> None:
        """Take message after message: a header, metadata and content as texts, then pairs of texts and bytes."""
        while (header := await socket.read_message()) is not None:
            told = json.loads(header)
            parts: list[str | bytes] = []
            for _ in range(2 + 2 * told.get("num_buffers", 0)):
                part = await socket.read_message()
                if part is None:
                    return  # the connection ended within a message, which is told once only
                parts.append(part)
            self.messages += 1
            self.nbytes += len(header) + sum(map(len, parts))
            if told["msgtype"] == "ACK":
                self._known.set()
            elif told["msgtype"] == "PULL-DOC-REPLY":
                await self._send("PATCH-DOC", {"events": [_READY]})
                self._pulled.set()
            elif told["msgtype"] == "PATCH-DOC" and parts[1] and '"batch"' in str(parts[1]):
                with contextlib.suppress(WebSocketClosedError):  # it is leaving just now
                    await self._took(json.loads(parts[1]))

    async def _took(self, patch: dict[str, Any]) -> None:
        """Say that pictures sent ahead have arrived, as the script of the page does, so that the next are sent."""
        for event in patch["events"]:
            columns = event["data"]["entries"] if event["kind"] == "ColumnDataChanged" else []
            batch = next((value for name, value in columns if name == "batch"), None)
            if batch is not None:
                said = {"kind": "ModelChanged", "model": event["model"], "attr": "tags", "new": _plain(batch)}
                await self._send("PATCH-DOC", {"events": [said]})


def _plain(value: Any) -> Any:
    """A list as it stands in a message, whether it was sent as such or as an array."""
    return value.get("array", []) if isinstance(value, dict) else value


async def stay(url: str, count: int) -> list[Viewer]:
    """Open sessions and keep them until the standard input ends."""
    viewers = [Viewer(url) for _ in range(count)]
    for viewer in viewers:
        await viewer.open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await asyncio.gather(*(viewer.close() for viewer in viewers))
    return viewers


async def visit(url: str, count: int) -> list[Viewer]:
    """Open and close sessions, some at a time."""
    viewers = [Viewer(url) for _ in range(count)]
    for first in range(0, count, AT_ONCE):
        some = viewers[first : first + AT_ONCE]
        await asyncio.gather(*(viewer.open() for viewer in some))
        await asyncio.gather(*(viewer.close() for viewer in some))
    return viewers


def main(how: str, url: str, count: str) -> None:
    """Visit, and say what was sent."""
    viewers = asyncio.run((stay if how == "stay" else visit)(url, int(count)))
    told = {"messages": sum(v.messages for v in viewers), "nbytes": sum(v.nbytes for v in viewers)}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
