"""The methods, each a value: what it prunes, where it regrows, and how its prune rate decays."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from strnn_viz.errors import UsageError
from strnn_viz.sparsity import schedules, scores


@dataclass(frozen=True)
class Method:
    """A rule for dynamic sparse training.

    Attributes
    ----------
    name : str
        Its name in a configuration.
    prune : callable
        Scores the active weights of a matrix; the lowest are pruned.
    regrow : callable
        Chooses as many places among the free ones.
    schedule : callable
        Prune rate by update.
    source : str
        Where it is described.
    """

    name: str
    prune: scores.PruneScore
    regrow: scores.Regrow
    schedule: schedules.Schedule
    source: str


METHODS: dict[str, Method] = {
    method.name: method
    for method in [
        Method("st-rnn", scores.magnitude, scores.random, schedules.cosine, "Liu et al. 2021, Algorithm 1"),
    ]
}


def method(name: str) -> Method:
    """The method called `name`.

    Raises
    ------
    UsageError
        If there is none; the nearest is suggested.
    """
    if name not in METHODS:
        near = difflib.get_close_matches(name, METHODS, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"no method is called {name!r}.{hint} Methods: {', '.join(METHODS)}.")
    return METHODS[name]
