"""The methods, each a value: what it prunes, where it regrows, how that is shared out and how it decays."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from strnn_viz import rules
from strnn_viz.errors import UsageError
from strnn_viz.sparsity import growth, redistribution, schedules, selection


@dataclass(frozen=True)
class Method:
    """A rule for sparse training.

    Attributes
    ----------
    name : str
        Its name in a configuration.
    source : str
        Where it is described.
    prune : callable or None
        Chooses among the active weights of every block; None never prunes.
    regrow : callable or None
        Chooses as many places among the free ones; None regrows nothing.
    redistribute : callable or None
        How many each block regrows; None gives back to each what it lost.
    schedule : callable
        Prune rate by update.
    begins_dense : bool
        Whether all weights are active at first, and the density is only reached in the end.
    units : bool
        Whether whole hidden units are removed, after a group lasso has shrunk them, in place of `prune`.
    flips : bool
        Whether at every step what changed its sign under noise is pruned, in place of `prune` at an update.
    """

    name: str
    source: str
    prune: selection.Select | None = selection.SELECT["magnitude"]
    regrow: growth.Regrow | None = growth.random
    redistribute: redistribution.Redistribute | None = None
    schedule: schedules.Schedule = schedules.cosine
    begins_dense: bool = False
    units: bool = False
    flips: bool = False

    @property
    def signals(self) -> tuple[str, ...]:
        """What must be known of inactive weights too: ``"gradient"``, ``"momentum"``."""
        if self.regrow is growth.gradient:
            return ("gradient",)
        return ("momentum",) if self.regrow is growth.momentum else ()


def _still(name: str, source: str, *, begins_dense: bool = True) -> Method:
    return Method(name, source, prune=None, regrow=None, schedule=schedules.constant, begins_dense=begins_dense)


METHODS: dict[str, Method] = {
    method.name: method
    for method in [
        Method("st-rnn", "Liu et al. 2021, Algorithm 1"),
        Method("set", "Mocanu et al. 2018, Algorithm 2", prune=selection.SELECT["signed"], schedule=schedules.constant),
        Method("rigl", "Evci et al. 2020, Algorithm 1", regrow=growth.gradient),
        Method("snfs", "Dettmers & Zettlemoyer 2019, Algorithm 1", regrow=growth.momentum,
               redistribute=redistribution.momentum),
        Method("dsr", "Mostafa & Wang 2019, Algorithm 1", prune=selection.below_threshold,
               redistribute=redistribution.survivors, schedule=schedules.constant),
        Method("deepr", "Bellec et al. 2018, Algorithm 1", prune=None, redistribute=redistribution.places,
               schedule=schedules.constant, flips=True),
        _still("static", "a fixed random topology", begins_dense=False),
        Method("gmp", "Zhu & Gupta 2018", prune=selection.down_to_budget, regrow=None, begins_dense=True),
        Method("iss", "Wen et al. 2018", prune=None, regrow=None, begins_dense=True, units=True),
        Method("selfish", "Liu et al. 2021b, Algorithm 1"),
        _still("dense", "no pruning at all"),
        _still("small-dense", "Liu et al. 2021, Section 4.1.1"),
    ]
}  # fmt: skip


def find_method(
    name: str,
    *,
    prune: str = "auto",
    regrow: str = "auto",
    redistribution: str = "auto",
    schedule: str = "auto",
) -> Method:
    """The method called `name`, with some of its axes replaced.

    Parameters
    ----------
    name : str
        A name of :data:`METHODS`.
    prune, regrow, redistribution, schedule : str
        Names of :mod:`strnn_viz.rules`; ``"auto"`` leaves the method's own.

    Raises
    ------
    UsageError
        If there is no such name (the nearest is suggested), or the combination makes no sense.
    """
    _require("method", name, tuple(METHODS))
    found = METHODS[name]
    given = {"prune": prune, "regrow": regrow, "redistribution": redistribution, "schedule": schedule}
    known = {"prune": rules.PRUNE, "regrow": rules.REGROW, "redistribution": rules.REDISTRIBUTION,
             "schedule": rules.SCHEDULE}  # fmt: skip
    for axis, value in given.items():
        if value != "auto":
            _require(axis, value, ("auto", *known[axis]))
    rules.refuse_senseless(name, **given)
    if prune != "auto":
        found = replace(found, prune=selection.SELECT[prune])
    if regrow != "auto":
        found = replace(found, regrow=growth.REGROW[regrow])
    if redistribution != "auto":
        found = replace(found, redistribute=_REDISTRIBUTE[redistribution])
    if schedule != "auto":
        found = replace(found, schedule=schedules.SCHEDULES[schedule])
    return found


_REDISTRIBUTE = redistribution.REDISTRIBUTE


def why_not_stored(method: Method) -> str | None:
    """Why a method cannot run on matrices that hold their active weights only, as a sentence; None where it can.

    A method that begins dense and prunes can: such matrices then begin with all places, larger than dense ones.
    """
    if method.begins_dense and method.prune is None and not method.units:
        return (
            f"Every weight of the method {method.name} stays active: layers that hold active weights only would be "
            "larger and slower with it than dense ones."
        )
    return None


def dense_quantity(method: Method, places: int) -> str | None:
    """What of dense size a method must form where layers hold active weights only, as a sentence; None if nothing.

    Parameters
    ----------
    method : Method
    places : int
        Of all sparse matrices together.
    """
    held = f"{places:,} values, {4 * places / 1e6:,.0f} MB"
    if "momentum" in method.signals:
        return f"The method {method.name} keeps a dense momentum of {held}, in sparse execution too."
    if "gradient" in method.signals:
        return (
            f"The method {method.name} looks at a dense gradient of {held}, a few rows at a time. Until then it keeps "
            "activations and gradients of the batches it sums over, or the dense sum where that is less or a "
            "checkpoint is written."
        )
    return None


def _require(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"no {what} is called {name!r}.{hint} Expected one of {', '.join(known)}.")
