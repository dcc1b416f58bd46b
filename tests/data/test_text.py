"""Words of a text, as Keras' Tokenizer gives them."""

import pytest

from strnn_viz.data.text import split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I LIKED it.", ["i", "liked", "it"]),
        ("Don't--stop", ["don't", "stop"]),  # the apostrophe is the one sign that stays
        ("good<br />bad<br/>ugly <br>x", ["good", "bad", "ugly", "x"]),
        ("<b>it</b> cost $1,000.50", ["b", "it", "b", "cost", "1", "000", "50"]),
        ("@Apple #iPhone_4s\t\n\\n", ["apple", "iphone", "4s", "n"]),
        ("Ärger – Café…", ["ärger", "–", "café…"]),  # only ASCII signs separate
        ("a\u00a0b", ["a", "b"]),
        ("half\ud83done", ["half", "one"]),  # JSON may hold half of a sign
        ("!!! ...", []),
        ("", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert split_words(text) == words
