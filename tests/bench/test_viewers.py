from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.document.events import ColumnDataChangedEvent
from bokeh.models import ColumnDataSource
from bokeh.protocol import Protocol

from strnn_viz.bench.viewers import Viewer


class Silent(Viewer):
    """A viewer that keeps what it would send."""

    def __init__(self) -> None:
        super().__init__("http://localhost/")
        self.said: list[dict[str, Any]] = []

    async def _send(self, kind: str, content: dict[str, Any] | None = None) -> None:
        assert kind == "PATCH-DOC"
        self.said += content["events"]


def test_a_viewer_says_that_it_took_pictures_sent_ahead_as_a_browser_does() -> None:
    source = ColumnDataSource(data={"batch": [0], "image": [0]})
    other = ColumnDataSource(data={"x": [1]})
    document, events = Document(), []
    document.add_root(source)
    document.add_root(other)
    document.on_change(lambda event: events.append(event))
    source.data = {"batch": [7, 7], "image": [np.zeros((2, 3), np.uint8)] * 2}
    other.data = {"x": [2]}
    assert all(isinstance(event, ColumnDataChangedEvent) for event in events)
    viewer = Silent()
    asyncio.run(viewer._took(Protocol().create("PATCH-DOC", events).content))
    assert viewer.said == [{"kind": "ModelChanged", "model": {"id": source.id}, "attr": "tags", "new": [7, 7]}]
