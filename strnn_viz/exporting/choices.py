"""What was asked to be exported, checked against what the run has; the nearest is suggested where it has none."""

from __future__ import annotations

import contextlib
import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from strnn_viz.errors import UsageError
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import default_matrix, layer_groups, matrices
from strnn_viz.topology.layers import matrix_role

#: What can be written, by the ending of the file.
ENDINGS = {
    ".html": "a replay of the run in one file, for a browser, without a server or a network",
    ".gif": "the masks as a movie",
    ".mp4": "the masks as a movie",
    ".csv": "the numbers of every epoch",
    ".png": "one view at an epoch",
    ".svg": "one view at an epoch",
}


_LISTED = 20  # names in a message


@dataclass(frozen=True)
class Sheet:
    """Matrices that are shown beside each other.

    Attributes
    ----------
    label : str
        What they are called together, for example ``LSTM layer 1``.
    matrices : tuple of LayerInfo
        One or two; more where a whole layer was asked for.
    layer : str
        The name of the matrix or of the group, as views take it, that sentences are about.
    """

    label: str
    matrices: tuple[LayerInfo, ...]
    layer: str


def check_ending(out: Path) -> str:
    """The ending of a file, in lower case.

    Raises
    ------
    UsageError
        If nothing can be written in that format.
    """
    ending = out.suffix.lower()
    if ending not in ENDINGS:
        told = ", ".join(ENDINGS)
        raise UsageError(
            f"{out.name!r} ends in {ending or 'nothing'}, which cannot be written. Endings: {told}; and from "
            "the command line .pt, the weights of an epoch."
        )
    return ending


def check_epoch(run: Run, epoch: int | None) -> int:
    """An epoch that can be read; the newest where none was given.

    Raises
    ------
    UsageError
        If the run has no epoch, or not this one.
    RunError
        If this one is damaged, or all are.
    """
    epochs = run.epochs
    if run.newest is None or not run.layers:
        raise UsageError(f"run {run.name} has no epoch yet, so there is nothing to export. Train it first.")
    if epoch is None or epoch in epochs:
        return epochs[-1] if epoch is None else epoch
    near = min(epochs, key=lambda e: (abs(e - epoch), e))
    with contextlib.suppress(UsageError):
        run.bits(epoch, next(iter(run.layers)))  # says so if it was recorded and is damaged
    raise UsageError(
        f"run {run.name} has no epoch {epoch}. Epochs: {epochs[0]} to {epochs[-1]}; the nearest is {near}."
    )


def check_layer(run: Run, layer: str | None) -> str | None:
    """The name of a matrix or of a group as the run has it; None stays None.

    Raises
    ------
    UsageError
        If the run has neither.
    """
    if layer is None:
        return None
    return nearest(layer, [*run.layers, *layer_groups(run)], f"run {run.name} has no layer", "Layers")


def nearest(value: str, known: Iterable[str], trouble: str, title: str) -> str:
    """The one of some names that is meant, whatever its case.

    Raises
    ------
    UsageError
        If it is none of them; says `trouble`, the nearest, and the names there are after `title`.
    """
    names = {name.lower(): name for name in known}
    if value.lower() in names:
        return names[value.lower()]
    near = difflib.get_close_matches(value.lower(), list(names), n=1, cutoff=0.4)
    listed = list(dict.fromkeys(names.values()))
    more = ", …" if len(listed) > _LISTED else ""
    hint = f" Did you mean {names[near[0]]}?" if near else ""
    raise UsageError(f"{trouble} {value!r}.{hint} {title}: {', '.join(listed[:_LISTED])}{more}.")


def sheets(run: Run, layer: str | None = None) -> list[Sheet]:
    """The matrices of a run in twos, as they are shown beside each other; of one layer, if it is given.

    A layer of more than two matrices, as that of a recurrent highway network, has several sheets.
    """
    if layer is not None and layer in run.layers:
        return [whole_sheet(run, layer)]
    found = []
    for group, infos in layer_groups(run).items():
        if layer in (None, group):
            twos = [infos[i : i + 2] for i in range(0, len(infos), 2)]
            alone = len(twos) == 1
            found += [Sheet(group if alone else _label(run, two), tuple(two), group) for two in twos]
    return found


def whole_sheet(run: Run, layer: str | None = None) -> Sheet:
    """All matrices of a layer, or one matrix; without a name, the first sheet with a recurrent matrix, or the first."""
    if layer is None:
        found, wanted = sheets(run), default_matrix(run)
        return next((sheet for sheet in found if wanted in sheet.matrices), found[0])
    infos = matrices(run, layer)
    return Sheet(_label(run, infos) if layer in run.layers else layer, tuple(infos), layer)


def _label(run: Run, infos: list[LayerInfo]) -> str:
    roles = " and ".join(matrix_role(run, info) for info in infos)
    group = infos[0].group
    alone = len(layer_groups(run)[group or infos[0].name]) == 1
    return (group or infos[0].name) if alone else f"{group}, {roles}"
