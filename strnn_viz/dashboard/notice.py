"""The strip above the cards: what is wrong, and what to do; the run's own first, others in a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import panel as pn
import panel_material_ui as pmui

from strnn_viz.dashboard.parts import Text, paragraphs
from strnn_viz.dashboard.theme import styles
from strnn_viz.dashboard.words import count

_MOST_NAMES = 4  # of other runs, told in one line
_MOST_TOLD = 2  # sentences of one kind that are seen at once; the rest is folded


class Notice:
    """A strip that takes no room while nothing is wrong.

    Attributes
    ----------
    view : Panel object
    """

    def __init__(self) -> None:
        self._asked = ""
        self._put_away = ""
        alert = {"attributes": {"role": "alert"}, "visible": False, "sizing_mode": "stretch_width"}
        self.asked = Text(**alert)  # type: ignore[arg-type]
        self.own = Text(**alert)  # type: ignore[arg-type]
        self.others = Text(**alert)  # type: ignore[arg-type]
        self.close = pmui.IconButton(
            icon="close", description="Dismiss this note", size="small", margin=0, icon_size="16px", visible=False
        )
        self.close.on_click(lambda _: self.dismiss())
        head = pn.Row(self.asked, self.close, sizing_mode="stretch_width", margin=0, css_classes=["asked"])
        self.view = pn.Column(
            head, self.own, self.others,
            stylesheets=styles("notice"), sizing_mode="stretch_width", margin=0, visible=False,
        )  # fmt: skip

    @property
    def html(self) -> str:
        """All that is shown."""
        return "".join(text.object for text in (self.asked, self.own, self.others))

    @property
    def visible(self) -> bool:
        """Whether anything is."""
        return bool(self.view.visible)

    def say(self, asked: Sequence[str] = (), own: str = "", others: Mapping[str, str] | None = None) -> None:
        """Show what is wrong now.

        Parameters
        ----------
        asked : sequence of str
            What the address asked for in vain. It can be put away, and stays so until there is something else to say.
        own : str
            What is wrong with the run that is shown, as safe HTML.
        others : mapping of str to str
            A sentence by name for each other run that cannot be read.
        """
        self._asked = paragraphs(*asked, kind="error")
        if self._asked != self._put_away:
            self._put_away = ""
        shown = "" if self._put_away else self._asked
        self.asked.say(shown)
        self.close.visible = bool(shown)
        self.own.say(own)
        self.others.say(other_runs(others or {}))
        self.view.visible = bool(self.html)

    def dismiss(self) -> None:
        """Put away what the address asked for in vain."""
        self._put_away = self._asked
        self.asked.say("")
        self.close.visible = False
        self.view.visible = bool(self.html)


def other_runs(problems: Mapping[str, str]) -> str:
    """What is wrong with other runs in one line, and in full where a person unfolds it."""
    if not problems:
        return ""
    names = ", ".join(list(problems)[:_MOST_NAMES])
    more = len(problems) - _MOST_NAMES
    line = f"{count(len(problems), 'other run')} cannot be read: {names}" + (f" and {more:,} more" if more > 0 else "")
    return _folded(line, paragraphs(*problems.values()))


def damage(problems: Sequence[str]) -> str:
    """What is damaged in a run: the first sentences, and the others where a person unfolds them."""
    rest = problems[_MOST_TOLD:]
    return paragraphs(*problems[:_MOST_TOLD]) + (_folded(f"{len(rest):,} more", paragraphs(*rest)) if rest else "")


def _folded(line: str, html: str) -> str:
    return f'<details class="muted"><summary>{escape(line)}</summary>{html}</details>'
