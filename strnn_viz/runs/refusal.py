"""Why a file of a run is not read, in plain words, with no more of the file than a person can read.

What is quoted of a file that a stranger made can be shown in a terminal or a page: it is short, and nothing in it acts.
"""

from __future__ import annotations

from typing import Any

from safetensors import SafetensorError

from strnn_viz.errors import StrnnVizError


class RefusedError(ValueError):
    """What a file of a run holds is not read; says why in words for the person who has the file."""


def reason(error: BaseException) -> str:
    """Why a file could not be read, as the end of a sentence, with no more of the file than a person can read."""
    match error:
        case RefusedError() | StrnnVizError():
            text = readable(str(error)).replace("\n", " ")
        case OSError():
            text = (error.strerror or str(error)).lower()
        case RecursionError():
            text = "it is nested too deeply"
        case KeyError():
            text = f"it does not tell {shown(str(error.args[0]))}" if error.args else "something is missing in it"
        case SafetensorError():
            text = "it was cut short, or its header is damaged"
        case _:
            text = "one of its entries is not of the kind that is expected"
    return text if len(text) <= 300 else f"{text[:300]}…"


def check_word(word: str, what: str) -> None:
    """Raise :class:`RefusedError` unless a name is a line of text that can be shown: no control or direction marks."""
    if not word.isprintable():
        raise RefusedError(f"{what} holds characters that cannot be shown: {shown(word)}")


def readable(text: str) -> str:
    """Text of a file with what cannot be shown replaced; line breaks stay."""
    return text if text.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def kind_of(value: Any) -> str:
    """What a value of JSON is, in words."""
    words = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "nothing"}
    return words.get(type(value), "a number")


def shown(value: Any) -> str:
    """A value of JSON as it can stand in a sentence, with no more of it than a person can read."""
    if isinstance(value, str):
        cut = readable(value[:40]).replace("\n", " ").replace("\t", " ")
        return f"“{cut}…”" if len(value) > 40 else f"“{cut}”"
    return f"{value}" if is_number(value) else kind_of(value)


def is_number(value: Any) -> bool:
    """Whether a value of JSON is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_count(value: Any) -> bool:
    """Whether a value of JSON is a whole number, and none below 0."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
