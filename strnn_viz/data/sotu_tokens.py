"""Sentences and tokens of an address, much as the Penn Treebank writes them: used by the build only.

Words are in lower case; ``n't``, ``'s`` and their kin stand apart (``do n't``, ``america 's``); abbreviations keep
their full stop (``mr.``, ``u.s.``); digits become ``N`` (``$ N billion``, ``Nth century``, ``N-year``); a dash is
``--``. Punctuation is kept: it is part of how a speech sounds.
"""

from __future__ import annotations

import re

_TITLES = {"mr", "mrs", "ms", "dr", "st", "gen", "sen", "rep", "gov", "sgt", "jr", "sr", "lt", "col"}
# Words that open sentences more often than they follow an abbreviation.
_OPENERS = frozenset(
    """
    a an the this that these those we i you he she it they our my your his her its their there here in on at to for
    from of with by as if when while since after before during under over until and but or so yet not no now then
    today tonight let every each many most some all both more what who how why where is are do does have has
""".split()
)


_TOKEN = re.compile(
    r"""
    9/11                                              # the date is a name
    | \d[\d,]*\([a-z]\)s?                             # 401(k)
    | Y2K
    | (?:(?:\d[\d,.:]*[\ -])?\d+/\d+|\.?\d[\d,.:]*)      # 3 1/2, 1/2, 1,000.5, .5, 9:30
      (?:st|nd|rd|th|d|'?s)?(?:-?[A-Za-z][\w'-]*|(?:-\d+)+)?  # 20th, 1990's, 30-year-old
    | (?:[A-Za-z]\.){2,}                              # U.S.
    | '\d\d(?:'?s)?                                   # '76, '90's
    | (?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Gen|Sen|Rep|Gov|Sgt|Lt|Col)\. | No\.(?=\ \d) | [A-Z]\.(?=\ [A-Z])
    | \w+\.gov
    | AT&T | R&D
    | \w[\w'-]*(?:/\w+)*
    | '\w+
    | --|\.\.\.|[^\w\s]
    """,
    re.X,
)
_CLITIC = re.compile(r"(?i)(.*\w)(n't|'s|'re|'ve|'ll|'d|'m|')$")
_END = re.compile(r"([.!?]+)([\"')]*)\s+(?=[\"'(]*[A-Z0-9$])")


def sentences(text: str) -> list[str]:
    """The sentences of a cleaned address, in order; each point of a list counts as one."""
    found = []
    for part in text.split("\n"):
        start = 0
        for match in _END.finditer(part):
            if match[1] != "." or match[2] or _ends(part, match):
                found.append(part[start : match.end()].strip())
                start = match.end()
        found.append(part[start:].strip())
    return [sentence for sentence in found if sentence]


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether this full stop ends a sentence and not only an abbreviation."""
    *_, previous, before = ["", "", *text[: match.start()].rsplit(None, 2)]
    before = before.lstrip("\"'(")
    after = re.split(r"\W", text[match.end() :].lstrip("\"'("), maxsplit=1)[0]
    if before.lower() in {"jr", "sr"} or re.fullmatch(r"(?:[A-Z]\.)+[A-Z]", before):  # U.S. and its kin
        return after.lower() in _OPENERS
    if before.lower() in _TITLES or (before == "No" and after.isdigit()):
        return False
    if re.fullmatch(r"[A-Z]", before):  # an initial, and not the I of World War I
        return before in {"I", "V"} or not (previous[:1].isupper() or len(after) == 1)
    return True


def tokenize(sentence: str) -> list[str]:
    """The tokens of one sentence, in lower case but for ``N``."""
    tokens: list[str] = []
    # A quotation inside a quotation becomes one of its own, so that ' is left to the apostrophe.
    sentence = re.sub(r"(?:(?<=[\s\"(])|^)'(?=[A-Za-z])", '"', sentence)
    sentence = re.sub(r"(?<=[.,?!])'(?=[\s\"]|$)", '"', sentence)
    for match in _TOKEN.finditer(sentence):
        tokens += _pieces(match[0])
    last = tokens[-1] if tokens else ""
    if re.search(r"\w\.$", last):  # "... in the u.s." ends as every sentence does
        tokens.append(".")
    return tokens


def _pieces(token: str) -> list[str]:
    token = token.lower()
    if token in {"9/11", "y2k"} or not any(c.isalnum() for c in token):
        return [token]
    if re.match(r"[.']?\d", token):
        tail = re.search(r"(?<=\d)[.,:]+$", token)
        if tail:
            return [*_pieces(token[: tail.start()]), *tail[0]]
        token = re.sub(r"(?:\d[\d,.:]*[ -])?\d+/\d+|\.?\d(?:[\d,.:]*\d)?", "N", token)
        token = re.sub(r"^'?N(?:'?(s))?\b", r"N\1", token)
        token = re.sub(r"^N(?:st|nd|rd|th|d)\b", "Nth", token)
        return [re.sub(r"^N(?=point|page)", "N-", token)]
    if token == "cannot":
        return ["can", "not"]
    match = _CLITIC.match(token)
    return [match[1], match[2]] if match else [token]
