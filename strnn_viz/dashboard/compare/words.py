"""What differs between the runs compared, in sentences. No Panel here."""

from __future__ import annotations

from collections.abc import Sequence

from strnn_viz.config import RunConfig
from strnn_viz.dashboard.choices import AXES
from strnn_viz.dashboard.compare.standing import Standing
from strnn_viz.dashboard.words import count
from strnn_viz.errors import StrnnVizError
from strnn_viz.rules import METHODS
from strnn_viz.runs import forks
from strnn_viz.topology.between import common_matrices, misfit, shared_between
from strnn_viz.topology.gaps import same_kind
from strnn_viz.views._compared import LOOKS, MOST_RUNS
from strnn_viz.views.compared_density import Densities, compared_density_title
from strnn_viz.views.compared_masks import shared_words

_UNTOLD = ("training.threads", "training.checkpoints", "training.device")
_NAMES = {"uniform": "uniform", "erdos_renyi": "Erdős–Rényi"}


def setting_words(standing: Standing) -> str:
    """What a run is, in a few words: initialization, density and seed; where a fork came from."""
    config = standing.run.config
    if config is None:
        return "recorded elsewhere"
    first = _NAMES.get(config.sparsity.initialization, config.sparsity.initialization)
    told = f"{METHODS[config.sparsity.method].title}, {first}, density {config.sparsity.density:g}, seed {config.seed}"
    parent = standing.run.parent
    return f"fork of {parent.name} at epoch {parent.epoch}, {told}" if parent else told


def differing_settings(a: RunConfig | None, b: RunConfig | None) -> str:
    """The settings two runs differ in, with both values; empty where there are none."""
    if a is None or b is None:
        return ""
    found = {key: both for key, both in forks.differences(a, b).items() if key not in _UNTOLD}
    told = [f"{_title(key)} ({_value(key, x)}, {_value(key, y)})" for key, (x, y) in list(found.items())[:4]]
    more = len(found) - len(told)
    return ", ".join(told) + (f" and {count(more, 'more setting')}" if more > 0 else "")


def asked_words(asked: Sequence[str], known: Sequence[str]) -> list[str]:
    """What is wrong with the names that were asked for, a sentence each."""
    have = ", ".join(known[:6]) + (" and others" if len(known) > 6 else "") if known else "none yet"
    told = [f"There is no run {name!r} here. Runs there are: {have}." for name in asked if name not in known]
    if len(asked) > MOST_RUNS:
        told.append(f"{len(asked)} runs were asked for; the first {MOST_RUNS} that are here are compared.")
    found = [name for name in asked if name in known]
    if asked and len(found) == 1:
        told.append(f"Only {found[0]} is left to compare: choose another run beside it.")
    return told


def misfits(found: Sequence[Standing]) -> list[str]:
    """A sentence for every run that cannot be laid over the first, naming both shapes."""
    told = []
    for other in found[1:]:
        if why := misfit(found[0].run, other.run):
            pair = f"{LOOKS[0].letter} and {LOOKS[other.place].letter}"
            told.append(
                f"The masks of {pair} cannot be laid over each other: {why} Curves and densities compare all the same."
            )
    return told


def summary(found: Sequence[Standing], gap_title: str, densities: Sequence[Densities]) -> list[str]:
    """What differs where the cursor is, a sentence each."""
    first, told = found[0], []
    for other in found[1:]:
        letters = f"{LOOKS[0].letter} ({first.name}) and {LOOKS[other.place].letter} ({other.name})"
        settings = differing_settings(first.run.config, other.run.config)
        if settings:
            told.append(f"{letters} differ in {settings}.")
        elif same_kind(first.run, other.run):
            told.append(f"{letters} have the same settings.")
    late = [f"{LOOKS[s.place].letter} is {s.words}" for s in found if s.words.startswith("at its")]
    wanted = first.wanted
    if late and wanted is not None:
        told.append(f"At epoch {wanted:,}: {', '.join(late)}.")
    told.append(f"{gap_title}.")
    for other in found[1:3]:
        common = common_matrices(first.run, other.run)
        if common and first.epoch is not None and other.epoch is not None:
            try:
                both = shared_between(first.run, first.epoch, other.run, other.epoch, [i.name for i in common])
            except StrnnVizError:
                continue
            told.append(f"All layers: {shared_words(both, LOOKS[0].letter, LOOKS[other.place].letter)}.")
    if wanted is not None:
        told.append(f"{compared_density_title(densities, wanted)}.")
    return told


def _title(key: str) -> str:
    if key in AXES:
        title = AXES[key][0]
        return f"{title[:1].lower()}{title[1:]}"
    return {"optimizer.lr": "learning rate"}.get(key, key.rpartition(".")[2].replace("_", " "))


def _value(key: str, value: object) -> str:
    if key == "sparsity.initialization":
        return _NAMES[str(value)]
    if key == "sparsity.method":
        return METHODS[str(value)].title
    return {v: k for k, v in AXES[key][1].items()}.get(str(value), str(value)) if key in AXES else forks.text_of(value)
