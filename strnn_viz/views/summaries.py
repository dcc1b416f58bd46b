"""What each view shows, as sentences with its numbers: for those who hear a page, and for texts beside a picture.

Each is computed from what the view itself draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from strnn_viz.errors import UsageError
from strnn_viz.runs import Run
from strnn_viz.topology import (
    BORN,
    DIED,
    SURVIVED,
    distance_curves,
    drawn_matrix,
    layer_label,
    matrices,
    previous_epoch,
    states,
)
from strnn_viz.topology import magnitudes as read_magnitudes
from strnn_viz.topology.magnitudes import quantile
from strnn_viz.views._cells import turned
from strnn_viz.views._ego import STATES, ego_info
from strnn_viz.views._epoch_distances import distance_map_info
from strnn_viz.views._history import history_at
from strnn_viz.views.adjacency import adjacency_title, order
from strnn_viz.views.ages import ages_title, pyramid_info
from strnn_viz.views.degrees import degree_info, degree_title
from strnn_viz.views.distance import distance_title
from strnn_viz.views.distance_map import distance_map_title
from strnn_viz.views.ego import ego_title
from strnn_viz.views.gates import gate_density_title, gate_info, gated
from strnn_viz.views.learning import column, learning_title, other_metric, run_measure, scale, value_text
from strnn_viz.views.magnitudes import magnitudes_title
from strnn_viz.views.masks import mask_title
from strnn_viz.views.nnstd import nnstd_info, nnstd_title
from strnn_viz.views.prune_rate import prune_rate_title
from strnn_viz.views.rewiring_words import no_rewiring, rewiring_title, rewiring_words
from strnn_viz.views.survival import survival_info, survival_title
from strnn_viz.views.turnover import turnover_info, turnover_title

_LISTED = 12  # numbers of a kind that a sentence can hold; of more their ends are told

#: (run, epoch, layer) -> sentence.
Words = Callable[[Run, int, str | None], str]


def summary(view: str, run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """What a view shows of an epoch, in two or three sentences.

    Parameters
    ----------
    view : str
        Name of the function that draws it, for example ``"mask_evolution"``.
    run : Run
    epoch : int or None
    layer : str or None
        As for the view.

    Raises
    ------
    UsageError
        If there is no such view, or what the view itself raises.
    RunError
        If an epoch cannot be read.
    """
    if view not in SUMMARIES:
        raise UsageError(f"no view is called {view!r}. There are: {', '.join(SUMMARIES)}.")
    title, detail = SUMMARIES[view]
    first = title(run, epoch, layer=layer)
    if epoch is None or not run.epochs:
        return f"{first}."
    return " ".join(filter(None, [f"{first}.", detail(run, epoch, layer)]))


def _masks(run: Run, epoch: int, layer: str | None) -> str:
    info = drawn_matrix(run, layer)
    before = previous_epoch(run, epoch)
    if info is None:
        return ""
    what = states(run.layer(epoch, info.name).mask, None if before is None else run.layer(before, info.name).mask)
    if not info.gates:
        return f"The picture is of {info.shape[0]:,} rows and {info.shape[1]:,} columns."
    told = []
    for gate, block in zip(info.gates, np.split(what, len(info.gates)), strict=True):
        kept, born, died = (int(np.count_nonzero(block == state)) for state in (SURVIVED, BORN, DIED))
        moved = f", {born:,} of them new, {died:,} gone" if born or died else ""
        told.append(f"{gate} {kept + born:,}{moved}")
    return f"Connections by gate: {'; '.join(told)}."


def _learning(run: Run, epoch: int, layer: str | None) -> str:
    del epoch, layer
    return learning_course(run)


def learning_course(run: Run) -> str:
    """How a run has learned from its first epoch to its newest; empty before its second."""
    measure = run_measure(run)
    name = other_metric(run) or f"valid_{measure.name}"
    epochs, values = column(run, "epoch"), column(run, name)
    known = np.isfinite(values)
    if known.sum() < 2:
        return ""
    epochs, values = epochs[known].astype(int), values[known]
    text = value_text
    best = int(values.argmax() if scale(run) == "linear" else values.argmin())
    told = (
        f"Over {len(epochs):,} epochs it went from {text(measure, values[0])} to {text(measure, values[-1])}"
        if not other_metric(run)
        else f"Over {len(epochs):,} epochs it went from {values[0]:.3g} to {values[-1]:.3g}"
    )
    if not other_metric(run):
        told += f"; its best was {text(measure, values[best])}, at epoch {epochs[best]}"
    rewired = [row["epoch"] for row in run.rows if any(part.get("pruned", 0) for part in row["layers"].values())]
    after = f" Connections were pruned after {len(rewired):,} of them." if rewired else " Nothing was pruned."
    return f"{told}.{after}"


def _rate(run: Run, epoch: int, layer: str | None) -> str:
    del epoch, layer
    epochs, rates = column(run, "epoch"), column(run, "prune_rate")
    known = np.isfinite(rates)
    if not known.any():
        return "The prune rate was not recorded."
    highest = int(np.flatnonzero(known)[rates[known].argmax()])
    last = int(np.flatnonzero(known)[-1])
    return (
        f"The prune rate was highest after epoch {epochs[highest]:.0f}, {rates[highest]:.1%}, and is {rates[last]:.1%} "
        f"after epoch {epochs[last]:.0f}, the newest."
    )


def _magnitudes(run: Run, epoch: int, layer: str | None) -> str:
    chosen = matrices(run, layer)
    now = read_magnitudes(run, epoch, chosen)
    if not now.total.any():
        return ""
    low, high = (quantile(now.total, share) for share in (0.25, 0.75))
    born = int(now.born.sum()) + now.born_zeros
    told = f"Half of the weights have |w| from {low:.2g} to {high:.2g}"
    if now.born.any():
        told += f"; {born:,} were born since the epoch before, with a median of {quantile(now.born, 0.5):.2g}"
    first = run.epochs[0]
    if epoch != first:
        told += f". At epoch {first} the median was {quantile(read_magnitudes(run, first, chosen).total, 0.5):.2g}"
    return f"{told}."


def _distance(run: Run, epoch: int, layer: str | None) -> str:
    del epoch
    found = distance_curves(run, matrices(run, layer))
    return _course(found.epochs, found.to_first, found.to_previous)


def _course(epochs: NDArray[np.int64], first: NDArray[np.float64], previous: NDArray[np.float64]) -> str:
    """How two curves of distances went: where the first arrives, and where the steps were largest."""
    if np.isfinite(previous).sum() < 2:
        return ""
    largest = int(np.nanargmax(previous))
    return (
        f"At the newest epoch, {epochs[-1]}, it is {first[-1]:.3f} from the first; the largest step from one epoch to "
        f"the next was {previous[largest]:.3f}, to epoch {epochs[largest]}."
    )


def _survival(run: Run, epoch: int, layer: str | None) -> str:
    shown = survival_info(run, epoch, matrices(run, layer))
    told = [f"{c.name}, {float(c.survival.survival[-1]):.0%} at age {int(c.survival.time[-1])}" for c in shown.cohorts]
    return f"Still connected at the oldest age known: {'; '.join(told)}." if told else ""


def _turnover(run: Run, epoch: int, layer: str | None) -> str:
    del epoch
    found = turnover_info(run, matrices(run, layer))
    if not np.isfinite(found.turnover).any():
        return ""
    most = int(np.nanargmax(found.turnover))
    return (
        f"Most was turned over at epoch {found.epochs[most]}, {found.turnover[most]:.1%}; {found.exploration[-1]:.1%} "
        f"had been explored by epoch {found.epochs[-1]}, the newest."
    )


def _degrees(run: Run, epoch: int, layer: str | None) -> str:
    told = [
        f"{side.name}-degrees are {side.mean:,.1f} ± {side.sd:,.1f} (at random ± {side.chance_sd:,.1f}) and go from "
        f"{int(side.degrees.min()):,} to {int(side.degrees.max()):,}, half of them from "
        f"{np.quantile(side.degrees, 0.25):.0f} to {np.quantile(side.degrees, 0.75):.0f}"
        for side in degree_info(run, epoch, layer).sides
    ]
    return f"{'; '.join(told).capitalize()}." if told else ""


def _gates(run: Run, epoch: int, layer: str | None) -> str:
    shown = gate_info(run, gated(run, layer))
    if not 1 < len(shown.names) <= _LISTED:
        return ""
    at = int(np.flatnonzero(shown.epochs == epoch)[0])
    pairs = zip(shown.names, shown.density[0], shown.density[at], strict=True)
    return f"Density at epoch {shown.epochs[0]} and now: {_listed(f'{n} {a:.1%}, {b:.1%}' for n, a, b in pairs)}."


def _ages(run: Run, epoch: int, layer: str | None) -> str:
    info = drawn_matrix(run, layer)
    if info is None:
        return ""
    age = history_at(run, epoch, info.name).age
    blocks = zip(info.gates or ("the matrix",), np.split(age, max(1, len(info.gates))), strict=True)
    told = _listed(f"{name} {float(block[block >= 0].mean()):.1f}" for name, block in blocks if (block >= 0).any())
    return f"The picture is of {layer_label(run, info.name)}; mean age in epochs: {told}." if told else ""


def _pyramid(run: Run, epoch: int, layer: str | None) -> str:
    shown = pyramid_info(run, epoch, matrices(run, layer))
    most = sorted(np.argsort(-shown.counts, kind="stable")[:4].tolist())
    told = _listed(f"{int(shown.counts[i]):,} of age {int(shown.ages[i])}" for i in most if shown.counts[i])
    return f"The largest groups: {told}."


def _by_degree(run: Run, epoch: int, layer: str | None) -> str:
    info = drawn_matrix(run, layer)
    if info is None:
        return ""
    mask = run.layer(epoch, info.name).mask
    axis = 0 if turned(info) else 1
    units = order(run, run.epochs[0], info)[axis]
    half = mask.take(units[: len(units) // 2], axis=axis)
    return f"The half that was busier then has {half.sum() / max(1, mask.sum()):.1%} now."


def _nnstd(run: Run, epoch: int, layer: str | None) -> str:
    found = nnstd_info(run, epoch, matrices(run, layer))
    told = _course(found.epochs, found.to_first[:, 1], found.to_previous[:, 1])
    return f"As multiples of independent masks: {told[0].lower()}{told[1:]}" if told else ""


def _epochs_apart(run: Run, epoch: int, layer: str | None) -> str:
    del epoch
    shown = distance_map_info(run, matrices(run, layer))
    if len(shown.epochs) < 2:
        return ""
    row, column = np.unravel_index(int(shown.distances.argmax()), shown.distances.shape)
    a, b = sorted(int(shown.epochs[i]) for i in (row, column))
    return f"Of {len(shown.epochs):,} epochs the two farthest apart are {a} and {b}, {shown.distances.max():.3f}."


def _path(run: Run, epoch: int, layer: str | None) -> str:
    shown = distance_map_info(run, matrices(run, layer))
    at = shown.place(epoch)
    if not at:
        return ""
    steps = np.hypot(*np.diff(shown.points[: at + 1], axis=0).T)
    straight = float(np.hypot(*(shown.points[at] - shown.points[0])))
    return f"The path up to here is {steps.sum():.3f} long; its ends are {straight:.3f} apart in the plane."


def _ego(run: Run, epoch: int, layer: str | None) -> str:
    shown = ego_info(run, epoch, layer)
    told = []
    for outward, side in ((False, "Among those drawn it reads from"), (True, "is read by")):
        counts = [sum(e.state == state for e in shown.edges if e.outward == outward) for state in STATES]
        told.append(f"{side} {sum(counts):,} ({counts[0]:,} survived, {counts[1]:,} born, {counts[2]:,} died)")
    return f"{' and '.join(told)}."


def _rewiring(run: Run, epoch: int, layer: str | None) -> str:
    return no_rewiring(run, epoch, layer=layer) or " ".join(rewiring_words(run, epoch, layer=layer))


def _listed(parts: Iterable[str]) -> str:
    return "; ".join(parts)


#: By the name of the function that draws the view: its title, and what else it tells.
SUMMARIES: dict[str, tuple[Callable[..., str], Words]] = {
    "mask_evolution": (mask_title, _masks),
    "learning_curves": (learning_title, _learning),
    "prune_rate": (prune_rate_title, _rate),
    "magnitudes": (magnitudes_title, _magnitudes),
    "magnitude_map": (magnitudes_title, _magnitudes),
    "connectivity_distance": (distance_title, _distance),
    "survival_curves": (survival_title, _survival),
    "turnover": (turnover_title, _turnover),
    "degree_distribution": (degree_title, _degrees),
    "gate_density_strip": (gate_density_title, _gates),
    "age_map": (ages_title, _ages),
    "age_pyramid": (ages_title, _pyramid),
    "adjacency": (adjacency_title, _by_degree),
    "nnstd_distance": (nnstd_title, _nnstd),
    "distance_map": (distance_map_title, _epochs_apart),
    "distance_path": (distance_map_title, _path),
    "ego_network": (ego_title, _ego),
    "rewiring_frame": (rewiring_title, _rewiring),
}
