"""One rewiring in words, with its real numbers; and where there is none to explain, why."""

from __future__ import annotations

import numpy as np

from strnn_viz.rules import METHODS
from strnn_viz.runs import LayerInfo, Run
from strnn_viz.topology import RewiringEvent, changes, layer_label, row_of
from strnn_viz.topology.layers import previous_epoch
from strnn_viz.topology.rewiring import prune_rule
from strnn_viz.views._history import seen
from strnn_viz.views.rewiring import FRAMES, axis_names, event_of, explained_matrix

_PRUNED = {
    "magnitude": "the {count} connections with the smallest weights{each}",
    "signed": "the {count} connections closest to zero, as large a share of the positive as of the negative ones{each}",
    "threshold": "the {count} connections below one threshold, which the whole network shares",
}
_REGROWN = {
    "random": "at random among the free places (Eq. 7)",
    "gradient": "at the free places where the gradient, summed over several batches, was largest",
    "momentum": "at the free places where the momentum of the gradient was largest",
}
_SHARED = {
    "momentum": "in proportion to the mean momentum of their weights",
    "survivors": "in proportion to the connections that survived",
}


def rewiring_title(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """What is explained: which rewiring of which matrix.

    Raises
    ------
    RunError, UsageError
        As for :func:`strnn_viz.views.rewiring.event_of`.
    """
    info = explained_matrix(run, layer)
    if info is None or epoch is None or not seen(run, epoch):
        return "A rewiring can be explained once there is one"
    where = layer_label(run, info.name)
    if event_of(run, epoch, layer) is None:
        return f"{where}, epoch {epoch}: no single rewiring to show"
    return f"{where}: the rewiring after epoch {epoch - 1}, which led to epoch {epoch}"


def rewiring_words(run: Run, epoch: int | None, *, layer: str | None = None) -> tuple[str, ...]:
    """What happened in each of the four frames, in two or three sentences; empty where there is no rewiring to show.

    Raises
    ------
    RunError, UsageError
        As for :func:`strnn_viz.views.rewiring.event_of`.
    """
    event = event_of(run, epoch, layer)
    if event is None:
        return ()
    told = (_before(event), _pruned(run, event), _budget(run, event), _regrown(run, event))
    assert len(told) == len(FRAMES)
    return told


def no_rewiring(run: Run, epoch: int | None, *, layer: str | None = None) -> str:
    """Why there is no single rewiring to show, and what is known instead; empty where there is one.

    Raises
    ------
    RunError, UsageError
        As for :func:`strnn_viz.views.rewiring.event_of`.
    """
    info = explained_matrix(run, layer)
    if info is None or epoch is None or not seen(run, epoch):
        return "Nothing is recorded yet: the first topology appears within seconds of the start, rewirings follow it."
    if event_of(run, epoch, layer) is not None:
        return ""
    rules = METHODS[run.config.sparsity.method] if run.config else None
    if rules and not rules.rewires:
        return f"{rules.title} never rewires: {_small(rules.words)} No epoch has a rewiring to show."
    since = previous_epoch(run, epoch)
    if since is None:
        return f"Epoch {epoch} is the first that is recorded: no rewiring led to it. Go on to a later epoch to see one."
    moved = _moved(run, epoch, info)
    if rules is None or run.config is None:
        return f"This run was recorded elsewhere, and its record does not say what was pruned. {moved}"
    sparsity = run.config.sparsity
    if sparsity.method == "deepr":
        rule = f"Its rule: {_small(rules.words)}"
        return f"DeepR does not prune by size and not once an epoch. {rule} {_together(run, epoch, info)} {moved}"
    if sparsity.method == "iss":
        rule = f"Its rule: {_small(rules.words)}"
        return f"ISS does not prune single weights. {rule} {_units(run, epoch, since, info)}{moved}"
    if since != epoch - 1:
        return f"Epoch {epoch - 1} cannot be read, so what the rewirings after it found is not known. {moved}"
    if sparsity.update_every:
        return (
            f"This run rewires every {sparsity.update_every:,} steps, and is recorded at the end of an epoch only. "
            f"{_together(run, epoch, info)} {moved}"
        )
    row = row_of(run, since)
    if int(row["layers"][info.name]["pruned"]):
        return f"More than one rewiring led to epoch {epoch}, and its record holds only what they did together. {moved}"
    if since == run.epochs[0]:
        return f"The first rewiring follows epoch {epoch}: it still has the topology of epoch {since}."
    rate = float(row.get("prune_rate") or 0.0)
    why = f"The prune rate was {rate:.1%}" if rate else "The prune rate had fallen to 0"
    return f"{why} after epoch {since}, and nothing of this matrix was pruned. {moved}"


def patch_words(event: RewiringEvent) -> str:
    """Where the patch lies, and how it was chosen."""
    info, patch = event.info, event.patch
    rows, columns = patch.active.shape
    band = info.shape[0] // max(1, len(info.gates))
    across, down = axis_names(info)
    first = patch.row % band
    gate = f"gate {info.gates[patch.row // band]}, " if info.gates else ""
    last = patch.column + columns - 1
    place = f"{gate}{down}s {first:,} to {first + rows - 1:,}, {across}s {patch.column:,} to {last:,}"
    whole = f"{info.shape[0]:,} × {info.shape[1]:,} positions"
    if event.windows == 1:
        return f"{place}: all {whole} of the matrix."
    return (
        f"{place}: {rows} × {columns} of {whole}, of {event.windows:,} windows the one where most happened. All "
        "numbers are those of the whole matrix, unless they are said to lie in the patch."
    )


def _before(event: RewiringEvent) -> str:
    size, patch = event.info.size, event.patch
    return (
        f"At the end of epoch {event.epoch - 1}, {event.active:,} of {size:,} positions were connected "
        f"({event.active / size:.1%}). These are their weights as they were recorded then: the larger the square, the "
        f"larger |w|; a hollow one is negative. {int(patch.active.sum()):,} of them lie in this patch."
    )


def _pruned(run: Run, event: RewiringEvent) -> str:
    assert run.config is not None
    sparsity, rules = run.config.sparsity, METHODS[run.config.sparsity.method]
    rule = "magnitude" if rules.begins_dense else prune_rule(sparsity)
    each = " of each gate" if sparsity.granularity == "gate" and event.info.gates else ""
    chosen = _PRUNED[rule].format(count=f"{event.pruned:,}", each=each)
    gamma = " (γ of Eq. 6)" if rule == "magnitude" and not each else ""
    text = (
        f"{chosen[0].upper()}{chosen[1:]} go: {event.share:.1%} of the active ones. The largest of them had "
        f"|w| = {event.threshold:.3g}{gamma}. {int(event.patch.pruned.sum()):,} lie in this patch."
    )
    if not event.traced:
        text += f" Which {event.reactivated:,} of them came back at once is not known, and they are not marked."
    return text


def _budget(run: Run, event: RewiringEvent) -> str:
    assert run.config is not None
    sparsity, rules = run.config.sparsity, METHODS[run.config.sparsity.method]
    rate = _rate(run, event)
    left = f"{event.active:,} − {event.pruned:,} = {event.kept:,} connections are left."
    if rules.begins_dense:
        return f"{rate} {left} {rules.title} begins dense and regrows nothing: the budget has shrunk to what is left."
    shared = sparsity.redistribution if sparsity.redistribution != "auto" else rules.own("redistribution")
    if shared in _SHARED:
        return (
            f"{rate} {left} The budget is that of the network: what all matrices lost is shared out among them "
            f"{_SHARED[shared]}, and {event.regrown:,} of it falls to this one."
        )
    return f"{rate} {left} The budget of this matrix stays {event.after:,}, so {event.regrown:,} must be regrown."


def _rate(run: Run, event: RewiringEvent) -> str:
    """The prune rate and where it stands in its schedule."""
    assert run.config is not None
    sparsity, last = run.config.sparsity, run.config.training.epochs
    rules = METHODS[sparsity.method]
    now = f"The prune rate after epoch {event.epoch - 1} was {event.rate:.1%}"
    if rules.begins_dense:
        return f"{now}, on the cubic schedule of Zhu & Gupta."
    schedule = sparsity.schedule if sparsity.schedule != "auto" else rules.own("schedule")
    if schedule == "constant":
        return f"{now}, constant until the last epoch, {last:,}."
    kind = "half a cosine" if schedule == "cosine" else "a line"
    return f"{now}, on {kind} that falls from {sparsity.prune_rate:.1%} after epoch 1 to 0 after epoch {last:,}."


def _regrown(run: Run, event: RewiringEvent) -> str:
    assert run.config is not None
    sparsity, patch = run.config.sparsity, event.patch
    rules = METHODS[sparsity.method]
    if rules.begins_dense:
        return f"{rules.title} regrows nothing: epoch {event.epoch} begins with {event.after:,} connections."
    how = _REGROWN[sparsity.regrow if sparsity.regrow != "auto" else rules.own("regrow")]
    back = (
        f" {event.reactivated:,} of them came back in the very place they had just left." if event.reactivated else ""
    )
    again = " again" if event.after == event.active else ""
    return (
        f"{event.regrown:,} connections are grown {how}, each with a weight of zero.{back} Epoch {event.epoch} begins "
        f"with {event.after:,}{again}. {int(patch.regrown.sum()):,} lie in this patch."
    )


def _moved(run: Run, epoch: int, info: LayerInfo) -> str:
    """What the masks of two epochs tell, whatever happened between them."""
    found = changes(run, epoch, [info])
    return (
        f"From epoch {found.since} to epoch {epoch}, {found.died:,} connections died, {found.born:,} were born and "
        f"{found.survived:,} survived."
    )


def _together(run: Run, epoch: int, info: LayerInfo) -> str:
    churn = row_of(run, epoch)["layers"][info.name]
    return (
        f"During epoch {epoch} all rewirings together pruned {int(churn['pruned']):,} connections of this matrix, and "
        f"regrew {int(churn['reactivated']):,} of them at once in the same place."
    )


def _units(run: Run, epoch: int, since: int, info: LayerInfo) -> str:
    """How many units lost their last outgoing connection in this matrix."""
    before, now = (run.layer(e, info.name).mask.any(axis=0) for e in (since, epoch))
    gone = int(np.count_nonzero(before & ~now))
    return f"{gone:,} of its columns, each a unit that is read, lost their last connection. " if gone else ""


def _small(sentence: str) -> str:
    """A sentence to stand after a colon."""
    return f"{sentence[0].lower()}{sentence[1:]}"
