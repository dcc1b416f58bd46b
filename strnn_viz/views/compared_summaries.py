"""What each view of several runs shows, as sentences with its numbers: for those who hear a page.

Each is computed from what the view itself draws.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import changes, layer_label
from strnn_viz.topology.between import Shared
from strnn_viz.views._compared import LOOKS
from strnn_viz.views.compared_density import Densities, compared_density_title
from strnn_viz.views.compared_distance import Way, compared_distance_title
from strnn_viz.views.compared_gap import Against, compared_gap_title, gap_words
from strnn_viz.views.compared_learning import comparable_measures, compared_learning_title
from strnn_viz.views.compared_masks import shared_words
from strnn_viz.views.learning import run_measure
from strnn_viz.views.summaries import learning_course

_LISTED = 12  # matrices that a sentence can hold


def masks_summary(
    runs: Sequence[Run], epochs: Sequence[int | None], infos: Sequence[LayerInfo | None], epoch: int | None
) -> str:
    """How many connections one matrix has in each run, and how many of them came and went.

    Parameters
    ----------
    runs : sequence of Run
    epochs : sequence of int or None
        Where each of them stands.
    infos : sequence of LayerInfo or None
        The matrix, as each of them has it.
    epoch : int or None
        Where the cursor is.

    Raises
    ------
    RunError
        If an epoch cannot be read.
    """
    if epoch is None or infos[0] is None:
        return "Connections appear with the first epoch."
    told = [f"{layer_label(runs[0], infos[0].name)}, epoch {epoch}: {len(runs)} masks on one colour scale."]
    for run, at, info, look in zip(runs, epochs, infos, LOOKS, strict=False):
        named = f"{look.letter} ({run.name})"
        if info is None:
            told.append(f"{named} has no such matrix.")
        elif at is None:
            told.append(f"{named} has no epoch yet.")
        else:
            now = changes(run, at, [info])
            told.append(
                f"{named} at epoch {at}: {now.nnz:,} connections, a density of {now.nnz / info.size:.1%}; "
                f"{now.born:,} born, {now.died:,} died, {now.survived:,} survived."
            )
    return " ".join(told)


def difference_summary(title: str, shown: Shared, a: str = "A", b: str = "B") -> str:
    """What two masks share and what one has alone, beside chance.

    Parameters
    ----------
    title : str
        The sentence above the picture.
    shown : Shared
    a, b : str
        Letters of the two runs.
    """
    return f"{title}. {shared_words(shown, a, b)}."


def learning_summary(runs: Sequence[Run], epoch: int | None) -> str:
    """What each run has reached at the epoch shown, and how it came there; arguments as for the view."""
    told = [f"{compared_learning_title(runs, epoch)}."]
    for run, look, fits in zip(runs, LOOKS, comparable_measures(runs), strict=False):
        if fits and (course := learning_course(run)):
            told.append(f"{look.letter} ({run.name}): {course[:1].lower()}{course[1:]}")
    return " ".join(told)


def gap_summary(runs: Sequence[Run], found: Sequence[Against], epoch: int | None) -> str:
    """How large the gaps are at the epoch shown, and how they went; arguments as for the view's title."""
    told, measure = [f"{compared_gap_title(runs, found, epoch)}."], run_measure(runs[0])
    for a in found:
        if len(a.gap.epochs) > 1:
            first, last = (f"{gap_words(a.gap, i, measure)} at epoch {a.gap.epochs[i]}" for i in (0, -1))
            told.append(f"{a.look.letter} ({a.name}) went from {first} to {last}.")
    return " ".join(told)


def density_summary(found: Sequence[Densities], epoch: int | None) -> str:
    """How dense every matrix is in each run; arguments as for the view's title."""
    names = list(dict.fromkeys(name for one in found for name in one.shown))
    told = [
        f"{name} "
        + ", ".join(
            f"{look.letter} {one.shown[name]:.1%}" for one, look in zip(found, LOOKS, strict=False) if name in one.shown
        )
        for name in names[:_LISTED]
    ]
    more = f"; and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    detail = f" Density of each matrix: {'; '.join(told)}{more}." if told else ""
    return f"{compared_density_title(found, epoch)}.{detail}"


def distance_summary(ways: Sequence[Way], epoch: int | None) -> str:
    """How far the runs are from the first at the epoch shown, and how that went; arguments as for the view's title."""
    told = [f"{compared_distance_title(ways, epoch)}."]
    for way in ways:
        if len(way.points) > 1:
            first, last = way.points[0], way.points[-1]
            told.append(
                f"{way.look.letter} ({way.name}) went from {first.jaccard:.3f} at epoch {first.epoch} to "
                f"{last.jaccard:.3f} at epoch {last.epoch}."
            )
    return " ".join(told)


#: By the name of the function that draws the view.
COMPARED_SUMMARIES: dict[str, Callable[..., str]] = {
    "compared_mask": masks_summary,
    "mask_difference": difference_summary,
    "compared_learning": learning_summary,
    "compared_gap": gap_summary,
    "compared_density": density_summary,
    "compared_distance": distance_summary,
}
