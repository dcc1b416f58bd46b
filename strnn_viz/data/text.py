"""From the text of a review, a tweet or a news item to words."""

from __future__ import annotations

# What the paper's text classification, done in Keras, throws away: every ASCII sign but the apostrophe.
_SIGNS = b'!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
_SPACES = bytes.maketrans(_SIGNS, b" " * len(_SIGNS))


def split_words(text: str) -> list[str]:
    """The words of `text`, as the default of the Keras ``Tokenizer`` gives them, without HTML line breaks.

    Lower case; ASCII punctuation separates words and is dropped, but for the apostrophe (``don't`` is one word); digits
    and letters beyond ASCII stay as they are. ``<br />`` of the web pages that reviews were taken from is no word.
    The paper's classifiers (section 4.2) were written in Keras, and it names no other preparation.
    """
    if "<" in text:
        text = text.replace("<br />", " ").replace("<br/>", " ").replace("<br>", " ")
    # As bytes, nine times as fast as str.translate; half a surrogate pair, which no file could hold, becomes a "?".
    return text.lower().encode(errors="replace").translate(_SPACES).decode().split()
