"""Training told in a terminal: a bar with speed, perplexity and time left; plain lines where there is no terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from strnn_viz.runs import Progress as Told
from strnn_viz.runs import Snapshot, total_churn
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
        f"{path.name}: {trainer.config.sparsity.initialization} initialization, {nnz:,} of {size:,} weights active "
        f"({nnz / size:.1%}), on {trainer.device.type}; recording to {path}"
    )
    with _bar(console) as bar:
        task = bar.add_task("", total=None, note="evaluating the untrained network")
        last: Snapshot | None = None
        for event in _with_rate(recording.events()):
            if isinstance(event, Snapshot):
                console.print(line(event, trainer.config.training.epochs))
                last = event
            else:
                note = (
                    f"epoch {event.epoch} of {event.epochs} · {event.tokens_per_second:,.0f} tokens/s · "
                    f"perplexity {number(event.train_perplexity)} · {duration(event.remaining_seconds)} left"
                )
                done = (event.epoch - 1) * event.steps + event.step
                bar.update(task, completed=done, total=event.epochs * event.steps, note=note)
    if recording.stop and not trainer.done:
        console.print(f"Stopped in epoch {trainer.epoch + 1}. Continue with: strnn-viz train --resume {path}")
    elif last is not None:
        console.print(
            f"Done: validation perplexity {number(last.metrics['valid_perplexity'])}, test "
            f"{number(last.metrics['test_perplexity'])} (a unigram model: "
            f"{number(last.metrics['unigram_perplexity'])}). See it with: strnn-viz explore --runs {path.parent}"
        )


def line(snapshot: Snapshot, epochs: int) -> str:
    """One epoch in one line."""
    m, churn = snapshot.metrics, total_churn(snapshot.layers.values())
    train = f"train {number(m['train_perplexity'])}, " if "train_perplexity" in m else ""
    rewired = f", {churn.born:,} connections born" if snapshot.epoch else ""
    return f"epoch {snapshot.epoch} of {epochs}: {train}validation {number(m['valid_perplexity'])}{rewired}"


def number(perplexity: float) -> str:
    """A perplexity with one decimal below 100 and none above."""
    return f"{perplexity:.1f}" if perplexity < 100 else f"{perplexity:,.0f}"


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
