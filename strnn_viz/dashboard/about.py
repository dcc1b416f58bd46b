"""What a card has besides its plots: "What am I looking at?", and its numbers in sentences for those who hear it.

The paragraph opens in place and needs no server. The sentences are told once a person rests: a screen reader that was
told of every epoch on the way would never come to an end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from html import escape
from typing import Any

import panel as pn

from strnn_viz import views
from strnn_viz.dashboard.hub import RunHub
from strnn_viz.dashboard.parts import Text

QUESTION = "What am I looking at?"
REST_SECONDS = 0.6  # without another epoch, after which it is told what is seen

# Escape closes the paragraph, and leaves the keyboard at the button it was opened with.
_ESCAPE = (
    "if (event.key === 'Escape' && this.open) { event.stopPropagation(); this.open = false; "
    "this.querySelector('summary').focus() }"
)


class About(Text):
    """A button that opens a paragraph for each of some views, over the card it stands in.

    Parameters
    ----------
    shown : sequence of str
        Names of the views.
    """

    def __init__(self, shown: Sequence[str]) -> None:
        super().__init__(looks="about")
        self.of(shown)

    def of(self, shown: Sequence[str]) -> None:
        """Explain these views from now on."""
        told = [views.explanation(name) for name in shown]
        names = escape(" and ".join(one.name for one in told))
        body = "".join(
            f'<h3>{escape(one.name)}</h3><p>{escape(one.text)}</p><p class="muted">{escape(one.source)}</p>'
            for one in told
        )
        self.say(
            f'<details onkeydown="{escape(_ESCAPE)}"><summary aria-label="{QUESTION} {names}" title="{QUESTION}">?'
            f'</summary><div class="told" tabindex="0" role="region" aria-label="{names}">{body}</div></details>'
        )


class _Figure:
    """Plots that a screen reader knows as a figure with a name and a description.

    Parameters
    ----------
    name : str
        What the figure is called.
    described : str
        ``id`` of the element with the description, beside this one.
    """

    def __init__(self, *objects: Any, name: str, described: str, **params: Any) -> None:
        self._attributes = {"role": "figure", "aria-label": name, "aria-describedby": described}
        super().__init__(*objects, **params)

    def _get_properties(self, doc: Any) -> dict[str, Any]:
        return {**super()._get_properties(doc), "html_attributes": self._attributes}  # type: ignore[misc]


class Beside(_Figure, pn.Row):  # type: ignore[misc]
    """Plots side by side, as a figure."""


class Stacked(_Figure, pn.Column):  # type: ignore[misc]
    """Plots one above the other, as a figure."""


class Sentences:
    """The sentences of a card, unseen, told once a person rests.

    Parameters
    ----------
    name : str
        ``id`` of the element.
    attributes : mapping of str to str
        Further HTML attributes.
    """

    def __init__(self, name: str, attributes: Mapping[str, str] | None = None) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self._wanted: Hashable = None
        self._words: Callable[[], Sequence[str]] = tuple
        self._since = 0.0
        self._told: Any = None
        self.text = Text(looks="unseen", attributes={"id": name, **(attributes or {})})

    def tell(self, wanted: Hashable, words: Callable[[], Sequence[str]]) -> None:
        """Tell, once a person rests, what `words` returns by then, a paragraph each.

        Parameters
        ----------
        wanted : hashable
            What they are about: as long as it stays what it is, a person rests.
        words : callable
            Called once they are told, and not on the way there.
        """
        self._words = words
        if wanted != self._wanted:
            self._wanted, self._since = wanted, self.clock()

    def settle(self, *, now: bool = False) -> bool:
        """Tell what is wanted, if nothing else was for a moment, or with `now`; whether there was anything to tell."""
        if self._wanted is None or not (now or self.clock() - self._since >= REST_SECONDS):
            return False
        told = (self._stamp(), self._wanted)
        if told == self._told:
            return False
        self._told = told
        self.text.say("".join(f"<p>{escape(words)}</p>" for words in self._words()))
        return True

    def silence(self) -> None:
        """Tell nothing."""
        self._wanted = self._told = None
        self.text.say("")

    def _stamp(self) -> Hashable:
        """What else the sentences depend on: where it has changed, they are told anew."""
        return None


class Telling(Sentences):
    """The sentences of some views of a run.

    Parameters
    ----------
    hub : RunHub
    name, attributes
        As for :class:`Sentences`.
    """

    def __init__(self, hub: RunHub, name: str, attributes: Mapping[str, str] | None = None) -> None:
        super().__init__(name, attributes)
        self._hub = hub
        self._run = ""

    def want(self, run: str, epoch: int, shown: Sequence[tuple[str, str | None]]) -> None:
        """Tell, once a person rests, what the views named show of an epoch, each of the layer beside its name."""
        self._run = run
        wanted = (run, epoch, tuple(shown))
        self.tell(wanted, lambda: [self._sentences(run, epoch, name, layer) for name, layer in shown])

    def _stamp(self) -> Hashable:
        return self._hub.state(self._run).version

    def _sentences(self, run: str, epoch: int, name: str, layer: str | None) -> str:
        key = (run, self._hub.state(run).version, epoch, layer, "summary", name)
        return self._hub.derived(key, lambda: views.summary(name, self._hub.run(run), epoch, layer=layer))
