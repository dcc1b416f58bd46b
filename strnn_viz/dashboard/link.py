"""What is seen, as an address: opened again, it shows the same run, epoch, layer, view and part of the masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias
from urllib.parse import quote, urlencode

Window: TypeAlias = tuple[float, float, float, float]

_MOST = 4  # matrices whose zoom an address tells


@dataclass(frozen=True)
class Place:
    """What a viewer sees.

    Attributes
    ----------
    run : str
        Name of the run; empty for whichever the page shows by itself.
    epoch : int or None
        None while it follows the newest.
    layer : str
        Name of the layer whose matrices are seen; empty for the first recurrent one.
    view : str
        Name of the lens chosen; empty for the first.
    colouring, order : str
        How the masks are coloured and ordered; empty for the usual.
    zoom : tuple of (tuple of float or None)
        For each matrix seen, left, top, right and bottom from 0 to 1; None for all of it.
    """

    run: str = ""
    epoch: int | None = None
    layer: str = ""
    view: str = ""
    colouring: str = ""
    order: str = ""
    zoom: tuple[Window | None, ...] = ()

    @property
    def query(self) -> str:
        """As it stands in an address after the question mark; only what is not the usual."""
        told: dict[str, str] = {f.name: getattr(self, f.name) for f in fields(self) if f.type == "str"}
        told["epoch"] = "" if self.epoch is None else str(self.epoch)
        told["zoom"] = ";".join(_window_text(window) for window in self.zoom) if any(self.zoom) else ""
        order = [f.name for f in fields(self)]
        chosen = {name: told[name] for name in order if told[name]}
        return urlencode(chosen, quote_via=quote, safe=",;")


def read_place(arguments: Mapping[str, Sequence[bytes]]) -> tuple[Place, list[str]]:
    """What an address asks for, and a sentence for each part of it that cannot be.

    Parameters
    ----------
    arguments : mapping of str to sequence of bytes
        As a server has them; of several values with one name the last counts, and unknown names are left alone.
    """
    given = {name: values[-1].decode("utf-8", errors="replace").strip() for name, values in arguments.items() if values}
    problems: list[str] = []
    epoch: int | None = None
    if text := given.get("epoch", ""):
        if text.isascii() and text.isdigit() and len(text) <= 9:
            epoch = int(text)
        else:
            problems.append(f"The address asks for epoch {_short(text)}, where a whole number from 0 on is expected.")
    zoom: tuple[Window | None, ...] = ()
    if text := given.get("zoom", ""):
        try:
            zoom = tuple(_window(part) for part in text.split(";")[:_MOST])
        except ValueError:
            problems.append(
                f"The address asks for the part {_short(text)} of the masks, where four numbers from 0 to 1 are "
                "expected: left, top, right, bottom."
            )
    words = {name: given.get(name, "") for name in ("run", "layer", "view", "colouring", "order")}
    return Place(**words, epoch=epoch, zoom=zoom), problems


def _window(text: str) -> Window | None:
    if not text:
        return None
    left, top, right, bottom = (float(side) for side in text.split(","))
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(text)
    return left, top, right, bottom


def _window_text(window: Window | None) -> str:
    return ",".join(f"{side:.4g}" for side in window) if window else ""


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
