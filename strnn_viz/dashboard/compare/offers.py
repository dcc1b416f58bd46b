"""What a viewer who compares runs can take along: a picture or the numbers of each card."""

from __future__ import annotations

from collections.abc import Callable

from strnn_viz.dashboard.sharing import Errand, drawing, file_name, packed
from strnn_viz.exporting.compared import CARDS, Compared
from strnn_viz.exporting.curves import write_rows

_MOST_NAMED = 3  # runs in the name of a file


class CardOffer:
    """One card of the comparison.

    Parameters
    ----------
    name : str
        One of `CARDS`.
    taken : callable
        Gives what is compared now; raises `StrnnVizError` where there is nothing.
    words : callable
        Gives what is compared now, in a few words.
    """

    def __init__(self, name: str, taken: Callable[[], Compared], words: Callable[[], str]) -> None:
        self._name, self._card, self._taken, self._words = name, CARDS[name], taken, words
        self.label = self._card.label
        self.endings = {"PNG": ".png", "SVG": ".svg"} | ({"CSV": ".csv"} if self._card.rows else {})

    def words(self, ending: str) -> str:
        """What would be written now."""
        every = ending == ".csv" and self._card.over_epochs
        return f"{self.label}: the numbers of every epoch." if every else f"{self.label}, {self._words()}."

    def errand(self, ending: str) -> Errand:
        """What is to be written of what is seen now."""
        compared, name, card = self._taken(), self._name, self._card
        runs = [run.name for run in compared.runs]
        more = f"and-{len(runs) - _MOST_NAMED}-more" if len(runs) > _MOST_NAMED else ""
        at = "" if ending == ".csv" and card.over_epochs else f"epoch-{compared.epoch}"
        named = file_name("-vs-".join(runs[:_MOST_NAMED]), more, name, at, ending=ending)
        if ending == ".csv" and (rows := card.rows):
            return Errand(named, lambda _: packed(ending, lambda out: write_rows(out, rows(compared))))
        return Errand(named, lambda _: drawing(card.draw(compared), ending))


def card_offers(taken: Callable[[], Compared], words: Callable[[], str]) -> list[CardOffer]:
    """Everything that can be taken along of a comparison; arguments as of :class:`CardOffer`."""
    return [CardOffer(name, taken, words) for name in CARDS]
