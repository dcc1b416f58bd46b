"""Which run came from which: forks under their parents in the list of runs, and where they part. No Panel here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from strnn_viz.dashboard.choices import change_words
from strnn_viz.errors import RunError
from strnn_viz.runs import Run, forks


class Branch(NamedTuple):
    """One end of a fork, seen from the other.

    Attributes
    ----------
    name : str
        The run at this end.
    epoch : int
        Where the two part.
    words : str
        What the fork changed; empty where that is not known.
    """

    name: str
    epoch: int
    words: str


class Family:
    """The runs of a directory as a forest.

    Parameters
    ----------
    runs : iterable of Run
        Newest first. One that can no longer be read stands by itself.

    Attributes
    ----------
    labels : dict of str to str
        Names of the runs by what stands for them in a list, forks under their parents.
    """

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        known = {run.name: run for run in runs}
        self._known = frozenset(known)
        self._origins: dict[str, Branch] = {}
        for run in known.values():
            try:
                if run.parent and run.parent.name != run.name:
                    origin = run.parent
                    self._origins[run.name] = Branch(origin.name, origin.epoch, _changes(run, known.get(origin.name)))
            except RunError:
                continue
        self._forks: dict[str, list[Branch]] = {}
        for name, (parent, epoch, said) in self._origins.items():
            self._forks.setdefault(parent, []).append(Branch(name, epoch, said))
        for found in self._forks.values():
            found.sort(key=lambda branch: branch.epoch)
        order: dict[str, int] = {}
        roots = [name for name in known if name not in self._origins or self._origins[name].name not in known]
        for root in (*roots, *known):  # those in a ring of parents, which only a damaged file makes, come last
            self._walk(root, 0, order)
        self.labels = self._label(order)

    def origin(self, name: str) -> Branch | None:
        """Where a fork came from; None for a run that began by itself."""
        return self._origins.get(name)

    def forks(self, name: str) -> list[Branch]:
        """The forks of a run, by epoch."""
        return self._forks.get(name, [])

    def words(self, name: str) -> list[str]:
        """Where a run came from and what branches off it, a sentence each."""
        told = []
        if origin := self.origin(name):
            end = f": {origin.words}." if origin.words else "."
            told.append(f"Fork of {origin.name} at epoch {origin.epoch}{end}")
        told += [
            f"At epoch {fork.epoch} {fork.name} branches off" + (f": {fork.words}." if fork.words else ".")
            for fork in self.forks(name)
        ]
        return told

    def kin(self, name: str) -> list[str]:
        """The run that a run came from, if it is here, the run itself, and its forks; it alone if it has neither."""
        origin = self.origin(name)
        here = [origin.name] if origin and origin.name in self._known else []
        return [*here, name, *(fork.name for fork in self.forks(name))]

    def _walk(self, name: str, depth: int, order: dict[str, int]) -> None:
        waiting = [(name, depth)]
        while waiting:
            name, depth = waiting.pop()
            if name not in order:
                order[name] = depth
                waiting += [(fork.name, depth + 1) for fork in reversed(self.forks(name))]

    def _label(self, order: dict[str, int]) -> dict[str, str]:
        labels: dict[str, str] = {}
        for name, depth in order.items():
            origin = self._origins.get(name)
            sign = "\u2003" * (depth - 1) + "↳ " if depth else ""
            label = f"{sign}{name}"
            if origin and origin.words and depth:
                end = f"-e{origin.epoch}"  # what the name says besides is said in words
                short = origin.name + end if depth == 1 else f"…{end}"
                label = f"{sign}{short if name.startswith(origin.name + end) else name} · {origin.words}"
                if label in labels:
                    label = f"{sign}{name} · {origin.words}"
            labels[label] = name
        return labels


def _changes(run: Run, parent: Run | None) -> str:
    found = forks.changed(run, parent)
    if found is None:
        return ""
    return ", ".join(change_words(key, now) for key, (_, now) in found.items()) or "nothing changed"
