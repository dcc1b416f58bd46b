"""From an address as the package prints it to the words that were spoken or written: used by the build only.

What goes: stage directions, footnotes, page marks, editors' corrections, headings, list numbers and the tables of
1946. What is mended: quotation marks, dashes, accents, missing spaces. Every rule was checked against what it removes
from the 79 addresses of 1945-2021; it is not meant for other text.
"""

from __future__ import annotations

import re
import unicodedata

_TYPOGRAPHY = str.maketrans(
    {
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{GRAVE ACCENT}": "'",
        "\N{EM DASH}": " -- ",
        "\N{EN DASH}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{BULLET}": "",
        "*": "",
        "_": " ",
    }
)

# (year, start, end): a table runs from the first of `start` to the first of `end` after it, which is kept.
_TABLES = (
    (1946, ": Total Budget expenditures Fiscal year", "Although allowances for occupation"),
    (1946, "FEDERAL BUDGET EXPENDITURES AND BUDGET RECEIPTS", "The current fiscal year, 1946, is"),
    (1946, "THE GOVERNMENT'S BUDGET AND THE NATION'S BUDGET Calendar", "Unemployment has increased"),
    (1946, ": EXCESS Of BUDGET EXPENDITURES", "Although the public debt is expected"),
)

# (year, as printed, as meant): slips of the transcription that no rule would find.
_ERRATA: tuple[tuple[int, str, str], ...] = (
    (1946, "have in creased", "have increased"),
    (1946, "Expert-Import", "Export-Import"),
    (1946, "THE BUDGET FOR THE FEDERAL PROGRAM FOR THE FISCAL YEAR 1947 SUMMARY OF THE BUDGET For", "For"),
    (1946, "RECOMMENDATIONS FOR SPECIFIC FEDERAL ACTIVITIES 1.", "1."),
    (1946, "IMPACT Of THE", "IMPACT OF THE"),
    (1947, "RESTRICTION Of MONOPOLY", "RESTRICTION OF MONOPOLY"),
    (1956, "Agriculture Our farm", "Our farm"),
    (1956, "Resources Conservation I wish", "I wish"),
    (1956, "Disaster Assistance A modern", "A modern"),
    (1956, "Area Redevelopment We must", "We must"),
    (1965, "LIVE IN The City", "LIVE IN"),
    (1965, "The Beauty of America For", "For"),
    (1965, "Art and Science We", "We"),
    (1966, "Thus. we", "Thus we"),
    (1981, "Rural Policy Since", "Since"),
    (1981, "Science and Technology Science", "Science"),
    (1981, "THE 1982 BUDGET The", "The"),
    (1981, "Special Needs WOMEN The", "The"),
    (1981, "Government Assistance GENERAL AID TO STATE AND LOCAL GOVERNMENTS Since", "Since"),
    (1981, "The Human Dimension of Foreign Policy HUMAN RIGHTS The", "The"),
    (1981, "handicapped-people", "handicapped people"),
    (1981, "industrial / nations", "industrial nations"),
    (1981, "miners. substantial", "miners. Substantial"),
    (1982, "The. Federal", "The Federal"),
    (1984, "despair . . I", "despair. I"),
    (1986, "-'m", "-in"),
    (1992, "'round-the-clock", "round-the-clock"),
    (1996, "right-toknow", "right-to-know"),
    (1999, "stayat-home", "stay-at-home"),
    (2004, "homeowner-ship", "homeownership"),
    (2005, "temporary-guest workers", "temporary guest workers"),
    (2014, "MyI-MyRA", "MyRA"),
    (2020, "very-strongly", "very strongly"),
)

_EDITORIAL = (
    (re.compile(r"\(responding to [^:)]*: ([^)]*)\)"), r"\1"),
    (re.compile(r"[(\[](?:applause|laughter|laughs)\.?[)\]]", re.I), " "),
    (re.compile(r"\[(?:Footnote|At this point)[^\]]*\]"), " "),
    (re.compile(r"The Address as reported from the floor appears in .*$", re.I), ""),
    (re.compile(r"Audience members\. (?:U\.S\.A\.! ?)+"), " "),
    (re.compile(r"THE VICE PRESIDENT: Of course\. THE PRESIDENT:"), " "),
    (re.compile(r"(?:(?<=^)|(?<=[.\s]))The President\. (?=[A-Z])"), ""),
    # An editor's bracket either supplies a missing word or corrects the one before it; only the former is kept.
    (re.compile(r"\[(It|the|on|\$|full|former Senator Henry M\.)\]"), r"\1"),
    (re.compile(r"\[un\] "), "un"),
    (re.compile(r"\[[^\[\]]{1,50}\]"), ""),
    (re.compile(r"[\[\]]"), " "),
)

_ACRONYMS = {"NATO", "USSR", "SALT", "NASA", "OPEC", "SEATO", "CENTO", "CHAP", "MBDA", "CETA", "ICE", "SWAT", "USA"}
_ENUMERATOR = r"(?:\([a-m0-9]{1,2}\)|[IVX]+\.|XI|\d{1,2}\.)"
_CAPITALS = r"(?:[A-Z][A-Z,&'-]*|U\.S\.(?:-[A-Z]+)?|JR\.)"
_HEADING = re.compile(
    rf"(?P<before>^|[.!?:;][\"')]*)\s+(?:{_ENUMERATOR} )?(?P<heading>{_CAPITALS}(?: {_CAPITALS})*):?"
    r"\s+(?=\"?[A-Z][a-z]|[AI] [a-z]|\([a-m]\) |[A-Z]\.|\"?I'|\"?[A-Z]-)"
)


def clean(text: str, year: int) -> str:
    """The address as plain ASCII prose: one space between words, a line break before each point of a list.

    Parameters
    ----------
    text : str
        The address as the package has it.
    year : int
        Its year: headings, tables and slips are looked for where they are known to be.

    Raises
    ------
    ValueError
        If a table or a slip that is known to be in this year's address is not there.
    """
    text = " ".join(text.translate(_TYPOGRAPHY).split())
    text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    for when, start, end in _TABLES:
        if when == year:
            text = _cut(text, start, end)
    for when, printed, meant in _ERRATA:
        if when == year:
            if text.count(printed) != 1:
                raise ValueError(f"expected {printed!r} once in {year}, found it {text.count(printed)} times")
            text = text.replace(printed, meant)
    for pattern, replacement in _EDITORIAL:
        text = pattern.sub(replacement, text)
    text = re.sub(r"(?<=\w)/ (?=[A-Za-z])", "/", text)
    text = re.sub(r"(?<=[a-z][.?!])(?=[A-Z][a-z'])", " ", text)
    text = " ".join(text.split())
    if year <= 1981:  # later addresses have neither headings nor numbered paragraphs
        text = _HEADING.sub(_without_heading, text)
        text = _HEADING.sub(_without_heading, text)  # a heading under a heading
        text = re.sub(rf"(?:^|(?<=[.!?:;,\"] )|(?<=and )){_ENUMERATOR} (?=[A-Za-z])", "", text)
    return re.sub(r" *\n *", "\n", re.sub(r" +", " ", _dashes(text))).strip()


def _cut(text: str, start: str, end: str) -> str:
    first = text.find(start)
    last = text.find(end, first)
    if first < 0 or last < 0:
        raise ValueError(f"expected a table between {start!r} and {end!r}, found {first} and {last}")
    return text[:first] + (". " if start.startswith(":") else "") + text[last:]


def _without_heading(match: re.Match[str]) -> str:
    heading = match["heading"]
    words = [w.strip(",") for w in heading.split()]
    if not any(len(w) >= 4 and w not in _ACRONYMS for w in words):
        return match[0]
    if match["before"].startswith((":", ";")):  # "The first is: FISCAL INTEGRITY" needs its end
        return f"{match['before']} {heading.lower()}. "
    return f"{match['before']} "


def _dashes(text: str) -> str:
    """Every dash that stands by itself as ``--``; what is left are hyphens inside words."""
    text = re.sub(r"(?<=,)((?: and)?) -(?=\w)", r"\1 ", text)
    text = re.sub(r"(?<=[.:;!?])((?: and)?) -(?=[\w\"$])", r"\1\n", text)  # list marks
    text = re.sub(r" *-(?: *-)+ *", " -- ", text)
    text = re.sub(r"(\w)- (?=(?:and|or|to) [\w'-]+-)", r"\1 ", text)  # low- and middle-income
    text = re.sub(r"\b(low|lower|short|working|small|inter|large|moderate)- (?=and|or)", r"\1 ", text)
    text = re.sub(r"\b(non)- (?=[a-z])", r"\1-", text)
    text = re.sub(r"(?<=[^\s-])- | -(?=[^\s-])| - ", " -- ", text)
    return re.sub(r"(?<=[\w%])-(?=[\"$])|(?<=[\".,%)!?])-(?=[\w\"])", " -- ", text)
