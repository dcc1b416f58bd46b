"""What is seen, as an address: opened again, it shows the same run, epoch, layer, view and part of the masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TypeAlias
from urllib.parse import quote, unquote, urlencode

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
        told["epoch"] = _epoch_text(self.epoch)
        told["zoom"] = ";".join(_window_text(window) for window in self.zoom) if any(self.zoom) else ""
        return _query({f.name: told[f.name] for f in fields(self)})


@dataclass(frozen=True)
class ComparedPlace:
    """What a viewer who compares runs sees.

    Attributes
    ----------
    runs : tuple of str
        Names of the runs; empty for those the page compares by itself.
    epoch : int or None
        None while it follows the newest.
    matrix : str
        Name of the matrix seen; empty for the usual.
    mode : str
        How two masks are laid over each other: ``"swipe"``, or empty for their difference.
    pair : str
        Letters of these two, as ``"C,A"``; empty for the first two runs.
    zoom : tuple of float or None
        Left, top, right and bottom of what is seen of the matrix, from 0 to 1; None for all of it.
    """

    runs: tuple[str, ...] = ()
    epoch: int | None = None
    matrix: str = ""
    mode: str = ""
    pair: str = ""
    zoom: Window | None = None

    @property
    def query(self) -> str:
        """As it stands in an address after the question mark; only what is not the usual."""
        return _query(
            {
                "runs": ",".join(_name_text(name) for name in self.runs),
                "epoch": _epoch_text(self.epoch),
                "matrix": self.matrix,
                "mode": self.mode,
                "pair": self.pair,
                "zoom": _window_text(self.zoom),
            }
        )


def explorer_link(name: str) -> str:
    """The address of the explorer of a run, from any page."""
    return f"./explorer?{Place(run=name).query}"


def compare_link(names: Sequence[str]) -> str:
    """The address of the page that compares some runs, from any page."""
    return f"./compare?{ComparedPlace(tuple(names)).query}"


def read_place(arguments: Mapping[str, Sequence[bytes]]) -> tuple[Place, list[str]]:
    """What an address asks for, and a sentence for each part of it that cannot be.

    Parameters
    ----------
    arguments : mapping of str to sequence of bytes
        As a server has them; of several values with one name the last counts, and unknown names are left alone.
    """
    given = _given(arguments)
    problems: list[str] = []
    epoch, zoom = _epoch(given, problems), _zoom(given, problems)
    words = {name: given.get(name, "") for name in ("run", "layer", "view", "colouring", "order")}
    return Place(**words, epoch=epoch, zoom=zoom), problems


def read_compared(arguments: Mapping[str, Sequence[bytes]]) -> tuple[ComparedPlace, list[str]]:
    """What an address of a comparison asks for, and a sentence for each part of it that cannot be.

    Parameters
    ----------
    arguments : mapping of str to sequence of bytes
        As for :func:`read_place`; of ``runs`` all values count, and each may name several.
    """
    given = _given(arguments)
    problems: list[str] = []
    listed = (value.decode("utf-8", errors="replace").split(",") for value in arguments.get("runs", ()))
    runs = tuple(unquote(name.strip()) for names in listed for name in names if name.strip())
    epoch, zoom = _epoch(given, problems), _zoom(given, problems)
    words = {name: given.get(name, "") for name in ("matrix", "mode", "pair")}
    return ComparedPlace(runs, epoch, **words, zoom=zoom[0] if zoom else None), problems


def _given(arguments: Mapping[str, Sequence[bytes]]) -> dict[str, str]:
    return {name: values[-1].decode("utf-8", errors="replace").strip() for name, values in arguments.items() if values}


def _epoch(given: Mapping[str, str], problems: list[str]) -> int | None:
    text = given.get("epoch", "")
    if text.isascii() and text.isdigit() and len(text) <= 9:
        return int(text)
    if text:
        problems.append(f"The address asks for epoch {_short(text)}, where a whole number from 0 on is expected.")
    return None


def _zoom(given: Mapping[str, str], problems: list[str]) -> tuple[Window | None, ...]:
    text = given.get("zoom", "")
    try:
        return tuple(_window(part) for part in text.split(";")[:_MOST]) if text else ()
    except ValueError:
        problems.append(
            f"The address asks for the part {_short(text)} of the masks, where four numbers from 0 to 1 are "
            "expected: left, top, right, bottom."
        )
        return ()


def _query(told: Mapping[str, str]) -> str:
    return urlencode({name: text for name, text in told.items() if text}, quote_via=quote, safe=",;")


def _name_text(name: str) -> str:
    """A name among others: its own commas, and so its percent signs, are escaped once more than the address does."""
    return name.replace("%", "%25").replace(",", "%2C")


def _epoch_text(epoch: int | None) -> str:
    return "" if epoch is None else str(epoch)


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
