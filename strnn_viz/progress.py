"""Training told in a terminal: a bar with speed, what is learned and time left; plain lines where there is none."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from strnn_viz.config import SparsityConfig
from strnn_viz.rules import METHODS
from strnn_viz.runs import PERPLEXITY, Snapshot, measure_of, total_churn
from strnn_viz.runs import Progress as Told
from strnn_viz.training.recording import Recording


def show(recording: Recording, *, quiet: bool = False, console: Console | None = None) -> None:
    """Run a recording to its end and tell of it.

    Parameters
    ----------
    recording : Recording
    quiet : bool
        Say nothing at all.
    console : rich Console, optional
        Where to; the standard output by default.
    """
    console = console or Console(highlight=False, soft_wrap=True)
    if quiet:
        for _ in recording.events():
            pass
        return
    trainer, path = recording.trainer, recording.path
    nnz = sum(m.nnz for m in trainer.sparse.matrices.values())
    size = sum(m.info.size for m in trainer.sparse.matrices.values())
    console.print(
        f"{path.name}: {begins(trainer.config.sparsity)}, {nnz:,} of {size:,} weights active "
        f"({nnz / size:.1%}), on {trainer.device.type}; recording to {path}"
    )
    if trainer.config.training.execution != "masked":
        console.print(trainer.execution.words)
    with _bar(console) as bar:
        task = bar.add_task("", total=None, note="evaluating the untrained network")
        last: Snapshot | None = None
        for event in _with_rate(recording.events()):
            if isinstance(event, Snapshot):
                console.print(line(event, trainer.config.training.epochs, trainer.config.sparsity.method))
                last = event
            else:
                note = (
                    f"epoch {event.epoch} of {event.epochs} · {event.tokens_per_second:,.0f} tokens/s · "
                    f"{so_far(event, trainer.config.task)} · {duration(event.remaining_seconds)} left"
                )
                done = (event.epoch - 1) * event.steps + event.step
                bar.update(task, completed=done, total=event.epochs * event.steps, note=note)
    if recording.stop and not trainer.done:
        console.print(f"Stopped in epoch {trainer.epoch + 1}. Continue with: strnn-viz train --resume {path}")
    elif last is not None:
        m, measure = last.metrics, measure_of(last.metrics)
        console.print(
            f"Done: validation {measure.name} {measure.text(m[f'valid_{measure.name}'])}, test "
            f"{measure.text(m[f'test_{measure.name}'])} ({measure.reference_title}: "
            f"{measure.text(m[measure.reference])}). See it with: strnn-viz explore --runs {path.parent}"
        )


def begins(sparsity: SparsityConfig) -> str:
    """The method, and the first topology where it has one: ``RigL, erdos_renyi initialization``."""
    rules = METHODS[sparsity.method]
    return rules.title if rules.begins_dense else f"{rules.title}, {sparsity.initialization} initialization"


def line(snapshot: Snapshot, epochs: int, method: str = "st-rnn") -> str:
    """One epoch in one line.

    Parameters
    ----------
    snapshot : Snapshot
    epochs : int
        That the run will have.
    method : str
        What became of the connections is told as it fits: births, or what is left where they only die.
    """
    m, churn, measure = snapshot.metrics, total_churn(snapshot.layers.values()), measure_of(snapshot.metrics)
    train = f"train {measure.text(m[f'train_{measure.name}'])}, " if f"train_{measure.name}" in m else ""
    rewired = ""
    if snapshot.epoch and METHODS[method].rewires:
        left = METHODS[method].begins_dense
        rewired = f", {snapshot.density:.1%} of the weights left" if left else f", {churn.born:,} connections born"
    valid = measure.text(m[f"valid_{measure.name}"])
    return f"epoch {snapshot.epoch} of {epochs}: {train}validation {valid}{rewired}"


def so_far(told: Told, task: str) -> str:
    """How training goes within an epoch: perplexity of a language model, loss of a classifier."""
    if task != "language modelling":
        return f"loss {told.train_loss:.3f}"
    return f"perplexity {PERPLEXITY.text(math.exp(min(told.train_loss, 700.0)))}"


def duration(seconds: float) -> str:
    """Seconds as words: ``1 min 26 s``."""
    if not math.isfinite(seconds):
        return "unknown time"
    minutes, s = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes} min"
    return f"{minutes} min {s} s" if minutes else f"{s} s"


def _bar(console: Console) -> Progress:
    return Progress(
        BarColumn(bar_width=24), TextColumn("{task.fields[note]}"), console=console, transient=True,
        refresh_per_second=5, disable=not console.is_terminal,
    )  # fmt: skip


def _with_rate(events: Iterator[Told | Snapshot]) -> Iterator[Told | Snapshot]:
    """All snapshots, and of the steps only every so many: a bar need not move a thousand times a second."""
    for i, event in enumerate(events):
        if isinstance(event, Snapshot) or i % 8 == 0:
            yield event
