"""Which methods there are, along which axes each may be varied, and why some combinations make no sense.

Names and reasons only: what the names *do* is in :mod:`strnn_viz.sparsity`. They stand here because a configuration
refuses a senseless combination before anything is built, also where torch is not installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from strnn_viz.errors import ConfigError

PRUNE = ("magnitude", "signed", "threshold")
REGROW = ("random", "gradient", "momentum")
REDISTRIBUTION = ("none", "momentum", "survivors")
SCHEDULE = ("cosine", "constant", "linear")


@dataclass(frozen=True)
class MethodRules:
    """What may be varied about a method.

    Attributes
    ----------
    title : str
        What people call it.
    words : str
        What it does, in one sentence.
    fixed : mapping of str to str
        Axes that may not be varied, each with the reason.
    rewires : bool
        Whether connections ever change.
    begins_dense : bool
        Whether every weight is active at first.
    differs : mapping of str to str
        Along which axes it differs from ST-RNN, as :meth:`own` tells.
    """

    title: str
    words: str
    fixed: dict[str, str]
    rewires: bool = True
    begins_dense: bool = False
    differs: Mapping[str, str] = field(default_factory=dict)

    def own(self, axis: str) -> str:
        """What the method does along an axis that leaves a choice, unless told otherwise.

        Parameters
        ----------
        axis : str
            ``prune``, ``regrow``, ``redistribution`` or ``schedule``.
        """
        return self.differs.get(axis, _ST_RNN[axis])


_ST_RNN = {"prune": "magnitude", "regrow": "random", "redistribution": "none", "schedule": "cosine"}


_NO_REWIRING = dict.fromkeys(
    ("prune", "regrow", "redistribution", "schedule", "update_every", "reactivate"),
    "{title} never changes its topology",
)
_DENSE = _NO_REWIRING | dict.fromkeys(("initialization", "granularity", "epsilon"), "every weight of {title} is active")
_DENSE_TO_SPARSE = dict.fromkeys(("regrow", "redistribution"), "{title} begins dense and only prunes")

METHODS: dict[str, MethodRules] = {
    "st-rnn": MethodRules("ST-RNN", "Prune the smallest weights, regrow at random, less and less.", {}),
    "set": MethodRules("SET", "Prune the positive and the negative weights closest to zero, regrow at random.", {},
                       differs={"prune": "signed", "schedule": "constant"}),
    "rigl": MethodRules("RigL", "Prune the smallest weights, regrow where the dense gradient is largest.", {},
                        differs={"regrow": "gradient"}),
    "snfs": MethodRules(
        "SNFS", "Prune the smallest weights, regrow where the dense momentum is largest, shared out by momentum.", {},
        differs={"regrow": "momentum", "redistribution": "momentum"},
    ),
    "dsr": MethodRules("DSR", "Prune below one adaptive threshold, regrow at random where most survived.", {},
                       differs={"prune": "threshold", "redistribution": "survivors", "schedule": "constant"}),
    "deepr": MethodRules(
        "DeepR",
        "At every step, prune what changes sign under noise and regrow at random anywhere.",
        dict.fromkeys(("prune", "schedule", "update_every"), "DeepR prunes at every step whatever changed its sign")
        | {"redistribution": "DeepR regrows anywhere in the network", "regrow": "DeepR regrows at random"},
    ),
    "static": MethodRules("Static sparse", "The first topology stays.", _NO_REWIRING, rewires=False),
    "gmp": MethodRules(
        "GMP",
        "Begin dense, prune the smallest weights more and more slowly until the density is reached.",
        _DENSE_TO_SPARSE | {"schedule": "GMP's is the cubic one of Zhu & Gupta",
                            "prune": "GMP prunes the smallest magnitudes"},
        begins_dense=True,
    ),
    "iss": MethodRules(
        "ISS",
        "Begin dense, shrink whole hidden units by group lasso and remove them until the density is reached.",
        _DENSE_TO_SPARSE
        | dict.fromkeys(("initialization", "granularity", "epsilon"), "ISS removes whole hidden units")
        | {"schedule": "ISS removes units on a cubic schedule", "prune": "ISS removes the units of smallest norm"},
        begins_dense=True,
    ),
    "selfish": MethodRules(
        "Selfish-RNN", "ST-RNN with the gates of a matrix pooled; made for the averaged optimizer asgd.",
        {"granularity": "Selfish-RNN pools the gates of a matrix"},
    ),
    "dense": MethodRules("Dense", "Every weight is active.", _DENSE, rewires=False, begins_dense=True),
    # Initialization, granularity and ε stay open: how many weights the sparse one has is theirs to say, too.
    "small-dense": MethodRules(
        "Small dense", "A dense network with as many weights as the sparse one has.", _NO_REWIRING, rewires=False,
        begins_dense=True,
    ),
}  # fmt: skip

_USUAL: dict[str, str | float] = {
    "initialization": "uniform", "granularity": "matrix", "update_every": 0, "epsilon": 0.0, "reactivate": True,
}  # fmt: skip


def usual(axis: str) -> str | float:
    """What an axis is where a method leaves no choice of it."""
    return _USUAL.get(axis, "auto")


def refuse_senseless(method: str, **axes: str | float) -> None:
    """Raise for a combination of axes that makes no sense.

    Parameters
    ----------
    method : str
    **axes
        ``initialization``, ``granularity``, ``prune``, ``regrow``, ``redistribution``, ``schedule``,
        ``update_every``, ``epsilon``, ``reactivate``, and ``execution`` of the training: those that are known.
        ``"auto"`` leaves an axis to the method.

    Raises
    ------
    ConfigError
        With the reason.
    """
    rules = METHODS[method]
    for axis, reason in rules.fixed.items():
        given = axes.get(axis, usual(axis))
        if given != usual(axis) and not (axis == "update_every" and given == 1 and rules.rewires):
            raise ConfigError(
                f"sparsity.{axis} = {_written(given)} makes no sense with sparsity.method = {method}: "
                f"{reason.format(title=rules.title)}. Leave sparsity.{axis} at {_written(usual(axis))}, or choose "
                "another method."
            )
    if axes.get("execution") == "sparse" and rules.begins_dense and not rules.rewires:
        raise ConfigError(
            f"training.execution = sparse makes no sense with sparsity.method = {method}: every weight of "
            f"{rules.title} is active. Set training.execution to masked or auto, or choose another method."
        )
    if axes.get("epsilon") and axes.get("initialization") == "uniform":
        raise ConfigError(
            f"sparsity.epsilon = {axes['epsilon']:g} is a parameter of Erdős–Rényi, and sparsity.initialization = "
            "uniform. Set sparsity.initialization to erdos_renyi, or give sparsity.density instead."
        )


def _written(value: str | float) -> str:
    """A value as it is written in a configuration."""
    return str(value).lower() if isinstance(value, bool) else str(value)
